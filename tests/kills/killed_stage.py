"""One stage, killed again and again at random moments until it is left to finish."""

import contextlib
import os
import random
import re
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

from forked_stage import ended, start
from stage_commands import content, name, outputs, remove

from kills import finished_parts
from kills.finished_parts import Parts

SIGNALS = [signal.SIGKILL, signal.SIGTERM, signal.SIGINT]
STOPPED = re.compile(
    r"listill \w+: stopped; run again to resume\Z|train: stopped after step .+; run again to resume .+\Z"
)
LONGEST = 120.0  # seconds in which a stage has to end
# The kills come at any moment, while a file is being written, or a little after a part was finished.
AT_ONCE, WRITING, NEXT_PART = "", " while writing", " after the next part"
IN_PARTS = (
    "ask",
    "encode",
    "encode_share",
    "gate",
    "learning_curve",
    "rerank",
    "score",
    "score_share",
    "train",
    "train_joint",
)

Check = Callable[[Parts], None]


@dataclass
class Tally:
    """The number of kills, how often the stage was faster, how many finished parts the next run has kept, and its runs."""

    kills: int = 0
    faster: int = 0
    kept: int = 0
    runs: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        pairs = zip(vars(self).values(), vars(other).values(), strict=True)
        return Tally(*(one + another for one, another in pairs))

    def __sub__(self, other: "Tally") -> "Tally":
        pairs = zip(vars(self).values(), vars(other).values(), strict=True)
        return Tally(*(one - another for one, another in pairs))

    def count(self, killed: bool, kept: int = 0) -> None:
        """Add a run that was killed, unless it was faster, and in which ``kept`` finished parts were there before."""
        self.kills, self.faster, self.runs = self.kills + killed, self.faster + (not killed), self.runs + 1
        self.kept += kept


class Stage:
    """The command ``line`` of a finished run in ``folder``. ``asked_again`` checks requests after each of its runs.

    ``expected`` is the content of its outputs and ``duration`` that of a quiet run, both of which ``quiet`` measures.
    """

    def __init__(self, line: list[str], folder: Path, asked_again: Check = lambda before: None) -> None:
        self.line, self.folder, self.asked_again = line, folder, asked_again
        self.made, self.said = outputs(line, folder), folder / "said"
        self.expected: list[Any] = [content(path) for path in self.made]
        self.duration, self.tally = 0.0, Tally()
        self.moment = ""  # of the last kill, for the message of a fault
        self.handles = ".stages." in line[2]  # signals to stop

    def quiet(self) -> None:
        """Run the stage undisturbed, and check that it makes the same outputs again."""
        remove(self.made)
        begin = time.monotonic()
        self.finish(Parts())
        self.duration = time.monotonic() - begin

    def finish(self, before: Parts) -> None:
        """Run the stage to its end, and check its outputs; nothing but these and the stored scores is left."""
        self.moment = "the run to the end"
        process = start(self.line, self.folder, self.said)
        self._wait(process)
        assert process.exitcode == 0, self.said.read_text()
        assert [content(path) for path in self.made] == self.expected, "the outputs differ from those of a quiet run"
        if name(self.line) == "encode_share":
            remove([*self.folder.glob("results/*/.work")])  # the stage that follows would use and remove it
        left = [path for path in self.folder.rglob(".*") if path.name not in (".snakemake", ".scores")]
        assert left == []
        self._check_parts(before, succeeded=True)

    def kill(self, draw: random.Random, before: Parts) -> tuple[bool, Parts]:
        """Start the stage and send it a signal; return whether it was still at work, and the parts that it leaves."""
        number, after = draw.choice(SIGNALS), draw.uniform(0, self.duration)
        when = draw.choice([AT_ONCE, WRITING, NEXT_PART] if name(self.line) in IN_PARTS else [AT_ONCE, WRITING])
        if when == NEXT_PART:
            after /= 4
        self.moment = f"{number.name} after {after:.3f} of {self.duration:.3f} s{when}"
        known = self._parts()
        process = start(self.line, self.folder, self.said)
        end = time.monotonic() + LONGEST
        if when == NEXT_PART:
            while time.monotonic() < end and not ended(process, 0.002) and self._parts() <= known:
                pass
        if not ended(process, after) and when == WRITING:
            while time.monotonic() < end and not ended(process, 0.0005) and not self._writes(process):
                pass
        if process.is_alive():
            os.kill(process.pid or 0, number)
        self._wait(process)
        self._check(process, number)
        succeeded = all(path.exists() for path in self.made)
        after_parts = self._check_parts(before, succeeded)
        if succeeded or draw.random() < 0.5:  # as Snakemake does, unless it was killed, too
            remove(self.made)
        return process.exitcode != 0, after_parts

    def _writes(self, process: ForkServerProcess) -> bool:
        folders = {path.parent for path in self.made}
        folders |= {*self.folder.glob("results/*/.work/*"), *self.folder.glob("results/*/.scores/*/*")}
        return any(any(folder.glob(f".*.{process.pid}.tmp")) for folder in folders)

    def _parts(self) -> set[tuple[Path, int]]:
        """Return the finished parts that are there, with their sizes and times, without reading them."""
        found = [
            *self.folder.glob("results/*/.work/*/[0-9ac]*"),
            *self.folder.glob("results/*/.scores/*/*/[!.]*.scores"),
        ]
        parts = set()
        for path in found:
            with contextlib.suppress(FileNotFoundError):
                about = path.stat()
                parts.add((path, hash((about.st_size, about.st_mtime_ns))))
        return parts

    def _wait(self, process: ForkServerProcess) -> None:
        if not ended(process, LONGEST):
            process.kill()
            raise AssertionError(f"still at work after {LONGEST:.0f} s: {self.said.read_text()}")

    def _check(self, process: ForkServerProcess, number: int) -> None:
        """Check what a killed stage leaves and says."""
        for path, value in zip(self.made, self.expected, strict=True):
            assert not path.exists() or content(path) == value, f"{path} is not that of a quiet run"
        text = self.said.read_text()
        assert "Traceback" not in text, text
        assert process.exitcode in (0, -number, 128 + number), f"exit status {process.exitcode}: {text}"
        if process.exitcode == 128 + number:
            assert STOPPED.search(text.strip()), text
        if number != signal.SIGKILL and self.handles:
            left = list(self.folder.rglob(f"*.{process.pid}.tmp"))  # one of a SIGKILL before may still be there
            assert not left, f"{left} left behind"

    def _check_parts(self, before: Parts, succeeded: bool) -> Parts:
        """Check that what was finished ``before`` is kept, and return what is finished now."""
        after = finished_parts.read(self.folder)
        finished_parts.check_kept(before.stored() if succeeded else before, after)
        for step in before.steps.values():
            if "distinct passages" in (text := self.said.read_text()):  # the training has begun
                assert f"resuming after step {step} of" in text, f"step {step} was done, but: {text}"
        self.asked_again(before)
        return after.stored() if succeeded else after


def check_stage(stage: Stage, kills: int, draw: random.Random) -> None:
    """Kill a stage again and again, then let it finish; AssertionError if anything is wrong. The runs are in its tally.

    There are at most three times as many runs as ``kills``, since the stage may end before the kill.
    """
    if not stage.duration:
        stage.quiet()
    remove(stage.made)
    tally, parts = stage.tally, finished_parts.read(stage.folder)
    others, last_kills, last_run = parts.count, tally.kills + kills, tally.runs + 3 * kills
    while tally.kills < last_kills and tally.runs < last_run:
        kept = parts.count - others
        killed, parts = stage.kill(draw, parts)
        tally.count(killed, kept)
    tally.kept += parts.count - others
    stage.finish(parts)
