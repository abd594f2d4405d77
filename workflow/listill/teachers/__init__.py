"""Teachers, one file each, named after their ``kind`` in the config.

A teacher is a module with ``score(member, pairs, resources) -> float32 [pairs]``: raw scores, higher is better.
"""

import importlib

import numpy as np

from listill.settings import Teacher
from listill.teachers.pairs import Pairs, Resources


def score(member: Teacher, pairs: Pairs, resources: Resources) -> np.ndarray:
    """Score all pairs with the teacher that ``member`` is of."""
    module = importlib.import_module(f"listill.teachers.{member.kind}")  # type: ignore[attr-defined]
    scores = np.asarray(module.score(member, pairs, resources), dtype=np.float32)
    assert scores.shape == (len(pairs),)
    return scores


__all__ = ["Pairs", "Resources", "score"]
