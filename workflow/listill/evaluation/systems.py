"""Compute per-query values from the runs of all systems."""

import logging
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from listill import tables
from listill.errors import UserError
from listill.evaluation import measures as effectiveness
from listill.measure_names import parse_measure
from listill.retrieval.runs import blocks, rows_of
from listill.schemas import SCHEMAS

log = logging.getLogger("listill")


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


def measure_systems(
    systems: dict[str, Path], qrels: pd.DataFrame, measures: list[str], documents: int | None = None
) -> pd.DataFrame:
    """Return a per_query table: every measure for every system and every judged query of every split.

    ``qrels``: query_id, doc_id, relevance, split. The table is sorted by system, split, query_id and measure. Queries
    that are missing from a run have the value 0, and their number is logged; a run without rows is 0 everywhere.
    ``documents`` is the size of the corpus: a run that reranks a pool has no measures whose cut-off is deeper than the
    pool, if the corpus is larger. Raises UserError for a run of other queries, without any of the evaluation queries.
    """
    splits = qrels.loc[qrels["relevance"] > 0, ["query_id", "split"]].drop_duplicates()
    frames = []
    for system, path in sorted(systems.items()):
        run = tables.read_arrow(path, "runs")
        missing = len(set(splits["query_id"]) - set(run["query_id"].unique().to_pylist()))
        if missing == len(splits) and len(run):
            raise UserError(
                f"{path}: contains none of the {len(splits)} evaluation queries; check that it is a run on this corpus"
            )
        if missing:
            log.warning("%s: %d of %d evaluation queries are missing and count as 0", path, missing, len(splits))
        deepest = _deepest_cut(run, documents) if tables.provenance(path).details.get("reranks") else np.inf
        measurable = [measure for measure in measures if parse_measure(measure)[1] <= deepest]
        if left_out := sorted(set(measures) - set(measurable)):
            log.info("%s: no %s, since it reranks pools of at most %d documents", system, ", ".join(left_out), deepest)
        for block in blocks(set(splits["query_id"])):
            judged = qrels[qrels["query_id"].isin(block)]
            try:
                values = effectiveness.per_query(rows_of(run, block), judged, measurable)
            except UserError as error:
                raise UserError(f"{path}: {error}") from None
            frames.append(values.merge(splits, on="query_id").assign(system=system))
    all_systems = pd.concat(frames)[SCHEMAS["per_query"].names]
    return all_systems.sort_values(["system", "split", "query_id", "measure"], ignore_index=True)


def _deepest_cut(run: pa.Table, documents: int | None) -> float:
    """Return the deepest cut-off that is fair to a reranked run: the largest pool, or any if it is the whole corpus."""
    if documents is None or not len(run):
        return np.inf
    largest = pc.max(pc.value_counts(run["query_id"]).field("counts")).as_py()
    return np.inf if largest >= documents else largest
