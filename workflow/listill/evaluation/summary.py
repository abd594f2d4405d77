"""From runs to per-query values, and from these to means with a paired comparison against each system's base."""

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from listill import tables
from listill.errors import UserError
from listill.evaluation import measures as effectiveness
from listill.evaluation import significance
from listill.schemas import SCHEMAS

log = logging.getLogger("listill")

NOTHING: dict[str, Any] = dict.fromkeys(["base", "delta", "ci_low", "ci_high", "p_value"])


def base_of(system: str, students: list[str]) -> str | None:
    """Return the system that ``system`` is compared with (itself if it is a base); None if there are no students."""
    if system in students:
        return system
    owner = next((name for name in students if system.startswith(f"{name}.") or system == f"{name}+bm25"), None)
    return owner or (students[0] if students else None)


def runs_by_system(runs: list[Path]) -> dict[str, Path]:
    """Return the run of each system: named by its provenance (runs/<system>), a foreign file by its stem."""
    systems: dict[str, Path] = {}
    for path in runs:
        name = tables.provenance(path).key.removeprefix("runs/")
        if name in systems:
            raise UserError(f"{path}: system '{name}' is already given by {systems[name]}")
        systems[name] = path
    if not systems:
        raise UserError("no runs: give one or more files with --runs")
    return systems


def base_systems(systems: list[str]) -> list[str]:
    """Return the systems that can be a student's base, by their names."""
    return [name for name in systems if name not in ("bm25", "teacher") and not set(name) & {".", "+"}]


def measure_systems(systems: dict[str, Path], qrels: pd.DataFrame, measures: list[str]) -> pd.DataFrame:
    """Return a per_query table: every measure of every system's run on every judged query of every split.

    ``qrels``: query_id, doc_id, relevance, split. Sorted by system, split, query_id, measure. Queries that a run leaves
    out count 0, and the log says how many; a run that answers none is a UserError.
    """
    splits = qrels.loc[qrels["relevance"] > 0, ["query_id", "split"]].drop_duplicates()
    frames = []
    for system, path in sorted(systems.items()):
        run = tables.read(path, "runs")
        missing = len(set(splits["query_id"]) - set(run["query_id"].unique()))
        if missing == len(splits):
            raise UserError(f"{path}: answers none of the {len(splits)} evaluation queries; is it of this corpus?")
        if missing:
            log.warning("%s: %d of %d evaluation queries are missing and count 0", path, missing, len(splits))
        try:
            values = effectiveness.per_query(run, qrels, measures)
        except UserError as error:
            raise UserError(f"{path}: {error}") from None
        frames.append(values.merge(splits, on="query_id").assign(system=system))
    together = pd.concat(frames)[SCHEMAS["per_query"].names]
    return together.sort_values(["system", "split", "query_id", "measure"], ignore_index=True)


def summarise(values: pd.DataFrame, students: list[str], resamples: int, confidence: float, seed: int) -> pd.DataFrame:
    """Return a summary table of a per_query table, sorted by system, split and measure.

    ``base`` is the mean of the comparison system (see ``base_of``) on the same queries, ``delta`` = value - base with
    its bootstrap interval, ``p_value`` the permutation test's, Holm-corrected within one split, measure and base. A
    base itself has delta 0 and no p-value; where the comparison system has no run, these columns are null.
    """
    present = set(values["system"])
    for missing in sorted({str(base_of(system, students)) for system in present} - present):
        log.warning("there is no run of %s, so nothing can be compared with it", missing)
    rows = []
    for (split, measure), group in values.groupby(["split", "measure"]):
        systems = group.pivot(index="query_id", columns="system", values="value").sort_index()
        for system in map(str, systems):
            base = base_of(system, students)
            row = {"system": system, "split": split, "measure": measure, "queries": len(systems), "against": base}
            mean = float(systems[system].mean())
            figures: dict[str, Any] = {}
            if system == base:
                figures = {"base": mean, "delta": 0.0, "ci_low": 0.0, "ci_high": 0.0}
            elif base in systems:
                found = significance.compare(
                    systems[system].to_numpy(), systems[base].to_numpy(), resamples, confidence, seed
                )
                figures = {"base": float(systems[base].mean()), "delta": found.delta, "p_value": found.p_value}
                figures |= {"ci_low": found.low, "ci_high": found.high}
            rows.append(row | {"value": mean} | NOTHING | figures)
    frame = pd.DataFrame(rows).astype(dict.fromkeys(NOTHING, "float64"))
    frame["p_value"] = frame.groupby(["split", "measure", "against"])["p_value"].transform(_corrected)
    return frame[SCHEMAS["summary"].names].sort_values(["system", "split", "measure"], ignore_index=True)


def _corrected(p_values: pd.Series) -> np.ndarray:
    """Holm over those of a family that have a p-value: a base has none against itself."""
    corrected = p_values.to_numpy(dtype=np.float64, copy=True)
    tested = ~np.isnan(corrected)
    corrected[tested] = significance.holm(corrected[tested])
    return corrected
