"""The estimate as text."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

from listill.estimate.jobs import Job, OneCorpus
from listill.estimate.levers import Lever
from listill.estimate.rates import Rates

HERE = "here"


def corpora(known: Mapping[str, OneCorpus]) -> str:
    """Return a paragraph with the numbers of each corpus."""
    lines = []
    for name, one in known.items():
        counts, statistics = one.counts, one.known
        lines.append(
            f"{name}: {statistics.documents:,} documents of {statistics.lengths.mean():,.0f} tokens on average; "
            f"{counts.passages:,} passages get queries; {counts.train:,.0f} train queries ({counts.human:,} human); "
            f"{counts.evaluated:,.0f} evaluation queries; {counts.candidates:.0f} candidates of a query; "
            f"{counts.lists:,.0f} training lists"
        )
    return "\n".join(lines)


def stages(jobs: Sequence[Job], rates: Rates) -> str:
    """Return a table with a row for each stage: jobs, amount, time here, memory and disk."""
    rows = [("stage", "jobs", "amount", "time", "memory", "disk")]
    for family, group in groupby(sorted(jobs, key=lambda job: _order(jobs, job)), key=lambda job: job.family):
        some = list(group)
        seconds = [rates.seconds(job) for job in some]
        amount = f"{sum(job.amount for job in some):,.0f} {some[0].unit}"
        memory, disk = max(job.memory for job in some), sum(job.disk for job in some)
        rows.append((family, str(len(some)), amount, _sum(seconds), size(memory), size(disk)))
    known = [rates.seconds(job) for job in jobs]
    rows.append(("sum", str(len(jobs)), "", _sum(known), "", size(sum(job.disk for job in jobs))))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    left = (0, 2)
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column in left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def machines(jobs: Sequence[Job], rates: Mapping[str, tuple[str, Rates]], prices: Mapping[str, float]) -> str:
    """Return a line for each machine: the time if its jobs run one after the other, and the price if one is given."""
    lines = []
    for name, (about, machine) in rates.items():
        seconds = [machine.seconds(job) for job in jobs]
        price = prices.get(name)
        hours = sum(one or 0.0 for one in seconds) / 3600
        cost = f", {price * hours:,.2f} at {price:g} an hour" if price else ""
        lines.append(f"{name} ({about}): {_sum(seconds)}{cost}")
    return "\n".join(lines)


def levers(found: Iterable[Lever], pairs: float, total: float) -> str:
    """Return a line for each lever; ``pairs`` are those that are scored."""
    lines = [
        f"{lever.key} {lever.smaller} instead of {lever.value} saves {1 - lever.seconds / total:.0%} of the time"
        for lever in found
    ]
    if not lines:
        return f"pairs scored: {count(pairs)}"
    return "\n".join([f"pairs scored: {count(pairs)}; {lines[0]}", *(f"  {line}" for line in lines[1:])])


def missing(rates: Rates) -> str:
    """Return a line for each rate that is not known."""
    return "\n".join(f"{name} is not known: {reason}" for name, reason in sorted(rates.missing.items()))


def duration(seconds: float) -> str:
    """Return a duration in the unit that suits it."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def size(number: float) -> str:
    """Return a number of bytes in MB or GB."""
    return f"{number / 1e9:.1f} GB" if number >= 0.95e9 else f"{number / 1e6:.0f} MB"


def count(number: float) -> str:
    """Return a number in words for millions."""
    return f"{number / 1e6:.1f} million" if number >= 1e6 else f"{number:,.0f}"


def _sum(seconds: Sequence[float | None]) -> str:
    known = [one for one in seconds if one is not None]
    if not known:
        return "?"
    return ("" if len(known) == len(seconds) else "over ") + duration(sum(known))


def _order(jobs: Sequence[Job], job: Job) -> int:
    """Return the place of the first job of the same stage."""
    return next(number for number, other in enumerate(jobs) if other.family == job.family)
