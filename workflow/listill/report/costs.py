"""The costs of a run, from the benchmark files of Snakemake."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from listill.errors import UserError


@dataclass(frozen=True)
class Cost:
    """One job: wall clock time and CPU time in seconds, peak resident memory in MB (None if not measured).

    ``rate`` is what it did per second, with its unit; empty if that is not known.
    """

    job: str
    seconds: float
    processor: float | None
    memory: float | None
    rate: str = ""


def read(paths: list[Path]) -> list[Cost]:
    """Read benchmark TSV files (columns s, max_rss, cpu_time), longest job first; the name of a job is that of its file."""
    costs = [_read(path, path.stem) for path in paths]
    return sorted(costs, key=lambda cost: (-cost.seconds, cost.job))


def with_rates(costs: list[Cost], amounts: Mapping[str, tuple[int, str]]) -> list[Cost]:
    """Return the costs with the rate of each job whose amount of work is known: {job: (amount, unit)}.

    The time is that of the whole job, with its start-up.
    """
    return [
        replace(cost, rate=_rate(*amounts[cost.job], cost.seconds)) if cost.job in amounts and cost.seconds else cost
        for cost in costs
    ]


def _rate(amount: int, unit: str, seconds: float) -> str:
    rate = amount / seconds
    return f"{rate:,.0f} {unit}/s" if rate >= 10 else f"{rate:.2g} {unit}/s"


def clock(seconds: float) -> str:
    """Return a readable duration: ``45 s``, ``3:20 min``, ``2:05 h``."""
    rounded = round(seconds)
    if rounded < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{rounded} s"
    if rounded < 3600:
        return f"{rounded // 60}:{rounded % 60:02} min"
    return f"{rounded // 3600}:{rounded % 3600 // 60:02} h"


def _read(path: Path, job: str) -> Cost:
    try:
        frame = pd.read_csv(path, sep="\t")
        # Snakemake writes NA or - for missing measurements, such as the memory of a job that took less than a second.
        columns = frame.reindex(columns=["s", "cpu_time", "max_rss"]).apply(pd.to_numeric, errors="coerce")
        seconds, processor, memory = columns["s"].mean(), columns["cpu_time"].mean(), columns["max_rss"].max()
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError):
        seconds = processor = memory = float("nan")
    if pd.isna(seconds):
        raise UserError(f"{path}: not a Snakemake benchmark file (a TSV file with a column s): delete or replace it")
    known = [None if pd.isna(value) else float(value) for value in (processor, memory)]
    return Cost(job, float(seconds), known[0], known[1])
