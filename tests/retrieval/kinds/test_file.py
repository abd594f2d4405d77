"""The user's own candidates."""

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from listill.corpus.collection import Collection
from listill.errors import UserError
from listill.retrieval.kinds.file import CandidateFile

COLLECTION = Collection(list("abcd"), [None] * 4, ["one", "two", "three", "four"], np.arange(4))


def run(folder: Path, depth: int = 9, queries: tuple[str, ...] = ("q", "p"), **columns: Any) -> pd.DataFrame:
    rows = {"query_id": ["p", "q", "q", "q"], "doc_id": ["d", "a", "b", "c"], **columns}
    pd.DataFrame(rows).to_parquet(folder / "own.parquet")
    settings = CandidateFile(kind="file", path=str(folder / "own.parquet"))
    assert settings.files() == [str(folder / "own.parquet")]
    retriever = settings.open("mine", COLLECTION)
    assert retriever.name == "mine"
    return retriever.run(list(queries), ["x"] * len(queries), depth)


@pytest.mark.parametrize(
    ("columns", "order", "scores"),
    [
        ({}, [0, 1, 2], [-1, -2, -3]),
        ({"rank": [1, 3, 2, 1]}, [2, 1, 0], [-1, -2, -3]),
        ({"score": [0.5, 0.1, 0.3, 0.2]}, [1, 2, 0], [0.3, 0.2, 0.1]),
        ({"score": [9, 3, 2, 1], "rank": [1, 3, 2, 1]}, [2, 1, 0], [1, 2, 3]),
    ],
)
def test_the_order(tmp_path: Path, columns: dict[str, Any], order: list[int], scores: list[float]) -> None:
    found = run(tmp_path, **columns)
    assert found["query"].tolist() == [0, 0, 0, 1]
    assert found["rank"].tolist() == [1, 2, 3, 1]
    assert found["document"].tolist() == [*order, 3]
    np.testing.assert_allclose(found["score"].tolist()[:3], scores, rtol=1e-6)


def test_the_first_of_depth_and_what_is_missing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "listill")
    found = run(tmp_path, depth=2, queries=("none", "q"))
    assert found[["query", "document"]].to_numpy().tolist() == [[1, 0], [1, 1]]
    assert caplog.messages == ["mine: 1 queries are not in the file, 1 have more than 2 candidates"]


def test_ids_that_do_not_belong(tmp_path: Path) -> None:
    with pytest.raises(
        UserError, match="has candidates for none of the 1 training queries: use the query_id of queries"
    ):
        run(tmp_path, queries=("other",))
    with pytest.raises(UserError, match=r"own\.parquet.*'x'"):
        run(tmp_path, doc_id=["d", "a", "b", "x"])


def test_texts_are_not_searched(tmp_path: Path) -> None:
    pd.DataFrame({"query_id": ["q"], "doc_id": ["a"]}).to_parquet(tmp_path / "own.parquet")
    with pytest.raises(TypeError, match="call run"):
        CandidateFile(kind="file", path=str(tmp_path / "own.parquet")).open("mine", COLLECTION).search(["x"], 1)
