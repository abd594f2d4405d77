"""The ensemble: each teacher's raw scores normalised, then their weighted mean."""

import numpy as np
import pandas as pd

PERCENTILES = (0.01, 0.99)


def normalise(scores: pd.Series, groups: pd.Series, how: str) -> pd.Series:
    """Return the scores of one teacher normalised.

    Within each group: ``minmax`` maps to [0, 1], ``zscore`` to mean 0 and deviation 1, ``rank`` the best to 1, the worst to 0
    and the others evenly between (equal scores share the mean of their places). Over all groups together: ``percentile``
    maps the 1st and 99th percentile to 0 and 1, and what lies beyond them too (Tamber et al., arXiv 2502.19712). Where all
    scores of a group are equal, all become 0.
    """
    if how == "percentile":
        low, high = scores.quantile(PERCENTILES[0]), scores.quantile(PERCENTILES[1])
        return ((scores - low) / (high - low)).clip(0, 1) if high > low else scores * 0.0
    if how == "rank":
        scores = scores.groupby(groups).rank()
    by = scores.groupby(groups)
    if how == "zscore":
        low = by.transform("mean")
        spread = by.transform("std", ddof=0)
    else:
        low = by.transform("min")
        spread = by.transform("max") - low
    return ((scores - low) / spread.where(spread > 0)).fillna(0.0)


def combine(scores: pd.DataFrame, weights: dict[str, float], how: str) -> pd.DataFrame:
    """Return (query_id, doc_id, score): the weighted mean of the normalised scores of the teachers.

    ``scores`` has query_id, doc_id, teacher, score; every teacher has scored every pair. Minmax scores and ranks
    are normalised once more, so that a list's scores fill [0, 1] whatever the number of teachers.
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
    if how in ("minmax", "rank"):
        result["score"] = normalise(result["score"], result["query_id"], "minmax")
    return result
