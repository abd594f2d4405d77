"""All lists of one student, built from tables of any size: a block of queries at a time."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from listill import tables
from listill.corpus.collection import Collection
from listill.lists import by_query
from listill.lists.build import Ensemble, build_lists
from listill.lists.by_query import ByQuery
from listill.lists.candidates import student_pairs
from listill.lists.filters import LowQuality
from listill.lists.min_score import MinScore
from listill.settings.lists import Lists
from listill.teachers.ensemble import percentiles


@dataclass(frozen=True)
class Pool:
    """The candidates of one student: the tables, and the arguments of ``student_pairs``.

    ``candidates`` has query_id, doc_id, retriever and rank; ``scores`` has query_id, doc_id, teacher and score.
    """

    candidates: ByQuery
    scores: ByQuery
    retriever: str
    all_retrievers: bool
    found_within: int | None


@dataclass(frozen=True)
class Block:
    """The training queries of a block, their candidates and scores, and those that are not consistent."""

    queries: pd.DataFrame
    positives: pd.DataFrame
    candidates: pd.DataFrame
    scores: pd.DataFrame
    inconsistent: set[str]


@dataclass(frozen=True)
class AllLists:
    """The lists (the table ``lists``), why each query is kept or dropped, and the thresholds of ``min_score``."""

    lists: pa.Table
    reasons: dict[str, str]
    thresholds: dict[str, dict[str, Any]]


def all_lists(
    queries: pd.DataFrame,
    positives: pd.DataFrame,
    collection: Collection,
    banned: np.ndarray,
    pool: Pool,
    ensemble: Ensemble,
    settings: Lists,
    seed: int,
) -> AllLists:
    """Build the lists of all training queries; see ``build_lists`` for the arguments and errors.

    ``queries`` (type, doc_id) is indexed and sorted by query_id. Beside a block, the lists are in memory, and a number for
    each score if a filter or the normalisation compares the scores of all queries.
    """
    min_score = MinScore(settings.min_score)
    if ensemble.normalise == "percentile" or settings.quality_percentile or min_score.automatic:
        ensemble = replace(ensemble, bounds=_bounds(_blocks(queries, positives, collection, pool), ensemble, min_score))
    low_quality = LowQuality(settings, ensemble.weights, ensemble.bounds or {})
    parts = [tables.empty("lists")]
    reasons: dict[str, str] = {}
    for block in _blocks(queries, positives, collection, pool):
        reasons |= dict.fromkeys(sorted(block.inconsistent), "inconsistent")
        if block.scores.empty:
            continue
        too_low = min_score.below(block.scores, block.queries)
        lists, outcome = build_lists(
            *(block.queries, block.scores, block.positives, collection, banned, ensemble, settings, seed, too_low)
        )
        reasons |= outcome
        if len(lists):
            low_quality.add(lists, block.queries["type"], block.scores)
            parts.append(tables.as_table("lists", lists))
    dropped = low_quality.queries()
    reasons |= dict.fromkeys(sorted(dropped), "low quality")
    together = pa.concat_tables(parts)
    kept = pc.invert(pc.is_in(together["query_id"], pa.array(sorted(dropped), pa.string())))
    return AllLists(together.filter(kept), reasons, min_score.report)


def _blocks(queries: pd.DataFrame, positives: pd.DataFrame, collection: Collection, pool: Pool) -> Iterator[Block]:
    """Yield the queries block by block, with what the tables have for them."""
    ids = ["query_id", "doc_id"]
    for number, start in enumerate(range(0, len(queries), by_query.BLOCK)):
        of_block = queries.iloc[start : start + by_query.BLOCK]
        of_positives = positives[positives["query_id"].isin(of_block.index)]
        candidates = pool.candidates.rows(number)
        pairs, inconsistent = student_pairs(
            *(candidates, of_block, of_positives, collection),
            retriever=pool.retriever,
            all_retrievers=pool.all_retrievers,
            found_within=pool.found_within,
        )
        scores = pool.scores.rows(number).merge(pairs, on=ids)
        yield Block(of_block, of_positives, candidates, scores, inconsistent)


def _bounds(blocks: Iterator[Block], ensemble: Ensemble, min_score: MinScore) -> dict[str, tuple[float, float]]:
    """Return the percentiles of all scores of each teacher; show all scores to ``min_score``."""
    scores: dict[str, list[np.ndarray]] = {teacher: [] for teacher in ensemble.weights}
    for block in blocks:
        min_score.see(block.scores, block.candidates, block.queries)
        for teacher, parts in scores.items():
            of_teacher = block.scores.loc[block.scores["teacher"] == teacher, "score"]
            parts.append(of_teacher.to_numpy(np.float32))
    every = {teacher: np.concatenate([*parts, np.empty(0, np.float32)]) for teacher, parts in scores.items()}
    return {teacher: percentiles(values) for teacher, values in every.items() if len(values)}
