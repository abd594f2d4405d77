"""The ensemble: raw scores normalised within each query, then their weighted mean."""

import numpy as np
import pandas as pd


def normalise(scores: pd.Series, groups: pd.Series, how: str) -> pd.Series:
    """Return scores normalised within each group.

    ``minmax`` maps to [0, 1], ``zscore`` to mean 0 and deviation 1; where all scores of a group are equal there is nothing
    to tell apart, and all become 0.
    """
    by = scores.groupby(groups)
    if how == "minmax":
        low = by.transform("min")
        spread = by.transform("max") - low
    else:
        low = by.transform("mean")
        spread = by.transform("std", ddof=0)
    return ((scores - low) / spread.where(spread > 0)).fillna(0.0)


def combine(scores: pd.DataFrame, weights: dict[str, float], how: str) -> pd.DataFrame:
    """Return (query_id, doc_id, score): the weighted mean of the normalised scores of the teachers.

    ``scores`` has query_id, doc_id, teacher, score; every teacher has scored every pair. Minmax scores are normalised once
    more, so that a list's scores fill [0, 1] whatever the number of teachers.
    """
    missing = set(weights) - set(scores["teacher"].unique())
    if missing:
        raise ValueError(f"no scores of teacher {min(missing)}")
    total: pd.Series | None = None
    for teacher, weight in weights.items():
        own = scores[scores["teacher"] == teacher].set_index(["query_id", "doc_id"])["score"].astype(np.float64)
        part = weight * normalise(own, own.index.get_level_values("query_id").to_series(index=own.index), how)
        total = part if total is None else total + part
    assert total is not None
    if total.isna().any():
        query, doc = total.index[total.isna()][0]
        raise ValueError(f"query {query}, document {doc}: not scored by every teacher")
    combined = total / sum(weights.values())
    result = combined.rename("score").reset_index()
    if how == "minmax":
        result["score"] = normalise(result["score"], result["query_id"], how)
    return result
