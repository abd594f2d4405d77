"""What is not loaded as a reranker, and why."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import tiny
import tiny_rerankers
from listill.errors import UserError
from listill.models import checkpoint
from listill.models.locate import identity
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


def test_code_of_the_model_runs_only_where_it_may(tmp_path: Path) -> None:
    folder = tiny_rerankers.bert_classifier(tmp_path / "model")
    config = json.loads((folder / "config.json").read_text())
    code = {"AutoConfig": "own.OwnConfig", "AutoModelForSequenceClassification": "own.OwnForSequenceClassification"}
    (folder / "config.json").write_text(json.dumps(config | {"model_type": "own", "auto_map": code}))
    marker = tmp_path / "ran"
    (folder / "own.py").write_text(f"open({str(marker)!r}, 'w').close()\n")
    assert "runs code of its own: read it, then set trust_remote_code: true" in fault(folder, **CROSS)
    assert not marker.exists()


def test_what_tells_a_reranker_from_others(tmp_path: Path) -> None:
    folder = tiny_rerankers.bert_classifier(tmp_path / "model")
    assert checkpoint.inspect(member(model=str(folder), **CROSS)) == identity(folder)
    with pytest.raises(UserError, match="is no t5: its kind is cross_encoder"):
        checkpoint.inspect(member(model=str(folder), **T5))
