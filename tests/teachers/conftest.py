"""A corpus, queries and pairs for the teachers."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import tiny
from listill.corpus.collection import Collection
from listill.settings.bm25 import Bm25
from listill.settings.students import Student
from listill.teachers.pairs import Pairs, pairs_of
from listill.teachers.resources import Resources


@pytest.fixture(scope="session")
def collection() -> Collection:
    rows = tiny.tiny_documents(24)
    return Collection([r["_id"] for r in rows], [r["title"] for r in rows], [r["text"] for r in rows], np.arange(24))


@pytest.fixture(scope="session")
def queries(collection: Collection) -> pd.DataFrame:
    """Ten queries. The queries of even documents are the first sentences of their passages, with start and end."""
    rows = []
    for i in range(10):
        end = collection.texts[i].index(".") + 1
        span = (0, end) if i % 2 == 0 else (pd.NA, pd.NA)
        text = collection.texts[i][:end] if i % 2 == 0 else collection.titles[i]
        rows.append((f"q{i}", text, f"d{i:03}", *span))
    frame = pd.DataFrame(rows, columns=["query_id", "text", "doc_id", "start", "end"])
    return frame.astype({"start": "Int32", "end": "Int32"})


@pytest.fixture(scope="session")
def pairs(collection: Collection, queries: pd.DataFrame) -> Pairs:
    """Each query with its source passage and six other documents."""
    draw = np.random.default_rng(4)
    rows = [
        (f"q{i}", f"d{d:03}")
        for i in range(10)
        for d in [i, *draw.choice([d for d in range(24) if d != i], 6, replace=False)]
    ]
    return pairs_of(collection, queries, pd.DataFrame(rows, columns=["query_id", "doc_id"]), cut=True)


@pytest.fixture(scope="session")
def resources(collection: Collection, tiny_model: Path) -> Resources:
    return Resources(collection, {"s": Student(model=str(tiny_model), precision="fp32")}, Bm25())


@pytest.fixture
def fresh(collection: Collection) -> Resources:
    """Resources without students and without loaded models."""
    return Resources(collection, {}, Bm25())
