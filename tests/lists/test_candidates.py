"""Which candidates the lists of one student are made of."""

import numpy as np
import pandas as pd
import pytest

from listill.corpus.collection import Collection
from listill.lists.candidates import inconsistent, student_candidates

CANDIDATES = pd.DataFrame(
    [
        ("q1", "a", "bm25", 1),
        ("q1", "b", "s", 1),
        ("q1", "c", "other", 1),
        ("q1", "d", "other", 2),
        ("q2", "a", "other", 1),
        ("q2", "d", "positive", 0),
    ],
    columns=["query_id", "doc_id", "retriever", "rank"],
)
POSITIVES = pd.DataFrame([("q1", "c"), ("q2", "d")], columns=["query_id", "doc_id"])


def test_those_of_bm25_and_the_student_and_every_positive() -> None:
    kept = student_candidates(CANDIDATES, POSITIVES, "s")
    assert list(zip(kept["query_id"], kept["doc_id"], strict=True)) == [
        ("q1", "a"),
        ("q1", "b"),
        ("q1", "c"),
        ("q2", "d"),
    ]
    assert student_candidates(CANDIDATES, POSITIVES, "other")["doc_id"].tolist() == ["a", "c", "d", "a", "d"]
    assert student_candidates(CANDIDATES, POSITIVES.iloc[:0], "s")["doc_id"].tolist() == ["a", "b", "d"]


@pytest.mark.parametrize(
    ("retriever", "top", "lost"),
    [
        ("s", 1, {"first", "second", "twin", "absent"}),
        ("s", 2, {"second", "twin", "absent"}),
        ("s", 3, {"twin", "absent"}),
        ("s", 4, {"absent"}),
        ("t", 9, {"first", "second", "twin"}),
    ],
)
def test_the_students_retriever_must_find_the_passage_again(retriever: str, top: int, lost: set[str]) -> None:
    # e is a duplicate of d. People's queries stay; a query without candidates is not judged here.
    collection = Collection(list("abcde"), [None] * 5, list("vwxyy"), np.array([0, 1, 2, 3, 3]))
    types = {"first": "lead", "second": "lead", "twin": "title", "absent": "lead", "person": "human", "unmined": "lead"}
    sources = ["a", "b", "d", "c", "a", "a"]
    queries = pd.DataFrame({"type": list(types.values()), "doc_id": sources}, index=pd.Index(types, name="query_id"))
    rows = [
        ("first", "a", "s", 2),
        ("second", "b", "s", 3),
        ("twin", "e", "s", 4),
        ("absent", "b", "s", 1),
        ("absent", "c", "t", 1),
        ("absent", "c", "positive", 0),
        ("person", "b", "s", 1),
    ]
    candidates = pd.DataFrame(rows, columns=["query_id", "doc_id", "retriever", "rank"])
    assert inconsistent(candidates, queries, collection, retriever, top) == lost
