"""Reading rows of files with their places."""

from pathlib import Path
from typing import Any

import pandas as pd
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
    ("content", "expected"), [("01", "01"), (7, "7"), (0, "0"), (" ", None), (True, None), (1.0, None)]
)
def test_identifiers(content: Any, expected: str | None) -> None:
    if expected is not None:
        assert identifier({"id": content}, "id", "f:1") == expected
    else:
        with pytest.raises(UserError, match=r"^f:1: 'id' is .*every row needs an id"):
            identifier({"id": content}, "id", "f:1")


@pytest.mark.parametrize(
    ("content", "expected"),
    [("2", 2), (2.0, 2), ("-1", -1), ("1.5", None), ("x", None), (None, None), ("inf", None), ("nan", None)],
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
