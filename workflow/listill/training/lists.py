"""From candidates and teacher scores to lists: which queries train, and on which documents."""

import random
from dataclasses import dataclass

import numpy as np

from listill.settings import Lists


@dataclass(frozen=True)
class Pool:
    """The candidates of one query: document positions, normalised teacher scores, and which are positives."""

    documents: np.ndarray
    scores: np.ndarray
    positive: np.ndarray


def teacher_agrees(pool: Pool, group: np.ndarray) -> bool:
    """Tell whether the teacher's best document is a positive or a duplicate of one (``group`` as in Collection)."""
    best = pool.scores.max()
    top = group[pool.documents[pool.scores == best]]
    return bool(np.isin(top, group[pool.documents[pool.positive]]).any())


def trusting(pool: Pool, margin: float) -> Pool:
    """Return the pool with the positives raised above the best: a person's judgement outranks the teacher.

    ``margin`` is a share of the range of the scores. All others keep theirs: what the teacher likes may be relevant, too.
    """
    best = pool.scores.max()
    raised = best + margin * (best - pool.scores.min())
    return Pool(pool.documents, np.where(pool.positive, raised, pool.scores), pool.positive)


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
