"""Approximate search: what it finds has exact scores, and its recall is measured."""

import numpy as np
import pytest

from listill.retrieval.approximate import Approximate
from listill.retrieval.search import NotFinite, search
from listill.settings.search_index import SearchIndex

DRAW = np.random.default_rng(0)
CENTRES = DRAW.normal(size=(40, 16))
DOCUMENTS, QUERIES = (
    (CENTRES[DRAW.integers(40, size=n)] + 0.3 * DRAW.normal(size=(n, 16))).astype(np.float32) for n in (3000, 60)
)
ORDER = DRAW.permutation(3000)
FEW = [SearchIndex(method="ivf", lists=50, probes=4), SearchIndex(method="hnsw", links=16, beam=32)]


@pytest.mark.parametrize("settings", FEW, ids=lambda one: one.method)
def test_scores_are_exact_and_in_order(settings: SearchIndex) -> None:
    positions, scores = Approximate(DOCUMENTS, settings).search(QUERIES, 10, ORDER)
    for query, found, values in zip(QUERIES, positions, scores, strict=True):
        np.testing.assert_allclose(values, DOCUMENTS[found] @ query, rtol=1e-5)
        assert (np.diff(values) <= 0).all()
        assert len(set(found.tolist())) == len(found) == 10


@pytest.mark.parametrize("settings", FEW, ids=lambda one: one.method)
def test_recall(settings: SearchIndex) -> None:
    index = Approximate(DOCUMENTS, settings)
    exact, found = search(QUERIES, DOCUMENTS, 10, ORDER)[0], index.search(QUERIES, 10, ORDER)[0]
    expected = np.mean([len({*a.tolist()} & {*b.tolist()}) / 10 for a, b in zip(exact, found, strict=True)])
    assert index.recall(QUERIES, 10, ORDER) == pytest.approx(expected)
    assert 0.8 < expected <= 1


def test_an_index_that_searches_everything_is_exact() -> None:
    index = Approximate(DOCUMENTS, SearchIndex(method="ivf", lists=8, probes=8))
    assert index.recall(QUERIES, 10, ORDER) == 1
    narrow = Approximate(DOCUMENTS, SearchIndex(method="ivf", lists=500, probes=1))
    assert narrow.recall(QUERIES, 10, ORDER) < 1


@pytest.mark.parametrize("method", ["ivf", "hnsw"])
def test_a_small_corpus(method: str) -> None:
    index = Approximate(DOCUMENTS[:5], SearchIndex.model_validate({"method": method}))
    positions, _ = index.search(QUERIES[:2], 10, ORDER[:5].argsort().argsort())
    exact = search(QUERIES[:2], DOCUMENTS[:5], 10, ORDER[:5].argsort().argsort())[0]
    assert [row.tolist() for row in positions] == [row.tolist() for row in exact]


def test_a_number_that_is_not_finite() -> None:
    broken = DOCUMENTS.copy()
    broken[1234, 5] = np.nan
    with pytest.raises(NotFinite):
        Approximate(broken, FEW[0])
