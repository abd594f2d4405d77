"""Runs in TREC format, which trec_eval ranks as listill does.

trec_eval ignores the ranks of a file: it sorts by score, in single precision, and equal scores by descending document id.
Blanks separate the columns.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from listill.errors import UserError
from listill.evaluation.measures import ranked_once


def trec_lines(run: pd.DataFrame, system: str) -> Iterator[str]:
    """Yield the lines of a run (query_id, doc_id, rank, score): query_id Q0 doc_id rank score system.

    The documents of a query have decreasing scores: a score that is not below the one before is replaced by the next
    smaller number in single precision. Raises UserError for what the format cannot express: names that are empty or
    contain blanks, scores that are not finite, and documents that a query has twice.
    """
    for name, kind in [(system, "the run"), *_names(run, "query_id", "query"), *_names(run, "doc_id", "document")]:
        if name.split() != [name] or "\0" in name:
            raise UserError(
                f"the name of {kind} {name!r} is empty or contains blanks, which separate the columns of the TREC format: "
                "rename it in the source, or set evaluation.trec_runs: false; the Parquet file of the run has the same rows"
            )
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
                "search again, or set evaluation.trec_runs: false"
            )
        yield f"{query} Q0 {document} {position} {previous!s} {system}\n"


def _names(run: pd.DataFrame, column: str, kind: str) -> list[tuple[str, str]]:
    """Return the distinct values of a column, with what they are."""
    return [(name, kind) for name in run[column].unique()]
