"""The whole workflow on SLURM: every job goes where the profile says, with what the profile says."""

from collections import Counter
from pathlib import Path
from typing import Any

import flow
import pytest
import yaml
from slurm_jobs import jobs

pytestmark = pytest.mark.slurm


def test_every_job_runs_where_the_profile_says(
    whole: Path, profile: Path, settings: dict[str, Any], tmp_path: Path
) -> None:
    planned = yaml.safe_load((profile / "profile.yaml").read_text())["set-resources"]
    found = jobs(whole)
    assert {job.state for job in found} == {"COMPLETED"}
    for job in found:
        wanted = planned[job.rule]
        assert (job.partition, job.gpus) == (wanted["slurm_partition"], wanted.get("gpu", 0)), job.rule
        assert (job.megabytes, job.minutes) == (600, 10), job.rule
    # Each step is one job; files of settings are written where Snakemake runs.
    steps = flow.scheduled(tmp_path, settings)
    steps.pop("stage_settings", None)
    assert Counter(job.rule for job in found) == steps


def test_the_run_is_complete(whole: Path, settings: dict[str, Any]) -> None:
    assert (flow.results(whole) / "report.html").exists()
    assert flow.frames(whole, settings).keys() == set(flow.declared(settings))
    assert not flow.scheduled(whole, settings)
