"""Compute per-query values from runs, and compare the systems: means, differences, intervals and p-values.

The runs of a variant's seeds (see ``system_names``) are one system here: its value is their mean.
"""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from listill import tables
from listill.errors import UserError
from listill.evaluation import measures as effectiveness
from listill.evaluation import significance
from listill.evaluation.significance import Comparison, Sample
from listill.evaluation.topics import EvaluationQueries
from listill.measure_names import parse_measure
from listill.schemas import SCHEMAS
from listill.system_names import FUSED, is_variant, student_of, without_seed

log = logging.getLogger("listill")

FIGURES: dict[str, Any] = dict.fromkeys(["base", "delta", "ci_low", "ci_high", "p_value"])


def base_of(system: str, students: list[str]) -> str | None:
    """Return the system that ``system`` is compared with (itself if it is a base); None if there are no students."""
    return student_of(system, students) or (students[0] if students else None)


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


def kept_trainings(histories: list[Path]) -> dict[str, bool]:
    """Return for each trained system (student.variant) whether its training was kept, from history.parquet files."""
    details = {tables.provenance(path).key: tables.provenance(path).details for path in histories}
    return {
        key.removeprefix("models/").replace("/", "."): about["best_step"] > 0
        for key, about in details.items()
        if "best_step" in about
    }


def measure_systems(
    systems: dict[str, Path], qrels: pd.DataFrame, measures: list[str], documents: int | None = None
) -> pd.DataFrame:
    """Return a per_query table: every measure for every system and every judged query of every split.

    ``qrels``: query_id, doc_id, relevance, split. The table is sorted by system, split, query_id and measure. Queries
    that are missing from a run have the value 0, and their number is logged. ``documents`` is the size of the corpus: a
    run that reranks a pool has no measures whose cut-off is deeper than the pool, if the corpus is larger. Raises
    UserError for a run without any of the evaluation queries.
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
        deepest = _deepest_cut(run, documents) if tables.provenance(path).details.get("reranks") else np.inf
        measurable = [measure for measure in measures if parse_measure(measure)[1] <= deepest]
        if left_out := sorted(set(measures) - set(measurable)):
            log.info("%s: no %s, since it reranks pools of at most %d documents", system, ", ".join(left_out), deepest)
        try:
            values = effectiveness.per_query(run, qrels, measurable)
        except UserError as error:
            raise UserError(f"{path}: {error}") from None
        frames.append(values.merge(splits, on="query_id").assign(system=system))
    all_systems = pd.concat(frames)[SCHEMAS["per_query"].names]
    return all_systems.sort_values(["system", "split", "query_id", "measure"], ignore_index=True)


def _deepest_cut(run: pd.DataFrame, documents: int | None) -> float:
    """Return the deepest cut-off that is fair to a reranked run: the largest pool, or any if it is the whole corpus."""
    largest = int(run["query_id"].value_counts().max())
    return np.inf if documents is None or largest >= documents else largest


@dataclass(frozen=True)
class Measured:
    """The values of one measure on one split: for each system a matrix [queries, seeds], and the sample of queries."""

    split: str
    measure: str
    systems: dict[str, np.ndarray]
    sample: Sample

    def difference(self, system: str, against: str) -> np.ndarray:
        """Return the difference of two systems [queries, seeds]. Seeds are paired if both have as many."""
        values, others = self.systems[system], self.systems[against]
        return values - (others if values.shape == others.shape else others.mean(axis=1, keepdims=True))

    def mean(self, system: str) -> float:
        """Return the mean of a system over the queries and seeds."""
        return float(self.sample.mean(self.systems[system].mean(axis=1)))

    def spread(self, system: str) -> float | None:
        """Return the standard deviation of the means of a system's seeds; None if it has one seed only."""
        by_seed = self.sample.mean(self.systems[system])
        return float(by_seed.std(ddof=1)) if len(by_seed) > 1 else None


def _measured(values: pd.DataFrame, evaluated: EvaluationQueries | None) -> Iterator[Measured]:
    for (split, measure), group in values.groupby(["split", "measure"]):
        wide = group.pivot(index="query_id", columns="system", values="value").sort_index()
        columns: dict[str, list[str]] = {}
        for column in map(str, wide):
            columns.setdefault(without_seed(column), []).append(column)
        sample = evaluated.sample(wide.index.tolist()) if evaluated else Sample(len(wide))
        matrices = {system: wide[seeds].to_numpy() for system, seeds in columns.items()}
        yield Measured(str(split), str(measure), matrices, sample)


def summarise(
    values: pd.DataFrame,
    students: list[str],
    resamples: int,
    confidence: float,
    seed: int,
    evaluated: EvaluationQueries | None = None,
    kept: Mapping[str, bool] | None = None,
) -> pd.DataFrame:
    """Return the summary of a per_query table, sorted by system, split and measure.

    ``base`` is the mean of the comparison system (see ``base_of``) on the same queries. ``delta`` is value - base, with
    its bootstrap interval. ``p_value`` is from the sign-flip test, Holm-corrected within one split, measure and base. A
    base itself has delta 0 and no p-value. If the comparison system has no run, these columns are null. ``evaluated``
    has the clusters and weights of the queries (default: independent queries of equal weight). ``kept`` tells for each
    trained system whether its training was kept.
    """
    present = {without_seed(system) for system in values["system"].unique()}
    for missing in sorted({str(base_of(system, students)) for system in present} - present):
        log.warning("there is no run of %s, so no system is compared with it", missing)
    rows = []
    for measured in _measured(values, evaluated):
        pairs = [
            (system, base)
            for system in measured.systems
            if (base := base_of(system, students)) in measured.systems and base != system
        ]
        comparisons = _compare(measured, pairs, resamples, confidence, seed)
        for system in measured.systems:
            base, value = base_of(system, students), measured.mean(system)
            row = _row(measured, system) | {"against": base, "value": value} | FIGURES | _kept(system, kept or {})
            if system == base:
                row |= {"base": value, "delta": 0.0, "ci_low": 0.0, "ci_high": 0.0}
            elif base is not None and (system, base) in comparisons:
                row |= {"base": measured.mean(base)} | _figures(comparisons[system, base])
            rows.append(row)
    frame = _frame(rows, [*FIGURES, "seed_sd"])
    frame["p_value"] = frame.groupby(["split", "measure", "against"])["p_value"].transform(_corrected)
    return frame[SCHEMAS["summary"].names].sort_values(["system", "split", "measure"], ignore_index=True)


def pairs_to_compare(systems: list[str], students: list[str]) -> list[tuple[str, str, str]]:
    """Return (student, system, against): the comparisons besides those with the base, as far as there are runs.

    Each variant is compared with BM25, with the fusion of BM25 and the base model, and with the student's other
    variants; the fusion of a variant and BM25 is compared with that of the base model.
    """
    pairs = []
    for student in students:
        variants = sorted(system for system in systems if is_variant(system, student))
        untrained = [system for system in ("bm25", student + FUSED) if system in systems]
        pairs += [(student, variant, other) for variant in variants for other in untrained]
        pairs += [(student, one, other) for i, one in enumerate(variants) for other in variants[i + 1 :]]
        fused = [variant + FUSED for variant in variants if variant + FUSED in systems and student + FUSED in systems]
        pairs += [(student, variant, student + FUSED) for variant in fused]
    return pairs


def compare_systems(
    values: pd.DataFrame,
    students: list[str],
    resamples: int,
    confidence: float,
    seed: int,
    evaluated: EvaluationQueries | None = None,
) -> pd.DataFrame:
    """Return the table ``comparisons`` of a per_query table; see ``pairs_to_compare``.

    p-values are Holm-corrected over the comparisons of one student on one split and measure.
    """
    rows = []
    for measured in _measured(values, evaluated):
        pairs = pairs_to_compare(list(measured.systems), students)
        comparisons = _compare(measured, [pair[1:] for pair in pairs], resamples, confidence, seed)
        for student, system, against in pairs:
            means = {"value": measured.mean(system), "against_value": measured.mean(against)}
            row = _row(measured, system) | {"student": student, "against": against} | means
            rows.append(row | _figures(comparisons[system, against]))
    names = SCHEMAS["comparisons"].names
    if not rows:
        return pd.DataFrame(columns=names)
    frame = _frame(rows, [])
    frame["p_value"] = frame.groupby(["split", "measure", "student"])["p_value"].transform(_corrected)
    return frame[names].sort_values(["split", "measure", "system", "against"], ignore_index=True)


def _compare(
    measured: Measured, pairs: list[tuple[str, str]], resamples: int, confidence: float, seed: int
) -> dict[tuple[str, str], Comparison]:
    if not pairs:
        return {}
    differences = [measured.difference(*pair) for pair in pairs]
    results = significance.compare(differences, measured.sample, resamples, confidence, seed)
    return dict(zip(pairs, results, strict=True))


def _row(measured: Measured, system: str) -> dict[str, Any]:
    return {
        "system": system,
        "split": measured.split,
        "measure": measured.measure,
        "queries": len(measured.systems[system]),
        "clusters": measured.sample.clusters,
        "seeds": measured.systems[system].shape[1],
        "seed_sd": measured.spread(system),
    }


def _figures(comparison: Comparison) -> dict[str, float]:
    return {
        "delta": comparison.delta,
        "ci_low": comparison.low,
        "ci_high": comparison.high,
        "p_value": comparison.p_value,
    }


def _kept(system: str, kept: Mapping[str, bool]) -> dict[str, int | None]:
    """Return in how many seeds the training of a system was kept; None for systems that are not trained."""
    of_system = [value for name, value in kept.items() if without_seed(name) == system.removesuffix(FUSED)]
    return {"kept": sum(of_system) if of_system else None}


def _frame(rows: list[dict[str, Any]], floats: list[str]) -> pd.DataFrame:
    frame = pd.DataFrame(rows).astype(dict.fromkeys(floats, "float64"))
    return frame.astype({"kept": "Int64"}) if "kept" in frame else frame


def _corrected(p_values: pd.Series) -> np.ndarray:
    """Apply Holm's correction to the p-values of a family; a base has no p-value against itself."""
    corrected = p_values.to_numpy(dtype=np.float64, copy=True)
    tested = ~np.isnan(corrected)
    corrected[tested] = significance.holm(corrected[tested])
    return corrected
