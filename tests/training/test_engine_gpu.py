"""The engine on a GPU: run with ``pytest -m gpu``."""

from pathlib import Path

import numpy as np
import pytest
import torch

import tiny
from listill.retrieval.encoder import Encoder
from listill.settings.students import Student
from listill.training.engine import Engine

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


def test_embeddings_equal_those_of_the_cpu(tiny_model: Path, cpu_vectors: np.ndarray) -> None:
    encoder = Encoder(Student(model=str(tiny_model), precision="fp32"))
    assert encoder.device.type == "cuda"
    np.testing.assert_allclose(encoder.encode(TEXTS, "document"), cpu_vectors, atol=1e-4)


@pytest.mark.parametrize("memory", [0.0, 1e12])
def test_every_weight_matrix_has_a_gradient_in_bf16(tiny_model: Path, memory: float) -> None:
    encoder = Encoder(Student(model=str(tiny_model), precision="bf16"), trainable=True)
    tokens, everything = encoder.tokenise(TEXTS, "document"), np.arange(len(TEXTS))
    engine = Engine(encoder, memory)
    engine.backward(tokens, everything, tokens, everything, lambda query, text: [((query @ text.T).sum(), {})])
    assert (engine.recomputed > 0) == (memory == 0)
    for name, weight in encoder.model.named_parameters():
        if "pooler" not in name:
            assert weight.dtype == torch.float32
            assert weight.grad is not None, name
            assert torch.isfinite(weight.grad).all(), name
