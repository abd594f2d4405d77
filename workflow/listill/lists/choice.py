"""Choose the documents of a list."""

import random
from dataclasses import dataclass

import numpy as np

from listill.settings.lists import Lists


@dataclass(frozen=True)
class Pool:
    """The candidates of one query: positions in the corpus, normalised teacher scores, and which are positives."""

    documents: np.ndarray
    scores: np.ndarray
    positive: np.ndarray


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


def choose(
    pool: Pool, group: np.ndarray, banned: np.ndarray, settings: Lists, seed: str
) -> tuple[np.ndarray, np.ndarray]:
    """Return the documents of a list, at most ``settings.length``, and their scores. The best positive comes first.

    Duplicates of the positive and ``banned`` documents (held-out passages, bool [documents]) are left out. A small pool
    gives a shorter list: lists are never padded with other documents.
    """
    positives = np.flatnonzero(pool.positive)
    best_positive = positives[pool.scores[positives].argmax()]
    duplicate = group[pool.documents] == group[pool.documents[best_positive]]
    others = np.flatnonzero(~duplicate & ~banned[pool.documents])
    count = min(settings.length - 1, len(others))
    if settings.choose == "random":
        chosen = others[sorted(random.Random(seed).sample(range(len(others)), count))]
    elif settings.choose == "top" or count == len(others):
        chosen = others[np.argsort(-pool.scores[others], kind="stable")[:count]]
    else:
        chosen = others[stratified(pool.scores[others], count)]
    by_score = chosen[np.argsort(-pool.scores[chosen], kind="stable")]
    order = np.concatenate([[best_positive], by_score]).astype(np.int64)
    return pool.documents[order], pool.scores[order]
