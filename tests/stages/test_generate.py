"""Writing queries without a language model: extractive ones, and the user's own."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import tiny
from listill import tables
from listill.stages import generate
from listill.stages.job import Job

NAMES = ["corpus", "topics", "qrels", "heldout"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Tables of 8 documents, of which d003 is held out, with a train topic for d000 and a test topic for d001."""
    rows = tiny.tiny_documents(8)
    documents = {column: [row[key] for row in rows] for column, key in [("doc_id", "_id"), ("title", "title")]}
    documents |= {"text": [row["text"] for row in rows], "duplicate_of": [None] * 8}
    topics = {"query_id": ["t1", "t2"], "text": ["a topic", "another topic"], "split": ["train", "test"]}
    qrels = {"query_id": ["t1", "t2"], "doc_id": ["d000", "d001"], "relevance": [1, 1], "split": ["train", "test"]}
    heldout = {"doc_id": ["d003"], "split": ["heldout"]}
    for name, data in zip(NAMES, [documents, topics, qrels, heldout], strict=True):
        tables.write(tmp_path / f"{name}.parquet", name, data, tables.Provenance(name, f"made {name}", corpus="c"))
    return tmp_path


def run(folder: Path, **settings: Any) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the queries and the funnel."""
    chosen = generate.GenerateStage.model_validate(settings)
    inputs = {name: folder / f"{name}.parquet" for name in NAMES}
    job = Job("generate", "f", tables.merge_lineages(list(inputs.values())), chosen, 1, "c")
    generate.run(chosen, job, **inputs, out=folder / "queries.parquet", funnel=folder / "funnel.parquet")
    return tables.read(folder / "queries.parquet", "queries"), tables.read(folder / "funnel.parquet", "funnel")


def test_extractive_queries_and_human_topics(folder: Path) -> None:
    queries, funnel = run(folder, generator={"kind": "extractive", "types": {"lead": 1}, "dropout": 0})
    assert set(queries["type"]) == {"lead", "human"}
    lead = queries[queries["type"] == "lead"].set_index("doc_id")
    assert len(lead) == 8
    assert (lead["split"] == "heldout").to_dict() == {doc_id: doc_id == "d003" for doc_id in lead.index}
    (human,) = queries[queries["type"] == "human"].itertuples()
    assert (human.query_id, human.text, human.doc_id, human.split) == ("t1", "a topic", "d000", "train")
    kept = funnel[funnel["reason"] == "kept"]
    assert kept.groupby("type")["queries"].sum().to_dict() == {"human": 1, "lead": 8}
    assert tables.provenance(folder / "queries.parquet").name == "c/queries"


def test_without_human_topics(folder: Path) -> None:
    queries, _ = run(folder, human=False, generator={"kind": "extractive", "types": {"lead": 1}})
    assert set(queries["type"]) == {"lead"}


def test_the_fingerprint_depends_on_the_users_own_file(folder: Path) -> None:
    fingerprints = []
    for text in ("what is lava", "what is ash"):
        frame = pd.DataFrame({"query_id": ["x"], "text": [text], "doc_id": ["d002"]})
        frame.to_parquet(folder / "own.parquet")
        queries, _ = run(folder, generator={"kind": "file", "path": str(folder / "own.parquet")})
        assert text in set(queries["text"])
        fingerprints.append(tables.provenance(folder / "queries.parquet").fingerprint)
    assert len(set(fingerprints)) == 2


def test_only_passages_that_are_relevant_to_train_topics(folder: Path) -> None:
    queries, _ = run(folder, passages_from="relevant", generator={"kind": "extractive", "types": {"lead": 1}})
    assert set(queries.loc[queries["split"] == "train", "doc_id"]) == {"d000"}


def test_nothing_left_to_train_on(folder: Path) -> None:
    """A corpus may only serve to measure; mining raises the error."""
    queries, funnel = run(folder, human=False, cleaning={"min_words": 60}, generator={"kind": "extractive"})
    assert queries.empty
    assert funnel["reason"].tolist()
