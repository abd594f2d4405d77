"""The stage lists: whose candidates the lists are built from, and which queries are dropped."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from listill import tables
from listill.frozen import canonical
from listill.schemas import SCHEMAS
from listill.settings.config import Settings
from listill.stages import lists
from listill.stages.job import Job

DOCUMENTS = [f"d{i}" for i in range(10)]
# query: (source passage, ranking of each retriever)
RANKINGS: dict[str, tuple[str, dict[str, list[int]]]] = {
    "both": ("d0", {"a": [0, 1, 2], "b": [3, 0, 4]}),
    "only-a": ("d1", {"a": [2, 1, 0], "b": [5, 6, 7]}),
    "duplicate": ("d2", {"a": [3, 4, 5], "b": [9, 6, 7]}),  # d9 is a duplicate of d2
    "person": ("d5", {"a": [5, 6, 7], "b": [1, 2, 3]}),
}


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    def write(name: str, data: Any) -> Path:
        frame = pd.DataFrame(data).reindex(columns=SCHEMAS[name].names).astype(object)
        about = tables.Provenance(name, f"fingerprint of {name}")
        tables.write(tmp_path / f"{name}.parquet", name, frame.where(frame.notna(), None), about)
        return tmp_path / f"{name}.parquet"

    sources = [source for source, _ in RANKINGS.values()]
    kinds = ["human" if name == "person" else "claim" for name in RANKINGS]
    queries = {"query_id": list(RANKINGS), "text": list(RANKINGS), "type": kinds, "doc_id": sources, "split": "train"}
    rows = [
        (query, f"d{i}", retriever, rank, 1.0)
        for query, (_, rankings) in RANKINGS.items()
        for retriever, ranking in rankings.items()
        for rank, i in enumerate(ranking, start=1)
    ]
    rows.append(("duplicate", "d2", "positive", 0, np.nan))
    candidates = pd.DataFrame(rows, columns=["query_id", "doc_id", "retriever", "rank", "score"])
    scores = candidates[["query_id", "doc_id"]].drop_duplicates()
    source = scores["query_id"].map({query: source for query, (source, _) in RANKINGS.items()})
    value = np.where(scores["doc_id"] == source, 9.0, [float(name[1:]) / 10 for name in scores["doc_id"]])
    return {
        "corpus": write("corpus", {"doc_id": DOCUMENTS, "text": DOCUMENTS, "duplicate_of": [None] * 9 + ["d2"]}),
        "queries": write("queries", queries),
        "qrels": write("qrels", {"query_id": ["person"], "doc_id": ["d5"], "relevance": [1], "split": ["train"]}),
        "candidates": write("candidates", candidates),
        "scores": write("scores", scores.assign(teacher="t", score=value)),
    }


def run(files: dict[str, Path], student: str = "a", top: int | None = None, **keys: Any) -> tuple[Any, dict[str, str]]:
    """Run the stage; return the documents of each list, and the number of dropped queries for each reason."""
    config = Settings.model_validate(
        {
            "corpora": {"c": {"source": {"kind": "files", "path": "x"}}},
            "students": {"a": {"model": "m"}, "b": {"model": "m"}},
            "mining": {"depth": 20, "consistency": {"top": top, "require": "student"} if top else {}},
            "teacher": {"members": {"t": {"kind": "bm25"}}},
            "training": {"lists": {"length": 9, "choose": "top", **keys}},
        }
    )
    settings = lists.settings(config, "c", student)
    assert settings == lists.ListsStage.model_validate(json.loads(canonical(settings.model_dump(mode="json"))))
    job = Job("lists", "f", {}, settings, 1)
    out, funnel = (files["corpus"].parent / name for name in ("lists.parquet", "funnel.parquet"))
    lists.run(settings, job, **files, out=out, funnel=funnel)
    documents = tables.read(out, "lists").set_index("query_id")["doc_ids"]
    counts = tables.read(funnel, "funnel")
    dropped = counts[counts["reason"] != "kept"].groupby("reason")["queries"].sum().to_dict()
    return {query: list(ids) for query, ids in documents.items()}, dropped


def test_lists_have_the_students_candidates_and_the_positive(files: dict[str, Path]) -> None:
    documents, dropped = run(files, "b")
    assert documents["both"] == ["d0", "d4", "d3"]
    # Only retriever a found d1; it is in the list of student b nevertheless.
    assert documents["only-a"] == ["d1", "d7", "d6", "d5"]
    assert documents["person"] == ["d5", "d3", "d2", "d1"]
    assert documents["duplicate"] == ["d2", "d7", "d6"]
    assert dropped == {}


def test_candidates_from_another_retriever(files: dict[str, Path]) -> None:
    assert run(files, "b", candidates_from={"b": "a"})[0] == run(files, "a")[0]
    assert run(files, "b", candidates_from={"a": "b"})[0] == run(files, "b")[0] != run(files, "a")[0]


def test_the_students_retriever_must_find_the_source_passage(files: dict[str, Path]) -> None:
    by_a, dropped = run(files, "a", top=2)
    assert (set(by_a), dropped) == ({"both", "only-a", "person"}, {"inconsistent": 1})
    by_b, dropped = run(files, "b", top=2)
    assert (set(by_b), dropped) == ({"both", "duplicate", "person"}, {"inconsistent": 1})  # human queries are kept
    by_b, dropped = run(files, "b", top=1)
    assert (set(by_b), dropped) == ({"duplicate", "person"}, {"inconsistent": 2})
    assert set(run(files, "b", top=1, candidates_from={"b": "a"})[0]) == {"both", "person"}
    assert set(run(files, "b", top=1, retrievers="all")[0]) == {"duplicate", "person"}


def test_quality_percentile_of_positives_or_of_all_documents(files: dict[str, Path]) -> None:
    """One positive scores below the other positives, but above all other documents."""
    scores = pd.read_parquet(files["scores"])
    low = (scores["query_id"] == "both") & (scores["doc_id"] == "d0")
    tables.write(
        files["scores"],
        "scores",
        scores.assign(score=scores["score"].where(~low, 5.0)),
        tables.Provenance("scores", "fingerprint of scores"),
    )
    assert run(files, "a", quality_percentile=40)[1] == {"low quality": 1}
    assert run(files, "a", quality_percentile=40, quality_of="all")[1] == {}
    assert run(files, "a", quality_percentile=99, quality_of="all")[1] == {"low quality": 1}
