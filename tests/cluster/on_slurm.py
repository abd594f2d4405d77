"""Runs of the real Snakefile whose jobs go to SLURM."""

import contextlib
import signal
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import flow

MINUTES = 8  # within which every run of these tests must end


class Run:
    """A run in the background."""

    def __init__(self, process: subprocess.Popen[bytes], said: Path) -> None:
        self._process, self._said = process, said

    @property
    def text(self) -> str:
        """What it has said so far."""
        return self._said.read_text()

    def status(self) -> int:
        """Wait for its end and return its exit status."""
        return self._process.wait(60 * MINUTES)

    def succeed(self) -> str:
        """Wait for its end, which must be a success, and return what it said."""
        status = self.status()
        assert status == 0, self.text
        return self.text


@contextlib.contextmanager
def started(folder: Path, settings: Mapping[str, Any], profile: Path, *arguments: str) -> Iterator[Run]:
    """Start a run in ``folder`` with the jobs of a profile; at the end of the context it is stopped if it still runs."""
    folder.mkdir(parents=True, exist_ok=True)
    start, _, module, *line = flow.command(folder, settings, "--workflow-profile", str(profile), *arguments)
    assert module == "snakemake"
    said = folder / "said.txt"
    with said.open("wb") as file:
        process = subprocess.Popen(
            [start, str(Path(__file__).parent / "often_asked.py"), *line],
            cwd=folder,
            env=flow.environment(),
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    try:
        yield Run(process, said)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)  # Snakemake cancels its jobs
            process.wait(120)


def make(folder: Path, settings: Mapping[str, Any], profile: Path, *arguments: str) -> str:
    """Run to the end, which must be a success, and return what the run said."""
    with started(folder, settings, profile, *arguments) as run:
        return run.succeed()
