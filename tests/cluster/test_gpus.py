"""GPU jobs share the GPUs of a node: as many run side by side as there are GPUs, and the others wait."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import flow
import on_slurm
import pytest
from slurm_jobs import jobs

pytestmark = pytest.mark.slurm


def test_two_jobs_run_and_a_third_waits(
    copied: Callable[..., Path], settings: dict[str, Any], profile: Path, tiny_model: Path
) -> None:
    folder = copied()
    names = ["one", "two", "three"]
    retrievers = {name: {"kind": "dense", "model": str(tiny_model), "max_length": 30 + len(name)} for name in names}
    settings = flow.changed(settings, "mining.additional", retrievers)
    on_slurm.make(folder, settings, profile, *(f"results/{flow.CORPUS}/embeddings/{name}.parquet" for name in names))
    added = [job for job in jobs(folder, "encode_corpus") if job.facts["Comment"].endswith(tuple(names))]
    first, second, third = sorted(added, key=lambda job: job.start)
    assert [job.gpus for job in added] == [1, 1, 1]
    assert second.start < first.end
    assert third.start >= min(first.end, second.end)
    # It waited for a GPU: there are cores and memory for all three, and it was in the queue all the time.
    assert third.submitted < min(first.end, second.end)
    node = subprocess.run(["scontrol", "show", "node", "--oneliner"], capture_output=True, text=True, check=True).stdout
    assert "Gres=gpu:2" in node
    assert "CPUTot=4" in node
    assert sum(job.cpus for job in added) <= 4
    assert "RealMemory=4000" in node
    assert sum(job.megabytes for job in added) <= 4000
