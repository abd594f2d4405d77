"""Exact search against brute force."""

import numpy as np
import pytest

from listill.retrieval.search import search, top_k


def brute_force(queries: np.ndarray, documents: np.ndarray, k: int, id_order: np.ndarray) -> list[list[int]]:
    scores = queries.astype(np.float64) @ documents.astype(np.float64).T
    return [sorted(range(len(documents)), key=lambda i: (-row[i], id_order[i]))[:k] for row in scores]


@pytest.mark.parametrize("k", [1, 10, 59, 60, 500])
def test_search_is_exact(k: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("listill.retrieval.search.QUERY_BLOCK", 7)
    draw = np.random.default_rng(0)
    queries, documents = draw.normal(size=(30, 12)), draw.normal(size=(60, 12))
    id_order = draw.permutation(60)
    positions, scores = search(queries, documents, k, id_order)
    assert [row.tolist() for row in positions] == brute_force(queries, documents, k, id_order)
    assert all(len(row) == min(k, 60) for row in positions)
    for query, query_positions, query_scores in zip(queries, positions, scores, strict=True):
        np.testing.assert_allclose(query_scores, documents[query_positions] @ query, atol=1e-5)


def test_ties_are_ordered_by_doc_id() -> None:
    # With small integers, inner products are exact, and many of them are equal.
    draw = np.random.default_rng(1)
    queries = draw.integers(-1, 2, size=(20, 6)).astype(np.float32)
    documents = draw.integers(-1, 2, size=(25, 6)).astype(np.float32)
    documents[5:9] = documents[3]
    id_order = draw.permutation(25)
    positions, _ = search(queries, documents, 8, id_order)
    assert [row.tolist() for row in positions] == brute_force(queries, documents, 8, id_order)


def test_no_queries() -> None:
    assert search(np.empty((0, 4)), np.ones((3, 4)), 2, np.arange(3)) == ([], [])


def test_top_k() -> None:
    documents, scores = top_k(np.array([1.0, 3.0, 1.0, 2.0]), np.array([7, 5, 6, 0]), 3, np.arange(8))
    assert documents.tolist() == [5, 0, 6]
    assert scores.tolist() == [3.0, 2.0, 1.0]
