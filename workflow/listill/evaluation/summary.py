"""Compare each system with its base: means, differences, intervals and p-values."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from listill import tables
from listill.evaluation.measured import Measured, corrected
from listill.schemas import SCHEMAS
from listill.system_names import plain_system, student_of, trained_system, without_seed

log = logging.getLogger("listill")

FIGURES: dict[str, Any] = dict.fromkeys(["base", "delta", "ci_low", "ci_high", "p_value"])


def base_of(system: str, students: list[str]) -> str | None:
    """Return the system that ``system`` is compared with (itself if it is a base); None if there are no students."""
    return student_of(system, students) or (students[0] if students else None)


def kept_trainings(histories: list[Path]) -> dict[str, bool]:
    """Return for each trained system (student.variant) whether its training was kept, from history.parquet files."""
    details = {tables.provenance(path).key: tables.provenance(path).details for path in histories}
    return {trained_system(key): about["best_step"] > 0 for key, about in details.items() if "best_step" in about}


def summarise(
    measured: Sequence[Measured], students: list[str], kept: Mapping[str, bool] | None = None
) -> pd.DataFrame:
    """Return the summary, sorted by system, split and measure.

    ``base`` is the mean of the comparison system (see ``base_of``) on the same queries. ``delta`` is value - base, with
    its bootstrap interval. ``p_value`` is from the sign-flip test, Holm-corrected within one split, measure and base. A
    base itself has delta 0 and no p-value. If the comparison system has no run, these columns are null. ``kept`` tells for
    each trained system whether its training was kept.
    """
    present = {system for one in measured for system in one.systems}
    for missing in sorted({str(base_of(system, students)) for system in present} - present):
        log.warning("there is no run of %s, so no system is compared with it", missing)
    rows = []
    for one in measured:
        pairs = [
            (system, base)
            for system in one.systems
            if (base := base_of(system, students)) in one.systems and base != system
        ]
        comparisons = one.compare(pairs)
        for system in one.systems:
            base, value = base_of(system, students), one.mean(system)
            row = one.row(system) | {"against": base, "value": value} | FIGURES | _kept(system, kept or {})
            row["seed_sd"] = one.spread(system)
            if system == base:
                row |= {"base": value, "delta": 0.0, "ci_low": 0.0, "ci_high": 0.0}
            elif base is not None and (system, base) in comparisons:
                row |= {"base": one.mean(base)} | comparisons[system, base]
            rows.append(row)
    types = dict.fromkeys([*FIGURES, "seed_sd"], "float64") | {"kept": "Int64"}
    frame = pd.DataFrame(rows).astype(types)
    frame["p_value"] = frame.groupby(["split", "measure", "against"])["p_value"].transform(corrected)
    return frame[SCHEMAS["summary"].names].sort_values(["system", "split", "measure"], ignore_index=True)


def _kept(system: str, kept: Mapping[str, bool]) -> dict[str, int | None]:
    """Return in how many seeds the training of a system was kept; None for systems that are not trained."""
    of_system = [value for name, value in kept.items() if without_seed(name) == plain_system(system)]
    return {"kept": sum(of_system) if of_system else None}
