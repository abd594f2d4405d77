"""The whole workflow on SLURM: every job goes where the profile says, with what the profile says."""

from collections import Counter
from pathlib import Path
from typing import Any

import flow
import pytest
import yaml
from slurm_jobs import jobs

pytestmark = pytest.mark.slurm


def test_every_job_runs_where_the_profile_says(whole: Path, profile: Path, settings: dict[str, Any]) -> None:
    planned = yaml.safe_load((profile / "profile.yaml").read_text())["set-resources"]
    found = jobs(whole)
    assert {job.state for job in found} == {"COMPLETED"}
    for job in found:
        wanted = planned[job.rule]
        assert (job.partition, job.gpus) == (wanted["slurm_partition"], wanted.get("gpu", 0)), job.rule
        assert (job.megabytes, job.minutes) == (600, 10), job.rule
    # Every step but the files of settings is a job of its own.
    rules = Counter(job.rule for job in found)
    assert rules["train_student"] == len(flow.VARIANTS)
    assert rules.total() == flow.scheduled(whole.parent / "empty", settings).total() - settings_files(whole)


def settings_files(folder: Path) -> int:
    return len(list(folder.glob("results/*/config/*.json")))


def test_the_results_are_those_of_a_workstation(whole: Path, finished: Path, settings: dict[str, Any]) -> None:
    assert (flow.results(whole) / "report.html").exists()
    flow.assert_same(flow.frames(finished, settings), flow.frames(whole, settings))
    assert not flow.scheduled(whole, settings)
