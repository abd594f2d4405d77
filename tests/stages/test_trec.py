"""The stage trec: a run in TREC format."""

from pathlib import Path

import pytest

from listill import tables
from listill.errors import UserError
from listill.stages import trec
from listill.stages.job import Job, StageSettings


def test_a_run_in_trec_format(tmp_path: Path) -> None:
    run, out = tmp_path / "run.parquet", tmp_path / "run.trec"
    rows = {"query_id": ["q", "q"], "doc_id": ["a", "b"], "rank": [1, 2], "score": [8.0, 0.25]}
    tables.write(run, "runs", rows, tables.Provenance("runs/s.listwise", "f", corpus="c"))
    settings = StageSettings()
    trec.run(settings, Job("trec", "f", {}, settings, 1), run, out)
    assert out.read_text() == "q Q0 a 1 8.0 s.listwise\nq Q0 b 2 0.25 s.listwise\n"


def test_what_the_format_cannot_express_is_refused_and_leaves_no_file(tmp_path: Path) -> None:
    run, out = tmp_path / "run.parquet", tmp_path / "run.trec"
    rows = {"query_id": ["q", "q"], "doc_id": ["a", "annual report 1.txt"], "rank": [1, 2], "score": [8.0, 0.25]}
    tables.write(run, "runs", rows, tables.Provenance("runs/bm25", "f", corpus="c"))
    settings = StageSettings()
    with pytest.raises(UserError) as caught:
        trec.run(settings, Job("trec", "f", {}, settings, 1), run, out)
    message = str(caught.value)
    assert message.startswith(f"{out}: the name of document 'annual report 1.txt' is empty or contains blanks")
    assert "set evaluation.trec_runs: false" in message
    assert "\n" not in message
    assert [path.name for path in tmp_path.iterdir()] == ["run.parquet"]
