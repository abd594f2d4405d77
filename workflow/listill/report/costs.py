"""What it cost: Snakemake's benchmark files."""

import os
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from listill.errors import UserError


@dataclass(frozen=True)
class Cost:
    """One job: wall clock and processor time in seconds, largest resident memory in MB (None where not measured)."""

    job: str
    seconds: float
    processor: float | None
    memory: float | None


def read(paths: list[Path]) -> list[Cost]:
    """Read benchmark TSVs (columns s, max_rss, cpu_time), longest job first; a job is named by its path."""
    root = os.path.commonpath([path.resolve().parent for path in paths]) if paths else ""
    costs = [_read(path, str(path.resolve().relative_to(root).with_suffix(""))) for path in paths]
    return sorted(costs, key=lambda cost: (-cost.seconds, cost.job))


def clock(seconds: float) -> str:
    """Return a duration as it is read: ``45 s``, ``3:20 min``, ``2:05 h``."""
    whole = round(seconds)
    if whole < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{whole} s"
    return f"{whole // 60}:{whole % 60:02} min" if whole < 3600 else f"{whole // 3600}:{whole % 3600 // 60:02} h"


def _read(path: Path, job: str) -> Cost:
    try:
        frame = pd.read_csv(path, sep="\t")
        # Snakemake writes NA or - for what it could not measure, such as the memory of a job of less than a second.
        columns = frame.reindex(columns=["s", "cpu_time", "max_rss"]).apply(pd.to_numeric, errors="coerce")
        seconds, processor, memory = columns["s"].mean(), columns["cpu_time"].mean(), columns["max_rss"].max()
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError):
        seconds = processor = memory = float("nan")
    if pd.isna(seconds):
        raise UserError(f"{path}: not a Snakemake benchmark file (a TSV with a column s)")
    return Cost(job, float(seconds), *(None if pd.isna(value) else float(value) for value in (processor, memory)))
