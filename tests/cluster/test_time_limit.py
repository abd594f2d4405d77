"""A job that comes near its time limit: it is told to stop, saves, is submitted again, and resumes."""

import math
import re
import subprocess
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import flow
import on_slurm
import pytest
from slurm_jobs import Job, jobs, wait_for

pytestmark = pytest.mark.slurm

# A loss of the user's own, so that the training takes about a minute on any machine.
SLOW = """
import time
from listill.training.losses.listwise import TEMPERATURES
from listill.training.losses.listwise import loss as listwise

def loss(step, similarity, temperatures):
    time.sleep(0.1)
    return listwise(step, similarity, temperatures)
"""


def shorten(job: Job) -> int:
    """Set the time limit to between one and two minutes from now, inside the warning; return it in minutes.

    SLURM counts limits in minutes, and looks for those that come near every 30 seconds.
    """
    minutes = math.ceil((datetime.now() - job.start).total_seconds() / 60) + 1
    line = ["scontrol", "update", f"JobId={job.number}", f"TimeLimit={minutes}"]
    subprocess.run(line, check=True)
    return minutes


def test_a_training_is_warned_and_resumes(
    copied: Callable[..., Path],
    settings: dict[str, Any],
    profile: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = copied()
    (tmp_path / "members/losses").mkdir(parents=True)
    (tmp_path / "members/losses/slow.py").write_text(SLOW)
    monkeypatch.setenv("LISTILL_MEMBERS", str(tmp_path / "members"))
    # No checkpoint is due before the end: what the second job finds was written because of the signal.
    long = {"losses": {"slow": 1}, "epochs": 22, "batch": 2, "checkpoint": 1_000_000}
    settings = flow.changed(settings, "training.variants.long", long)
    log = flow.results(folder) / "logs/train.small.long.log"
    with on_slurm.started(folder, settings, profile, "train") as run:
        wait_for("the training begins", lambda: log.exists() and " steps of 2 queries" in log.read_text())
        [first] = jobs(folder, "train_student")
        minutes = shorten(first)
        run.succeed()
    before, after = jobs(folder, "train_student")
    assert (before.number, before.state) == (first.number, "FAILED")
    assert (before.end - before.start).total_seconds() < 60 * minutes  # it has not been killed
    said = Path(before.facts["StdOut"]).read_text()
    assert "received signal 15: finishing the step, then writing a checkpoint" in said
    resumed = re.search(r"train: resuming after step (\d+) of", log.read_text())
    assert resumed
    assert int(resumed[1]) > 0
    assert after.state == "COMPLETED"
    assert (before.megabytes, after.megabytes) == (600, 1200)
