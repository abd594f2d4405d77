"""Runs of the ensemble and of each teacher alone."""

from pathlib import Path

import pandas as pd
import pytest

from listill.corpus.collection import Collection
from listill.settings.teacher import TeacherEnsemble
from listill.teachers.kinds.bm25 import Bm25Teacher
from listill.teachers.kinds.dense import DenseTeacher
from listill.teachers.pairs import pairs_of
from listill.teachers.rerank import ensemble_run, member_runs, score_pool
from listill.teachers.resources import Resources
from listill.teachers.store import open_stores

TEACHER = TeacherEnsemble(members={"a": Bm25Teacher(kind="bm25", weight=3.0), "b": DenseTeacher(kind="dense")})
SCORES = pd.DataFrame(
    [
        ("q", "x", "a", 1.0),
        ("q", "y", "a", 3.0),
        ("q", "z", "a", 2.0),
        ("q", "x", "b", 9.0),
        ("q", "y", "b", 1.0),
        ("q", "z", "b", 5.0),
        ("p", "y", "a", 2.0),
        ("p", "x", "a", 2.0),
        ("p", "y", "b", 0.0),
        ("p", "x", "b", 0.0),
    ],
    columns=["query_id", "doc_id", "teacher", "score"],
)


def rows(run: pd.DataFrame) -> list[tuple[str, str, int]]:
    return list(run[["query_id", "doc_id", "rank"]].itertuples(index=False, name=None))


def test_the_ensemble_weights_its_members() -> None:
    run = ensemble_run(SCORES, TEACHER, 2)
    assert rows(run) == [("p", "x", 1), ("p", "y", 2), ("q", "y", 1), ("q", "z", 2)]
    # q: a 0, 1, 0.5 and b 1, 0, 0.5 with weights 3 and 1: 0.25, 0.75, 0.5, stretched over [0, 1].
    assert run["score"].tolist() == pytest.approx([0, 0, 1, 0.5])


def test_the_best_documents_do_not_tie_at_the_99th_percentile() -> None:
    """The targets of the four best documents are 1; ranked by them, the order would be that of the ids."""
    names = [f"d{i:03}" for i in range(300)]
    rows = [("q", name, member, -float(i)) for member in ("a", "b") for i, name in enumerate(reversed(names))]
    run = ensemble_run(
        pd.DataFrame(rows, columns=SCORES.columns), TEACHER.model_copy(update={"normalise": "percentile"}), 4
    )
    assert run.columns.tolist() == ["query_id", "doc_id", "score", "rank"]
    assert run["doc_id"].tolist() == names[:-5:-1]
    assert run["score"].is_monotonic_decreasing
    assert run["score"].is_unique


def test_each_member_alone() -> None:
    runs = member_runs(SCORES, 2)
    assert runs.keys() == {"a", "b"}
    assert rows(runs["a"]) == [("p", "x", 1), ("p", "y", 2), ("q", "y", 1), ("q", "z", 2)]
    assert rows(runs["b"]) == [("p", "x", 1), ("p", "y", 2), ("q", "x", 1), ("q", "z", 2)]


def test_whole_passages_are_scored_once(
    collection: Collection, queries: pd.DataFrame, resources: Resources, tmp_path: Path
) -> None:
    """Source passages are not edited either, since evaluation queries have no source passage."""
    pool = pd.DataFrame(
        [("q2", "d002"), ("q0", "d000"), ("q0", "d007"), ("q2", "d002")], columns=["query_id", "doc_id"]
    )
    query_texts = queries[["query_id", "text"]]
    stores = open_stores(tmp_path, TEACHER.members, {}, resources)
    scores = score_pool(query_texts, pool, TEACHER, resources, stores)
    pairs = pairs_of(collection, query_texts, pool, cut=False)
    assert scores["teacher"].tolist() == ["a"] * 3 + ["b"] * 3
    ids = [("q0", "d000"), ("q0", "d007"), ("q2", "d002")]
    assert list(scores[["query_id", "doc_id"]].itertuples(index=False, name=None)) == ids * 2
    expected = [score for member in TEACHER.members.values() for score in member.score(pairs, resources)]
    assert scores["score"].tolist() == pytest.approx(expected, abs=1e-5)
