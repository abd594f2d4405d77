"""The order of the steps of a training on one or several parts, each of which has the lists of one corpus.

A step has lists of one part only: texts of another corpus would be negatives that are too easy. Each part has its own
batches (``batches.order``): every epoch is a permutation of its lists, so every list is used once per epoch whatever the
order of the parts. A batch that begins in epoch e belongs to it; its last lists may be the first ones of epoch e + 1. An
epoch ends when all parts have used up their batches of the epoch.

Let part p have n_p lists, of which r_p are in batches of this epoch that have not come yet, the weight w_p (default 1),
and t_p steps so far in this epoch. Among the parts with r_p > 0, the next step is of

- ``alternate``: the part with the smallest (t_p + 1) / w_p; of equal parts, the first. With equal weights the parts take
  turns, one step each. With weight 2 a part has two steps per turn.
- ``proportional``: a part drawn with probability w_p r_p / sum_q w_q r_q. With equal weights and full batches, every order
  of the steps is equally probable.
- ``temperature``: a part drawn with probability w_p n_p^a / sum_q w_q n_q^a, where a is ``exponent``.

arXiv 2505.19274 trains on several corpora with one optimiser step per corpus in turn, as ``alternate`` does.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from listill.settings.joint import Turns
from listill.training import batches


class Turn(NamedTuple):
    """One step: its part, and its queries (positions in the examples of the part)."""

    part: int
    queries: np.ndarray


def order(
    sizes: Sequence[int], epochs: float, batch: int, seed: int, turns: Turns, weights: Sequence[float]
) -> list[Turn]:
    """Return all steps of a training, given the number of lists (at least 1) and the weight of each part."""
    steps = [batches.order(size, epochs, batch, seed, part) for part, size in enumerate(sizes)]
    by_epoch = [_by_epoch(part, size, min(batch, size)) for part, size in zip(steps, sizes, strict=True)]
    result = []
    for epoch in range(max(map(len, by_epoch))):
        waiting = [part[epoch] if epoch < len(part) else [] for part in by_epoch]
        draw = np.random.default_rng([seed, epoch, len(sizes)])
        result += _epoch(waiting, sizes, turns, np.array(weights, dtype=float), draw)
    return result


def _by_epoch(steps: list[np.ndarray], size: int, batch: int) -> list[list[np.ndarray]]:
    """Return the steps of one part by the epoch in which they begin."""
    epochs: list[list[np.ndarray]] = []
    for number, queries in enumerate(steps):
        while len(epochs) <= number * batch // size:
            epochs.append([])
        epochs[-1].append(queries)
    return epochs


def _epoch(
    waiting: list[list[np.ndarray]],
    sizes: Sequence[int],
    turns: Turns,
    weights: np.ndarray,
    draw: np.random.Generator,
) -> list[Turn]:
    """Return the steps of one epoch; ``waiting`` are those of each part."""
    remaining = np.array([sum(map(len, steps)) for steps in waiting])
    taken = np.zeros(len(waiting), dtype=int)
    result = []
    for _ in range(sum(map(len, waiting))):
        if turns.order == "alternate":
            part = int(np.where(remaining > 0, (taken + 1) / weights, np.inf).argmin())
        else:
            amount = remaining if turns.order == "proportional" else np.array(sizes) ** turns.exponent
            share = np.where(remaining > 0, weights * amount, 0.0)
            part = int(draw.choice(len(share), p=share / share.sum()))
        queries = waiting[part][taken[part]]
        result.append(Turn(part, queries))
        taken[part] += 1
        remaining[part] -= len(queries)
    return result
