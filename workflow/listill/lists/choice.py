"""Which documents a list holds."""

import random
from dataclasses import dataclass

import numpy as np

from listill.settings.lists import Lists


@dataclass(frozen=True)
class Pool:
    """The candidates of one query: document positions, normalised teacher scores, and which are positives."""

    documents: np.ndarray
    scores: np.ndarray
    positive: np.ndarray


def stratified(scores: np.ndarray, count: int) -> np.ndarray:
    """Return the indices of ``count`` scores that lie evenly between the largest and the smallest.

    For each of ``count`` evenly spaced levels, from above, the nearest score not yet taken is taken ("uniformly over the
    teacher's score range", arXiv 2604.04734).
    """
    free = np.ones(len(scores), dtype=bool)
    taken = []
    for level in np.linspace(scores.max(), scores.min(), count):
        distance = np.where(free, np.abs(scores - level), np.inf)
        nearest = int(distance.argmin())
        free[nearest] = False
        taken.append(nearest)
    return np.array(taken, dtype=np.int64)


def choose(
    pool: Pool, group: np.ndarray, banned: np.ndarray, settings: Lists, seed: str
) -> tuple[np.ndarray, np.ndarray]:
    """Return the documents of a list (the best positive first) and their scores, at most ``settings.length`` of them.

    Duplicates of the positive and ``banned`` documents (held-out passages, bool [documents]) are left out. A pool that is
    too small gives a shorter list: nothing is made up to fill it.
    """
    positives = np.flatnonzero(pool.positive)
    first = positives[pool.scores[positives].argmax()]
    same = group[pool.documents] == group[pool.documents[first]]
    rest = np.flatnonzero(~same & ~banned[pool.documents])
    count = min(settings.length - 1, len(rest))
    if settings.choose == "random":
        chosen = rest[sorted(random.Random(seed).sample(range(len(rest)), count))]
    elif settings.choose == "top" or count == len(rest):
        chosen = rest[np.argsort(-pool.scores[rest], kind="stable")[:count]]
    else:
        chosen = rest[stratified(pool.scores[rest], count)]
    order = np.concatenate([[first], chosen[np.argsort(-pool.scores[chosen], kind="stable")]]).astype(np.int64)
    return pool.documents[order], pool.scores[order]
