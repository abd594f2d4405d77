"""Whole runs, killed at random moments: Snakemake alone, or with its jobs. The results are those of a quiet run."""

import base64
import contextlib
import os
import random
import subprocess
import time
from pathlib import Path
from typing import Any

import flow
import forked_jobs
from stage_commands import content

from kills import finished_parts
from kills.finished_parts import Version, version
from kills.killed_stage import SIGNALS, Tally

SOONEST = 2.0  # seconds in which Snakemake has read the workflow
TRIES = 100


def kill_run(
    folder: Path,
    settings: dict[str, Any],
    number: int,
    alone: bool,
    after: float,
    *arguments: str,
    forked: bool = False,
) -> tuple[int, str]:
    """Start a run, send a signal to Snakemake ``alone`` or to all its jobs, too; return its status and what it said."""
    said = folder / "said"
    with open(said, "w") as file:
        process = subprocess.Popen(
            flow.command(folder, settings, *arguments),
            cwd=folder,
            env=flow.environment() | (forked_jobs.environment() if forked else {}),
            start_new_session=True,
            stdout=file,
            stderr=subprocess.STDOUT,
        )
        try:
            process.wait(after)
        except subprocess.TimeoutExpired:
            (os.kill if alone else os.killpg)(process.pid, number)
            if not alone:
                for stage in list(forked_jobs.RUNNING):
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(stage.pid or 0, number)
        process.wait()
    return process.returncode, said.read_text()


def results(folder: Path) -> dict[str, Any]:
    """Return what must be the same in two runs, by the path of the table, model or page; a stage may be at work."""
    # The marks of shares are temporary; the quiet run keeps them for the stages that are killed alone.
    left_out, found = {"config", "logs", "benchmarks", "encoded", "scored", "scored.done"}, {}
    for path in sorted((folder / "results").rglob("*")):
        parts = path.relative_to(folder).parts
        hidden = any(part.startswith(".") for part in parts)
        with contextlib.suppress(FileNotFoundError):
            if path.is_file() and not hidden and not left_out & set(parts):
                found["/".join(parts)] = content(path)
    return found


def check_results(folder: Path, expected: dict[str, Any]) -> None:
    """Raise AssertionError if something under a declared name is not that of a quiet run."""
    wrong = [name for name, value in results(folder).items() if value != expected.get(name)]
    assert not wrong, f"{wrong} are not those of a quiet run"


def finished(folder: Path) -> dict[Path, Version]:
    """Return the versions of the tables whose jobs have succeeded.

    Snakemake remembers these, and marks the outputs of jobs that have begun since. Of a model's folder it does not know all.
    """
    known, begun = (
        {path.name for path in (folder / ".snakemake" / name).rglob("*")} for name in ("metadata", "incomplete")
    )
    found = [path for path in (folder / "results").rglob("*.parquet") if not path.name.startswith(".")]
    names = {path: base64.urlsafe_b64encode(str(path.relative_to(folder)).encode()).decode() for path in found}
    return {path: version(path) for path, name in names.items() if name in known - begun}


def check_end(folder: Path, expected: dict[str, Any]) -> None:
    """Check the results of a run that has succeeded, and that it has left nothing but these and the stored scores."""
    found = results(folder)
    differ = sorted(name for name in {*found, *expected} if found.get(name) != expected.get(name))
    assert not differ, f"{differ} are not those of a quiet run"
    hidden = {path.name for path in (folder / "results").rglob(".*")}
    assert hidden <= {".scores"}, hidden


class Runs:
    """Runs of the same config as the finished one, one after the other, each in a folder of its own below ``root``."""

    def __init__(self, root: Path, settings: dict[str, Any], expected: dict[str, Any], *targets: str) -> None:
        self.root, self.settings, self.expected, self.targets = root, settings, expected, targets
        self.number, self.moment, self.tally = 0, "", Tally()

    @property
    def folder(self) -> Path:
        """The folder of the present run."""
        return self.root / str(self.number)

    def kill(self, draw: random.Random, longest: float = 12.0) -> bool:
        """Start or resume the run and kill it after at most ``longest`` seconds; return whether it was still at work."""
        number, alone, after = draw.choice(SIGNALS), draw.random() < 0.5, draw.uniform(SOONEST, longest)
        who = "Snakemake alone" if alone else "Snakemake and its jobs"
        self.moment = f"{number.name} to {who} after {after:.3f} s"
        self.folder.mkdir(parents=True, exist_ok=True)
        before, parts = finished(self.folder), finished_parts.read(self.folder)
        status, _ = kill_run(self.folder, self.settings, number, alone, after, *self.targets, forked=True)
        assert "Traceback" not in flow.logs(self.folder), flow.logs(self.folder)
        now = finished(self.folder)
        again = [path for path, old in before.items() if now.get(path) != old]
        assert not again, f"{again[:3]} were finished, and have been made again"
        finished_parts.check_kept(parts.needed(), finished_parts.read(self.folder))
        check_results(self.folder, self.expected)
        if status == 0:
            self.finish()
        return status != 0

    def finish(self) -> None:
        """Let the run end; all its results are those of the quiet run, and nothing is left over or left to be done."""
        self.moment = "the run to the end"
        for _ in range(TRIES):  # until the stages of the last killed run have ended
            if (done := flow.run(self.folder, self.settings, *self.targets)).returncode == 0:
                break
            time.sleep(1)
        assert done.returncode == 0, done.stdout + done.stderr
        assert not flow.scheduled(self.folder, self.settings, *self.targets)
        check_end(self.folder, self.expected)
        self.number += 1


def check_runs(runs: Runs, kills: int, draw: random.Random) -> None:
    """Kill runs ``kills`` times; they are in the tally."""
    last = runs.tally.kills + kills
    while runs.tally.kills < last:
        parts = finished_parts.read(runs.folder).count
        runs.tally.count(runs.kill(draw), parts)
