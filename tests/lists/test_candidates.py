"""The candidates that the lists of one student are built from."""

import numpy as np
import pandas as pd
import pytest

from listill.corpus.collection import Collection
from listill.lists.candidates import inconsistent, student_candidates, student_pairs

CANDIDATES = pd.DataFrame(
    [
        ("q1", "a", "bm25", 1),
        ("q1", "b", "s", 1),
        ("q1", "c", "other", 1),
        ("q1", "d", "other", 2),
        ("q1", "e", "random", 0),
        ("q2", "a", "other", 1),
        ("q2", "d", "positive", 0),
    ],
    columns=["query_id", "doc_id", "retriever", "rank"],
)
POSITIVES = pd.DataFrame([("q1", "c"), ("q2", "d")], columns=["query_id", "doc_id"])


def test_candidates_of_bm25_and_of_the_student_random_ones_and_all_positives() -> None:
    kept = student_candidates(CANDIDATES, POSITIVES, "s")
    assert list(zip(kept["query_id"], kept["doc_id"], strict=True)) == [
        ("q1", "a"),
        ("q1", "b"),
        ("q1", "c"),
        ("q1", "e"),
        ("q2", "d"),
    ]
    assert student_candidates(CANDIDATES, POSITIVES, "other")["doc_id"].tolist() == ["a", "c", "d", "e", "a", "d"]
    assert student_candidates(CANDIDATES, POSITIVES.iloc[:0], "s")["doc_id"].tolist() == ["a", "b", "e", "d"]


COLLECTION = Collection(list("abcde"), [None] * 5, list("vwxyy"), np.array([0, 1, 2, 3, 3]))  # e is a duplicate of d
# query: (type, source passage)
QUERIES = {
    "first": ("lead", "a"),
    "second": ("lead", "b"),
    "duplicate": ("title", "d"),
    "absent": ("lead", "c"),
    "person": ("human", "a"),
    "unmined": ("lead", "a"),
}
MINED = pd.DataFrame(
    [
        ("first", "a", "s", 2),
        ("second", "b", "s", 3),
        ("duplicate", "e", "s", 4),
        ("absent", "b", "s", 1),
        ("absent", "c", "t", 1),
        ("absent", "c", "positive", 0),
        ("person", "b", "s", 1),
    ],
    columns=["query_id", "doc_id", "retriever", "rank"],
)


def queries() -> pd.DataFrame:
    rows = list(QUERIES.values())
    return pd.DataFrame(rows, columns=["type", "doc_id"], index=pd.Index(QUERIES, name="query_id"))


@pytest.mark.parametrize(
    ("retriever", "top", "expected"),
    [
        ("s", 1, {"first", "second", "duplicate", "absent"}),
        ("s", 2, {"second", "duplicate", "absent"}),
        ("s", 3, {"duplicate", "absent"}),
        ("s", 4, {"absent"}),
        ("t", 9, {"first", "second", "duplicate"}),
    ],
)
def test_inconsistent_queries(retriever: str, top: int, expected: set[str]) -> None:
    """Human queries are never inconsistent; queries without candidates are not tested."""
    assert inconsistent(MINED, queries(), COLLECTION, retriever, top) == expected


def pairs(all_retrievers: bool, found_within: int | None) -> tuple[list[tuple[str, str]], set[str]]:
    positives = queries().reset_index()[["query_id", "doc_id"]]
    train = queries().drop(index="second")  # its candidates are ignored
    found, dropped = student_pairs(MINED, train, positives, COLLECTION, "s", all_retrievers, found_within)
    assert list(found.columns) == ["query_id", "doc_id"]
    return list(zip(found["query_id"], found["doc_id"], strict=True)), dropped


def test_pairs_of_a_student() -> None:
    of_student = [("first", "a"), ("duplicate", "e"), ("absent", "b"), ("absent", "c"), ("person", "b")]
    assert pairs(False, None) == (of_student, set())  # "absent" has c once, though two retrievers found it
    consistent = [("first", "a"), ("duplicate", "e"), ("person", "b")]
    assert pairs(False, 4) == (consistent, {"absent"})
    assert pairs(True, 3) == ([("first", "a"), ("person", "b")], {"duplicate", "absent"})


@pytest.mark.parametrize(
    ("all_retrievers", "expected"),
    [
        (False, [("q1", "a"), ("q1", "b"), ("q1", "c"), ("q1", "e"), ("q2", "d")]),
        (True, [("q1", "a"), ("q1", "b"), ("q1", "c"), ("q1", "d"), ("q1", "e"), ("q2", "a"), ("q2", "d")]),
    ],
)
def test_pairs_contain_the_positives_of_all_retrievers(all_retrievers: bool, expected: list[tuple[str, str]]) -> None:
    train = pd.DataFrame({"type": ["lead", "lead"], "doc_id": ["c", "d"]}, index=["q1", "q2"])
    found, dropped = student_pairs(CANDIDATES, train, POSITIVES, COLLECTION, "s", all_retrievers, None)
    assert list(zip(found["query_id"], found["doc_id"], strict=True)) == expected
    assert dropped == set()
