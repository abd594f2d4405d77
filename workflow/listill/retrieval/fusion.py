"""Fusion of runs."""

import pandas as pd

from listill.retrieval.runs import ranked


def reciprocal_rank(runs: list[pd.DataFrame], k: float, depth: int) -> pd.DataFrame:
    """Fuse runs (query_id, doc_id, rank) by reciprocal rank: the sum of 1 / (k + rank) (Cormack et al. 2009).

    The fused run holds the first ``depth`` documents of each query.
    """
    stacked = pd.concat(runs)
    stacked = stacked.assign(score=1.0 / (k + stacked["rank"]))
    fused = stacked.groupby(["query_id", "doc_id"], as_index=False)["score"].sum()
    return ranked(fused, depth)
