"""Runs: ranked documents for each query, identified by position in memory and by id in files."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from listill.corpus.collection import Collection

# Queries whose rows are in memory as Python objects at the same time: of 1,000 documents each, they take 0.1 GB.
BLOCK = 500


def blocks(query_ids: Iterable[str]) -> Iterator[list[str]]:
    """Yield the ids in sorted order, at most BLOCK at a time."""
    ordered = sorted(query_ids)
    for start in range(0, len(ordered), BLOCK):
        yield ordered[start : start + BLOCK]


def rows_of(run: pa.Table, query_ids: Sequence[str]) -> pd.DataFrame:
    """Return the rows of some queries in the table ``runs``; those of others do not become Python objects."""
    return run.filter(pc.is_in(run["query_id"], pa.array(query_ids, pa.string()))).to_pandas()


def by_position(documents: list[np.ndarray], scores: list[np.ndarray]) -> pd.DataFrame:
    """Return the run (query, document, rank, score) of the ranked documents of each query; ranks start at 1."""
    sizes = [len(row) for row in documents]
    ranks = [np.arange(1, size + 1) for size in sizes]
    return pd.DataFrame(
        {
            "query": np.repeat(np.arange(len(documents)), sizes),
            "document": np.concatenate([*documents, np.empty(0, np.int64)]).astype(np.int64),
            "rank": np.concatenate([*ranks, np.empty(0, np.int64)]).astype(np.int64),
            "score": np.concatenate([*scores, np.empty(0, np.float32)]).astype(np.float32),
        }
    )


def without_own_documents(run: pd.DataFrame, query_ids: list[str], collection: Collection, depth: int) -> pd.DataFrame:
    """Return a run by position without the document that has the query's own id, ranked again and cut at ``depth``."""
    own_documents = collection.doc_ids.positions(query_ids)
    others = run[run["document"].to_numpy() != own_documents[run["query"]]]
    ranks = others.groupby("query").cumcount() + 1
    return others.assign(rank=ranks)[ranks <= depth]


def with_ids(run: pd.DataFrame, query_ids: list[str], collection: Collection) -> pd.DataFrame:
    """Return a run by position as (query_id, doc_id, rank, score)."""
    return pd.DataFrame(
        {
            "query_id": pd.Series(query_ids, dtype=str).take(run["query"]).array,
            "doc_id": collection.ids_at(run["document"]),
            "rank": run["rank"].to_numpy(),
            "score": run["score"].to_numpy(),
        }
    )


def ranked(scores: pd.DataFrame, depth: int) -> pd.DataFrame:
    """Return the run (query_id, doc_id, rank, score) of the ``depth`` best documents of each query; ties by doc_id."""
    ordered = scores.sort_values(["query_id", "score", "doc_id"], ascending=[True, False, True], ignore_index=True)
    ordered["rank"] = ordered.groupby("query_id").cumcount() + 1
    return ordered[ordered["rank"] <= depth].reset_index(drop=True)
