"""Score distributions of teachers and students."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from listill import tables
from listill.report.distributions import BINS, IRRELEVANT, OTHERS, RELEVANT, SOURCE, histogram, students, teachers


def test_a_histogram_counts_every_score_once() -> None:
    found = histogram({"a": np.array([0.0, 1.0, 1.0]), "b": np.array([0.5]), "none": np.array([])})
    assert found
    assert {name: shares.sum() for name, shares in found.shares.items()} == {
        "a": pytest.approx(1),
        "b": pytest.approx(1),
    }
    assert found.counts == {"a": 3, "b": 1}
    assert found.means == {"a": pytest.approx(2 / 3), "b": 0.5}
    assert (found.edges[0], found.edges[-1], len(found.edges)) == (0, 1, BINS + 1)
    assert histogram({"none": np.array([])}) is None
    assert histogram({"same": np.array([2.0, 2.0])})


def test_the_scores_of_each_teacher(tmp_path: Path) -> None:
    """Of training queries only; a source is told by its document."""
    rows = [("q", "d", "cross", 3.0), ("q", "e", "cross", 1.0), ("q", "d", "bm25", 9.0), ("dev", "d", "cross", 7.0)]
    frame = pd.DataFrame(rows, columns=["query_id", "doc_id", "teacher", "score"])
    tables.write(tmp_path / "scores.parquet", "scores", frame, tables.Provenance("scores", "0"))
    queries = pd.DataFrame({"query_id": ["q", "dev"], "doc_id": ["d", "d"], "split": ["train", "dev"]})
    found = teachers(tmp_path / "scores.parquet", queries)
    assert {name: one.means for name, one in found.items()} == {
        "bm25": {SOURCE: 9.0},
        "cross": {OTHERS: 1.0, SOURCE: 3.0},
    }


def test_the_scores_of_a_student_before_and_after() -> None:
    before = pd.DataFrame({"query_id": ["q"] * 2, "doc_id": ["d", "e"], "rank": [2, 1], "score": [0.4, 0.5]})
    after = pd.DataFrame(
        {"query_id": ["q"] * 3, "doc_id": ["d", "e", "f"], "rank": [1, 2, 11], "score": [0.9, 0.2, 0.1]}
    )
    qrels = pd.DataFrame({"query_id": ["q", "q"], "doc_id": ["d", "e"], "relevance": [1, 0]})
    one, two = students((before, after), qrels, {"q"})
    assert one.means == {IRRELEVANT: 0.5, RELEVANT: 0.4}
    assert two.means == {IRRELEVANT: 0.2, RELEVANT: 0.9}  # f is not among the first ten
    assert (one.edges == two.edges).all()
    assert students((before, after), qrels, {"other"}) == []
