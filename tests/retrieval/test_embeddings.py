"""Storing and loading embeddings."""

from pathlib import Path

import numpy as np
import pytest

import tiny
from listill import arrays, checksums, tables
from listill.corpus.collection import Collection
from listill.errors import UserError
from listill.retrieval import embeddings
from listill.retrieval.encoder import Encoder
from listill.settings.students import Student

VECTORS = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
IDS = list("abcde")


def corpus(ids: list[str]) -> Collection:
    return Collection(ids, [None] * len(ids), ids, np.arange(len(ids)))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    with tables.writer(tmp_path / "s.parquet", "embeddings", tables.Provenance("embeddings/s", "f")) as out:
        for start in (0, 2, 4):
            out.write_table(embeddings.as_table(IDS[start : start + 2], VECTORS[start : start + 2]))
    return tmp_path / "s.parquet"


def test_round_trip_in_blocks(path: Path) -> None:
    loaded = embeddings.load(path, corpus(IDS))
    np.testing.assert_array_equal(loaded, VECTORS)
    assert loaded.dtype == np.float32
    assert embeddings.load_named([path], corpus(IDS)).keys() == {"s"}


@pytest.mark.parametrize("ids", [list("abcd"), list("abcdf"), list("badce")])
def test_embeddings_of_another_corpus_are_rejected(path: Path, ids: list[str]) -> None:
    with pytest.raises(UserError, match=r"s\.parquet: its documents differ from those of the corpus"):
        embeddings.load(path, corpus(ids))


def test_large_embeddings_are_mapped(
    path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(embeddings, "MAPPED", 5)
    loaded = embeddings.load(path, corpus(IDS))
    assert isinstance(loaded, np.memmap)
    np.testing.assert_array_equal(loaded, VECTORS)
    (file,) = path.parent.glob(".s.*.npy")
    state = file.stat()
    embeddings.load(path, corpus(IDS))
    assert file.stat().st_mtime_ns == state.st_mtime_ns  # written once
    with open(file, "r+b") as damaged:
        damaged.seek(-8, 2)
        damaged.write(b"x")
    np.testing.assert_array_equal(embeddings.load(path, corpus(IDS)), VECTORS)
    assert "is damaged and is removed" in caplog.text
    # Other embeddings replace the file, whatever their date.
    tables.write(path, "embeddings", embeddings.as_table(IDS, 2 * VECTORS), tables.Provenance("embeddings/s", "g"))
    np.testing.assert_array_equal(embeddings.load(path, corpus(IDS)), 2 * VECTORS)
    (other,) = path.parent.glob(".s.*.npy")
    assert other.name != file.name
    assert checksums.usable(other)


def test_a_large_corpus_is_encoded_into_a_mapped_file(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embeddings, "PART", 4)
    texts = [row["text"] for row in tiny.tiny_documents(10)]
    encoder = Encoder(Student(model=str(tiny_model), precision="fp32"))
    tokens = encoder.tokenise(texts, "document")
    whole = embeddings.encode(encoder, tokens, tmp_path / "a", "")
    monkeypatch.setattr(embeddings, "MAPPED", 5)
    mapped = embeddings.encode(encoder, tokens, tmp_path / "b", "")
    assert isinstance(mapped, np.memmap)
    assert not isinstance(whole, np.memmap)
    np.testing.assert_array_equal(mapped, whole)


def test_encoding_in_parts_reuses_finished_parts(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embeddings, "PART", 4)
    texts = [row["text"] for row in tiny.tiny_documents(10)]
    documents = Collection(list("abcdefghij"), [None] * 10, texts, np.arange(10))
    encoder = Encoder(Student(model=str(tiny_model), precision="fp32"))
    tokens = encoder.tokenise(texts, "document")
    marker = np.full((4, encoder.dimension), 7, dtype=np.float32)
    for finished in (False, True):
        if finished:
            arrays.write(tmp_path / "4.npy", marker)
        parts = list(embeddings.in_parts(embeddings.encode_parts(encoder, tokens, tmp_path, ""), documents))
        assert [part["doc_id"].to_pylist() for part in parts] == [list("abcd"), list("efgh"), list("ij")]
        vectors = np.array([vector for part in parts for vector in part["embedding"].to_pylist()], dtype=np.float32)
        expected = encoder.encode(texts, "document")
        if finished:
            expected[4:8] = marker
        np.testing.assert_allclose(vectors, expected, atol=1e-6)


def test_a_whole_matrix_is_written_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embeddings, "PART", 4)
    documents = Collection(list("abcdefghij"), [None] * 10, list("abcdefghij"), np.arange(10))
    matrix = np.random.default_rng(0).normal(size=(10, 3)).astype(np.float32)
    embeddings.write(tmp_path / "s.v.parquet", matrix, documents, tables.Provenance("embeddings/s.v", "f"))
    np.testing.assert_array_equal(embeddings.load(tmp_path / "s.v.parquet", documents), matrix)
    assert tables.provenance(tmp_path / "s.v.parquet").key == "embeddings/s.v"
