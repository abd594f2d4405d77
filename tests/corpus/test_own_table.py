"""Files of users with pairs of queries and documents are checked row by row."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from listill.corpus.own_table import read, read_pairs
from listill.errors import UserError

ROWS: dict[str, Any] = {"query_id": ["q", "q", "p"], "doc_id": ["a", "b", "a"], "score": [1, 2.5, "3"]}


def file(folder: Path, **columns: Any) -> Path:
    path = folder / "own.parquet"
    frame = pd.DataFrame({**ROWS, **columns}).dropna(axis=1, how="all")
    frame.astype({"score": str} if "score" in frame else {}).to_parquet(path)
    return path


def test_ids_are_texts_and_numbers_are_numbers(tmp_path: Path) -> None:
    frame = read_pairs(file(tmp_path, doc_id=[1, 2, 1]), "key", ["score"])
    assert frame["doc_id"].tolist() == ["1", "2", "1"]
    assert frame["score"].tolist() == [1.0, 2.5, 3.0]


@pytest.mark.parametrize(
    ("columns", "problem"),
    [
        ({"query_id": ["q", None, "p"]}, "row 2: query_id is empty: fill it in or remove the row"),
        ({"doc_id": ["a", "a", "a"]}, "row 2: query 'q' and document 'a' come twice: remove one of the rows"),
        ({"score": [1, "high", 2]}, "row 2: score is 'high', not a number: correct it"),
        ({"score": [1, 2, float("inf")]}, "row 3: score is 'inf', not a number: correct it"),
        ({"doc_id": [None] * 3}, "column 'doc_id' is missing: required columns are query_id, doc_id, score"),
    ],
)
def test_a_wrong_row_is_named(tmp_path: Path, columns: dict[str, Any], problem: str) -> None:
    path = file(tmp_path, **columns)
    with pytest.raises(UserError) as error:
        read_pairs(path, "key", ["score"])
    assert str(error.value) == f"{path}: {problem}"


def test_several_teachers_may_score_a_pair(tmp_path: Path) -> None:
    path = file(tmp_path, doc_id=["a", "a", "a"], teacher=["one", "two", "one"])
    assert len(read_pairs(path, "key", ["score"])) == 3


def test_an_optional_number_may_be_missing(tmp_path: Path) -> None:
    assert "rank" not in read_pairs(file(tmp_path), "key", ["rank"], optional=["rank"])


def test_a_missing_file_names_its_key(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"^some.key: .*/gone.parquet: no such file$"):
        read(tmp_path / "gone.parquet", "some.key")
    (tmp_path / "text.parquet").write_text("no table")
    with pytest.raises(UserError, match="not a Parquet file"):
        read(tmp_path / "text.parquet", "some.key")
