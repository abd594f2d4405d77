"""The source beir."""

import json
from pathlib import Path

import pytest

from listill.corpus.source import RawCorpus
from listill.corpus.sources.beir import Beir
from listill.errors import UserError

DOCS = [{"_id": "007", "title": "Bond", "text": "A spy."}, {"_id": "8", "text": "No title here."}]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "corpus.jsonl").write_text("".join(json.dumps(doc) + "\n" for doc in DOCS))
    (tmp_path / "queries.jsonl").write_text('{"_id": "q1", "text": "who spies"}\n{"_id": "q2", "text": "unjudged"}\n')
    (tmp_path / "qrels").mkdir()
    (tmp_path / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq1\t007\t2\n")
    return tmp_path


def read(folder: Path | str) -> RawCorpus:
    return Beir(kind="beir", path=str(folder)).read()


def test_reads_documents_topics_and_published_splits(folder: Path) -> None:
    (folder / "qrels" / "train.tsv").write_text("query-id\tcorpus-id\tscore\nq2\t8\t0\n")
    source = read(folder)
    assert source.documents == [("007", "Bond", "A spy."), ("8", None, "No title here.")]
    assert source.topics == {"q1": "who spies", "q2": "unjudged"}
    assert [j[:4] for j in source.qrels] == [("q1", "007", 2, "test"), ("q2", "8", 0, "train")]
    assert source.qrels[0].place == f"{folder}/qrels/test.tsv:2"
    assert len(source.details["sha256"]) == 4


def test_topics_are_optional(folder: Path) -> None:
    (folder / "qrels" / "test.tsv").unlink()
    (folder / "queries.jsonl").unlink()
    source = read(folder)
    assert (len(source.documents), source.topics, source.qrels) == (2, {}, [])


def test_variables_in_the_path(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LISTILL_DATA", str(folder.parent))
    assert len(read(f"$LISTILL_DATA/{folder.name}").documents) == 2
    monkeypatch.delenv("LISTILL_DATA")
    with pytest.raises(UserError, match="LISTILL_DATA is not set: set LISTILL_DATA to the folder that holds the data"):
        read("$LISTILL_DATA/scifact")
    with pytest.raises(UserError, match="variable ELSE_WHERE is not set"):
        read("${ELSE_WHERE}/scifact")


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("corpus.jsonl", '{"_id": "1", "text": "a"}\n\n{"_id": "2", "text": \n', r"corpus.jsonl:3: invalid JSON"),
        ("corpus.jsonl", '{"_id": "1", "text": "a"}\n[1]\n', r"corpus.jsonl:2: not a JSON object"),
        ("corpus.jsonl", '{"id": "1", "text": "a"}\n', r"corpus.jsonl:1: no column '_id' \(did you mean 'id'\?\)"),
        ("corpus.jsonl", '{"_id": " ", "text": "a"}\n', r"corpus.jsonl:1: '_id' is ' '"),
        ("corpus.jsonl", '{"_id": "1", "txt": "a"}\n', r"corpus.jsonl:1: no column 'text' \(did you mean 'txt'\?\)"),
        ("corpus.jsonl", '{"_id": "1", "text": ["a"]}\n', r"corpus.jsonl:1: 'text' is of type list, not text"),
        ("corpus.jsonl", b'{"_id": "1", "text": "caf\xe9"}\n', r"corpus.jsonl:1: not UTF-8"),
        (
            "queries.jsonl",
            '{"_id": "q1", "text": "a"}\n{"_id": "q1", "text": "b"}\n',
            r"queries.jsonl:2: .*duplicate query id 'q1'",
        ),
        ("queries.jsonl", '{"_id": "q1", "text": " "}\n', r"queries.jsonl:1: the query 'q1' has no text"),
        ("qrels/test.tsv", "query-id\tcorpus-id\tscore\nq1\t007\thigh\n", r"test.tsv:2: 'score' is 'high'"),
        ("qrels/test.tsv", "query-id\tcorpus-id\tscore\nq1\t007\t1.5\n", r"test.tsv:2: 'score' is '1.5'"),
        ("qrels/test.tsv", "query-id\tcorpus-id\tscore\nq9\t007\t1\n", r"test.tsv:2: the query 'q9' is not among"),
        ("qrels/test.tsv", "q1\t0\t007\t1\nq1\t0\t8\t1\n", r"test.tsv:2: no column 'query-id'"),
        ("qrels/test.tsv", "query-id\tcorpus-id\tscore\nq1\t007\n", r"test.tsv:2: the number of values differs"),
        ("qrels/tests.tsv", "query-id\tcorpus-id\tscore\n", r"tests.tsv: unknown split \(did you mean 'test'\?\)"),
    ],
)
def test_invalid_lines_are_reported_with_their_place(
    folder: Path, file: str, content: str | bytes, message: str
) -> None:
    (folder / file).write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(UserError, match=message) as error:
        read(folder)
    assert "\n" not in str(error.value)


def test_missing_files(folder: Path) -> None:
    (folder / "queries.jsonl").unlink()
    with pytest.raises(UserError, match=r"queries.jsonl: no such file, but there are judgements"):
        read(folder)
    (folder / "corpus.jsonl").unlink()
    with pytest.raises(UserError, match=r"corpus.jsonl: no such file"):
        read(folder)
    with pytest.raises(UserError, match="nowhere: no such folder"):
        read(folder / "nowhere")


def test_hidden_files_beside_the_judgements(folder: Path) -> None:
    """A Mac adds ._test.tsv to archives."""
    (folder / "qrels" / "._test.tsv").write_bytes(b"\0\5\x16\7")
    assert len(read(folder).qrels) == 1


def test_judgements_that_are_no_folder(folder: Path) -> None:
    for path in (folder / "qrels").iterdir():
        path.unlink()
    (folder / "qrels").rmdir()
    (folder / "qrels").symlink_to("gone")
    with pytest.raises(
        UserError, match=r"qrels: not a folder: a BEIR folder contains qrels/test\.tsv; remove or restore it"
    ):
        read(folder)
