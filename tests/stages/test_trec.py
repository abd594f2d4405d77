"""The stage trec: a run in TREC format."""

from pathlib import Path

from listill import tables
from listill.stages import trec
from listill.stages.job import Job, StageSettings


def test_a_run_in_trec_format(tmp_path: Path) -> None:
    run, out = tmp_path / "run.parquet", tmp_path / "run.trec"
    rows = {"query_id": ["q", "q"], "doc_id": ["a", "b"], "rank": [1, 2], "score": [8.0, 0.25]}
    tables.write(run, "runs", rows, tables.Provenance("runs/s.listwise", "f", corpus="c"))
    settings = StageSettings()
    trec.run(settings, Job("trec", "f", {}, settings, 1), run, out)
    assert out.read_text() == "q Q0 a 1 8.000000 s.listwise\nq Q0 b 2 0.250000 s.listwise\n"
