"""The content of the user's files decides what runs again: not their dates, and not whether they are there."""

import os
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import flow
import pandas as pd
import pytest

AGAIN = Counter(stage_settings=1, make_corpus=1)
TABLES = ("corpus", "topics", "qrels", "heldout")


@pytest.fixture(scope="module")
def read(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a corpus of text files and its tables. Read only."""
    folder = tmp_path_factory.mktemp("read")
    (folder / "texts" / "sub").mkdir(parents=True)
    for name in ("a.txt", "b.md", "sub/c.txt"):
        (folder / "texts" / name).write_text(f"A text about {name}, of some length.\n")
    for path in sorted((folder / "texts").rglob("*")):
        os.utime(path, (1_700_000_000, 1_700_000_000))
    flow.make(folder, config(tiny_model), "corpus")
    return folder


def config(model: Path) -> dict[str, Any]:
    source = {"kind": "files", "path": "texts"}
    return {"corpora": {"tiny": {"source": source, "heldout": 0}}, "students": {"small": {"model": str(model)}}}


@pytest.fixture
def folder(read: Path, tmp_path: Path) -> Path:
    """A copy that may be changed."""
    return Path(shutil.copytree(read, tmp_path / "copy"))


def tables(folder: Path) -> list[str]:
    return [name for name in TABLES if (flow.results(folder) / f"{name}.parquet").exists()]


def edit(texts: Path) -> None:
    (texts / "a.txt").write_text("Another text.\n")


def add(texts: Path) -> None:
    (texts / "sub" / "new.txt").write_text("A new text.\n")


def remove(texts: Path) -> None:
    (texts / "b.md").unlink()


def rename(texts: Path) -> None:
    (texts / "b.md").rename(texts / "sub" / "b.md")


def replace(texts: Path) -> None:
    """As mv and cp -p do: the new file is older than the tables."""
    (texts / "new").write_text("Another text, which is older.\n")
    os.utime(texts / "new", (1_600_000_000, 1_600_000_000))
    os.replace(texts / "new", texts / "a.txt")


def synchronise(texts: Path) -> None:
    """As rsync -t does: the same size and the same date."""
    state = (texts / "a.txt").stat()
    (texts / "a.txt").write_text((texts / "a.txt").read_text().upper())
    os.utime(texts / "a.txt", ns=(state.st_atime_ns, state.st_mtime_ns))


def link(texts: Path) -> None:
    (texts.parent / "other").mkdir()
    (texts.parent / "other" / "d.txt").write_text("A text behind a link.\n")
    (texts / "link").symlink_to("../other")


@pytest.mark.parametrize("change", [edit, add, remove, rename, replace, synchronise, link])
def test_a_changed_folder_is_read_again(folder: Path, tiny_model: Path, change: Callable[[Path], None]) -> None:
    change(folder / "texts")
    assert flow.scheduled(folder, config(tiny_model), "corpus") == AGAIN


def test_changed_topics_are_read_again(tiny_beir: Path, tiny_model: Path, tmp_path: Path) -> None:
    source = Path(shutil.copytree(tiny_beir, tmp_path / "source"))
    settings = flow.config(source, tiny_model)
    flow.make(tmp_path, settings, "corpus")
    assert not flow.scheduled(tmp_path, settings, "corpus")
    topics = source / "queries.jsonl"
    topics.write_text(topics.read_text().replace('"text": "', '"text": "please tell ', 1))
    assert flow.scheduled(tmp_path, settings, "corpus")["make_corpus"] == 1


def test_the_new_content_is_in_the_tables(folder: Path, tiny_model: Path) -> None:
    edit(folder / "texts")
    add(folder / "texts")
    flow.make(folder, config(tiny_model), "corpus")
    frame = pd.read_parquet(flow.results(folder) / "corpus.parquet").set_index("doc_id")["text"]
    assert frame["a.txt"] == "Another text."
    assert frame["sub/new.txt"] == "A new text."
    assert not flow.scheduled(folder, config(tiny_model), "corpus")


def touch(texts: Path) -> None:
    for path in texts.rglob("*"):
        path.touch()


def copy(texts: Path) -> None:
    shutil.copytree(texts, texts.with_name("new"))
    shutil.rmtree(texts)
    texts.with_name("new").rename(texts)


def other_files(texts: Path) -> None:
    (texts / "paper.pdf").write_bytes(b"%PDF")
    (texts / ".hidden.txt").write_text("hidden")


@pytest.mark.parametrize("change", [touch, copy, other_files])
def test_the_same_content_is_not_read_again(folder: Path, tiny_model: Path, change: Callable[[Path], None]) -> None:
    change(folder / "texts")
    assert not flow.scheduled(folder, config(tiny_model), "corpus")


def test_a_source_that_is_away_removes_nothing(folder: Path, tiny_model: Path) -> None:
    """Whether the folder is gone or, as a mount point, empty; when it returns, its content decides."""
    texts, away = folder / "texts", folder / "away"
    for empty in (False, True):
        texts.rename(away)
        if empty:
            texts.mkdir()
        said = flow.make(folder, config(tiny_model), "corpus")
        assert "corpus: the files of source are missing: they count as unchanged" in said
        assert tables(folder) == list(TABLES)
        if empty:
            texts.rmdir()
        away.rename(texts)
        assert not flow.scheduled(folder, config(tiny_model), "corpus")
    edit(texts)
    assert flow.scheduled(folder, config(tiny_model), "corpus") == AGAIN


def test_a_path_with_braces_blanks_and_quotes(folder: Path, tiny_model: Path) -> None:
    """Snakemake takes braces for wildcards in the inputs of a rule."""
    name = "te{x}ts {and} 'more' \" $HOME *"
    (folder / "texts").rename(folder / name.replace("$HOME", "here"))
    settings = flow.changed(config(tiny_model), "corpora.tiny.source.path", name.replace("$HOME", "here"))
    flow.make(folder, settings, "corpus")
    assert len(pd.read_parquet(flow.results(folder) / "corpus.parquet")) == 3
