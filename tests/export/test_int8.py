"""The loss by quantisation: measured on the corpus' queries, and found where there is one."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import tiny
from listill.corpus.collection import Collection
from listill.evaluation.topics import EvaluationQueries
from listill.export import int8
from listill.retrieval.encoder import Encoder
from listill.settings.students import Student

ROWS = tiny.tiny_documents(40)
IDS = [row["_id"] for row in ROWS]


@pytest.fixture(scope="module")
def encoders(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Encoder, Encoder]:
    """A model, and one that stands for its quantised form, which ranks worse."""
    other = tiny.make_tiny_model(tmp_path_factory.mktemp("int8") / "model", seed=4, pooling="cls")
    good, bad = (Encoder(Student(model=str(folder), precision="fp32"), folder) for folder in (tiny_model, other))
    return good, bad


def collection() -> Collection:
    return Collection(IDS, [None] * 40, [row["text"] for row in ROWS], np.arange(40))


def evaluated(*splits: str) -> EvaluationQueries:
    """Return queries that are the first sentences of their relevant documents, ten for each split."""
    texts = [row["text"].partition(".")[0] for row in ROWS]
    rows = [(f"{split}{n}", texts[n], split, "human") for split in splits for n in range(10)]
    queries = pd.DataFrame(rows, columns=["query_id", "text", "split", "type"])
    qrels = pd.DataFrame(
        [(name, IDS[n % 10], 1, split) for n, (name, _, split, _) in enumerate(rows)],
        columns=["query_id", "doc_id", "relevance", "split"],
    )
    return EvaluationQueries(queries, qrels)


def test_no_loss_with_the_same_model(encoders: tuple[Encoder, Encoder]) -> None:
    loss = int8.measure(collection(), evaluated("dev", "test"), encoders[0], encoders[0], 1)
    assert loss is not None
    assert loss.value == loss.int8 > 0
    assert (loss.low, loss.high) == (0.0, 0.0)
    assert (loss.queries, loss.documents) == ("10 of 10 test queries", "40 of 40 documents")


def test_a_loss_is_found_and_stated(encoders: tuple[Encoder, Encoder]) -> None:
    loss = int8.measure(collection(), evaluated("test"), *encoders, 1)
    assert loss is not None
    assert loss.int8 != loss.value
    assert loss.low <= loss.int8 - loss.value <= loss.high
    assert loss.sentence.startswith(f"With the int8 file, nDCG@10 is {loss.int8:.4f} instead of {loss.value:.4f} (")


def test_a_part_of_a_large_corpus_keeps_the_relevant_documents(
    encoders: tuple[Encoder, Encoder], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(int8, "DOCUMENTS", 15)
    monkeypatch.setattr(int8, "QUERIES", 4)
    loss = int8.measure(collection(), evaluated("heldout"), encoders[0], encoders[0], 1)
    assert loss is not None
    assert (loss.queries, loss.documents) == ("4 of 10 heldout queries", "15 of 40 documents")
    assert loss.value > 0.5


def test_documents_of_another_model(encoders: tuple[Encoder, Encoder]) -> None:
    alone = int8.measure(collection(), evaluated("test"), encoders[0], encoders[0], 1)
    shared = int8.measure(collection(), evaluated("test"), encoders[0], encoders[0], 1, encoders[1])
    assert alone is not None
    assert shared is not None
    assert shared.value < alone.value


def test_nothing_to_measure(encoders: tuple[Encoder, Encoder]) -> None:
    assert int8.measure(collection(), evaluated(), *encoders, 1) is None
