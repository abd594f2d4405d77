"""Runs on SLURM whose jobs are killed at random moments: by scancel with a signal, or the stage's process on the node."""

import os
import random
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import flow

from kills import finished_parts
from kills.killed_run import check_end, check_results
from kills.killed_stage import Tally

WAYS = ("scancel --signal=KILL", "scancel --signal=TERM", "kill -9 of the stage")
LONGEST = 8.0  # seconds between two kills
MOST_RUNS = 50


def jobs(folder: Path) -> dict[str, str]:
    """Return the rules of the running jobs that were submitted from ``folder``, by their number."""
    line = ["squeue", "--noheader", "--states=RUNNING", "--format=%i|%Z|%k"]
    said = subprocess.run(line, capture_output=True, text=True, check=True).stdout
    rows = [row.split("|", 2) for row in said.splitlines()]
    return {number: comment.partition("_wildcards")[0] for number, where, comment in rows if Path(where) == folder}


def processes(folder: Path) -> list[int]:
    """Return the processes of the stages in ``folder`` on this machine."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
            if words[1] == b"-m" and words[2].startswith(b"listill.") and Path(os.readlink(process / "cwd")) == folder:
                found.append(int(process.name))
        except (OSError, IndexError):  # it has ended, or is another one
            continue
    return found


class Jobs:
    """Runs with the jobs of a ``profile``, one after the other, each in a folder of its own below ``root``."""

    def __init__(self, root: Path, settings: dict[str, Any], expected: dict[str, Any], profile: Path) -> None:
        self.root, self.settings, self.expected, self.profile = root, settings, expected, profile
        self.number, self.moment, self.tallies = 0, "", {way: Tally() for way in WAYS}

    @property
    def folder(self) -> Path:
        """The folder of the present run."""
        return self.root / str(self.number)

    def run(self, kills: int, draw: random.Random) -> None:
        """Start or resume the run, and kill at most ``kills`` of its jobs; if it succeeds, the next one is another run."""
        self.folder.mkdir(parents=True, exist_ok=True)
        parts, said, killed = finished_parts.read(self.folder), self.folder / "said", 0
        with said.open("w") as file:
            process = subprocess.Popen(
                flow.command(self.folder, self.settings, "--workflow-profile", str(self.profile)),
                cwd=self.folder,
                env=flow.environment(),
                stdout=file,
                stderr=subprocess.STDOUT,
            )
        try:
            while process.poll() is None:
                time.sleep(draw.uniform(0, LONGEST))
                if killed < kills:
                    killed += self._kill(draw)
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)  # Snakemake cancels its jobs
                process.wait()
        assert "Traceback" not in flow.logs(self.folder), flow.logs(self.folder)
        finished_parts.check_kept(parts.needed(), finished_parts.read(self.folder))
        check_results(self.folder, self.expected)
        if process.returncode == 0:
            check_end(self.folder, self.expected)
            self.number += 1

    def _kill(self, draw: random.Random) -> bool:
        """Kill a job, or the process of a stage, if one is running."""
        way = draw.choice(WAYS)
        stages, running = processes(self.folder), jobs(self.folder)
        if not stages or not running:
            return False
        if way.startswith("scancel"):
            number, rule = draw.choice(sorted(running.items()))
            done = subprocess.run([*way.split(), number], capture_output=True).returncode == 0
            self.moment = f"{way} {rule}"
        else:
            try:
                os.kill(draw.choice(stages), signal.SIGKILL)
                done = True
            except ProcessLookupError:
                done = False
            self.moment = f"{way}, one of {sorted(running.values())}"
        self.tallies[way] += Tally(int(done), int(not done), 0, 1)
        return done


def check_jobs(jobs: Jobs, kills: int, draw: random.Random) -> None:
    """Kill ``kills`` jobs, and let the last run finish."""
    for _ in range(MOST_RUNS):
        done = sum(tally.kills for tally in jobs.tallies.values())
        if done >= kills and not jobs.folder.exists():
            return
        jobs.run(kills - done, draw)
    raise AssertionError(f"{jobs.folder}: not finished in {MOST_RUNS} runs")
