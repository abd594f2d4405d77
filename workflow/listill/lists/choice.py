"""Choose the documents of a list."""

import math
import random
from dataclasses import dataclass

import numpy as np

from listill.settings.lists import Lists


@dataclass(frozen=True)
class Pool:
    """The candidates of one query, one array entry each.

    ``documents``: positions in the corpus. ``scores``: the ensemble's scores, which rank and filter. ``targets``: what
    the student learns (see ``ensemble.combine``). ``relevance``: above 0 for positives, higher is better.
    """

    documents: np.ndarray
    scores: np.ndarray
    targets: np.ndarray
    relevance: np.ndarray

    @property
    def positive(self) -> np.ndarray:
        """Which candidates are positives (bool)."""
        return self.relevance > 0

    def take(self, chosen: np.ndarray) -> "Pool":
        """Return the candidates at the indices ``chosen``, in that order."""
        return Pool(self.documents[chosen], self.scores[chosen], self.targets[chosen], self.relevance[chosen])


def stratified(scores: np.ndarray, count: int) -> np.ndarray:
    """Return the indices of ``count`` scores that are spread evenly between the largest and the smallest score.

    For each of ``count`` evenly spaced levels, from the highest to the lowest, the nearest unused score is chosen
    ("uniformly over the teacher's score range", arXiv 2604.04734).
    """
    unused = np.ones(len(scores), dtype=bool)
    chosen = []
    for level in np.linspace(scores.max(), scores.min(), count):
        distance = np.where(unused, np.abs(scores - level), np.inf)
        nearest = int(distance.argmin())
        unused[nearest] = False
        chosen.append(nearest)
    return np.array(chosen, dtype=np.int64)


def choose(pool: Pool, group: np.ndarray, banned: np.ndarray, settings: Lists, seed: str) -> np.ndarray:
    """Return the candidates (indices in the pool) of a list: first the positives, the best first, then the others.

    A list has at most ``settings.length`` documents; at least one is a positive, and at least one place is left to the
    others. The share ``settings.positives`` of the places is the most that positives take: further positives are left
    out. So are duplicates of any positive and ``banned`` candidates (bool [candidates]), unless they are positives. A
    small pool gives a shorter list: lists are never padded with other documents.
    """
    groups = group[pool.documents]
    places = math.floor(settings.positives * settings.length + 1e-9)  # 0.29 * 100 is slightly below 29
    positives = _best_positives(pool, groups)[: min(max(places, 1), settings.length - 1)]
    others = np.flatnonzero(~np.isin(groups, groups[pool.positive]) & ~banned)
    count = min(settings.length - len(positives), len(others))
    if settings.choose == "random":
        chosen = others[sorted(random.Random(seed).sample(range(len(others)), count))]
    elif settings.choose == "top" or count == len(others):
        chosen = others[np.argsort(-pool.scores[others], kind="stable")[:count]]
    else:
        chosen = others[stratified(pool.scores[others], count)]
    by_score = chosen[np.argsort(-pool.scores[chosen], kind="stable")]
    return np.concatenate([positives, by_score]).astype(np.int64)


def _best_positives(pool: Pool, groups: np.ndarray) -> np.ndarray:
    """Return the positives, one of each duplicate group, by relevance and then by score, highest first."""
    order = np.lexsort((-pool.scores, -pool.relevance))
    order = order[pool.positive[order]]
    return order[np.sort(np.unique(groups[order], return_index=True)[1])]
