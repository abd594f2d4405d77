"""The workflow on a running SLURM, through the executor and the shipped profile; one node without real GPUs will do."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import flow
import pandas as pd
import pytest
import yaml

pytestmark = pytest.mark.slurm


@pytest.fixture
def profile(tmp_path: Path) -> Path:
    """The shipped profile with the same partitions, in a size that a test machine has."""
    if not shutil.which("sinfo") or subprocess.run(["sinfo"], capture_output=True).returncode:
        pytest.skip("no SLURM is running")
    content: dict[str, Any] = yaml.safe_load((flow.ROOT / "profiles/slurm/profile.yaml").read_text())
    for resources in [content["default-resources"], *content["set-resources"].values()]:
        resources |= {"mem_mb": 600, "runtime": 10}
    content |= {
        "jobs": 4,
        "retries": 0,
        "latency-wait": 10,
        "slurm-status-command": "squeue",  # sacct needs a database
        "slurm-no-account": True,
        "slurm-init-seconds-before-status-checks": 2,
        "seconds-between-status-checks": 2,
    }
    folder = tmp_path / "profile"
    folder.mkdir()
    (folder / "profile.yaml").write_text(yaml.safe_dump(content))
    return folder


def test_jobs_go_to_the_nodes(profile: Path, tiny_beir: Path, tiny_model: Path, tmp_path: Path) -> None:
    settings = flow.config(tiny_beir, tiny_model)
    run = tmp_path / "run"
    said = flow.make(run, settings, "--workflow-profile", str(profile), "candidates", forked=False)
    assert said.count("has been submitted with SLURM jobid") == 4
    assert len(pd.read_parquet(flow.results(run) / "candidates.parquet"))
    assert not flow.scheduled(run, settings, "candidates")


def test_a_failed_job_says_why(profile: Path, tiny_beir: Path, tiny_model: Path, tmp_path: Path) -> None:
    settings = flow.changed(flow.config(tiny_beir, tiny_model), "corpora.tiny.source.path", "/nowhere")
    done = flow.run(tmp_path / "run", settings, "--workflow-profile", str(profile), "corpus", forked=False)
    assert done.returncode != 0
    assert "listill corpus: error: /nowhere: no such folder" in done.stdout + done.stderr
    assert not list((tmp_path / "run").rglob("*.parquet"))
