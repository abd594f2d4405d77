"""Filter the queries by the teachers' scores."""

import dataclasses

import numpy as np
import pandas as pd

from listill.lists.choice import Pool
from listill.schemas import HUMAN
from listill.settings.lists import Lists


def teacher_agrees(pool: Pool, group: np.ndarray) -> bool:
    """Tell whether the teacher's top document is a positive or a duplicate of one (``group`` as in Collection)."""
    best = pool.scores.max()
    top_groups = group[pool.documents[pool.scores == best]]
    return bool(np.isin(top_groups, group[pool.documents[pool.positive]]).any())


def with_raised_positives(pool: Pool, margin: float) -> Pool:
    """Return the pool with the targets of the positives above all others: a human judgement outranks the teacher.

    ``margin`` is a share of the range of the targets. The positives with the highest of L distinct relevances get the
    teacher's best target plus the margin, those with the next one L - 1 Lths of it, and so on: targets follow the
    grades. All other documents keep their targets: what the teacher ranks high may be relevant too.
    """
    best = pool.targets.max()
    levels, level = np.unique(-pool.relevance[pool.positive], return_inverse=True)  # level 0 is the most relevant
    step = margin * (best - pool.targets.min()) / len(levels)
    targets = pool.targets.copy()
    targets[pool.positive] = best + step * (len(levels) - level)
    return dataclasses.replace(pool, targets=targets)


def quality(
    positive_scores: dict[str, np.ndarray], weights: dict[str, float], all_scores: dict[str, np.ndarray]
) -> np.ndarray:
    """Return the quality of each query in [0, 1]: the weighted mean of its positive's raw teacher scores.

    ``positive_scores`` holds the score of each query's positive for every teacher, ``all_scores`` all scores of the
    teacher. Their 1st and 99th percentiles are scaled to 0 and 1, as the papers scale RankT5's scores.
    """
    total = np.zeros(len(next(iter(positive_scores.values()))))
    for teacher, weight in weights.items():
        low, high = np.percentile(all_scores[teacher], [1, 99])
        total += weight * np.clip((positive_scores[teacher] - low) / max(high - low, 1e-12), 0, 1)
    return total / sum(weights.values())


def low_quality(
    lists: pd.DataFrame, types: pd.Series, scores: pd.DataFrame, weights: dict[str, float], settings: Lists
) -> pd.Series:
    """Tell which lists are dropped because the teachers give their positives low scores (bool, by query_id).

    ``lists``: query_id (index and column), doc_ids; ``types``: the query type by query_id; ``scores``: query_id,
    doc_id, teacher, score. Only synthetic queries are dropped: those below ``quality_percentile`` of the positives'
    scores or, with ``quality_of: all``, of the scores of all documents.
    """
    synthetic = types != HUMAN
    if not settings.quality_percentile or not synthetic.any():
        return pd.Series(False, index=lists.index)
    positives = pd.DataFrame({"query_id": lists["query_id"], "doc_id": lists["doc_ids"].str[0]}).reset_index(drop=True)
    by_teacher = scores.pivot(index=["query_id", "doc_id"], columns="teacher", values="score")
    all_scores = {teacher: by_teacher[teacher].to_numpy() for teacher in weights}

    def quality_of(rows: pd.DataFrame) -> np.ndarray:
        return quality({teacher: rows[teacher].to_numpy() for teacher in weights}, weights, all_scores)

    of_positives = quality_of(by_teacher.loc[pd.MultiIndex.from_frame(positives)])
    reference = of_positives[synthetic]
    if settings.quality_of == "all":
        in_lists = by_teacher.index.get_level_values("query_id").isin(lists.index[synthetic])
        reference = quality_of(by_teacher[in_lists])
    return (of_positives < np.percentile(reference, settings.quality_percentile)) & synthetic
