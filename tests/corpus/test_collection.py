"""The corpus in memory."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from listill import tables
from listill.corpus.collection import Collection, load

RUN = pd.DataFrame(
    [
        ("a", "b", 1),
        ("a", "a", 2),
        ("a", "c", 3),
        ("b", "c", 1),
        ("b", "a", 2),
        ("q", "a", 1),
        ("c", "c", 1),
        ("c", "a", 2),
    ],
    columns=["query_id", "doc_id", "rank"],
)


def collection(**options: bool) -> Collection:
    return Collection(list("abc"), [None] * 3, list("xyz"), np.arange(3), **options)  # type: ignore[arg-type]


def test_a_topic_is_no_answer_to_itself() -> None:
    found = collection(topics_are_documents=True).answers(RUN)
    assert list(found.itertuples(index=False, name=None)) == [
        ("a", "b", 1),
        ("a", "c", 2),
        ("b", "c", 1),
        ("b", "a", 2),
        ("q", "a", 1),
        ("c", "a", 1),
    ]
    assert found["rank"].dtype == RUN["rank"].dtype


def test_ids_that_are_equal_by_chance_mean_nothing() -> None:
    assert collection().answers(RUN) is RUN


@pytest.mark.parametrize("said", [{}, {"template": "{text}", "topics_are_documents": True}])
def test_what_the_file_says_of_itself(said: dict[str, object], tmp_path: Path) -> None:
    rows = {"doc_id": ["a"], "title": ["T"], "text": ["x"], "duplicate_of": [None]}
    tables.write(tmp_path / "c.parquet", "corpus", rows, tables.Provenance("corpus", "f", {}, dict(said)))
    read = load(tmp_path / "c.parquet")
    assert read.rendered(0) == ("x" if said else "T x")
    assert read.topics_are_documents == bool(said)
