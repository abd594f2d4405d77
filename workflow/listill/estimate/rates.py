"""How fast a machine is: what it does in a second, and how long a job takes to start.

The names of rates, and their units a second:

- ``read``, ``index``: documents that are read from the source, and documents that are indexed for BM25
- ``bm25``, ``search``: products of queries and documents, in a search by BM25 and in an exact search of embeddings
- ``rows``: rows of runs, candidates and lists that are sorted and written
- ``clean``: queries that are cleaned
- ``resample``: products of queries and resamples, in the comparison of two systems
- ``generate``: queries of a language model
- ``mteb``: tasks of MTEB with one student
- ``encode.<student>``, ``train.<student>``, ``score.<teacher>``: tokens, in the forward pass of a student, in a training
  step, and in pairs that a reranker scores
- ``check.<student>``: tokens, in the forward pass of a student as users load it, in float32; on named machines, that of
  ``encode``
- ``pairs.<teacher>``: pairs that are compared by MaxSim, or by a teacher outside the package
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from listill.errors import UserError, nearest
from listill.estimate.jobs import Job, Sizes

# Forward and backward pass take three times the work of a forward pass.
STEP = 3
# Rates that do not depend on a model, and of them those that are taken to be the same on every machine: rows that are
# written a second in the demo, and queries that are cleaned a second on SciFact.
SIMPLE = ("read", "index", "bm25", "search", "resample")
FIXED = {"rows": 60_000.0, "clean": 3000.0}
MACHINES = Path(__file__).parent / "machines.yaml"


@dataclass(frozen=True)
class Rates:
    """The rates of a machine by name, the seconds of each ``Job.start``, and why a rate is missing."""

    per_second: Mapping[str, float]
    starts: Mapping[str, float]
    missing: Mapping[str, str] = field(default_factory=dict)

    def seconds(self, job: Job) -> float | None:
        """Return the duration of a job; None if a rate is not known."""
        if any(amount and name not in self.per_second for name, amount in job.work.items()):
            return None
        work = sum(amount / self.per_second[name] for name, amount in job.work.items() if amount)
        return self.starts[job.start] + work

    def replaced(self, known: Mapping[str, float]) -> "Rates":
        """Return the rates with those that the config gives."""
        return Rates({**self.per_second, **known}, self.starts, self.missing)


def check_names(known: Mapping[str, float], jobs: Iterable[Job]) -> None:
    """Raise UserError for a rate in the config that no job uses."""
    used = sorted({name for job in jobs for name in job.work})
    for name in known:
        if name not in used:
            raise UserError(
                f"estimate.rates: no job has the rate '{name}'{nearest(name, used)}; used: {', '.join(used)}"
            )


def machines() -> dict[str, dict[str, Any]]:
    """Return the named machines: effective TFLOP/s of encoding, training, scoring and generation, and other rates."""
    return dict(yaml.safe_load(MACHINES.read_text(encoding="utf-8")))


def rates_of(machine: Mapping[str, Any], sizes: Sizes, flop: Callable[[str], float], jobs: Iterable[Job]) -> Rates:
    """Return the rates of a named machine for the jobs; ``flop`` is the FLOP per token of a model.

    The rates of models whose size is not known are missing.
    """
    per_second = FIXED | {name: float(machine[name]) for name in SIMPLE}
    for name in {name for job in jobs for name in job.work} - per_second.keys():
        kind, _, model = name.partition(".")
        if kind == "pairs":
            per_second[name] = float(machine["pairs"])
        elif (rated := "encode" if kind == "check" else kind) in machine and sizes.get(model or kind) is not None:
            step = STEP if kind == "train" else 1
            per_second[name] = 1e12 * float(machine[rated]) / (step * flop(model or kind))
    return Rates(per_second, machine["starts"])
