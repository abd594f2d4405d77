"""The source files."""

from pathlib import Path

import pandas as pd
import pytest

from listill.corpus.source import RawCorpus
from listill.corpus.sources.files import Files
from listill.errors import UserError


def read(path: Path, **settings: str) -> RawCorpus:
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
        ("a.md", "The Title", "```sh\n# a comment\n```\n\nBody.\n# Second"),
        ("b/notes.txt", "notes", "# not a heading here"),
        ("b/plain.md", "plain", "Body only."),
    ]


def test_invalid_folders_are_errors(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no .txt or .md files in this folder"):
        read(tmp_path)
    with pytest.raises(UserError, match="no such file or folder"):
        read(tmp_path / "nowhere")
    (tmp_path / "latin.txt").write_bytes(b"caf\xe9")
    with pytest.raises(UserError, match=r"latin.txt: not UTF-8"):
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
