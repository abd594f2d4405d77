"""Reading rows of files with their places."""

import os
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest

from listill.corpus.rows import identifier, integer, read_qrels, read_rows, text
from listill.errors import UserError


@pytest.mark.parametrize(
    ("name", "content", "places"),
    [
        ("r.jsonl", '{"a": "1"}\n\n{"a": "2"}\n', ["r.jsonl:1", "r.jsonl:3"]),
        ("r.ndjson", '\ufeff{"a": "1"}\r\n{"a": "2"}', ["r.ndjson:1", "r.ndjson:2"]),
        ("r.csv", 'a\n"1"\n2\n', ["r.csv:2", "r.csv:3"]),
        ("r.tsv", "a\n1\n2\n", ["r.tsv:2", "r.tsv:3"]),
    ],
)
def test_every_row_has_its_place(tmp_path: Path, name: str, content: str, places: list[str]) -> None:
    (tmp_path / name).write_text(content)
    assert list(read_rows(tmp_path / name)) == [(f"{tmp_path}/{p}", {"a": str(i)}) for i, p in enumerate(places, 1)]


def test_rows_of_parquet(tmp_path: Path) -> None:
    pd.DataFrame({"a": ["1", "2"]}).to_parquet(tmp_path / "r.parquet")
    assert [place for place, _ in read_rows(tmp_path / "r.parquet")] == [
        f"{tmp_path}/r.parquet: row {i}" for i in (1, 2)
    ]


@pytest.mark.parametrize(
    ("content", "expected"),
    [("01", "01"), (7, "7"), (0, "0"), (" ", None), (True, None), (1.0, None), (10**50, "1" + 50 * "0")],
)
def test_identifiers(content: Any, expected: str | None) -> None:
    if expected is not None:
        assert identifier({"id": content}, "id", "f:1") == expected
    else:
        with pytest.raises(UserError, match=r"^f:1: 'id' is .*every row needs an id"):
            identifier({"id": content}, "id", "f:1")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("2", 2),
        (2.0, 2),
        ("-1", -1),
        ("1.5", None),
        ("x", None),
        (None, None),
        ("inf", None),
        ("nan", None),
        ("9" * 5000, None),
        ("1e400", None),
    ],
)
def test_integers(content: Any, expected: int | None) -> None:
    if expected is not None:
        assert integer({"n": content}, "n", "f:1") == expected
    else:
        with pytest.raises(UserError, match=r"^f:1: 'n' is .*not an integer"):
            integer({"n": content}, "n", "f:1")


def test_null_is_empty_text_and_a_number_is_an_error() -> None:
    assert text({"t": None}, "t", "f:1") == ""
    with pytest.raises(UserError, match="f:1: 't' is of type int, not text"):
        text({"t": 3}, "t", "f:1")


def test_the_split_comes_from_the_argument_the_column_or_the_default(tmp_path: Path) -> None:
    columns = ("query_id", "doc_id", "relevance")
    (tmp_path / "q.csv").write_text("query_id,doc_id,relevance,split\nq,d,1,dev\n")
    (tmp_path / "r.csv").write_text("query_id,doc_id,relevance\nq,d,1\n")
    assert [read_qrels(tmp_path / f, {"q": ""}, columns)[0].split for f in ("q.csv", "r.csv")] == ["dev", "test"]
    assert read_qrels(tmp_path / "q.csv", {"q": ""}, columns, "train")[0].split == "train"


DEEP = 100_000


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("r.jsonl", b'{"a": 1}\n{"a": ' + b"9" * 5000 + b"}\n", "r.jsonl:2: unreadable JSON (Exceeds the limit"),
        (
            "r.jsonl",
            b'{"a": ' + b"[" * DEEP + b"]" * DEEP + b"}\n",
            "r.jsonl:1: unreadable JSON (maximum recursion depth",
        ),
        (
            "r.jsonl",
            b'{"a": 1}\n{"a": "caf\xe9"}\n',
            "r.jsonl:2: not UTF-8 (byte 0xe9): convert the file, for example",
        ),
        (
            "r.jsonl",
            '{"a": 1}\n'.encode("utf-16"),
            "r.jsonl: UTF-16, not UTF-8: convert it, for example",
        ),
        ("r.csv", "a,b\n1,2\n3,é\n".encode("latin-1"), "r.csv:3: not UTF-8 (byte 0xe9)"),
        (
            "r.csv",
            b"doc_id;text\n1;a, b\n",
            "r.csv:1: the columns are separated by a semicolon instead of a comma: convert",
        ),
        ("r.csv", b"doc_id\ttext\n1\ta\n", "r.csv:1: the columns are separated by a tab instead of a comma: convert"),
        ("r.csv", b"doc_id|text\n1|a\n", "r.csv:1: the columns are separated by | instead of a comma: convert"),
        ("r.tsv", b"doc_id,text\n1,a\n", "r.tsv:1: the columns are separated by a comma instead of a tab: convert"),
        ("r.tsv", b"q1 0 d1 1\nq1 0 d2 1\n", "r.tsv:1: the columns are separated by blanks instead of a tab: convert"),
        ("r.csv", b"doc_id,text,text\n1,a,b\n", "r.csv:1: there are two columns 'text': rename one of them"),
        (
            "r.csv",
            "doc_id,text\n1,a\n".encode("utf-16-le"),
            "r.csv:1: has a NUL byte: this is no UTF-8 text (it may be UTF-16)",
        ),
        ("r.parquet", b"", "r.parquet: not a Parquet file ("),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError) as caught:
        list(read_rows(tmp_path / name))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


def test_the_line_is_right_in_a_long_file(tmp_path: Path) -> None:
    """Text files are decoded in blocks: the error comes long before the line is reached."""
    (tmp_path / "r.jsonl").write_bytes(b'{"a": "long enough"}\n' * 700 + b'{"a": "\xe9"}\n' + b'{"a": "b"}\n' * 5)
    with pytest.raises(UserError, match=r"r\.jsonl:701: not UTF-8"):
        list(read_rows(tmp_path / "r.jsonl"))


def test_parquet_with_damage_and_with_a_text_that_is_not_utf8(tmp_path: Path) -> None:
    path = tmp_path / "r.parquet"
    pa.parquet.write_table(pa.table({"a": pa.array([b"good", b"b\xe9d"]).cast(pa.string(), safe=False)}), path)
    with pytest.raises(UserError, match=r"r\.parquet: row 1 or later: a text is not UTF-8"):
        list(read_rows(path))
    pd.DataFrame({"a": [f"text {i}" for i in range(5000)]}).to_parquet(path)
    content = bytearray(path.read_bytes())
    content[40:4000] = bytes(3960)
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"r\.parquet: (cannot be read|damaged|not a Parquet file)"):
        list(read_rows(path))


def test_other_things_than_files(tmp_path: Path) -> None:
    """A named pipe would wait for ever."""
    os.mkfifo(tmp_path / "pipe.jsonl")
    (tmp_path / "folder.csv").mkdir()
    for name in ("pipe.jsonl", "folder.csv"):
        with pytest.raises(UserError, match=f"{name}: not a regular file"):
            list(read_rows(tmp_path / name))
    (tmp_path / "link.csv").symlink_to("gone")
    with pytest.raises(UserError, match=r"link\.csv: no such file"):
        list(read_rows(tmp_path / "link.csv"))


def test_capital_suffixes(tmp_path: Path) -> None:
    (tmp_path / "r.CSV").write_text("a\n1\n")
    assert [row for _, row in read_rows(tmp_path / "r.CSV")] == [{"a": "1"}]


def test_ids_with_control_characters_and_long_values(tmp_path: Path) -> None:
    for content, quoted in [("a\0b", r"'a\x00b'"), ("a\x1b[31m", r"'a\x1b[31m'"), ("a\nb", r"'a\nb'")]:
        with pytest.raises(UserError) as caught:
            identifier({"id": content}, "id", "f:1")
        assert str(caught.value) == f"f:1: 'id' is {quoted}: an id cannot have a control character: rename it"
    with pytest.raises(UserError) as caught:
        integer({"n": "x" * 100_000}, "n", "f:1")
    assert len(str(caught.value)) < 200


def test_judgements_with_only_a_header(tmp_path: Path) -> None:
    for content in ("", "query_id\tdoc_id\trelevance\n"):
        (tmp_path / "q.tsv").write_text(content)
        with pytest.raises(UserError, match=r"q\.tsv: contains no judgements: add some after the line with the column"):
            read_qrels(tmp_path / "q.tsv", {"q": "text"}, ("query_id", "doc_id", "relevance"))
