"""The stage lists: which queries are kept, and the scores of judged positives."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from listill import tables
from listill.errors import UserError
from listill.schemas import SCHEMAS
from listill.settings.lists import Lists
from listill.stages import lists
from listill.stages.job import Job
from listill.stages.lists import ListsStage

# query: (type, source, scores of d0, d1, d2, d3)
QUERIES: dict[str, tuple[str, str, list[float]]] = {
    "agreed": ("lead", "d0", [9.0, 4.0, 2.0, 1.0]),
    "contradicted": ("lead", "d0", [4.0, 9.0, 2.0, 1.0]),
    "undecided": ("lead", "d1", [5.0, 5.0, 5.0, 5.0]),
    "judged": ("human", "d2", [0.0, 10.0, 5.0, 2.0]),
}


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Any]:
    def write(name: str, rows: list[dict[str, Any]]) -> Path:
        frame = pd.DataFrame(rows).reindex(columns=SCHEMAS[name].names).astype(object)
        path = tmp_path / f"{name}.parquet"
        tables.write(path, name, frame.where(frame.notna(), None), tables.Provenance(name, name))
        return path

    documents = [f"d{i}" for i in range(4)]
    queries = [(name, kind, source) for name, (kind, source, _) in QUERIES.items()]
    pairs = [(name, doc, score) for name, row in QUERIES.items() for doc, score in zip(documents, row[2], strict=True)]
    return {
        "corpus": write("corpus", [{"doc_id": doc, "title": doc, "text": f"text {doc}"} for doc in documents]),
        "queries": write(
            "queries",
            [{"query_id": q, "text": q, "type": kind, "doc_id": doc, "split": "train"} for q, kind, doc in queries],
        ),
        "qrels": write("qrels", [{"query_id": "judged", "doc_id": "d2", "relevance": 1, "split": "train"}]),
        "candidates": write(
            "candidates",
            [{"query_id": q, "doc_id": d, "retriever": "bm25", "rank": 1, "score": 1.0} for q, d, _ in pairs],
        ),
        "scores": write("scores", [{"query_id": q, "doc_id": d, "teacher": "t", "score": s} for q, d, s in pairs]),
        "out": tmp_path / "lists.parquet",
        "funnel": tmp_path / "funnel.parquet",
    }


def run(files: dict[str, Any], **settings: Any) -> tuple[pd.DataFrame, dict[str, str]]:
    """Run the stage; return the lists, and the number of queries of each type and outcome."""
    stage = ListsStage(lists=Lists(length=4, **settings), weights={"t": 1.0})
    lists.run(stage, Job("lists", "f", {}, stage, 1), **files)
    funnel = tables.read(files["funnel"], "funnel")
    outcomes = {f"{row.type} {row.reason}": int(row.queries) for row in funnel.itertuples()}
    return tables.read(files["out"], "lists").set_index("query_id"), outcomes  # type: ignore[return-value]


def test_outcomes(files: dict[str, Any]) -> None:
    built, outcomes = run(files)
    assert list(built.index) == ["agreed", "judged"]
    assert outcomes == {
        "lead kept": 1,
        "lead teacher disagrees": 1,
        "lead teacher undecided": 1,
        "human kept": 1,
    }


@pytest.mark.parametrize(("margin", "positive"), [(None, 0.5), (0.0, 1.0), (0.3, 1.3)])
def test_judgement_margin(files: dict[str, Any], margin: float | None, positive: float) -> None:
    built, _ = run(files, judgement_margin=margin)
    assert list(built.loc["judged", "doc_ids"]) == ["d2", "d1", "d3", "d0"]
    assert built.loc["judged", "scores"] == pytest.approx([positive, 1.0, 0.2, 0.0])
    assert built.loc["agreed", "scores"] == pytest.approx([1.0, 0.375, 0.125, 0.0])  # synthetic: the teacher's scores


def judge(files: dict[str, Any], relevance: dict[str, int]) -> None:
    """Replace the judgements of the human topic."""
    rows = pd.DataFrame({"query_id": "judged", "doc_id": list(relevance), "relevance": list(relevance.values())})
    tables.write(files["qrels"], "qrels", rows.assign(split="train"), tables.Provenance("qrels", "qrels"))


def test_judgements_are_graded(files: dict[str, Any]) -> None:
    """d0 is the most relevant document, though d2 is the source and d1 the teacher's favourite."""
    judge(files, {"d2": 1, "d0": 2})
    built, _ = run(files, judgement_margin=0.2)
    assert list(built.loc["judged", "doc_ids"]) == ["d0", "d2", "d1", "d3"]
    assert built.loc["judged", "scores"] == pytest.approx([1.2, 1.1, 1.0, 0.2])
    built, _ = run(files, judgement_margin=0.2, positives=0.25)
    assert list(built.loc["judged", "doc_ids"]) == ["d0", "d1", "d3"]
    assert list(built.loc["judged", "other_ids"]) == ["d2"]
    assert built.loc["judged", "other_scores"] == pytest.approx([1.1])


def test_many_judgements_leave_room_for_negatives(files: dict[str, Any]) -> None:
    judge(files, dict.fromkeys(["d0", "d1", "d2"], 1))
    built, _ = run(files, choose="top")
    assert list(built.loc["judged", "doc_ids"]) == ["d1", "d2", "d3"]
    judge(files, dict.fromkeys(["d0", "d1", "d2", "d3"], 1))
    built, outcomes = run(files, choose="top")
    assert list(built.index) == ["agreed"]
    assert outcomes["human no negatives"] == 1


def test_min_score(files: dict[str, Any], caplog: pytest.LogCaptureFixture) -> None:
    """The positives of the synthetic queries score 9, 4 and 5; the human topic's 5 is not looked at."""
    caplog.set_level("INFO")
    built, outcomes = run(files, min_score={"t": 5.5}, top1=False)
    assert list(built.index) == ["agreed", "judged"]
    assert outcomes == {"lead kept": 1, "lead below min_score": 2, "human kept": 1}
    assert "lists: min_score of t: 5.5; 2 of 3 synthetic queries are below" in caplog.text
    about = tables.provenance(files["out"]).details
    assert about["min_score"] == {"t": {"threshold": 5.5, "queries": 3, "below": 2, "random_pairs": 0}}


def test_min_score_drops_all_queries(files: dict[str, Any]) -> None:
    queries = tables.read(files["queries"], "queries").query("type != 'human'")
    tables.write(files["queries"], "queries", queries, tables.Provenance("queries", "queries"))
    with pytest.raises(UserError, match="no list is left to train on"):
        run(files, min_score={"t": 10})


def test_min_score_auto_without_random_passages(files: dict[str, Any]) -> None:
    """Candidates that were made elsewhere may have none."""
    with pytest.raises(UserError, match=r"training.lists.min_score.t: auto needs .* there are 0: raise mining.random"):
        run(files, min_score={"t": "auto"})


def test_min_score_auto(files: dict[str, Any], caplog: pytest.LogCaptureFixture) -> None:
    """100 further documents, which score 0 to 6 for the query contradicted, whose source scores 4."""
    caplog.set_level("INFO")
    names = [f"r{i}" for i in range(100)]
    mined = {"query_id": "contradicted", "doc_id": names}
    added = {
        "corpus": {"doc_id": names, "text": names},
        "candidates": {**mined, "retriever": "random", "rank": 0},
        "scores": {**mined, "teacher": "t", "score": np.linspace(0, 6, 100)},
    }
    for name, rows in added.items():
        frame = pd.concat([tables.read(files[name], name), pd.DataFrame(rows)], ignore_index=True).astype(object)
        tables.write(files[name], name, frame.where(frame.notna(), None), tables.Provenance(name, name))
    built, outcomes = run(files, min_score={"t": "auto"}, top1=False)
    assert list(built.index) == ["agreed", "judged"]
    assert outcomes["lead below min_score"] == 2
    assert "min_score of t: 5.94 (from 100 random pairs); 2 of 3 synthetic queries are below" in caplog.text
    found = tables.provenance(files["out"]).details["min_score"]["t"]
    assert found == {"threshold": pytest.approx(5.94), "queries": 3, "below": 2, "random_pairs": 100}


def test_near_positives_are_reported(files: dict[str, Any], caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    built, _ = run(files, near_positive="mask", near_positive_share=0.3)
    assert list(built.loc["agreed", "near_positives"]) == ["d1"]  # 4 of 1 to 9: .375
    assert list(built.loc["judged", "near_positives"]) == ["d1", "d3"]  # 10 and 2 of 0 to 10, with the positive at 5
    assert list(built.loc["judged", "doc_ids"]) == ["d2", "d0"]
    assert "lists: 3 near positives of 2 queries" in caplog.text
    assert tables.provenance(files["out"]).details["near_positives"] == {"documents": 3, "queries": 2}


def test_all_queries_are_dropped(files: dict[str, Any]) -> None:
    queries = tables.read(files["queries"], "queries")
    kept = queries[queries["query_id"].isin(["contradicted", "undecided"])]
    tables.write(files["queries"], "queries", kept, tables.Provenance("queries", "queries"))
    with pytest.raises(UserError, match="no list is left to train on"):
        run(files)
