"""The query funnel: how many queries remain after each step, from generation to training."""

from dataclasses import dataclass, field

import pandas as pd

STAGES = {"queries": "after cleaning", "candidates": "after the consistency filter", "lists": "in training lists"}
OWN = "lists."  # begins the stage of a variant's own lists, whose counts follow those of the shared lists


@dataclass(frozen=True)
class Step:
    """The queries that remain after a step, by type, and how many the step dropped, by reason."""

    name: str
    counts: dict[str, int]
    lost: dict[str, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """The number of queries of all types."""
        return sum(self.counts.values())


def steps(funnel: pd.DataFrame, trained: dict[str, dict[str, int]], split: str = "train") -> list[Step]:
    """Return the funnel of one student's training queries.

    ``funnel``: the rows of the funnel tables of all stages (stage, type, split, reason, queries), where reason is
    ``generated`` (all queries; only in the stage queries), ``kept``, or why queries were dropped. The stage ``lists.v``
    counts the own lists of the variant v. ``trained``: for each variant, the number of training lists of each type.
    """
    rows = funnel[funnel["split"] == split]
    result = []
    own = sorted(stage for stage in set(rows["stage"]) if stage.startswith(OWN))
    for stage, name in [*STAGES.items(), *((stage, f"in lists of {stage.removeprefix(OWN)}") for stage in own)]:
        stage_rows = rows[rows["stage"] == stage]
        if stage_rows.empty:
            continue
        counts = {str(reason): _by_type(group) for reason, group in stage_rows.groupby("reason")}
        kept = counts.pop("kept", {})
        generated = counts.pop("generated", {})
        lost = {reason: sum(by_type.values()) for reason, by_type in counts.items() if sum(by_type.values())}
        if stage == "queries":
            # Queries that were not generated (human topics) may only be counted as kept.
            result.append(Step("before cleaning", dict(sorted((kept | generated).items()))))
        result.append(Step(name, kept, dict(sorted(lost.items(), key=lambda item: (-item[1], item[0])))))
    result += [Step(f"trained: {variant}", dict(sorted(counts.items()))) for variant, counts in sorted(trained.items())]
    return result


def held_out(funnel: pd.DataFrame) -> dict[str, int]:
    """Return the number of clean queries in each split that is not used for training."""
    rows = funnel[(funnel["stage"] == "queries") & (funnel["reason"] == "kept") & (funnel["split"] != "train")]
    return {str(split): int(count) for split, count in rows.groupby("split")["queries"].sum().items()}


def _by_type(rows: pd.DataFrame) -> dict[str, int]:
    return {str(query_type): int(count) for query_type, count in rows.groupby("type")["queries"].sum().items()}
