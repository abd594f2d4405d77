"""The best documents by inner product: those that FAISS finds, on any device and in blocks of any size."""

import faiss
import numpy as np
import pytest
import torch

from listill.retrieval import nearest as module
from listill.retrieval.nearest import nearest

no_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
DEVICES = ["cpu", pytest.param("cuda", marks=[pytest.mark.gpu, no_gpu])]


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("block", [3, 40, 1000])
def test_it_finds_what_faiss_finds(device: str, block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "QUERIES", 4)
    monkeypatch.setattr(module, "DOCUMENTS", {"cpu": block, "cuda": block})
    draw = np.random.default_rng(0)
    queries, documents = (draw.normal(size=(n, 24)).astype(np.float32) for n in (10, 300))
    positions, scores = nearest(queries, documents, 7, torch.device(device))
    expected_scores, expected = faiss.knn(queries, documents, 7, metric=faiss.METRIC_INNER_PRODUCT)
    np.testing.assert_array_equal(positions, expected)
    np.testing.assert_allclose(scores, expected_scores, rtol=1e-5)
    assert positions.dtype == np.int64


@pytest.mark.parametrize("device", DEVICES)
def test_products_are_those_of_float32(device: str) -> None:
    draw = np.random.default_rng(1)
    queries, documents = (draw.normal(size=(n, 768)).astype(np.float32) for n in (5, 200))
    _, scores = nearest(queries, documents, 200, torch.device(device))
    expected = -np.sort(-(queries.astype(np.float64) @ documents.T.astype(np.float64)))
    np.testing.assert_allclose(scores, expected, atol=1e-4)  # TF32 would be wrong by 1e-2


def test_no_queries() -> None:
    positions, scores = nearest(np.empty((0, 4), np.float32), np.ones((3, 4), np.float32), 2, torch.device("cpu"))
    assert positions.shape == scores.shape == (0, 2)
