"""The ensemble: normalise the raw scores of each teacher, then take the weighted mean."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

PERCENTILES = (0.01, 0.99)


def percentiles(scores: np.ndarray | pd.Series) -> tuple[float, float]:
    """Return the two percentiles of a teacher's scores that the method ``percentile`` maps to 0 and 1."""
    low, high = np.quantile(np.asarray(scores, dtype=np.float64), PERCENTILES)
    return float(low), float(high)


def normalise(scores: pd.Series, groups: pd.Series, how: str, bounds: tuple[float, float] | None = None) -> pd.Series:
    """Return the normalised scores of one teacher.

    Three methods normalise each group separately. ``minmax`` maps the scores to [0, 1]. ``zscore`` gives them mean 0
    and standard deviation 1. ``rank`` maps the best score to 1, the worst to 0 and the others to evenly spaced values
    between (equal scores share the mean of their ranks). ``percentile`` normalises all groups together: it maps the 1st
    and 99th percentile to 0 and 1 (Tamber et al., arXiv 2502.19712); scores beyond them are below 0 or above 1. ``bounds``
    are the two percentiles, if ``scores`` are only a part of the scores. If all scores of a group are equal, they become 0.
    """
    if how == "percentile":
        low, high = bounds or percentiles(scores)
        return (scores - low) / (high - low) if high > low else scores * 0.0
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


def combine(
    scores: pd.DataFrame,
    weights: dict[str, float],
    how: str,
    bounds: Mapping[str, tuple[float, float]] | None = None,
) -> pd.DataFrame:
    """Return (query_id, doc_id, score, target): the weighted means of the normalised scores of the teachers.

    ``scores`` has query_id, doc_id, teacher and score; every teacher must have scored every pair. If they are only a part of
    the scores, ``bounds`` has the percentiles of each teacher (see ``normalise``). With ``minmax`` and
    ``rank``, the mean is min-max normalised again, so that the scores of each list span [0, 1] for any number of
    teachers.

    The column score is for ranking and filtering, target is what a student learns. They differ with ``percentile``
    only, whose targets are means of scores that were clipped to [0, 1]: clipped scores tie the best documents.
    """
    missing = set(weights) - set(scores["teacher"].unique())
    if missing:
        raise ValueError(f"scores: teacher {min(missing)} has no scores; score the candidates again")
    total: pd.DataFrame | None = None
    for teacher, weight in weights.items():
        pairs = scores[scores["teacher"] == teacher].set_index(["query_id", "doc_id"])
        teacher_scores = pairs["score"].astype(np.float64)
        query_ids = pairs.index.get_level_values("query_id").to_series(index=pairs.index)
        normalised = normalise(teacher_scores, query_ids, how, (bounds or {}).get(teacher))
        targets = normalised.clip(0, 1) if how == "percentile" else normalised
        weighted = weight * pd.DataFrame({"score": normalised, "target": targets})
        total = weighted if total is None else total + weighted
    assert total is not None
    unscored = total["score"].isna()
    if unscored.any():
        query, doc = total.index[unscored][0]
        raise ValueError(
            f"scores: query {query}, document {doc} has not been scored by every teacher; score the candidates again"
        )
    result = (total / sum(weights.values())).reset_index()
    if how in ("minmax", "rank"):
        result["score"] = result["target"] = normalise(result["score"], result["query_id"], "minmax")
    return result
