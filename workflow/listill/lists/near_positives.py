"""Candidates that the teacher scores near or above the positive: likely relevant, though nothing says so.

NV-Retriever (arXiv 2407.15831, TopK-PercPos) uses no negative that scores above 95 % of the positive. RLHN (arXiv
2505.16967) finds that making them positives helps more than removing them.
"""

import dataclasses

import numpy as np

from listill.lists.choice import Pool


def near_positives(pool: Pool, group: np.ndarray, share: float) -> np.ndarray:
    """Return which candidates the teacher scores near or above the best positive: bool [candidates].

    These reach ``share`` of the positive's score. Both are measured from 0, or from the lowest score if that is
    negative, so that the share means the same for all normalisations. Positives and their duplicates are not among
    them. The pool must have a positive; ``group`` as in Collection.
    """
    groups = group[pool.documents]
    lowest = min(0.0, float(pool.scores.min()))
    enough = share * (pool.scores[pool.positive].max() - lowest)
    near = groups[pool.scores - lowest >= enough]  # with their duplicates, whose scores may differ in the last digits
    found: np.ndarray = np.isin(groups, near) & ~np.isin(groups, groups[pool.positive])
    return found


def with_more_positives(pool: Pool, chosen: np.ndarray) -> Pool:
    """Return the pool with the ``chosen`` candidates (bool) as positives, less relevant than all that it has.

    The source passage or the best judged document therefore remains the first of the list.
    """
    relevance = np.where(pool.positive, pool.relevance + 1, 0)
    return dataclasses.replace(pool, relevance=np.where(chosen, 1, relevance))
