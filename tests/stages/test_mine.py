"""Whose candidates are taken."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import tiny
from listill import tables
from listill.schemas import SCHEMAS
from listill.retrieval.embeddings import as_table
from listill.retrieval.encoder import Encoder
from listill.settings.config import Settings
from listill.stages import mine
from listill.stages.command import Job

DOCUMENTS = tiny.tiny_documents(30)
IDS = [row["_id"] for row in DOCUMENTS]


@pytest.mark.parametrize("asked", [None, ["small"], ["bm25", "small"]])
def test_retrievers(asked: list[str] | None, tiny_model: Path, tmp_path: Path) -> None:
    settings = Settings.model_validate(
        {
            "corpora": {"c": {"source": {"kind": "files", "path": "x"}}},
            "students": {"small": {"model": str(tiny_model), "precision": "fp32"}},
            "mining": {"depth": 5, "consistency": {"require": "none"}, "retrievers": asked},
        }
    )
    about = tables.Provenance("made", "by hand")
    texts = {key: [row[key] for row in DOCUMENTS] for key in ("title", "text")}
    tables.write(tmp_path / "corpus.parquet", "corpus", {"doc_id": IDS, **texts, "duplicate_of": [None] * 30}, about)
    rendered = [f"{row['title']} {row['text']}" for row in DOCUMENTS]
    encoder = Encoder(settings.students["small"])
    with tables.writer(tmp_path / "small.parquet", "embeddings", about) as table:
        table.write_table(as_table(IDS, encoder.encode(rendered, "document")))
    queries = pd.DataFrame({"query_id": ["q0", "q1"], "text": rendered[:2], "doc_id": IDS[:2], "type": "claim"})
    queries = queries.reindex(columns=SCHEMAS["queries"].names).assign(split="train").astype(object)
    tables.write(tmp_path / "queries.parquet", "queries", queries.where(queries.notna(), None), about)
    none = {name: [] for name in SCHEMAS["qrels"].names}
    tables.write(tmp_path / "qrels.parquet", "qrels", none, about)
    frozen = mine.settings(settings, "c")
    out = tmp_path / "candidates.parquet"
    inputs = [tmp_path / f"{name}.parquet" for name in ("corpus", "queries", "qrels")]
    mine.run(
        frozen, Job("mine", "f", {}, frozen, 1), *inputs, out, tmp_path / "funnel.parquet", [tmp_path / "small.parquet"]
    )
    found = tables.read(out, "candidates")
    assert set(found["retriever"]) == set(asked or ["bm25", "small"])
    own = found[(found["retriever"] == "small") & (found["query_id"] == "q0")].sort_values("rank")["doc_id"].tolist()
    similar = encoder.encode(rendered[:1], "query") @ encoder.encode(rendered, "document").T
    assert own == [IDS[i] for i in np.argsort(-similar[0])[:5]]
