"""Where queries got lost: from what was generated to what was trained on."""

from dataclasses import dataclass, field

import pandas as pd

STAGES = {"queries": "cleaned", "candidates": "found again (consistent)", "lists": "kept by the teacher"}


@dataclass(frozen=True)
class Step:
    """Queries that are left after a step, by type, and how many it dropped for which reason."""

    name: str
    counts: dict[str, int]
    lost: dict[str, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """All types together."""
        return sum(self.counts.values())


def steps(funnel: pd.DataFrame, trained: dict[str, dict[str, int]], split: str = "train") -> list[Step]:
    """Return the funnel of one student's training queries.

    ``funnel``: the rows of the funnel tables of all stages (stage, type, split, reason, queries), where reason is
    ``generated`` (all there were, stage queries only), ``kept``, or why queries were dropped. ``trained``: for each
    variant the number of lists of each type that it was trained on.
    """
    rows = funnel[funnel["split"] == split]
    found = []
    for stage, name in STAGES.items():
        here = rows[rows["stage"] == stage]
        if here.empty:
            continue
        counts = {str(reason): _by_type(group) for reason, group in here.groupby("reason")}
        kept = counts.pop("kept", {})
        generated = counts.pop("generated", {})
        lost = {reason: sum(of.values()) for reason, of in counts.items() if sum(of.values())}
        if stage == "queries":
            # Queries that nobody generated (human topics) are only counted as kept.
            found.append(Step("generated or given", dict(sorted((kept | generated).items()))))
        found.append(Step(name, kept, dict(sorted(lost.items(), key=lambda item: (-item[1], item[0])))))
    return found + [Step(f"trained: {variant}", dict(sorted(of.items()))) for variant, of in sorted(trained.items())]


def set_aside(funnel: pd.DataFrame) -> dict[str, int]:
    """Return the number of clean queries of each split that never trains."""
    rows = funnel[(funnel["stage"] == "queries") & (funnel["reason"] == "kept") & (funnel["split"] != "train")]
    return {str(split): int(count) for split, count in rows.groupby("split")["queries"].sum().items()}


def _by_type(rows: pd.DataFrame) -> dict[str, int]:
    return {str(kind): int(count) for kind, count in rows.groupby("type")["queries"].sum().items()}
