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
    are not padding. ``positives``: which entries are positives; the first always is. ``scores``: the teacher's scores.
    ``negative`` [queries, texts]: which texts InfoNCE uses as negatives. ``copies`` [texts]: how often InfoNCE counts
    each text. ``others`` [queries, texts]: which texts the listwise loss uses beside the list. ``base`` [queries + texts,
    d]: the base model's embeddings, if a loss uses them. Texts of no list come last: they are no negatives, and only losses
    with ``base`` use them.
    """

    queries: np.ndarray
    texts: np.ndarray
    lists: torch.Tensor
    mask: torch.Tensor
    positives: torch.Tensor
    scores: torch.Tensor
    negative: torch.Tensor
    copies: torch.Tensor
    others: torch.Tensor | None = None
    base: torch.Tensor | None = None

    @property
    def positive(self) -> torch.Tensor:
        """Columns of the first, most relevant positives [queries]."""
        return self.lists[:, 0]


def order(count: int, epochs: float, batch: int, seed: int, part: int = 0) -> list[np.ndarray]:
    """Return the queries of every step. Each epoch is a new seeded permutation; no remainder is dropped.

    Batches continue across the end of an epoch, so that only the last one may be smaller. A batch is never larger than
    an epoch. The parts of a joint training have different permutations.
    """
    batch = min(batch, count)
    total = max(1, round(count * epochs))
    epochs_begun = range(-(-total // count))
    permutations = [np.random.default_rng([seed, epoch, part]).permutation(count) for epoch in epochs_begun]
    stream = np.concatenate(permutations)[:total]
    return [stream[start : start + batch] for start in range(0, total, batch)]


def collate(examples: Examples, queries: np.ndarray, negatives: Negatives, device: torch.device | str = "cpu") -> Step:
    """Return the step of the given queries."""
    lists = [examples.lists[q] for q in queries]
    texts, places, copies = np.unique(np.concatenate(lists), return_inverse=True, return_counts=True)
    sizes = np.array([len(row) for row in lists])
    mask = np.arange(sizes.max()) < sizes[:, None]
    columns = np.zeros(mask.shape, dtype=np.int64)
    scores = np.zeros(mask.shape, dtype=np.float32)
    columns[mask] = places
    scores[mask] = np.concatenate([examples.scores[q] for q in queries])
    relevant = _in_groups(examples.group[texts], [examples.relevant[q] for q in queries])
    positives = mask & np.take_along_axis(relevant, columns, axis=1)
    positives[:, 0] = True
    likely = _in_groups(examples.group[texts], _close_to_the_top(examples, queries, negatives.denoise))
    negative = ~relevant & ~likely
    if examples.guide is not None:  # Solatorio 2024, GISTEmbed, arXiv 2402.16829
        similarity = examples.guide[0][queries] @ examples.guide[1][texts].T
        negative &= similarity <= np.take_along_axis(similarity, columns[:, :1], axis=1) + negatives.guide_margin
    if examples.anchors is not None:
        count = min(examples.anchors_per_step, len(examples.anchors))
        drawn = np.random.default_rng(queries).choice(examples.anchors, count, replace=False, shuffle=False)
        texts = np.concatenate([texts, drawn])
        copies = np.concatenate([copies, np.ones_like(drawn)])
        negative = np.pad(negative, [(0, 0), (0, len(drawn))])
    shared = torch.from_numpy(negative).to(device)
    base = None
    if examples.base is not None:
        base = torch.from_numpy(np.concatenate([examples.base[0][queries], examples.base[1][texts]])).to(device)
    return Step(
        queries=queries,
        texts=texts,
        lists=torch.from_numpy(columns).to(device),
        mask=torch.from_numpy(mask).to(device),
        positives=torch.from_numpy(positives).to(device),
        scores=torch.from_numpy(scores).to(device),
        negative=shared,
        copies=torch.from_numpy(copies if negatives.count == "every" else np.ones_like(copies)).to(device),
        others=shared if negatives.listwise else None,
        base=base,
    )


def _in_groups(group: np.ndarray, groups: list[np.ndarray]) -> np.ndarray:
    """Return which texts are in the duplicate groups of each query: bool [queries, texts].

    ``group`` [texts] holds the group of each text, ``groups`` the groups of each query.
    """
    distinct, places = np.unique(group, return_inverse=True)
    wanted = np.concatenate(groups)
    rows = np.repeat(np.arange(len(groups)), [len(row) for row in groups])
    columns = np.searchsorted(distinct, wanted).clip(max=len(distinct) - 1)
    present = distinct[columns] == wanted
    found = np.zeros((len(groups), len(distinct)), dtype=bool)
    found[rows[present], columns[present]] = True
    return found[:, places]


def _close_to_the_top(examples: Examples, queries: np.ndarray, share: float) -> list[np.ndarray]:
    """Return the duplicate groups of the candidates of each query that the teacher scores close to its top score."""
    likely = []
    for q in queries:
        groups, scores = examples.pool(q)
        # z-scores may be negative. A share of the range above the lowest score means the same for all normalisations.
        lowest = min(0.0, float(scores.min()))
        likely.append(groups[scores - lowest > share * (scores.max() - lowest)])
    return likely
