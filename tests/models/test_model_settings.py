"""The settings of models that read pairs."""

import pytest

from listill.models.model_settings import ModelSettings
from listill.teachers.kinds.cross_encoder import CrossEncoder


def test_the_default_backend_is_torch() -> None:
    assert ModelSettings(kind="x", model="m").backend == "torch"


def test_an_unknown_backend_names_the_known_ones() -> None:
    with pytest.raises(ValueError, match="'torch'"):
        ModelSettings(kind="x", model="m", backend="abacus")


def test_only_cross_encoders_run_in_onnxruntime() -> None:
    with pytest.raises(ValueError, match="backend: onnx runs only teachers of kind cross_encoder; remove `backend`"):
        ModelSettings(kind="x", model="m", backend="onnx")
    settings = {"kind": "cross_encoder", "model": "m"}
    assert CrossEncoder.model_validate(settings).onnx is None
    assert CrossEncoder.model_validate(settings | {"backend": "onnx"}).onnx == "onnx/model.onnx"
    assert CrossEncoder.model_validate(settings | {"backend": "onnx", "file": "a.onnx"}).onnx == "a.onnx"
    with pytest.raises(ValueError, match="with backend onnx, the file has its own precision; remove `precision`"):
        CrossEncoder.model_validate(settings | {"backend": "onnx", "precision": "bf16"})
    with pytest.raises(ValueError, match="file: only backend onnx reads it; set `backend: onnx`, or remove `file`"):
        CrossEncoder.model_validate(settings | {"file": "a.onnx"})
