"""What the formats of a corpus get."""

from pathlib import Path

import pandas as pd

from listill import tables
from listill.export import measured_corpus


def test_the_tables_of_a_corpus(tmp_path: Path) -> None:
    """Made elsewhere: the run is named by its file."""
    files = {
        "corpus": {"doc_id": ["d1"], "title": [None], "text": ["lava"], "duplicate_of": [None]},
        "topics": {"query_id": ["t1", "t2"], "text": ["a", "b"], "split": ["train", "test"]},
        "qrels": {"query_id": ["t1", "t2"], "doc_id": ["d1", "d1"], "relevance": [1, 1], "split": ["train", "test"]},
        "small": {"query_id": ["t2"], "doc_id": ["d1"], "rank": [1], "score": [1.0]},
    }
    for name, columns in files.items():
        pd.DataFrame(columns).to_parquet(tmp_path / f"{name}.parquet")
    empty = {name: [] for name in tables.SCHEMAS["queries"].names}
    tables.write(tmp_path / "queries.parquet", "queries", empty, tables.Provenance("queries", "f"))
    paths = [tmp_path / f"{name}.parquet" for name in ("corpus", "topics", "qrels", "queries")]
    material = measured_corpus.load("tiny", *paths, [tmp_path / "small.parquet"])
    assert material.topics["query_id"].tolist() == ["t1", "t2"]
    assert material.evaluated.queries["query_id"].tolist() == ["t2"]
    assert material.runs == {"small": tmp_path / "small.parquet"}
    assert measured_corpus.load("tiny", *paths, []).runs == {}
