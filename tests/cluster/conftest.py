"""The tests of this folder need a running SLURM: make test-slurm. They share one run that nothing disturbed."""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import flow
import pytest
import yaml

sys.path.insert(0, str(Path(__file__).parent))

import on_slurm


@pytest.fixture(scope="session")
def profile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped profile with the same partitions, in a size that a test machine has."""
    if not shutil.which("sinfo") or subprocess.run(["sinfo"], capture_output=True).returncode:
        pytest.skip("no SLURM is running: make test-slurm")
    content: dict[str, Any] = yaml.safe_load((flow.ROOT / "profiles/slurm/profile.yaml").read_text())
    for resources in [content["default-resources"], *content["set-resources"].values()]:
        resources["mem_mb"] = "min(attempt, 2) * 600"  # in place of what the rules ask for
        # The expressions remain, with other numbers.
        resources["runtime"] = re.sub(r"\d{2,}", "10", str(resources["runtime"]))
    content |= {
        "jobs": 4,
        "latency-wait": 10,
        "slurm-status-command": "squeue",  # sacct needs a database
        "slurm-no-account": True,
        "slurm-init-seconds-before-status-checks": 1,
    }
    folder = tmp_path_factory.mktemp("profile")
    (folder / "profile.yaml").write_text(yaml.safe_dump(content))
    return folder


@pytest.fixture(scope="session")
def whole(profile: Path, settings: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of a run that went through SLURM undisturbed. Read only."""
    folder = tmp_path_factory.mktemp("whole")
    on_slurm.make(folder, settings, profile)
    before = flow.made(folder)
    yield folder
    assert flow.made(folder) == before, "a test has changed the whole run: it must copy it"


@pytest.fixture
def copied(whole: Path, tmp_path: Path) -> Callable[..., Path]:
    """``copied(*results)`` is a copy of the whole run without some of its results."""

    def copy(*without: str) -> Path:
        folder = Path(shutil.copytree(whole, tmp_path / "copy"))
        for name in without:
            path = flow.results(folder) / name
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        return folder

    return copy
