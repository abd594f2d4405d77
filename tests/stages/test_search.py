"""The stage search: runs of the evaluation queries."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import tiny
from listill import tables
from listill.schemas import SCHEMAS
from listill.settings.config import Settings
from listill.stages import search
from listill.stages.job import Job


@pytest.mark.parametrize("topics_are_documents", [True, False])
def test_topics_that_are_documents(topics_are_documents: bool, tmp_path: Path) -> None:
    """As in ArguAna, the best match of a topic is the topic itself."""
    rows = tiny.tiny_documents(20)
    ids = [row["_id"] for row in rows]
    about = tables.Provenance("made", "by hand", {}, {"topics_are_documents": topics_are_documents})

    def write(name: str, data: dict[str, Any]) -> Path:
        tables.write(tmp_path / f"{name}.parquet", name, data, about)
        return tmp_path / f"{name}.parquet"

    texts = [row["text"] for row in rows]
    titles = {"title": [row["title"] for row in rows], "duplicate_of": [None] * 20}
    files = [
        write("corpus", {"doc_id": ids, "text": texts, **titles}),
        write("topics", {"query_id": ids[:3], "text": texts[:3], "split": ["test"] * 3}),
        write("qrels", {"query_id": ids[:3], "doc_id": ids[10:13], "relevance": [1] * 3, "split": ["test"] * 3}),
        write("queries", {name: [] for name in SCHEMAS["queries"].names}),
    ]
    config = {"corpora": {"c": {"source": {"kind": "files", "path": "x"}}}, "students": {"s": {"model": "m"}}}
    settings = search.settings(Settings.model_validate(config), "c", "bm25")
    search.run(settings, Job("search", "f", {}, settings, 1), *files, tmp_path / "bm25.parquet")
    run = tables.read(tmp_path / "bm25.parquet", "runs")
    is_topic = run["query_id"] == run["doc_id"]
    assert is_topic.sum() == (0 if topics_are_documents else 3)
    assert set(run.groupby("query_id")["rank"].min()) == {1}
    assert run.loc[is_topic, "rank"].tolist() == ([] if topics_are_documents else [1, 1, 1])
    pd.testing.assert_series_equal(
        run["rank"], run.groupby("query_id").cumcount() + 1, check_names=False, check_dtype=False
    )
