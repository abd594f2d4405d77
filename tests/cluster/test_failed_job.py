"""A job that fails on SLURM says why."""

from pathlib import Path
from typing import Any

import flow
import on_slurm
import pytest
from slurm_jobs import jobs

pytestmark = pytest.mark.slurm


def test_a_failed_job_says_why(profile: Path, settings: dict[str, Any], tmp_path: Path) -> None:
    settings = flow.changed(settings, "corpora.tiny.source.path", "/nowhere")
    with on_slurm.started(tmp_path / "run", settings, profile, "corpus", "--retries", "1") as run:
        assert run.status() != 0
    assert "listill corpus: error: /nowhere: no such folder" in run.text
    assert [job.rule for job in jobs(tmp_path / "run")] == ["make_corpus", "make_corpus"]
    assert not list((tmp_path / "run").rglob("*.parquet"))
