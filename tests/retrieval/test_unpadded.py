"""Texts in one row, without padding: the embeddings and gradients of a padded batch."""

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
def test_embeddings_are_those_of_padded_texts(tmp_path: Path, pooling: str) -> None:
    folder = tiny.make_tiny_model(tmp_path / "m", pooling=pooling)
    padded, flat = encoder(folder), encoder(folder)
    flat.unpad()
    assert flat.unpadded
    np.testing.assert_allclose(flat.encode(TEXTS, "document"), padded.encode(TEXTS, "document"), atol=1e-5)
    for one, two in zip(flat.token_vectors(TEXTS, "query"), padded.token_vectors(TEXTS, "query"), strict=True):
        assert one.shape == two.shape
        np.testing.assert_allclose(one.float(), two.float(), atol=0.01)  # bf16
    flat.pad()
    np.testing.assert_allclose(flat.encode(TEXTS, "document"), padded.encode(TEXTS, "document"), atol=1e-5)


def test_gradients_are_those_of_padded_texts(tiny_model: Path) -> None:
    found = []
    for flat in (False, True):
        one = encoder(tiny_model, trainable=True)
        if flat:
            one.unpad()
        tokens = one.tokenise(TEXTS, "document")
        vectors = one.forward(tokens, np.arange(len(TEXTS)), "document")["sentence_embedding"]
        (vectors @ vectors.T).exp().sum().backward()
        found.append({name: p.grad for name, p in one.model.named_parameters() if p.grad is not None})
    assert found[0].keys() == found[1].keys()
    for name in found[0]:
        torch.testing.assert_close(found[1][name], found[0][name], atol=1e-3, rtol=1e-3, msg=name)


def test_a_model_whose_embeddings_would_change_is_computed_with_padding(
    tiny_model: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Texts that attend to their neighbours in the row: what an architecture that ignores the ends would do."""
    features = unpadded.features

    def one_text(*arguments: object) -> dict[str, object]:
        found = features(*arguments)  # type: ignore[arg-type]
        return found | {"position_ids": found["position_ids"].flip(1)}

    monkeypatch.setattr(unpadded, "features", one_text)
    wrong, padded = encoder(tiny_model), encoder(tiny_model)
    with caplog.at_level("INFO"):
        wrong.unpad()
    assert not wrong.unpadded
    assert "is computed with padding (embeddings differ by" in caplog.text
    np.testing.assert_allclose(wrong.encode(TEXTS, "query"), padded.encode(TEXTS, "query"), atol=1e-5)


def test_a_window(tiny_model: Path) -> None:
    """Sliding-window attention sees the tokens within the window, and none of another text."""
    draw = torch.Generator().manual_seed(0)
    query, key, value = (torch.randn(1, 2, 9, 4, generator=draw) for _ in range(3))
    ends = torch.tensor([0, 6, 9], dtype=torch.int32)
    found, _ = unpadded.attend(
        torch.nn.Module(), query, key, value, None, scaling=0.5, sliding_window=2, cu_seq_lens_q=ends, max_length_q=6
    )
    for token in range(9):
        text = range(6) if token < 6 else range(6, 9)
        seen = [other for other in text if abs(other - token) <= 2]
        for head in range(2):
            weights = torch.softmax(0.5 * key[0, head, seen] @ query[0, head, token], dim=0)
            torch.testing.assert_close(found[0, token, head], weights @ value[0, head, seen])
