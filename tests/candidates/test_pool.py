"""The pool of candidates and the consistency filter."""

import numpy as np
import pandas as pd
import pytest

from listill.candidates.pool import POSITIVE, consistent, found_again, with_positives
from listill.corpus.collection import Collection
from listill.retrieval.runs import by_position
from listill.settings.mining import Consistency

GROUP = np.array([0, 1, 2, 1, 4, 5])  # 3 is a duplicate of 1


def pool(**results: list[list[int]]) -> pd.DataFrame:
    """Return the pool of retrievers that find these document positions for each query."""
    frames = [
        by_position(
            [np.array(row, dtype=np.int64) for row in rows], [np.ones(len(row), np.float32) for row in rows]
        ).assign(retriever=name)
        for name, rows in results.items()
    ]
    return pd.concat(frames, ignore_index=True)


def keep(candidates: pd.DataFrame, source: list[int], require: str, top: int = 2) -> list[bool]:
    rule = Consistency.model_validate({"top": top, "require": require})
    return consistent(candidates, np.array(source), GROUP, rule, candidates["retriever"].nunique()).tolist()


@pytest.mark.parametrize(
    ("require", "expected"),
    [
        ("any", [True, True, True, False, False]),
        ("each", [True, False, False, False, False]),
        ("own", [True, True, True, False, False]),  # as any: the lists of each student apply its own filter
        ("none", [True, True, True, True, True]),
    ],
)
def test_the_source_must_be_retrieved(require: str, expected: list[bool]) -> None:
    # Retrieved by both; by one; a duplicate by one; ranked too low by both; by none (one retriever returns nothing).
    candidates = pool(
        bm25=[[0, 4], [5, 2], [3, 4], [4, 5, 2], []],
        dense=[[4, 0], [4, 5, 2], [4, 5], [4, 5, 2], [5, 4]],
    )
    assert keep(candidates, [0, 2, 1, 2, 0], require) == expected


def test_duplicates_of_the_source_count_in_both_directions() -> None:
    candidates = pool(bm25=[[3, 0], [1, 0]])
    assert keep(candidates, [1, 3], "each") == [True, True]


def test_source_and_duplicate_found_by_one_retriever_count_once() -> None:
    candidates = pool(bm25=[[1, 3]], dense=[[4, 5]])
    assert keep(candidates, [1], "each") == [False]
    assert keep(candidates, [1], "any") == [True]


def test_the_rank_limit_is_inclusive() -> None:
    candidates = pool(bm25=[[4, 5, 2]])
    assert keep(candidates, [2], "any", top=2) == [False]
    assert keep(candidates, [2], "any", top=3) == [True]


def test_found_again_by_one_retriever() -> None:
    ids = [f"d{i}" for i in range(6)]
    collection = Collection(ids, [None] * 6, ids, GROUP)
    rows = [
        ("q0", "d0", "dense", 1),
        ("q1", "d3", "dense", 2),  # a duplicate of d1
        ("q2", "d2", "dense", 3),
        ("q3", "d4", "bm25", 1),
        ("q4", "d5", "dense", 1),
        ("q5", "d4", "dense", 0),
    ]
    candidates = pd.DataFrame(rows, columns=["query_id", "doc_id", "retriever", "rank"])
    source = pd.Series({"q0": "d0", "q1": "d1", "q2": "d2", "q3": "d4", "q4": "d0", "q5": "d4"})
    assert found_again(candidates, source, collection, "dense", 2) == {"q0", "q1"}
    assert found_again(candidates, source, collection, "dense", 3) == {"q0", "q1", "q2"}
    assert found_again(candidates, source, collection, "bm25", 1) == {"q3"}
    assert found_again(candidates, source, collection, "other", 9) == set()


def test_missing_positives_are_added_once() -> None:
    candidates = pool(bm25=[[0, 4], [5]], dense=[[4], [5]])
    positives = pd.DataFrame({"query": [0, 0, 1, 1, 1], "document": [4, 2, 1, 1, 5]})
    full = with_positives(candidates, positives)
    pd.testing.assert_frame_equal(full.iloc[: len(candidates)].astype(candidates.dtypes), candidates)
    added = full.iloc[len(candidates) :]
    assert added[["query", "document", "retriever", "rank"]].to_numpy().tolist() == [
        [0, 2, POSITIVE, 0],
        [1, 1, POSITIVE, 0],
    ]
    assert added["score"].isna().all()


def test_nothing_is_added_if_all_positives_are_in_the_pool() -> None:
    candidates = pool(bm25=[[0, 4]])
    assert len(with_positives(candidates, pd.DataFrame({"query": [0], "document": [4]}))) == 2
