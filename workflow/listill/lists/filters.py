"""Which queries train: what a list needs, and what the teacher must say of it."""

import numpy as np
import pandas as pd

from listill.lists.choice import Pool
from listill.schemas import HUMAN
from listill.settings.lists import Lists


def teacher_agrees(pool: Pool, group: np.ndarray) -> bool:
    """Tell whether the teacher's best document is a positive or a duplicate of one (``group`` as in Collection)."""
    best = pool.scores.max()
    top = group[pool.documents[pool.scores == best]]
    return bool(np.isin(top, group[pool.documents[pool.positive]]).any())


def with_raised_positives(pool: Pool, margin: float) -> Pool:
    """Return the pool with the positives raised above the best: a person's judgement outranks the teacher.

    ``margin`` is a share of the range of the scores. All others keep theirs: what the teacher likes may be relevant, too.
    """
    best = pool.scores.max()
    raised = best + margin * (best - pool.scores.min())
    return Pool(pool.documents, np.where(pool.positive, raised, pool.scores), pool.positive)


def quality(raw: dict[str, np.ndarray], weights: dict[str, float], every: dict[str, np.ndarray]) -> np.ndarray:
    """Return the quality of queries in [0, 1]: the weighted mean of their positives' raw teacher scores.

    ``raw[t]`` holds teacher t's score of each query's positive, ``every[t]`` all its scores, whose 1st and 99th percentiles
    become 0 and 1 (as the papers scale RankT5's scores).
    """
    total = np.zeros(len(next(iter(raw.values()))))
    for teacher, weight in weights.items():
        low, high = np.percentile(every[teacher], [1, 99])
        total += weight * np.clip((raw[teacher] - low) / max(high - low, 1e-12), 0, 1)
    return total / sum(weights.values())


def low_quality(
    lists: pd.DataFrame, types: pd.Series, scores: pd.DataFrame, weights: dict[str, float], settings: Lists
) -> pd.Series:
    """Tell which lists are dropped because the teachers' scores of their positives are low (bool, by query_id).

    ``lists``: query_id (index and column), doc_ids; ``types``: the query type by query_id; ``scores``: query_id, doc_id,
    teacher, score. Only synthetic queries are dropped: those below ``quality_percentile`` of the positives' scores, or of
    all documents' (``quality_of``).
    """
    synthetic = types != HUMAN
    if not settings.quality_percentile or not synthetic.any():
        return pd.Series(False, index=lists.index)
    positives = pd.DataFrame({"query_id": lists["query_id"], "doc_id": lists["doc_ids"].str[0]}).reset_index(drop=True)
    wide = scores.pivot(index=["query_id", "doc_id"], columns="teacher", values="score")
    every = {teacher: wide[teacher].to_numpy() for teacher in weights}

    def of(rows: pd.DataFrame) -> np.ndarray:
        return quality({teacher: rows[teacher].to_numpy() for teacher in weights}, weights, every)

    values = of(wide.loc[pd.MultiIndex.from_frame(positives)])
    among = values[synthetic]
    if settings.quality_of == "all":
        among = of(wide[wide.index.get_level_values("query_id").isin(lists.index[synthetic])])
    return (values < np.percentile(among, settings.quality_percentile)) & synthetic
