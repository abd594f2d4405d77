"""The same training on a GPU: run with ``pytest -m gpu``."""

from pathlib import Path

import numpy as np
import pytest
import torch

import tiny
from listill.retrieval.encoder import Encoder
from listill.settings import Student
from listill.training import loop

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU"),
]
TEXTS = [row["text"] for row in tiny.tiny_documents(30)]


@pytest.fixture
def cpu_vectors(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> np.ndarray:
    with monkeypatch.context() as patch:
        patch.setattr(torch.cuda, "is_available", lambda: False)
        return Encoder(Student(model=str(tiny_model), precision="fp32")).encode(TEXTS, "document")


def test_embeddings_are_those_of_the_cpu(tiny_model: Path, cpu_vectors: np.ndarray) -> None:
    encoder = Encoder(Student(model=str(tiny_model), precision="fp32"))
    assert encoder.device.type == "cuda"
    np.testing.assert_allclose(encoder.encode(TEXTS, "document"), cpu_vectors, atol=1e-4)


def test_gradients_in_bf16_flow_to_every_weight_matrix(tiny_model: Path) -> None:
    encoder = Encoder(Student(model=str(tiny_model), precision="bf16"), trainable=True)
    vectors = loop.embed(encoder, TEXTS, loop.token_lengths(encoder, TEXTS))
    (vectors @ vectors.T).sum().backward()
    for name, weight in encoder.model.named_parameters():
        if "pooler" not in name:
            assert weight.dtype == torch.float32
            assert weight.grad is not None, name
            assert torch.isfinite(weight.grad).all(), name
