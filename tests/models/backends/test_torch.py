"""PyTorch's checkpoints: no weight is random, none of them is broken."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

import tiny_rerankers
from listill.errors import UserError
from listill.models import checkpoint
from plain_rerankers import member

CROSS = {"kind": "cross_encoder", "max_length": 128}


T5 = {"kind": "t5", "format": "rankt5"}


CAUSAL = {"kind": "causal", "format": "bge-gemma"}


def fault(folder: Path | str, **settings: Any) -> str:
    with pytest.raises(UserError) as caught:
        checkpoint.load(member(model=str(folder), precision="fp32", **settings))
    assert str(caught.value).startswith(f"model {folder}: ")
    assert "\n" not in str(caught.value)
    return str(caught.value)


def without(folder: Path, part: str) -> Path:
    """Take the weights whose names have ``part`` out of a checkpoint."""
    weights = load_file(folder / "model.safetensors")
    kept = {name: value for name, value in weights.items() if part not in name}
    assert len(kept) < len(weights)
    save_file(kept, folder / "model.safetensors", {"format": "pt"})
    return folder


@pytest.mark.parametrize(
    ("make", "given", "part", "named"),
    [
        (tiny_rerankers.bert_classifier, CROSS, "classifier", "classifier.bias"),
        (tiny_rerankers.llama, CAUSAL, "lm_head", "lm_head.weight"),
        (tiny_rerankers.t5, T5, "encoder.block.1", "encoder.block.1."),
    ],
)
def test_weights_that_would_be_random(
    make: Callable[[Path], Path], given: dict[str, Any], part: str, named: str, tmp_path: Path
) -> None:
    """CrossEncoder and AutoModel draw them and go on."""
    message = fault(without(make(tmp_path / "model"), part), **given)
    assert named in message
    assert f"is not in its weights and would be random: not a model that was trained as {given['kind']}" in message


def test_a_causal_model_that_says_it_classifies(tmp_path: Path) -> None:
    """What AutoModelForSequenceClassification would load with a head of its own making."""
    folder = tiny_rerankers.llama(tmp_path / "model")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"architectures": ["LlamaForSequenceClassification"]}))
    assert "score.weight is not in its weights and would be random" in fault(folder, **CROSS)


def test_broken_weights(tmp_path: Path) -> None:
    folder = tiny_rerankers.bert_classifier(tmp_path / "model")
    (folder / "model.safetensors").write_bytes((folder / "model.safetensors").read_bytes()[:500])
    assert "cannot be loaded: " in fault(folder, **CROSS)


def test_weights_that_do_not_fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tiny_rerankers.bert_classifier(tmp_path / "model")

    def full(*_: object, **__: object) -> None:
        raise torch.OutOfMemoryError("made up")

    monkeypatch.setattr(torch.nn.Module, "to", full)
    assert "its weights do not fit into the memory" in fault(folder, **CROSS)


@pytest.mark.parametrize(("precision", "dtype"), [("fp32", torch.float32), ("bf16", torch.bfloat16)])
def test_precision(precision: str, dtype: torch.dtype, tmp_path: Path) -> None:
    folder = tiny_rerankers.bert_classifier(tmp_path / "model")
    assert checkpoint.load(member(model=str(folder), **CROSS | {"precision": precision})).model.dtype == dtype
