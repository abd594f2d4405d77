"""The stage fuse."""

from pathlib import Path

import pandas as pd
import pytest

from listill import tables
from listill.stages import fuse
from listill.stages.fuse import FuseStage
from listill.stages.job import Job


def write(path: Path, system: str, **rankings: list[str]) -> Path:
    rows = [(query, doc, rank, 9.0 - rank) for query, docs in rankings.items() for rank, doc in enumerate(docs, 1)]
    run = pd.DataFrame(rows, columns=["query_id", "doc_id", "rank", "score"])
    tables.write(path, "runs", run, tables.Provenance(f"runs/{system}", system, corpus="c"))
    return path


def test_fused_runs(tmp_path: Path) -> None:
    student_run = write(tmp_path / "s.parquet", "s", q=["a", "b"], r=["x"])
    bm25_run = write(tmp_path / "bm25.parquet", "bm25", q=["b", "c"])
    settings = FuseStage(system="s+bm25", k=1.0, depth=2)
    out = tmp_path / "s+bm25.parquet"
    fuse.run(settings, Job("fuse", "f", {}, settings, 1, "c"), [student_run, bm25_run], out)
    fused = tables.read(out, "runs")
    assert fused[["query_id", "doc_id", "rank"]].to_numpy().tolist() == [["q", "b", 1], ["q", "a", 2], ["r", "x", 1]]
    assert fused["score"].tolist() == pytest.approx([1 / 3 + 1 / 2, 1 / 2, 1 / 2])
    assert tables.provenance(out).name == "c/runs/s+bm25"
