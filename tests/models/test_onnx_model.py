"""A transformer in onnxruntime, against the same in torch."""

import sys
from pathlib import Path

import pytest
import torch
import transformers

import tiny_onnx
from listill.errors import UserError
from listill.models import onnx_model
from listill.models.onnx_model import OnnxModel

TEXTS = ["old lava", "a", "the lava of a volcano is hot and the volcano is old"]


def test_onnxruntime_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(UserError, match=r"^model m: backend onnx needs the package onnxruntime: run `make models`$"):
        OnnxModel(tmp_path / "model.onnx", None, "m")


@pytest.mark.models
def test_logits_are_those_of_torch(tmp_path: Path) -> None:
    folder = tiny_onnx.cross_encoder(tmp_path / "model")
    config = transformers.AutoConfig.from_pretrained(folder)
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    reference = transformers.AutoModelForSequenceClassification.from_pretrained(folder).eval()
    model = OnnxModel(folder / "onnx" / "model.onnx", config, "m")
    batch = tokenizer(["lava"] * 3, TEXTS, padding=True, return_tensors="pt")
    with torch.inference_mode():
        expected, logits = reference(**batch).logits, model(**batch).logits
        torch.testing.assert_close(logits, expected, atol=1e-4, rtol=1e-4)
        assert (logits[0] - logits[1]).abs() > 1e-2
        without = {name: batch[name] for name in ("input_ids", "attention_mask")}  # the types of tokens are zeros
        torch.testing.assert_close(model(**without).logits, reference(**without).logits, atol=1e-4, rtol=1e-4)


@pytest.mark.models
def test_files_that_cannot_be_used(tmp_path: Path) -> None:
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"no model")
    with pytest.raises(UserError, match=r"^model m: .*broken.onnx cannot be loaded: ") as caught:
        OnnxModel(broken, None, "m")
    assert "\n" not in str(caught.value)
    folder = tiny_onnx.cross_encoder(tmp_path / "model", output="scores")
    with pytest.raises(
        UserError, match="has the outputs scores; a reranker needs logits, a bi-encoder last_hidden_state"
    ):
        OnnxModel(folder / "onnx" / "model.onnx", None, "m")


@pytest.mark.models
def test_an_input_that_is_not_supported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tiny_onnx.cross_encoder(tmp_path / "model")
    monkeypatch.setattr(onnx_model, "INPUTS", {"input_ids", "attention_mask"})
    with pytest.raises(UserError, match=r"model.onnx needs the input 'token_type_ids', which is not supported"):
        OnnxModel(folder / "onnx" / "model.onnx", None, "m")
