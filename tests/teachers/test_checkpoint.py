"""What is not loaded as a reranker, and why."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

import tiny
import tiny_rerankers
from listill.errors import UserError
from listill.teachers import checkpoint
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


@pytest.mark.parametrize(
    ("make", "given", "right"),
    [
        (tiny_rerankers.t5, CROSS, "a T5ForConditionalGeneration is no cross_encoder: its kind is t5"),
        (tiny_rerankers.llama, CROSS, "a LlamaForCausalLM is no cross_encoder: its kind is causal"),
        (tiny_rerankers.qwen3, T5, "a Qwen3ForCausalLM is no t5: its kind is causal"),
        (tiny_rerankers.bert_classifier, CAUSAL, "is no causal: its kind is cross_encoder"),
        (tiny.make_tiny_model, CROSS, "a BertModel is no cross_encoder: it has no head that scores"),
    ],
)
def test_a_wrong_kind(make: Callable[[Path], Path], given: dict[str, Any], right: str, tmp_path: Path) -> None:
    assert right in fault(make(tmp_path / "model"), **given)


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


def test_a_missing_model() -> None:
    assert "no such folder" in fault("/nowhere/model", **CROSS)


def test_a_folder_that_is_no_model(tmp_path: Path) -> None:
    assert "no config.json in" in fault(tmp_path, **CROSS)
    (tmp_path / "config.json").write_text("{")
    (tmp_path / "model.safetensors").write_text("")
    assert "config.json is broken" in fault(tmp_path, **CROSS)
    (tmp_path / "config.json").write_text("{}")
    assert "names no architecture, so its kind is unknown" in fault(tmp_path, **CROSS)


def test_no_safetensors(tmp_path: Path) -> None:
    folder = tiny_rerankers.bert_classifier(tmp_path / "model")
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    assert "no .safetensors weights" in fault(folder, **CROSS)


def test_broken_weights(tmp_path: Path) -> None:
    folder = tiny_rerankers.bert_classifier(tmp_path / "model")
    (folder / "model.safetensors").write_bytes((folder / "model.safetensors").read_bytes()[:500])
    assert "cannot be loaded: " in fault(folder, **CROSS)


def test_a_model_that_reads_less(tmp_path: Path) -> None:
    folder = tiny_rerankers.bert_classifier(tmp_path / "model")
    message = fault(folder, kind="cross_encoder", max_length=512)
    assert "reads at most 128 tokens; set max_length (now 512) of this teacher" in message


def test_modules_that_would_be_left_out(tmp_path: Path) -> None:
    folder = tiny_rerankers.bert_classifier(tmp_path / "model")
    types = ["sentence_transformers.base.modules.transformer.Transformer", "sentence_transformers.base.modules.Dense"]
    (folder / "modules.json").write_text(json.dumps([{"type": name} for name in types]))
    assert "its module Dense is not supported" in fault(folder, **CROSS)
    (folder / "modules.json").write_text(json.dumps([{"type": types[0]}]))
    checkpoint.load(member(model=str(folder), precision="fp32", **CROSS))


def test_an_answer_that_is_no_token(tmp_path: Path) -> None:
    from listill.teachers.t5 import FirstStep

    folder = tiny_rerankers.t5(tmp_path / "model")
    settings = member(kind="t5", model=str(folder), format="monot5", true_token="▁perhaps", false_token="▁false")
    with pytest.raises(UserError, match="'▁perhaps' is not one of its tokens; say true_token"):
        FirstStep(settings)


def test_code_of_the_model_runs_only_where_it_may(tmp_path: Path) -> None:
    folder = tiny_rerankers.bert_classifier(tmp_path / "model")
    config = json.loads((folder / "config.json").read_text())
    code = {"AutoConfig": "own.OwnConfig", "AutoModelForSequenceClassification": "own.OwnForSequenceClassification"}
    (folder / "config.json").write_text(json.dumps(config | {"model_type": "own", "auto_map": code}))
    marker = tmp_path / "ran"
    (folder / "own.py").write_text(f"open({str(marker)!r}, 'w').close()\n")
    assert "runs code of its own: read it, then set trust_remote_code: true" in fault(folder, **CROSS)
    assert not marker.exists()


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
