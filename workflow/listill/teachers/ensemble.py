"""The ensemble: normalise the raw scores of each teacher, then take the weighted mean."""

import numpy as np
import pandas as pd

PERCENTILES = (0.01, 0.99)


def normalise(scores: pd.Series, groups: pd.Series, how: str) -> pd.Series:
    """Return the normalised scores of one teacher.

    Three methods normalise each group separately. ``minmax`` maps the scores to [0, 1]. ``zscore`` gives them mean 0
    and standard deviation 1. ``rank`` maps the best score to 1, the worst to 0 and the others to evenly spaced values
    between (equal scores share the mean of their ranks). ``percentile`` normalises all groups together: it maps the 1st
    and 99th percentile to 0 and 1 and clips the scores beyond them (Tamber et al., arXiv 2502.19712). If all scores of
    a group are equal, they become 0.
    """
    if how == "percentile":
        low, high = scores.quantile(PERCENTILES[0]), scores.quantile(PERCENTILES[1])
        return ((scores - low) / (high - low)).clip(0, 1) if high > low else scores * 0.0
    if how == "rank":
        scores = scores.groupby(groups).rank()
    grouped = scores.groupby(groups)
    if how == "zscore":
        low = grouped.transform("mean")
        spread = grouped.transform("std", ddof=0)
    else:
        low = grouped.transform("min")
        spread = grouped.transform("max") - low
    return ((scores - low) / spread.where(spread > 0)).fillna(0.0)


def combine(scores: pd.DataFrame, weights: dict[str, float], how: str) -> pd.DataFrame:
    """Return (query_id, doc_id, score): the weighted mean of the normalised scores of the teachers.

    ``scores`` has query_id, doc_id, teacher and score; every teacher must have scored every pair. With ``minmax`` and
    ``rank``, the mean is min-max normalised again, so that the scores of each list span [0, 1] for any number of
    teachers.
    """
    missing = set(weights) - set(scores["teacher"].unique())
    if missing:
        raise ValueError(f"scores: teacher {min(missing)} has no scores; score the candidates again")
    total: pd.Series | None = None
    for teacher, weight in weights.items():
        pairs = scores[scores["teacher"] == teacher].set_index(["query_id", "doc_id"])
        teacher_scores = pairs["score"].astype(np.float64)
        query_ids = pairs.index.get_level_values("query_id").to_series(index=pairs.index)
        weighted = weight * normalise(teacher_scores, query_ids, how)
        total = weighted if total is None else total + weighted
    assert total is not None
    if total.isna().any():
        query, doc = total.index[total.isna()][0]
        raise ValueError(
            f"scores: query {query}, document {doc} has not been scored by every teacher; score the candidates again"
        )
    combined = total / sum(weights.values())
    result = combined.rename("score").reset_index()
    if how in ("minmax", "rank"):
        result["score"] = normalise(result["score"], result["query_id"], "minmax")
    return result
