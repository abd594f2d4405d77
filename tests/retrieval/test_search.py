"""Exact search against brute force."""

from pathlib import Path

import numpy as np
import pytest

from listill.retrieval import search as search_module
from listill.retrieval.search import NotFinite, search, top_k


def brute_force(queries: np.ndarray, documents: np.ndarray, k: int, id_order: np.ndarray) -> list[list[int]]:
    scores = queries.astype(np.float64) @ documents.astype(np.float64).T
    return [sorted(range(len(documents)), key=lambda i: (-row[i], id_order[i]))[:k] for row in scores]


@pytest.fixture(params=["whole", "blocks"])
def blocks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Search all documents at once, or seven at a time, three of them at a time for six queries."""
    if request.param == "blocks":
        monkeypatch.setattr("listill.retrieval.nearest.QUERIES", 6)
        monkeypatch.setattr("listill.retrieval.nearest.DOCUMENTS", {"cpu": 3, "cuda": 3})
        monkeypatch.setattr("listill.retrieval.search.BLOCK_BYTES", 7 * 4 * 12)


@pytest.mark.usefixtures("blocks")
@pytest.mark.parametrize("k", [1, 10, 59, 60, 500])
def test_search_is_exact(k: int) -> None:
    draw = np.random.default_rng(0)
    queries, documents = draw.normal(size=(30, 12)), draw.normal(size=(60, 12))
    id_order = draw.permutation(60)
    positions, scores = search(queries, documents, k, id_order)
    assert [row.tolist() for row in positions] == brute_force(queries, documents, k, id_order)
    assert all(len(row) == min(k, 60) for row in positions)
    for query, query_positions, query_scores in zip(queries, positions, scores, strict=True):
        np.testing.assert_allclose(query_scores, documents[query_positions] @ query, atol=1e-5)


@pytest.mark.usefixtures("blocks")
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


@pytest.mark.usefixtures("blocks")
def test_a_number_that_is_not_finite_is_found_in_any_block() -> None:
    documents = np.ones((20, 12), np.float32)
    documents[15, 3] = np.inf
    with pytest.raises(NotFinite):
        search(np.ones((2, 12)), documents, 2, np.arange(20))


def test_a_mapped_matrix_is_not_copied(tmp_path: Path) -> None:
    np.save(tmp_path / "m.npy", np.ones((20, 12), np.float32))
    matrix = np.load(tmp_path / "m.npy", mmap_mode="r")
    assert all(np.shares_memory(block, matrix) for _, block in search_module.blocks(matrix))


def test_top_k() -> None:
    documents, scores = top_k(np.array([1.0, 3.0, 1.0, 2.0]), np.array([7, 5, 6, 0]), 3, np.arange(8))
    assert documents.tolist() == [5, 0, 6]
    assert scores.tolist() == [3.0, 2.0, 1.0]


def test_top_k_of_several_queries() -> None:
    draw = np.random.default_rng(0)
    scores, documents = draw.integers(0, 3, size=(9, 8)).astype(np.float32), np.argsort(draw.random((9, 20)))[:, :8]
    id_order = draw.permutation(20)
    together = top_k(scores, documents, 5, id_order)
    for row in range(9):
        alone = top_k(scores[row], documents[row], 5, id_order)
        assert [part[row].tolist() for part in together] == [part.tolist() for part in alone]
