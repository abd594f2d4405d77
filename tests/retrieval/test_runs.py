"""Runs by position and by id."""

import numpy as np
import pandas as pd

from fixed_retriever import plain_collection
from listill.retrieval.runs import by_position, ranked, with_ids, without_own_documents


def test_ranked_keeps_the_best_documents_of_each_query() -> None:
    scores = pd.DataFrame(
        {"query_id": ["r", "q", "q", "q"], "doc_id": ["z", "c", "b", "a"], "score": [0.0, 2.0, 1.0, 2.0]}
    )
    assert ranked(scores, 2)[["query_id", "doc_id", "rank"]].to_numpy().tolist() == [
        ["q", "a", 1],
        ["q", "c", 2],
        ["r", "z", 1],
    ]


def test_by_position() -> None:
    documents = [np.array([4, 2]), np.array([], np.int64), np.array([0])]
    run = by_position(documents, [np.array([3.0, 1.0]), np.array([]), np.array([2.0])])
    assert list(run.columns) == ["query", "document", "rank", "score"]
    assert run.to_numpy().tolist() == [[0, 4, 1, 3.0], [0, 2, 2, 1.0], [2, 0, 1, 2.0]]
    assert by_position([], []).empty


def test_without_own_documents() -> None:
    run = by_position([np.array([2, 0, 1]), np.array([0, 1, 2])], [np.array([3.0, 2.0, 1.0])] * 2)
    others = without_own_documents(run, ["d0", "q"], plain_collection(3), 2)
    assert others.to_numpy().tolist() == [[0, 2, 1, 3.0], [0, 1, 2, 1.0], [1, 0, 1, 3.0], [1, 1, 2, 2.0]]


def test_with_ids() -> None:
    run = by_position(
        [np.array([2, 0]), np.array([], np.int64), np.array([1])], [np.array([3.0, 2.0])[:n] for n in (2, 0, 1)]
    )
    run_by_id = with_ids(run, ["a", "b", "c"], plain_collection(3))
    assert list(run_by_id.columns) == ["query_id", "doc_id", "rank", "score"]
    assert run_by_id.to_numpy().tolist() == [["a", "d2", 1, 3.0], ["a", "d0", 2, 2.0], ["c", "d1", 1, 3.0]]
