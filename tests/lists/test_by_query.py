"""Rows of a table by blocks of queries, whatever the order of the rows."""

from pathlib import Path

import pandas as pd
import pytest

from listill import tables
from listill.lists import by_query
from listill.lists.by_query import ByQuery

COLUMNS = ["query_id", "doc_id", "rank"]
QUERIES = [f"q{i}" for i in range(7)]


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(by_query, "BLOCK", 3)
    monkeypatch.setattr(tables, "ROW_GROUP", 4)


def rows() -> pd.DataFrame:
    pairs = [(query, f"d{i}") for query in [*QUERIES[:5], "other"] for i in range(3)]
    frame = pd.DataFrame(pairs, columns=["query_id", "doc_id"])
    return frame.assign(retriever="r", rank=range(len(frame)), score=1.0)


@pytest.mark.parametrize("seed", [None, 0, 1])
def test_each_block_has_the_rows_of_its_queries(tmp_path: Path, seed: int | None) -> None:
    frame = rows() if seed is None else rows().sample(frac=1, random_state=seed)
    tables.write(tmp_path / "c.parquet", "candidates", frame, tables.Provenance("candidates", "f"))
    table = ByQuery(tmp_path / "c.parquet", "candidates", QUERIES, COLUMNS)
    for block, start in enumerate(range(0, 7, 3)):
        expected = frame.loc[frame["query_id"].isin(QUERIES[start : start + 3]), COLUMNS]
        assert table.rows(block).to_numpy().tolist() == expected.to_numpy().tolist()
    assert table.rows(2).empty  # q6 has no rows


def test_only_row_groups_with_rows_of_the_block_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tables.write(tmp_path / "c.parquet", "candidates", rows(), tables.Provenance("candidates", "f"))
    table = ByQuery(tmp_path / "c.parquet", "candidates", QUERIES, COLUMNS)
    read = []
    groups = tables.read_groups
    monkeypatch.setattr(tables, "read_groups", lambda *args: read.append(args[-1]) or groups(*args))
    for block in range(3):
        table.rows(block)
    assert read == [[0, 1, 2], [2, 3], []]
