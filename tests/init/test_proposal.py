import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from listill.corpus.build import build
from listill.corpus.source import read_unchanged
from listill.errors import UserError
from listill.init.proposal import Proposal, as_yaml, corpus_name, propose
from listill.settings.config_file import read


def proposed(path: Path, folder: Path) -> tuple[Any, list[str]]:
    """Return the corpus of the proposed config as the config's code reads it, and the ids of its documents."""
    file = folder / "config.yaml"
    file.write_text(as_yaml(propose(path), corpus_name(path), str(file)))
    settings = read(file)
    assert list(settings.corpora) == [corpus_name(path)]
    corpus = settings.corpora[corpus_name(path)]
    return corpus, build(read_unchanged(corpus.source), corpus, settings.seed).corpus["doc_id"].to_pylist()


def test_a_table(tmp_path: Path) -> None:
    file = tmp_path / "my notes #1.csv"
    file.write_text("nr,heading,body\n1,Tea,hot water\n2,Milk,\n")
    corpus, ids = proposed(file, tmp_path)
    assert corpus.source.model_dump(include={"doc_id", "title", "text"}) == {
        "doc_id": "nr",
        "title": "heading",
        "text": "body",
    }
    assert (corpus.template, corpus.empty_text) == ("{title} {text}", "title")
    assert ids == ["1", "2"]


def test_a_table_without_titles(tmp_path: Path) -> None:
    file = tmp_path / "d.jsonl"
    file.write_text(json.dumps({"id": "a", "text": "words"}) + "\n" + json.dumps({"id": "b", "text": ""}) + "\n")
    corpus, ids = proposed(file, tmp_path)
    assert (corpus.template, corpus.empty_text, corpus.source.title) == ("{text}", "keep", None)
    assert ids == ["a", "b"]


def test_a_beir_folder(tiny_beir: Path, tmp_path: Path) -> None:
    proposal = propose(tiny_beir)
    assert (proposal.source["kind"], proposal.found) == ("beir", "a BEIR folder with judgements for train, test")
    corpus, ids = proposed(tiny_beir, tmp_path)
    assert (len(ids), corpus.template) == (60, "{title} {text}")


def test_a_folder_of_markdown(tmp_path: Path) -> None:
    folder = tmp_path / "v1.2 docs"
    (folder / "guide").mkdir(parents=True)
    (folder / "a.txt").write_text("plain")
    (folder / "guide" / "b.md").write_text("# B\n\nshort")
    corpus, ids = proposed(folder, tmp_path)
    assert (corpus.source.chunk, ids) == (None, ["a.txt", "guide/b.md"])
    (folder / "c.md").write_text("# C\n\n" + "## Part\n\n" + "long " * 900 + "\n\n## Other\n\nmore")
    corpus, ids = proposed(folder, tmp_path)
    assert corpus.source.chunk == 4000
    assert "c.md#part" in ids


@pytest.mark.parametrize(
    ("name", "expected"), [("a b.c.jsonl", "a-b-c"), ("-x-", "x"), ("日本.csv", "corpus"), ("A_1.tsv", "A_1")]
)
def test_the_name_of_the_corpus(name: str, expected: str, tmp_path: Path) -> None:
    assert corpus_name(tmp_path / name) == expected


def test_odd_values_are_quoted() -> None:
    source = {"kind": "files", "path": "a: b #c", "doc_id": "0", "text": 'say "x"\n'}
    text = as_yaml(Proposal(source, {"template": "{text}"}, "a table\nwith a line break"), "x", "a b.yaml")
    assert yaml.safe_load(text)["corpora"]["x"]["source"] == source
    assert "--check 'a b.yaml'" in text


WORDS = ["No", "yes", "on", "null", "~", "true", "2024-01-01", "2024", "1e3", ".inf", "plain"]


@pytest.mark.parametrize("word", WORDS)
def test_names_that_are_no_text_in_yaml(word: str, tmp_path: Path) -> None:
    """The written config can be read, and has the same columns."""
    file = tmp_path / "table.csv"
    file.write_text(f"id,{word}\n1,hot water with leaves of a plant\n2,milk of a cow that eats grass\n")
    corpus, ids = proposed(file, tmp_path)
    assert corpus.source.text == word
    assert ids == ["1", "2"]


@pytest.mark.parametrize("word", ["No", "yes", "on", "null", "true", "2024-01-01", "2024", "1e3", "plain"])
def test_folders_whose_name_is_no_text_in_yaml(word: str, tmp_path: Path) -> None:
    folder = tmp_path / word
    folder.mkdir()
    (folder / "a.txt").write_text("plain")
    _, ids = proposed(folder, tmp_path)
    assert ids == ["a.txt"]


def test_faults(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such file or folder"):
        propose(tmp_path / "nothing")
    with pytest.raises(UserError, match="give the folder with your documents"):
        propose(tmp_path)
    (tmp_path / "d.csv").write_text("id,text\n")
    with pytest.raises(UserError, match=r"give one of its tables, such as .*d\.csv"):
        propose(tmp_path)
    with pytest.raises(UserError, match="contains no rows"):
        propose(tmp_path / "d.csv")
    (tmp_path / "x.pdf").write_text("")
    with pytest.raises(UserError, match="unknown file type"):
        propose(tmp_path / "x.pdf")
