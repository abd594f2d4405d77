"""What SLURM says of the jobs of a run, and how to wait for it."""

import re
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Job:
    """A job as ``scontrol show job`` shows it."""

    facts: dict[str, str]

    @property
    def number(self) -> str:
        return self.facts["JobId"]

    @property
    def rule(self) -> str:
        """The Snakemake rule: the executor writes ``rule_<rule>_wildcards_<wildcards>`` into the comment."""
        return self.facts["Comment"].removeprefix("rule_").partition("_wildcards_")[0]

    @property
    def state(self) -> str:
        return self.facts["JobState"]

    @property
    def partition(self) -> str:
        return self.facts["Partition"]

    @property
    def cpus(self) -> int:
        return int(self.facts["NumCPUs"])

    @property
    def megabytes(self) -> int:
        return int(self.facts["MinMemoryNode"].removesuffix("M"))

    @property
    def minutes(self) -> int:
        """The time limit."""
        hours, minutes, _ = self.facts["TimeLimit"].split(":")
        return 60 * int(hours) + int(minutes)

    @property
    def submitted(self) -> datetime:
        return datetime.fromisoformat(self.facts["SubmitTime"])

    @property
    def start(self) -> datetime:
        return datetime.fromisoformat(self.facts["StartTime"])

    @property
    def end(self) -> datetime:
        return datetime.fromisoformat(self.facts["EndTime"])

    @property
    def gpus(self) -> int:
        found = re.fullmatch(r"gres:gpu:(\d+)", self.facts.get("TresPerJob", ""))
        return int(found[1]) if found else 0

    def processes(self) -> dict[int, str]:
        """Return the command lines of its processes by their ids."""
        said = subprocess.run(["scontrol", "listpids", self.number], capture_output=True, text=True).stdout
        found = {}
        for line in said.splitlines()[1:]:
            process = int(line.split()[0])
            if process > 0 and (file := Path(f"/proc/{process}/cmdline")).exists():
                found[process] = file.read_bytes().decode(errors="replace").replace("\0", " ")
        return found


def jobs(folder: Path, rule: str | None = None) -> list[Job]:
    """Return all jobs that were submitted from ``folder``, of one rule or of all, in the order of their submission."""
    said = subprocess.run(["scontrol", "show", "job", "--oneliner"], capture_output=True, text=True, check=True).stdout
    lines = [line for line in said.splitlines() if line.startswith("JobId=")]
    found = [Job(dict(re.findall(r"(\S+?)=(.*?) *(?= \S+?=|$)", line))) for line in lines]
    found = [job for job in found if Path(job.facts["WorkDir"]) == folder and rule in (None, job.rule)]
    return sorted(found, key=lambda job: int(job.number))


def wait_for(what: str, found: Callable[[], T], seconds: float = 120) -> T:
    """Return the first true value of ``found()``; the test fails if there is none within some seconds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if value := found():
            return value
        time.sleep(0.2)
    raise AssertionError(f"not within {seconds:g} seconds: {what}")
