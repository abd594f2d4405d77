"""ONNX files: their embeddings are those of torch, read by this program and by onnxruntime alone."""

import sys
from pathlib import Path

import numpy as np
import pytest
from sentence_transformers import SentenceTransformer

import tiny
import tiny_students
from listill.errors import UserError
from listill.export import onnx
from listill.retrieval.encoder import Encoder
from listill.settings.students import Student

TEXTS = [" ".join(row["text"] for row in tiny.tiny_documents(n)) for n in (1, 2, 6)] + ["lava", "a bright star"]

pytest.importorskip("onnx", reason="onnx is not installed")
onnxruntime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny model with both ONNX files."""
    folder = tiny.make_tiny_model(tmp_path_factory.mktemp("onnx") / "model")
    onnx.write(folder, TEXTS)
    return folder


def test_embeddings_equal_those_of_torch(exported: Path) -> None:
    assert onnx.largest_difference(exported, TEXTS) < 1e-4


def test_onnxruntime_alone_gives_the_embeddings_of_sentence_transformers(exported: Path) -> None:
    """As other libraries do it: tokenise, run onnx/model.onnx, take the mean over the tokens, scale to length 1."""
    model = SentenceTransformer(str(exported), device="cpu")
    features = model.tokenizer([f"passage: {text}" for text in TEXTS], padding=True, truncation=True, max_length=64)
    session = onnxruntime.InferenceSession(exported / "onnx" / "model.onnx", providers=["CPUExecutionProvider"])
    inputs = {put.name: np.array(features[put.name], dtype=np.int64) for put in session.get_inputs()}
    assert [put.name for put in session.get_outputs()] == ["last_hidden_state"]
    (vectors,) = session.run(["last_hidden_state"], inputs)
    mask = inputs["attention_mask"][:, :, None]
    mean = (vectors * mask).sum(axis=1) / mask.sum(axis=1)
    embeddings = mean / np.linalg.norm(mean, axis=1, keepdims=True)
    np.testing.assert_allclose(embeddings, model.encode_document(TEXTS), atol=1e-4)


def test_int8_is_smaller_and_near(exported: Path) -> None:
    small, large = (exported / name for name in (onnx.INT8, onnx.FP32))
    assert small.stat().st_size < large.stat().st_size
    torch_model = Encoder(Student(model=str(exported), precision="fp32"), exported)
    int8 = Encoder(onnx.in_onnxruntime(exported, onnx.INT8), exported)
    cosines = (torch_model.encode(TEXTS, "document") * int8.encode(TEXTS, "document")).sum(axis=1)
    assert cosines.min() > 0.95
    assert cosines.min() < 1 - 1e-6  # it is another model


@pytest.mark.parametrize("name", ["roberta", "modernbert", "deberta"])
def test_other_architectures(tmp_path: Path, name: str) -> None:
    options = {"window": 8} if name == "modernbert" else {}
    plain = getattr(tiny_students, name)(tmp_path / "plain", **options)
    encoder = Encoder(Student(model=str(plain), pooling="mean", max_length=60, precision="fp32"))
    folder = tmp_path / "model"
    encoder.model.save_pretrained(str(folder), create_model_card=False)
    onnx.write(folder, TEXTS)
    assert onnx.largest_difference(folder, TEXTS) < 1e-4


def test_a_file_that_computes_something_else_is_refused(
    exported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(onnx, "_export", lambda folder, trust: (folder / onnx.FP32).write_bytes(other))
    other = (exported / onnx.FP32).read_bytes()
    folder = tiny.make_tiny_model(tmp_path / "other", seed=5)
    with pytest.raises(
        UserError, match=r"embeddings of its ONNX file differ from torch's by .*set export\.onnx: false"
    ):
        onnx.write(folder, TEXTS)


def test_an_architecture_that_cannot_be_exported(
    tiny_model: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def fail(folder: Path, trust: bool) -> None:
        raise IndexError("unordered_map::at\nmore")

    monkeypatch.setattr(onnx, "_export", fail)
    with pytest.raises(
        UserError, match=r"torch cannot export it to ONNX \(unordered_map::at\): set export\.onnx: false"
    ):
        onnx.write(tmp_path, TEXTS)


def test_a_missing_package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(
        UserError, match=r"needs the package onnx: run pip install .*\[export\]', or set export.onnx: false"
    ):
        onnx.write(tmp_path, TEXTS)
