"""Checkpoints that are rejected as rerankers, and the error messages."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import tiny
import tiny_rerankers
from checkpoint_faults import CAUSAL, CROSS, T5, fault
from listill.errors import UserError
from listill.models import checkpoint
from listill.models.locate import identity
from plain_rerankers import member


@pytest.mark.parametrize(
    ("make", "settings", "message"),
    [
        (
            tiny_rerankers.t5,
            CROSS,
            "its architecture T5ForConditionalGeneration is not of kind cross_encoder; set kind: t5",
        ),
        (
            tiny_rerankers.llama,
            CROSS,
            "its architecture LlamaForCausalLM is not of kind cross_encoder; set kind: causal",
        ),
        (tiny_rerankers.qwen3, T5, "its architecture Qwen3ForCausalLM is not of kind t5; set kind: causal"),
        (tiny_rerankers.bert_classifier, CAUSAL, "is not of kind causal; set kind: cross_encoder"),
        (
            tiny.make_tiny_model,
            CROSS,
            "its architecture BertModel is not of kind cross_encoder; it has no head that scores",
        ),
    ],
)
def test_a_model_of_another_kind(
    make: Callable[[Path], Path], settings: dict[str, Any], message: str, tmp_path: Path
) -> None:
    assert message in fault(make(tmp_path / "model"), **settings)


def test_a_missing_model() -> None:
    assert "no such folder" in fault("/nowhere/model", **CROSS)


def test_a_folder_without_a_valid_config(tmp_path: Path) -> None:
    assert "no config.json in" in fault(tmp_path, **CROSS)
    (tmp_path / "config.json").write_text("{")
    (tmp_path / "model.safetensors").write_text("")
    assert "config.json is not valid JSON" in fault(tmp_path, **CROSS)
    (tmp_path / "config.json").write_text("{}")
    assert "has no `architectures`, so the kind of the model is unknown" in fault(tmp_path, **CROSS)


def test_no_safetensors(tmp_path: Path) -> None:
    folder = tiny_rerankers.bert_classifier(tmp_path / "model")
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    assert "no .safetensors weights" in fault(folder, **CROSS)


def test_max_length_beyond_the_positions_of_the_model(tmp_path: Path) -> None:
    folder = tiny_rerankers.bert_classifier(tmp_path / "model")
    message = fault(folder, kind="cross_encoder", max_length=512)
    assert "max_length is 512, but the model reads at most 128 tokens" in message
    assert message.endswith("set max_length of this teacher to 128 or less")


def test_positions_that_begin_after_the_padding(tmp_path: Path) -> None:
    """RoBERTa's 130 positions are enough for 128 tokens, also if the tokenizer has no limit."""
    folder = tiny_rerankers.roberta_classifier(tmp_path / "model")
    file = folder / "tokenizer_config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"model_max_length": 10**30}))
    message = fault(folder, kind="cross_encoder", max_length=129)
    assert "max_length is 129, but the model reads at most 128 tokens" in message


def test_modules_that_would_be_ignored(tmp_path: Path) -> None:
    folder = tiny_rerankers.bert_classifier(tmp_path / "model")
    types = ["sentence_transformers.base.modules.transformer.Transformer", "sentence_transformers.base.modules.Dense"]
    (folder / "modules.json").write_text(json.dumps([{"type": name} for name in types]))
    assert "its module Dense is not supported" in fault(folder, **CROSS)
    (folder / "modules.json").write_text(json.dumps([{"type": types[0]}]))
    checkpoint.load(member(model=str(folder), precision="fp32", **CROSS))


def test_code_of_the_model_does_not_run_without_permission(tmp_path: Path) -> None:
    folder = tiny_rerankers.bert_classifier(tmp_path / "model")
    config = json.loads((folder / "config.json").read_text())
    code = {"AutoConfig": "own.OwnConfig", "AutoModelForSequenceClassification": "own.OwnForSequenceClassification"}
    (folder / "config.json").write_text(json.dumps(config | {"model_type": "own", "auto_map": code}))
    marker = tmp_path / "ran"
    (folder / "own.py").write_text(f"open({str(marker)!r}, 'w').close()\n")
    message = f"model {folder}: needs code of its own: read it, then set trust_remote_code: true and a revision"
    assert fault(folder, **CROSS) == message
    assert not marker.exists()


def test_the_identity_of_a_reranker(tmp_path: Path) -> None:
    folder = tiny_rerankers.bert_classifier(tmp_path / "model")
    assert checkpoint.inspect(member(model=str(folder), **CROSS)) == identity(folder)
    with pytest.raises(UserError, match="is not of kind t5; set kind: cross_encoder"):
        checkpoint.inspect(member(model=str(folder), **T5))
