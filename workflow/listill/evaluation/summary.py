"""Compute per-query values from runs, and means with a paired comparison with each system's base."""

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

NO_COMPARISON: dict[str, Any] = dict.fromkeys(["base", "delta", "ci_low", "ci_high", "p_value"])


def base_of(system: str, students: list[str]) -> str | None:
    """Return the system that ``system`` is compared with (itself if it is a base); None if there are no students."""
    if system in students:
        return system
    owner = next((name for name in students if system.startswith(f"{name}.") or system == f"{name}+bm25"), None)
    return owner or (students[0] if students else None)


def runs_by_system(runs: list[Path]) -> dict[str, Path]:
    """Return the run of each system, named by its provenance (runs/<system>) or else by the file name."""
    systems: dict[str, Path] = {}
    for path in runs:
        name = tables.provenance(path).key.removeprefix("runs/")
        if name in systems:
            raise UserError(f"{path}: system '{name}' is already the run {systems[name]}: rename or remove one of them")
        systems[name] = path
    if not systems:
        raise UserError("no runs: pass one or more files with --runs")
    return systems


def base_systems(systems: list[str]) -> list[str]:
    """Return the systems that can be the base model of a student, judging by their names."""
    return [name for name in systems if name not in ("bm25", "teacher") and not set(name) & {".", "+"}]


def measure_systems(systems: dict[str, Path], qrels: pd.DataFrame, measures: list[str]) -> pd.DataFrame:
    """Return a per_query table: every measure for every system and every judged query of every split.

    ``qrels``: query_id, doc_id, relevance, split. The table is sorted by system, split, query_id and measure. Queries
    that are missing from a run have the value 0, and their number is logged. Raises UserError for a run without any of
    the evaluation queries.
    """
    splits = qrels.loc[qrels["relevance"] > 0, ["query_id", "split"]].drop_duplicates()
    frames = []
    for system, path in sorted(systems.items()):
        run = tables.read(path, "runs")
        missing = len(set(splits["query_id"]) - set(run["query_id"].unique()))
        if missing == len(splits):
            raise UserError(
                f"{path}: contains none of the {len(splits)} evaluation queries; check that it is a run on this corpus"
            )
        if missing:
            log.warning("%s: %d of %d evaluation queries are missing and count as 0", path, missing, len(splits))
        try:
            values = effectiveness.per_query(run, qrels, measures)
        except UserError as error:
            raise UserError(f"{path}: {error}") from None
        frames.append(values.merge(splits, on="query_id").assign(system=system))
    all_systems = pd.concat(frames)[SCHEMAS["per_query"].names]
    return all_systems.sort_values(["system", "split", "query_id", "measure"], ignore_index=True)


def summarise(values: pd.DataFrame, students: list[str], resamples: int, confidence: float, seed: int) -> pd.DataFrame:
    """Return the summary of a per_query table, sorted by system, split and measure.

    ``base`` is the mean of the comparison system (see ``base_of``) on the same queries. ``delta`` is value - base, with
    its bootstrap interval. ``p_value`` is from the permutation test, Holm-corrected within one split, measure and base.
    A base itself has delta 0 and no p-value. If the comparison system has no run, these columns are null.
    """
    present = set(values["system"])
    for missing in sorted({str(base_of(system, students)) for system in present} - present):
        log.warning("there is no run of %s, so no system is compared with it", missing)
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
                comparison = significance.compare(
                    systems[system].to_numpy(), systems[base].to_numpy(), resamples, confidence, seed
                )
                figures = {"base": float(systems[base].mean()), "delta": comparison.delta}
                figures |= {"p_value": comparison.p_value, "ci_low": comparison.low, "ci_high": comparison.high}
            rows.append(row | {"value": mean} | NO_COMPARISON | figures)
    frame = pd.DataFrame(rows).astype(dict.fromkeys(NO_COMPARISON, "float64"))
    frame["p_value"] = frame.groupby(["split", "measure", "against"])["p_value"].transform(_corrected)
    return frame[SCHEMAS["summary"].names].sort_values(["system", "split", "measure"], ignore_index=True)


def _corrected(p_values: pd.Series) -> np.ndarray:
    """Apply Holm's correction to the p-values of a family; a base has no p-value against itself."""
    corrected = p_values.to_numpy(dtype=np.float64, copy=True)
    tested = ~np.isnan(corrected)
    corrected[tested] = significance.holm(corrected[tested])
    return corrected
