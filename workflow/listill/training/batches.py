"""Steps: which queries train together, and what a loss needs to know of them."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch

from listill.training.examples import Examples


@dataclass(frozen=True)
class Step:
    """One optimiser step over ``queries`` (positions in the examples) and the distinct ``texts`` of their lists.

    lists [queries, longest list]: column of each list's documents in the similarities; ``mask``: which entries are real;
    scores: the teacher's; positive [queries]: column of the positive; negative [queries, texts]: what InfoNCE may push away.
    """

    queries: np.ndarray
    texts: np.ndarray
    lists: torch.Tensor
    mask: torch.Tensor
    scores: torch.Tensor
    positive: torch.Tensor
    negative: torch.Tensor


def order(count: int, epochs: float, batch: int, seed: int) -> list[np.ndarray]:
    """Return the queries of every step: each epoch a new seeded permutation, no remainder dropped.

    Batches run across the end of an epoch, so that all but the very last are full.
    """
    total = max(1, round(count * epochs))
    passes = [np.random.default_rng([seed, epoch]).permutation(count) for epoch in range(-(-total // count))]
    stream = np.concatenate(passes)[:total]
    return [stream[start : start + batch] for start in range(0, total, batch)]


def collate(examples: Examples, queries: np.ndarray, denoise: float, device: torch.device | str = "cpu") -> Step:
    """Return the step of the given queries; ``denoise`` as in the config."""
    lists = [examples.lists[q] for q in queries]
    longest = max(len(row) for row in lists)
    texts = np.unique(np.concatenate(lists))
    columns = np.zeros((len(lists), longest), dtype=np.int64)
    mask = np.zeros(columns.shape, dtype=bool)
    scores = np.zeros(columns.shape, dtype=np.float32)
    negative = np.ones((len(lists), len(texts)), dtype=bool)
    group = examples.group[texts]
    for i, (q, row) in enumerate(zip(queries, lists, strict=True)):
        columns[i, : len(row)] = np.searchsorted(texts, row)
        mask[i, : len(row)] = True
        own = examples.scores[q]
        scores[i, : len(row)] = own
        # z-scores may be negative: a share of the range above the lowest means the same for both normalisations.
        low = min(0.0, float(own.min()))
        nearly = row[own - low > denoise * (own.max() - low)]
        negative[i] &= ~np.isin(group, np.concatenate([examples.relevant[q], examples.group[nearly]]))
    return Step(
        queries,
        texts,
        torch.from_numpy(columns).to(device),
        torch.from_numpy(mask).to(device),
        torch.from_numpy(scores).to(device),
        torch.from_numpy(columns[:, 0].copy()).to(device),
        torch.from_numpy(negative).to(device),
    )


def chunks(lengths: np.ndarray, budget: int) -> Iterator[np.ndarray]:
    """Yield positions of texts of like length, longest first, of at most ``budget`` tokens with their padding."""
    by_length = np.argsort(-lengths, kind="stable")
    start = 0
    while start < len(by_length):
        size = max(1, budget // int(lengths[by_length[start]]))
        yield by_length[start : start + size]
        start += size
