"""The config is edited while a job waits in the queue: the job keeps the settings that it was submitted with."""

import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import flow
import on_slurm
import pytest
import yaml
from slurm_jobs import jobs, wait_for

from listill import tables

pytestmark = pytest.mark.slurm


def set_state(partition: str, state: str) -> None:
    line = ["scontrol", "update", f"PartitionName={partition}", f"State={state}"]
    subprocess.run(line, check=True)


@pytest.fixture
def closed(profile: Path) -> Iterator[Callable[[], None]]:
    """The GPU partition accepts jobs but starts none, until the fixture is called."""
    set_state("gpu", "DOWN")
    yield lambda: set_state("gpu", "UP")
    set_state("gpu", "UP")


def learning_rate(folder: Path) -> float:
    """Return the learning rate that the variant combined was trained with."""
    details = tables.provenance(flow.results(folder) / "embeddings/small.combined.parquet").details
    return float(details["settings"]["recipe"]["learning_rate"])


def test_a_queued_job_keeps_its_settings(
    copied: Callable[..., Path], settings: dict[str, Any], profile: Path, closed: Callable[[], None]
) -> None:
    folder = copied()
    key = "training.variants.combined.learning_rate"
    submitted, edited = flow.changed(settings, key, 2e-3), flow.changed(settings, key, 3e-3)
    with on_slurm.started(folder, submitted, profile, "train") as run:
        wait_for("the job is in the queue", lambda: [job for job in jobs(folder) if job.state == "PENDING"])
        [file] = (path for path in folder.glob("config-*.yaml") if yaml.safe_load(path.read_text()) == submitted)
        file.write_text(yaml.safe_dump(edited, sort_keys=False))
        closed()
        run.succeed()
    assert learning_rate(folder) == 2e-3
    assert [job.rule for job in jobs(folder)] == ["train_student"]
    # The next run makes again what the edited key changes, and nothing else.
    assert flow.scheduled(folder, edited, "train") - Counter(stage_settings=1) == Counter(train_student=1)
