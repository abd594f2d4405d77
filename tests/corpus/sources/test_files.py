"""The source files."""

import os
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from listill.contents import contents
from listill.corpus.source import RawCorpus
from listill.corpus.sources.files import Files
from listill.errors import UserError


def read(path: Path, **settings: Any) -> RawCorpus:
    return Files(kind="files", path=str(path), **settings).read()


CSV = 'doc_id,title,text\n007,"Bond, James","A spy.\nTwo lines."\n8,,Plain.\n'
JSONL = """{"doc_id": "007", "title": "Bond, James", "text": "A spy.\\nTwo lines."}
{"doc_id": 8, "title": null, "text": "Plain."}
"""
EXPECTED = [("007", "Bond, James", "A spy.\nTwo lines."), ("8", "", "Plain.")]


@pytest.mark.parametrize(("name", "content"), [("docs.csv", CSV), ("docs.jsonl", JSONL)])
def test_all_formats_give_the_same_documents(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content)
    assert read(tmp_path / name, title="title").documents == EXPECTED


def test_parquet_and_column_mapping(tmp_path: Path) -> None:
    frame = pd.DataFrame({"nr": ["007", "8"], "head": ["Bond, James", None], "body": ["A spy.\nTwo lines.", "Plain."]})
    frame.to_parquet(tmp_path / "docs.parquet")
    mapping = {"doc_id": "nr", "title": "head", "text": "body"}
    assert read(tmp_path / "docs.parquet", **mapping).documents == EXPECTED
    frame.assign(nr=[7, 8]).to_parquet(tmp_path / "docs.parquet")
    assert [doc.doc_id for doc in read(tmp_path / "docs.parquet", **mapping).documents] == ["7", "8"]


def test_quotation_marks_in_tsv_are_text(tmp_path: Path) -> None:
    (tmp_path / "docs.tsv").write_text('doc_id\ttext\n1\t"Quoted" at its head\n2\t"open\n')
    assert [doc.text for doc in read(tmp_path / "docs.tsv").documents] == ['"Quoted" at its head', '"open']


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("d.jsonl", '{"doc_id": "1", "text": "a"}\n{"doc_id"', r"d.jsonl:2: invalid JSON .*fix or remove"),
        (
            "d.jsonl",
            '{"doc_id": "1", "text": "a"}\n{"text": "a"}',
            r"d.jsonl:2: no column 'doc_id'.*existing columns: text",
        ),
        (
            "d.csv",
            "doc_id,txt\n1,a\n",
            r"d.csv:2: no column 'text' \(did you mean 'txt'\?\); existing columns: doc_id, txt",
        ),
        ("d.csv", "doc_id,text\n1,a,b\n", r"d.csv:2: the number of values differs from the number of columns: quote"),
        ("d.csv", 'doc_id,text\n1,"a\n', r"d.csv:2: invalid row"),
        ("d.csv", "doc_id,text\n,a\n", r"d.csv:2: 'doc_id' is ''"),
        ("d.parquet", "not parquet", r"d.parquet: not a Parquet file"),
        ("d.xlsx", "x", r"d.xlsx: unknown file type '.xlsx': use one of .jsonl"),
    ],
)
def test_invalid_files_are_errors(tmp_path: Path, name: str, content: str, message: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(UserError, match=message) as error:
        read(tmp_path / name)
    assert "\n" not in str(error.value)


def test_folder_of_text_and_markdown(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / ".hidden").mkdir()
    (tmp_path / ".hidden" / "x.md").write_text("hidden")
    (tmp_path / "b" / "notes.txt").write_text("# not a heading here\n")
    (tmp_path / "a.md").write_text("```sh\n# a comment\n```\n# The Title #\n\nBody.\n# Second\n")
    (tmp_path / "b" / "plain.md").write_text("Body only.\n")
    (tmp_path / "picture.png").write_bytes(b"\x89PNG")
    assert read(tmp_path).documents == [
        ("a.md", "The Title", "# a comment\n\nBody."),
        ("b/notes.txt", "notes", "# not a heading here"),
        ("b/plain.md", "plain", "Body only."),
    ]


def test_invalid_folders_are_errors(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no .txt or .md files in this folder"):
        read(tmp_path)
    with pytest.raises(UserError, match="no such file or folder"):
        read(tmp_path / "nowhere")
    (tmp_path / "latin.txt").write_bytes(b"caf\xe9")
    with pytest.raises(UserError, match=r"latin.txt:1: not UTF-8 \(byte 0xe9\)"):
        read(tmp_path)
    (tmp_path / "latin.txt").write_bytes("text".encode("utf-16-be"))
    with pytest.raises(UserError, match=r"latin.txt:1: has a NUL byte: this is no UTF-8 text"):
        read(tmp_path)


def test_topics_and_qrels(tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text("doc_id,text\n01,a\n")
    (tmp_path / "t.csv").write_text("query_id,text\n001,what\n")
    (tmp_path / "q.jsonl").write_text('{"query_id": "001", "doc_id": "01", "relevance": 1}\n')
    given = {"topics": str(tmp_path / "t.csv"), "qrels": str(tmp_path / "q.jsonl")}
    source = read(tmp_path / "d.csv", **given)
    assert source.topics == {"001": "what"}
    assert [j[:4] for j in source.qrels] == [("001", "01", 1, "test")]
    (tmp_path / "q.jsonl").write_text('{"query_id": "001", "doc_id": "01", "relevance": 1, "split": "tests"}\n')
    with pytest.raises(UserError, match=r"q.jsonl:1: unknown split 'tests' \(did you mean 'test'\?\)"):
        read(tmp_path / "d.csv", **given)
    with pytest.raises(UserError, match=r"source.topics is set without source.qrels"):
        read(tmp_path / "d.csv", topics=given["topics"])


def test_any_spelling_of_the_suffix_and_linked_folders(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    corpus, other = tmp_path / "corpus", tmp_path / "other"
    (corpus / "sub.txt").mkdir(parents=True)
    other.mkdir()
    for path in (corpus / "a.txt", corpus / "B.TXT", corpus / "C.Md", corpus / "sub.txt/d.md", other / "e.txt"):
        path.write_text(f"Text of {path.name}.")
    (corpus / "link").symlink_to("../other")
    (corpus / "file.txt").symlink_to("../other/e.txt")
    for loop in ("again", "sub.txt/loop", "first"):  # to folders that are read under their own names
        (corpus / loop).symlink_to(corpus if loop != "first" else corpus / "sub.txt")
    (corpus / "paper.pdf").write_bytes(b"%PDF")
    (corpus / "Makefile").write_text("all:")
    ids = [document.doc_id for document in read(corpus).documents]
    assert ids == ["B.TXT", "C.Md", "a.txt", "file.txt", "link/e.txt", "sub.txt/d.md"]
    assert caplog.messages == [
        f"{corpus}: 2 files are left out, since they are not .txt or .md: 1 .pdf, 1 Makefile",
    ]


def test_what_a_folder_can_hold_besides_files(tmp_path: Path) -> None:
    """One line names what is wrong; a named pipe would wait for ever."""
    for number, (name, message) in enumerate(
        [
            ("pipe.txt", "pipe.txt: not a regular file: give a file, or remove it"),
            ("link.txt", "link.txt: a link to a file that does not exist: restore the file or remove the link"),
            ("loop.md", "loop.md: a link to a file that does not exist"),
            ("b\udce9d.txt", r"b\xe9d.txt: the name is not UTF-8: rename the file or folder"),
            ("b\udce9d/a.txt", r"b\xe9d/a.txt: the name is not UTF-8: rename the file or folder"),
        ]
    ):
        folder = tmp_path / str(number)
        (folder / name).parent.mkdir(parents=True)
        if name == "pipe.txt":
            os.mkfifo(folder / name)
        elif name in ("link.txt", "loop.md"):
            (folder / name).symlink_to("nowhere" if name == "link.txt" else name)
        else:
            (folder / name).write_text("text")
        with pytest.raises(UserError) as caught:
            read(folder)
        assert message in str(caught.value)
        assert len(Files(kind="files", path=str(folder)).files()) in (0, 2)


def test_a_folder_that_cannot_be_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def scandir(path: str) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    (tmp_path / "a.txt").write_text("a")
    monkeypatch.setattr(os, "scandir", scandir)
    with pytest.raises(UserError, match=r"cannot be read \(Permission denied\): change its permissions"):
        read(tmp_path)
    assert Files(kind="files", path=str(tmp_path)).files() == []


def test_the_files_of_a_folder_are_the_folder_and_its_documents(tmp_path: Path) -> None:
    source = Files(kind="files", path=str(tmp_path))
    assert source.files() == [], "an empty folder: its disk is not mounted"
    (tmp_path / "sub").mkdir()
    for name in ("b.txt", "sub/a.md", "c.pdf"):
        (tmp_path / name).write_text("text")
    assert source.files() == [str(tmp_path), str(tmp_path / "b.txt"), str(tmp_path / "sub/a.md")]
    assert read(tmp_path).details == {"sha256": {str(tmp_path): contents(source.files())}}


def test_long_markdown_is_split_at_headings(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("# Guide\n\nIntro.\n\n## Install\n\nRun it.\n")
    (tmp_path / "b.txt").write_text("# no markdown\n\n# at all")
    assert [doc.doc_id for doc in read(tmp_path, chunk=10).documents] == ["a.md#guide", "a.md#install", "b.txt"]
    assert [doc.doc_id for doc in read(tmp_path, chunk=1000).documents] == ["a.md", "b.txt"]
