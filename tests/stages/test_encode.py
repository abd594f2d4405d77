"""The stage encode: a base model, and a trained model that reuses the tokens of the base model."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tiny
from listill import tables
from listill.corpus import collection
from listill.retrieval import stored_tokens
from listill.retrieval.embeddings import load
from listill.retrieval.encoder import Encoder
from listill.settings.students import FrozenEncoder, Student
from listill.stages import encode
from listill.stages.encode import EncodeStage
from listill.stages.job import Job

DOCUMENTS = tiny.tiny_documents(20)
RENDERED = [f"{row['title']} {row['text']}" for row in DOCUMENTS]


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    columns = {"doc_id": "_id", "title": "title", "text": "text"}
    data = {column: [row[key] for row in DOCUMENTS] for column, key in columns.items()}
    about = tables.Provenance("corpus", "c", corpus="c")
    tables.write(tmp_path / "corpus.parquet", "corpus", {**data, "duplicate_of": [None] * 20}, about)
    return tmp_path / "corpus.parquet"


def test_base_and_trained_model(corpus: Path, tiny_model: Path, tmp_path: Path) -> None:
    student = Student(model=str(tiny_model), precision="fp32")
    trained = tiny.make_tiny_model(tmp_path / "trained", seed=5)
    documents = collection.load(corpus)
    tokens = tmp_path / "tokens.parquet"

    def encoded(system: str, **files: Path) -> np.ndarray:
        settings = EncodeStage(system=system, student=student)
        out = tmp_path / f"{system}.parquet"
        encode.run(settings, Job("encode", system, {}, settings, 1, "c"), corpus, out, **files)
        assert tables.provenance(out).name == f"c/embeddings/{system}"
        assert not (tmp_path / ".work").exists()
        return load(out, documents)

    base = Encoder(student)
    np.testing.assert_allclose(encoded("s", tokens_out=tokens), base.encode(RENDERED, "document"), atol=1e-6)
    expected, stored = base.tokenise(RENDERED, "document"), stored_tokens.load(tokens, documents)
    assert [stored[i].tolist() for i in range(20)] == [expected[i].tolist() for i in range(20)]
    trained_vectors = Encoder(student, trained).encode(RENDERED, "document")
    for files in ({"model": trained}, {"model": trained, "tokens": tokens}):
        np.testing.assert_allclose(encoded("s.listwise", **files), trained_vectors, atol=1e-6)
    assert np.abs(trained_vectors - base.encode(RENDERED, "document")).max() > 1e-2


def test_truncated_documents_are_logged_and_recorded(
    corpus: Path, tiny_model: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """In the metadata of the tokens and of the embeddings; a trained student copies them from the tokens."""
    student = Student(model=str(tiny_model), precision="fp32", max_length=24)
    lengths = (
        Encoder(Student(model=str(tiny_model), precision="fp32", max_length=128)).tokenise(RENDERED, "document").lengths
    )
    assert lengths.max() < 128
    tokens = tmp_path / "tokens.parquet"
    expected = {
        "documents": int((lengths > 24).sum()),
        "of": 20,
        "tokens_cut": pytest.approx(float((lengths - 24).clip(0).sum() / lengths.sum())),
    }

    def details(system: str, **files: Path) -> dict[str, Any]:
        settings = EncodeStage(system=system, student=student)
        out = tmp_path / f"{system}.parquet"
        encode.run(settings, Job("encode", system, {}, settings, 1, "c"), corpus, out, **files)
        return tables.provenance(out).details

    with caplog.at_level("INFO", "listill"):
        assert details("s", tokens_out=tokens)["truncated"] == expected
    assert expected["documents"] > 10
    (warning,) = [record for record in caplog.records if "truncated" in record.getMessage()]
    assert warning.levelname == "WARNING"
    assert warning.getMessage().startswith(f"encode s: {expected['documents']} of 20 documents (")
    assert "are longer than max_length (24) and were truncated" in warning.getMessage()
    assert warning.getMessage().endswith("or split the documents into passages")
    assert tables.provenance(tokens).details["truncated"] == expected
    assert details("s.listwise", model=tiny_model, tokens=tokens)["truncated"] == expected


@pytest.mark.parametrize("encoder", [Student(model="m"), FrozenEncoder(model="m", backend="onnx", file="a.onnx")])
def test_the_frozen_settings_keep_the_backend(encoder: Student) -> None:
    frozen = EncodeStage(student=encoder).model_dump(mode="json")
    assert EncodeStage.model_validate(frozen).student == encoder
    assert EncodeStage.model_validate(frozen).student.onnx == encoder.onnx
