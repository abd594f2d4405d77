"""The exported folders: a folder for each format, and a page that says what is in them."""

from pathlib import Path

import tiny_export
from listill.export import folders

ALL = ["beir", "flag_embedding", "pylate", "sentence_transformers", "tevatron", "trec"]


def test_the_formats_of_lists_and_of_a_corpus() -> None:
    assert folders.chosen(ALL, "corpus") == ["beir", "trec"]
    assert folders.chosen(ALL, "lists") == ["flag_embedding", "pylate", "sentence_transformers", "tevatron"]


def test_lists(tmp_path: Path) -> None:
    out = tmp_path / "lists"
    out.mkdir()
    (out / "of an earlier export").touch()
    folders.write_lists(out, tiny_export.lists(), ["trec", "tevatron"], "{title}: {text}", "tiny")
    assert {path.name for path in out.iterdir()} == {"README.md", "tevatron"}
    page = (out / "README.md").read_text()
    assert page.startswith("# Training lists of small on tiny\n\n3 lists (1 human, 2 lead).")
    assert "passages in a list are 1 (1 lists), 3 (2 lists)." in page
    assert "template `{title}: {text}`" in page
    assert "- 1 lists have no negative." in page
    assert "## tevatron\n\n`python -m tevatron" in page


def test_a_corpus(tmp_path: Path) -> None:
    folders.write_corpus(tmp_path / "corpus", tiny_export.corpus(tmp_path), ["trec", "beir"])
    assert {path.name for path in (tmp_path / "corpus").iterdir()} == {"README.md", "trec", "beir"}
    page = (tmp_path / "corpus" / "README.md").read_text()
    assert "3 documents, 3 topics of people, 1 runs." in page
    assert "dev: 1 topic; heldout: 1 synthetic queries; test: 1 topic" in page
