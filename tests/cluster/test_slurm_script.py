"""The script that starts a SLURM for tests leaves alone what it has not started."""

import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent / "slurm.sh"


def call(*arguments: str | Path) -> tuple[int, str]:
    """Return the exit status of the script and its message."""
    done = subprocess.run([SCRIPT, *arguments], capture_output=True, text=True)
    return done.returncode, done.stderr


@pytest.mark.parametrize("arguments", [[], ["up"], ["start", "there"]], ids=" ".join)
def test_usage(arguments: list[str]) -> None:
    status, said = call(*arguments)
    assert status == 1
    assert said.startswith("slurm.sh: usage: slurm.sh up FOLDER")


def test_a_folder_without_slurm_cannot_be_stopped(tmp_path: Path) -> None:
    (tmp_path / "slurmd.pid").write_text("1")
    assert call("down", tmp_path) == (1, f"slurm.sh: {tmp_path} has no SLURM of this script\n")
    assert [path.name for path in tmp_path.iterdir()] == ["slurmd.pid"]


@pytest.mark.slurm
def test_a_second_slurm_is_refused(profile: Path, tmp_path: Path) -> None:
    status, said = call("up", tmp_path / "second")
    assert status == 1
    assert said.startswith("slurm.sh: /etc/slurm/slurm.conf exists: stop that SLURM first")
    assert not (tmp_path / "second").exists()
    assert subprocess.run(["sinfo"], capture_output=True).returncode == 0
