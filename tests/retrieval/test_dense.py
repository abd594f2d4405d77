"""Dense retrieval against brute force, with embeddings in memory and in a file."""

from pathlib import Path

import numpy as np
import pytest

import tiny
from listill import tables
from listill.corpus.collection import Collection
from listill.retrieval.dense import DenseRetriever
from listill.retrieval.embeddings import as_table
from listill.retrieval.encoder import Encoder
from listill.settings.students import Student

TEXTS = [row["text"] for row in tiny.tiny_documents(20)]
QUERIES = ["old lava", "honey of the queen", "which ship has an anchor"]
COLLECTION = Collection([f"d{i:02}" for i in range(20)], [None] * 20, TEXTS, np.arange(20))


@pytest.fixture(scope="module")
def encoder(tiny_model: Path) -> Encoder:
    return Encoder(Student(model=str(tiny_model), precision="fp32"))


@pytest.fixture(scope="module")
def matrix(encoder: Encoder) -> np.ndarray:
    return encoder.encode(TEXTS, "document")


def check(positions: list[np.ndarray], scores: list[np.ndarray], encoder: Encoder, matrix: np.ndarray) -> None:
    similarity = encoder.encode(QUERIES, "query") @ matrix.T
    for row, query_positions, query_scores in zip(similarity, positions, scores, strict=True):
        assert query_positions.tolist() == sorted(range(20), key=lambda i: -row[i])[:5]
        np.testing.assert_allclose(query_scores, row[query_positions], atol=1e-5)


def test_search_is_exact(encoder: Encoder, matrix: np.ndarray) -> None:
    check(*DenseRetriever("s", COLLECTION, encoder, matrix).search(QUERIES, 5), encoder, matrix)


def test_tokens_and_vectors_instead_of_texts(encoder: Encoder, matrix: np.ndarray) -> None:
    retriever = DenseRetriever("", COLLECTION, encoder, matrix)
    check(*retriever.search(encoder.tokenise(QUERIES, "query"), 5), encoder, matrix)
    check(*retriever.search_vectors(encoder.encode(QUERIES, "query"), 5), encoder, matrix)


def test_embeddings_in_a_file(encoder: Encoder, matrix: np.ndarray, tmp_path: Path) -> None:
    file = tmp_path / "s.parquet"
    table = as_table(COLLECTION.doc_ids, matrix)
    tables.write(file, "embeddings", table, tables.Provenance("embeddings/s", "f"))
    check(*DenseRetriever("s", COLLECTION, encoder, file).search(QUERIES, 5), encoder, matrix)
