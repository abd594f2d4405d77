"""Per-query values of hand-made runs."""

import logging
from pathlib import Path

import pandas as pd
import pytest

from listill import tables
from listill.errors import UserError
from listill.evaluation.systems import base_systems, measure_systems, runs_by_system
from listill.schemas import SCHEMAS

QRELS = pd.DataFrame(
    [("q1", "a", 1, "test"), ("q2", "b", 2, "test"), ("q3", "a", 1, "dev"), ("q4", "a", 0, "test")],
    columns=["query_id", "doc_id", "relevance", "split"],
)


def test_base_systems_are_recognised_by_name() -> None:
    assert base_systems(["bm25", "e5", "e5+bm25", "e5.listwise", "teacher", "minilm"]) == ["e5", "minilm"]


def write_run(path: Path, rows: list[tuple[str, str, int]], key: str | None = None) -> Path:
    frame = pd.DataFrame(rows, columns=["query_id", "doc_id", "rank"]).assign(score=0.0)
    if key is None:
        path.parent.mkdir(parents=True, exist_ok=True)
        frame.to_parquet(path)
    else:
        tables.write(path, "runs", frame, tables.Provenance(key, "0"))
    return path


def test_runs_are_named_by_their_provenance_or_file_name(tmp_path: Path) -> None:
    ours = write_run(tmp_path / "x.parquet", [("q1", "a", 1)], "runs/minilm.listwise")
    theirs = write_run(tmp_path / "mine.parquet", [("q1", "a", 1)])
    assert runs_by_system([ours, theirs]) == {"minilm.listwise": ours, "mine": theirs}
    again = write_run(tmp_path / "b" / "mine.parquet", [("q1", "a", 1)])
    with pytest.raises(
        UserError, match=rf"^{again}: system 'mine' is already the run {theirs}: rename or remove one of them$"
    ):
        runs_by_system([theirs, again])
    with pytest.raises(UserError, match="no runs: pass one or more files with --runs"):
        runs_by_system([])


def test_every_judged_query_of_every_system_is_measured(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    one = write_run(tmp_path / "one.parquet", [("q1", "a", 1), ("q2", "a", 1), ("q2", "b", 2), ("q3", "b", 1)])
    two = write_run(tmp_path / "two.parquet", [("q1", "b", 1), ("q1", "a", 2)])
    with caplog.at_level(logging.WARNING, "listill"):
        values = measure_systems({"two": two, "one": one}, QRELS, ["RR@10"])
    assert caplog.messages == [f"{two}: 2 of 3 evaluation queries are missing and count as 0"]
    assert list(values.columns) == SCHEMAS["per_query"].names
    assert list(values[["system", "split", "query_id", "value"]].itertuples(index=False, name=None)) == [
        ("one", "dev", "q3", 0.0),
        ("one", "test", "q1", 1.0),
        ("one", "test", "q2", 0.5),
        ("two", "dev", "q3", 0.0),
        ("two", "test", "q1", 0.5),
        ("two", "test", "q2", 0.0),
    ]


def test_a_run_without_rows_is_0_for_every_query(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Such as that of BM25 whose tokeniser does not suit the language: all training would have been in vain."""
    other = write_run(tmp_path / "m.parquet", [("q1", "a", 1)], "runs/m")
    empty = write_run(tmp_path / "bm25.parquet", [], "runs/bm25")
    reranked = tmp_path / "teacher.parquet"
    rows = pd.DataFrame([], columns=["query_id", "doc_id", "rank", "score"])
    tables.write(reranked, "runs", rows, tables.Provenance("runs/teacher", "0", details={"reranks": 2}))
    with caplog.at_level(logging.WARNING, "listill"):
        values = measure_systems({"bm25": empty, "m": other, "teacher": reranked}, QRELS, ["RR@10", "R@100"], 50)
    assert f"{empty}: 3 of 3 evaluation queries are missing and count as 0" in caplog.messages
    for system in ("bm25", "teacher"):
        assert values.loc[values["system"] == system, "value"].tolist() == [0.0] * 6


def test_runs_that_cannot_be_evaluated_are_named(tmp_path: Path) -> None:
    strange = write_run(tmp_path / "strange.parquet", [("x", "a", 1)])
    with pytest.raises(
        UserError, match=r"strange\.parquet: contains none of the 3 evaluation queries; check that it is"
    ):
        measure_systems({"strange": strange}, QRELS, ["RR@10"])
    twice = write_run(tmp_path / "twice.parquet", [("q1", "a", 1), ("q1", "a", 2)])
    with pytest.raises(UserError, match=r"twice\.parquet: .*document 'a' twice for query 'q1'"):
        measure_systems({"twice": twice}, QRELS, ["RR@10"])


def test_a_reranked_pool_has_no_measure_that_is_deeper_than_the_pool(tmp_path: Path) -> None:
    """Recall at 100 of a teacher that reranks 2 documents would be the recall of its pool."""
    rows = [("q1", "a", 1), ("q1", "b", 2), ("q2", "b", 1), ("q3", "a", 1)]
    teacher, other = tmp_path / "teacher.parquet", write_run(tmp_path / "m.parquet", rows, "runs/m")
    frame = pd.DataFrame(rows, columns=["query_id", "doc_id", "rank"]).assign(score=0.0)
    tables.write(teacher, "runs", frame, tables.Provenance("runs/teacher", "0", details={"reranks": 2}))
    systems = {"teacher": teacher, "m": other}
    measured = measure_systems(systems, QRELS, ["nDCG@2", "R@100"], documents=50).groupby("system")["measure"].unique()
    assert sorted(measured["m"]) == ["R@100", "nDCG@2"]
    assert list(measured["teacher"]) == ["nDCG@2"]
    # A pool that is the whole corpus is no restriction.
    assert set(measure_systems(systems, QRELS, ["R@100"], documents=2)["system"]) == {"m", "teacher"}
