"""Batches: which queries are trained on together, and everything that the losses need to know about them."""

from dataclasses import dataclass

import numpy as np
import torch

from listill.settings.training import Negatives
from listill.training.examples import Examples


@dataclass(frozen=True)
class Step:
    """One optimiser step over ``queries`` (positions in the examples) and the distinct ``texts`` of their lists.

    ``lists`` [queries, longest list]: columns of the lists' documents in the similarity matrix. ``mask``: which entries
    are not padding. ``scores``: the teacher's scores. ``positive`` [queries]: column of the positive. ``negative``
    [queries, texts]: which texts InfoNCE uses as negatives. ``copies`` [texts]: how often InfoNCE counts each text.
    ``others`` [queries, texts]: which texts the listwise loss uses beside the list.
    """

    queries: np.ndarray
    texts: np.ndarray
    lists: torch.Tensor
    mask: torch.Tensor
    scores: torch.Tensor
    positive: torch.Tensor
    negative: torch.Tensor
    copies: torch.Tensor
    others: torch.Tensor | None = None


def order(count: int, epochs: float, batch: int, seed: int) -> list[np.ndarray]:
    """Return the queries of every step. Each epoch is a new seeded permutation; no remainder is dropped.

    Batches continue across the end of an epoch, so that only the last one may be smaller. A batch is never larger than
    an epoch.
    """
    batch = min(batch, count)
    total = max(1, round(count * epochs))
    permutations = [np.random.default_rng([seed, epoch]).permutation(count) for epoch in range(-(-total // count))]
    stream = np.concatenate(permutations)[:total]
    return [stream[start : start + batch] for start in range(0, total, batch)]


def collate(examples: Examples, queries: np.ndarray, negatives: Negatives, device: torch.device | str = "cpu") -> Step:
    """Return the step of the given queries."""
    lists = [examples.lists[q] for q in queries]
    longest = max(len(row) for row in lists)
    texts, copies = np.unique(np.concatenate(lists), return_counts=True)
    columns = np.zeros((len(lists), longest), dtype=np.int64)
    mask = np.zeros(columns.shape, dtype=bool)
    scores = np.zeros(columns.shape, dtype=np.float32)
    for i, (q, row) in enumerate(zip(queries, lists, strict=True)):
        columns[i, : len(row)] = np.searchsorted(texts, row)
        mask[i, : len(row)] = True
        scores[i, : len(row)] = examples.scores[q]
    negative = torch.from_numpy(_negative_mask(examples, queries, texts, columns[:, 0], negatives)).to(device)
    return Step(
        queries=queries,
        texts=texts,
        lists=torch.from_numpy(columns).to(device),
        mask=torch.from_numpy(mask).to(device),
        scores=torch.from_numpy(scores).to(device),
        positive=torch.from_numpy(columns[:, 0].copy()).to(device),
        negative=negative,
        copies=torch.from_numpy(copies if negatives.count == "every" else np.ones_like(copies)).to(device),
        others=negative if negatives.listwise else None,
    )


def _negative_mask(
    examples: Examples, queries: np.ndarray, texts: np.ndarray, positive: np.ndarray, settings: Negatives
) -> np.ndarray:
    """Return which texts are negatives of which queries [queries, texts]."""
    group = examples.group[texts]
    negative = np.ones((len(queries), len(texts)), dtype=bool)
    for i, q in enumerate(queries):
        row, scores = examples.lists[q], examples.scores[q]
        # z-scores may be negative. A share of the range above the lowest score means the same for all normalisations.
        lowest = min(0.0, float(scores.min()))
        likely_relevant = row[scores - lowest > settings.denoise * (scores.max() - lowest)]
        excluded = np.concatenate([examples.relevant[q], examples.group[likely_relevant]])
        negative[i] &= ~np.isin(group, excluded)
    if examples.guide is not None:  # Solatorio 2024, GISTEmbed, arXiv 2402.16829
        similarity = examples.guide[0][queries] @ examples.guide[1][texts].T
        negative &= similarity <= similarity[np.arange(len(queries)), positive][:, None] + settings.guide_margin
    return negative
