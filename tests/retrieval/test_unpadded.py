"""Computing without padding gives the same embeddings and gradients as a padded batch."""

from pathlib import Path

import numpy as np
import pytest
import torch

import tiny
from listill.retrieval import unpadded
from listill.retrieval.encoder import Encoder
from listill.settings.students import Student

TEXTS = ["Lava", *(f"{row['title']} {row['text']}" for row in tiny.tiny_documents(20))]


def encoder(folder: Path, trainable: bool = False) -> Encoder:
    return Encoder(Student(model=str(folder), precision="fp32"), trainable=trainable)


@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_embeddings_equal_those_of_padded_texts(tmp_path: Path, pooling: str) -> None:
    folder = tiny.make_tiny_model(tmp_path / "m", pooling=pooling)
    padded, flat = encoder(folder), encoder(folder)
    flat.unpad()
    assert flat.unpadded
    np.testing.assert_allclose(flat.encode(TEXTS, "document"), padded.encode(TEXTS, "document"), atol=1e-5)
    token_vectors = zip(flat.token_vectors(TEXTS, "query"), padded.token_vectors(TEXTS, "query"), strict=True)
    for flat_vectors, padded_vectors in token_vectors:
        assert flat_vectors.shape == padded_vectors.shape
        np.testing.assert_allclose(flat_vectors.float(), padded_vectors.float(), atol=0.01)  # bf16
    flat.pad()
    np.testing.assert_allclose(flat.encode(TEXTS, "document"), padded.encode(TEXTS, "document"), atol=1e-5)


def gradients(model: Encoder) -> dict[str, torch.Tensor]:
    tokens = model.tokenise(TEXTS, "document")
    vectors = model.forward(tokens, np.arange(len(TEXTS)), "document")["sentence_embedding"]
    (vectors @ vectors.T).exp().sum().backward()
    return {name: p.grad for name, p in model.model.named_parameters() if p.grad is not None}


def test_gradients_equal_those_of_padded_texts(tiny_model: Path) -> None:
    padded, flat = encoder(tiny_model, trainable=True), encoder(tiny_model, trainable=True)
    flat.unpad()
    expected, computed = gradients(padded), gradients(flat)
    assert expected.keys() == computed.keys()
    for name in expected:
        torch.testing.assert_close(computed[name], expected[name], atol=1e-3, rtol=1e-3, msg=name)


def test_padding_is_used_if_the_embeddings_would_change(
    tiny_model: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Simulates an architecture that ignores the boundaries, so that texts attend to their neighbours in the row."""
    features = unpadded.features

    def wrong_positions(*arguments: object) -> dict[str, object]:
        inputs = features(*arguments)  # type: ignore[arg-type]
        return inputs | {"position_ids": inputs["position_ids"].flip(1)}

    monkeypatch.setattr(unpadded, "features", wrong_positions)
    wrong, padded = encoder(tiny_model), encoder(tiny_model)
    with caplog.at_level("INFO"):
        wrong.unpad()
    assert not wrong.unpadded
    assert "computing with padding (embeddings differ by" in caplog.text
    np.testing.assert_allclose(wrong.encode(TEXTS, "query"), padded.encode(TEXTS, "query"), atol=1e-5)


def test_sliding_window(tiny_model: Path) -> None:
    """Each token attends to the tokens of its own text within the window, and to no others."""
    draw = torch.Generator().manual_seed(0)
    query, key, value = (torch.randn(1, 2, 9, 4, generator=draw) for _ in range(3))
    bounds = torch.tensor([0, 6, 9], dtype=torch.int32)
    output, _ = unpadded.attend(
        torch.nn.Module(), query, key, value, None, scaling=0.5, sliding_window=2, cu_seq_lens_q=bounds, max_length_q=6
    )
    for token in range(9):
        text = range(6) if token < 6 else range(6, 9)
        visible = [other for other in text if abs(other - token) <= 2]
        for head in range(2):
            weights = torch.softmax(0.5 * key[0, head, visible] @ query[0, head, token], dim=0)
            torch.testing.assert_close(output[0, token, head], weights @ value[0, head, visible])
