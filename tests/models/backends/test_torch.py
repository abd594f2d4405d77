"""The PyTorch backend rejects checkpoints with missing or broken weights."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

import tiny_rerankers
from checkpoint_faults import CAUSAL, CROSS, T5, fault, without
from listill.models import checkpoint
from plain_rerankers import member


@pytest.mark.parametrize(
    ("make", "settings", "part", "missing"),
    [
        (tiny_rerankers.bert_classifier, CROSS, "classifier", "classifier.bias"),
        (tiny_rerankers.llama, CAUSAL, "lm_head", "lm_head.weight"),
        (tiny_rerankers.t5, T5, "encoder.block.1", "encoder.block.1."),
    ],
)
def test_missing_weights_are_an_error(
    make: Callable[[Path], Path], settings: dict[str, Any], part: str, missing: str, tmp_path: Path
) -> None:
    """CrossEncoder and AutoModel would initialise them randomly and continue."""
    message = fault(without(make(tmp_path / "model"), part), **settings)
    assert f"its weights lack {missing}" in message
    assert f"initialised randomly; use a model that was trained as {settings['kind']}" in message


def test_a_causal_model_with_the_architecture_of_a_classifier(tmp_path: Path) -> None:
    """AutoModelForSequenceClassification would load it with a randomly initialised head."""
    folder = tiny_rerankers.llama(tmp_path / "model")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"architectures": ["LlamaForSequenceClassification"]}))
    assert "its weights lack score.weight, which would be initialised randomly" in fault(folder, **CROSS)


def test_broken_weights(tmp_path: Path) -> None:
    folder = tiny_rerankers.bert_classifier(tmp_path / "model")
    (folder / "model.safetensors").write_bytes((folder / "model.safetensors").read_bytes()[:500])
    assert "cannot be loaded: " in fault(folder, **CROSS)


def test_weights_that_do_not_fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tiny_rerankers.bert_classifier(tmp_path / "model")

    def raise_out_of_memory(*_: object, **__: object) -> None:
        raise torch.OutOfMemoryError("simulated")

    monkeypatch.setattr(torch.nn.Module, "to", raise_out_of_memory)
    assert "its weights do not fit into GPU memory" in fault(folder, **CROSS)


@pytest.mark.parametrize(("precision", "dtype"), [("fp32", torch.float32), ("bf16", torch.bfloat16)])
def test_precision(precision: str, dtype: torch.dtype, tmp_path: Path) -> None:
    folder = tiny_rerankers.bert_classifier(tmp_path / "model")
    assert checkpoint.load(member(model=str(folder), **CROSS | {"precision": precision})).model.dtype == dtype
