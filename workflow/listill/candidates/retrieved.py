"""What each retriever finds for the training queries, in parts on the disk.

One retriever after the other finds documents for all queries: only one index is in memory, and it is loaded once. An
interruption loses at most one part.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from listill import arrays, checksums
from listill.progress import Progress
from listill.retrieval.dense import MEASURED, DenseRetriever
from listill.retrieval.retriever import Retriever

log = logging.getLogger("listill")

# Queries per part.
BLOCK = 16_384
# The rows of a part: the position of the query in the block and that of the document in the corpus.
ROW = np.dtype([("query", "<i4"), ("document", "<i4"), ("rank", "<i4"), ("score", "<f4")])


def retrieve(queries: pd.DataFrame, retrievers: Mapping[str, Callable[[], Retriever]], depth: int, work: Path) -> None:
    """Have every retriever find ``depth`` documents for ``queries`` (query_id, text); intact parts in ``work`` are kept.

    ``retrievers`` are opened when they have anything to find.
    """
    for name, opened in retrievers.items():
        starts = range(0, len(queries), BLOCK)
        missing = [start for start in starts if not checksums.usable(_part(work, name, start))]
        measured = checksums.usable(_recall(work, name))
        if not missing and measured:
            continue
        retriever, done = opened(), len(starts) - len(missing)
        if not measured:
            arrays.write(_recall(work, name), np.array(_share_found(name, retriever, queries, depth)))
        with Progress(
            len(queries), f"search with {name}", "queries", before=min(done * BLOCK, len(queries))
        ) as progress:
            for start in missing:
                block = queries.iloc[start : start + BLOCK]
                run = retriever.run(block["query_id"].tolist(), block["text"].tolist(), depth)
                rows = np.empty(len(run), ROW)
                for column in ROW.names or ():
                    rows[column] = run[column]
                arrays.write(_part(work, name, start), rows)
                progress.add(len(block))


def _share_found(name: str, retriever: Retriever, queries: pd.DataFrame, depth: int) -> float:
    """Measure and log the share of the nearest documents that an approximate index finds; NaN for other retrievers."""
    if not isinstance(retriever, DenseRetriever):
        return np.nan
    share = retriever.recall(queries["text"].iloc[:: max(1, len(queries) // MEASURED)].tolist(), depth)
    if share is None:
        return np.nan
    log.info("%s: the index finds %.1f %% of the %d nearest documents", name, 100 * share, depth)
    return share


def retrieved(names: Sequence[str], start: int, work: Path) -> pd.DataFrame:
    """Return what the retrievers ``names`` have found for the block from ``start`` on (query, document, rank, score,
    retriever), in their order."""
    parts = [pd.DataFrame(np.load(_part(work, name, start))).assign(retriever=name) for name in names]
    return pd.concat(parts, ignore_index=True).astype({"query": np.int64, "document": np.int64, "rank": np.int64})


def recalls(names: Sequence[str], work: Path) -> dict[str, float]:
    """Return the share of the nearest documents that each retriever with an approximate index has found."""
    shares = {name: float(np.load(_recall(work, name))) for name in names}
    return {name: share for name, share in shares.items() if not np.isnan(share)}


def _recall(work: Path, name: str) -> Path:
    return work / f"{name}.recall.npy"


def _part(work: Path, name: str, start: int) -> Path:
    return work / f"{name}.{start}.npy"
