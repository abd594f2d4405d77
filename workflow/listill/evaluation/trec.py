"""Runs and judgements in TREC format, which trec_eval ranks as listill does.

trec_eval ignores the ranks of a file: it sorts by score, in single precision, and equal scores by descending document id.
Blanks separate the columns.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from listill.errors import UserError
from listill.evaluation.measures import ranked_once

# How the user goes on if the format cannot express a run.
REMEDY = "set evaluation.trec_runs: false"


def trec_lines(run: pd.DataFrame, system: str, remedy: str = REMEDY) -> Iterator[str]:
    """Yield the lines of a run (query_id, doc_id, rank, score): query_id Q0 doc_id rank score system.

    The documents of a query have decreasing scores: a score that is not below the one before is replaced by the next
    smaller number in single precision. Raises UserError for what the format cannot express: names that are empty or
    contain blanks, scores that are not finite, and documents that a query has twice; ``remedy`` is how to do without.
    """
    _check_names([(system, "the run"), *_names(run, "query_id", "query"), *_names(run, "doc_id", "document")], remedy)
    ranked = ranked_once(run)
    previous = np.float32(np.inf)
    for query, document, position, score in zip(
        *(ranked[column].tolist() for column in ("query_id", "doc_id", "position")),
        ranked["score"].to_numpy(dtype=np.float32),
        strict=True,
    ):
        below = np.nextafter(previous if position > 1 else np.float32(np.inf), np.float32(-np.inf))
        previous = min(score, below) if np.isfinite(score) else score
        if not np.isfinite(previous):
            raise UserError(
                f"the score of document {document!r} for query {query!r} is {score}, by which trec_eval cannot rank: "
                f"search again, or {remedy}"
            )
        yield f"{query} Q0 {document} {position} {previous!s} {system}\n"


def qrels_lines(qrels: pd.DataFrame, remedy: str = REMEDY) -> Iterator[str]:
    """Yield the lines of judgements (query_id, doc_id, relevance): query_id 0 doc_id relevance. See ``trec_lines``."""
    _check_names([*_names(qrels, "query_id", "query"), *_names(qrels, "doc_id", "document")], remedy)
    columns = (qrels[name].tolist() for name in ("query_id", "doc_id", "relevance"))
    for query_id, doc_id, relevance in zip(*columns, strict=True):
        yield f"{query_id} 0 {doc_id} {relevance}\n"


def _check_names(names: list[tuple[str, str]], remedy: str) -> None:
    """Raise UserError for a name that is empty or contains blanks; each comes with what it is the name of."""
    for name, kind in names:
        if name.split() != [name] or "\0" in name:
            raise UserError(
                f"the name of {kind} {name!r} is empty or contains blanks, which separate the columns of the TREC format: "
                f"rename it in the source, or {remedy}; the Parquet files have the same rows"
            )


def _names(run: pd.DataFrame, column: str, kind: str) -> list[tuple[str, str]]:
    """Return the distinct values of a column, with what they are."""
    return [(name, kind) for name in run[column].unique()]
