"""Fusion of runs."""

import pandas as pd


def reciprocal_rank(runs: list[pd.DataFrame], k: float, depth: int) -> pd.DataFrame:
    """Fuse runs (query_id, doc_id, rank) by the sum of 1 / (k + rank) (Cormack et al. 2009); a run of ``depth``."""
    stacked = pd.concat(runs)
    stacked = stacked.assign(score=1.0 / (k + stacked["rank"]))
    fused = stacked.groupby(["query_id", "doc_id"], as_index=False)["score"].sum()
    return ranked(fused, depth)


def ranked(scores: pd.DataFrame, depth: int) -> pd.DataFrame:
    """Return (query_id, doc_id, rank, score) of the ``depth`` best documents of each query; ties by doc_id."""
    ordered = scores.sort_values(["query_id", "score", "doc_id"], ascending=[True, False, True], ignore_index=True)
    ordered["rank"] = ordered.groupby("query_id").cumcount() + 1
    return ordered[ordered["rank"] <= depth].reset_index(drop=True)
