"""Write to a store of scores, in a process of its own: a new process imports this file, but no file of tests."""

import multiprocessing.synchronize
from pathlib import Path

import numpy as np

from listill.teachers.store import ScoreStore


def numbered(count: int, seed: int = 0) -> np.ndarray:
    """Return sorted keys [2, count]."""
    keys = np.random.default_rng(seed).integers(0, 2**64, (2, count), dtype=np.uint64)
    return keys[:, np.argsort(keys[0])]


def write(root: Path, number: int, start: multiprocessing.synchronize.Barrier) -> None:
    """Store the scores of 400 keys in eight parts, when the other process is ready, too."""
    keys = numbered(400)
    start.wait()
    for part in range(8):
        chosen = slice(50 * part, 50 * (part + 1))
        ScoreStore(root, {}).add(keys[:, chosen], np.full(50, part + number / 10, dtype=np.float32))
