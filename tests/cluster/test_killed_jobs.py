"""Jobs that are killed on their node: they are submitted again, and the results are those of an undisturbed run."""

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import flow
import on_slurm
import pytest
from slurm_jobs import jobs, wait_for

pytestmark = pytest.mark.slurm


def process_of(folder: Path, rule: str, stage: str) -> int | None:
    """Return the process of a stage that is running in a job of a rule."""
    for job in jobs(folder, rule):
        for process, line in job.processes().items() if job.state == "RUNNING" else ():
            if f"-m listill.stages.{stage} " in line and line.startswith("python"):
                return process
    return None


def test_the_results_are_those_of_a_quiet_run(
    copied: Callable[..., Path], whole: Path, settings: dict[str, Any], profile: Path
) -> None:
    """One stage gets SIGKILL itself, as if memory were short; of another, all processes of the job do."""
    folder = copied("models/small/listwise", "embeddings/small.listwise.parquet", "runs/teacher.parquet")
    with on_slurm.started(folder, settings, profile) as run:
        os.kill(wait_for("the training", lambda: process_of(folder, "train_student", "train")), signal.SIGKILL)
        wait_for("the reranking", lambda: process_of(folder, "rerank_topics", "rerank"))
        [reranking] = (job.number for job in jobs(folder, "rerank_topics"))
        subprocess.run(["scancel", "--signal=KILL", reranking], check=True)
        run.succeed()
    for rule in ("train_student", "rerank_topics"):
        killed, again = jobs(folder, rule)
        assert killed.state in ("FAILED", "CANCELLED"), rule
        assert again.state == "COMPLETED", rule
    flow.assert_same(flow.frames(whole, settings), flow.frames(folder, settings))
    assert not flow.scheduled(folder, settings)
    assert not (flow.results(folder) / ".work").exists()
