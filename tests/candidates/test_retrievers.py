"""The retrievers used for mining, and their order."""

from pathlib import Path

import numpy as np
import pytest

import tiny
from fixed_retriever import plain_collection
from listill import tables
from listill.candidates.retrievers import retrievers
from listill.errors import UserError
from listill.retrieval.bm25 import Bm25Retriever
from listill.retrieval.dense import DenseRetriever
from listill.retrieval.embeddings import as_table
from listill.settings.mining import Mining
from listill.settings.students import Student

COLLECTION = plain_collection(3)


@pytest.fixture
def student(tiny_model: Path) -> Student:
    return Student(model=str(tiny_model), precision="fp32")


@pytest.fixture
def embeddings(tmp_path: Path) -> dict[str, Path]:
    paths = {name: tmp_path / f"{name}.parquet" for name in ("other", "small")}
    for name, path in paths.items():
        table = as_table(COLLECTION.doc_ids, np.eye(3, 32, dtype=np.float32))
        tables.write(path, "embeddings", table, tables.Provenance(f"embeddings/{name}", "f"))
    return paths


def test_bm25_is_first_then_dense_retrievers_then_the_others(
    student: Student, embeddings: dict[str, Path], tiny_model: Path
) -> None:
    additional = {"words": {"kind": "bm25", "k1": 2.0}, "other": {"kind": "dense", "model": str(tiny_model)}}
    mining = Mining.model_validate({"additional": additional})
    members = retrievers(mining, {"small": student}, True, COLLECTION, embeddings)
    opened = [member() for member in members.values()]
    assert [*members] == [retriever.name for retriever in opened] == ["bm25", "other", "small", "words"]
    kinds = [Bm25Retriever, DenseRetriever, DenseRetriever, Bm25Retriever]
    assert [type(retriever) for retriever in opened] == kinds
    assert [member.index.settings.k1 for member in opened if isinstance(member, Bm25Retriever)] == [0.9, 2.0]


def test_a_trained_student_replaces_the_base_model(
    student: Student, embeddings: dict[str, Path], tmp_path: Path
) -> None:
    trained = tiny.make_tiny_model(tmp_path / "trained", seed=5)
    small = {"small": embeddings["small"]}
    retriever = retrievers(Mining(), {"small": student}, False, COLLECTION, small, trained)["small"]()
    assert isinstance(retriever, DenseRetriever)
    assert retriever.encoder.folder == trained


def test_no_retriever_is_an_error(student: Student) -> None:
    with pytest.raises(UserError, match=r"^no retriever: add bm25 to mining.retrievers, or pass --embeddings"):
        retrievers(Mining(), {"small": student}, False, COLLECTION, {})
