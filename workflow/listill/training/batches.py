"""Batches: which queries are trained on together, and everything that the losses need to know about them."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from listill.ragged import Ragged, segments, starts_of
from listill.settings.training import Negatives
from listill.training.examples import Examples

# Number of similarities of the guide that are computed at a time: 256 MB.
GUIDE_BLOCK = 2**26


@dataclass(frozen=True)
class Step:
    """One optimiser step over ``queries`` (positions in the examples) and the distinct ``texts`` of their lists.

    ``lists`` [queries, longest list]: columns of the lists' documents in the similarity matrix. ``mask``: which entries
    are not padding. ``positives``: which entries are positives; the first always is. ``scores``: the teacher's scores.
    ``negative`` [queries, texts]: which texts InfoNCE uses as negatives. ``copies`` [texts]: how often InfoNCE counts
    each text. ``others`` [queries, texts]: which texts the listwise loss uses beside the list; the same tensor as
    ``negative``, or None. ``base`` [queries + texts,
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

    def block(self, rows: slice) -> "Step":
        """Return the step with a part of its queries and with all of its texts."""
        of_queries = {name: getattr(self, name)[rows] for name in ("queries", "lists", "mask", "positives", "scores")}
        negative, base = self.negative[rows], self.base
        if base is not None:
            count = len(self.queries)
            base = torch.cat([base[:count][rows], base[count:]])
        others = None if self.others is None else self.others[rows]
        return dataclasses.replace(self, **of_queries, negative=negative, others=others, base=base)

    def to(self, device: torch.device) -> "Step":
        """Return the step with all tensors on the device."""
        return self._map(lambda tensor: tensor.to(device, non_blocking=True))

    def pinned(self) -> "Step":
        """Return the step in page-locked memory, from which a GPU copies while it computes."""
        return self._map(torch.Tensor.pin_memory)

    def _map(self, function: Callable[[torch.Tensor], torch.Tensor]) -> "Step":
        tensors = {name: value for name, value in vars(self).items() if isinstance(value, torch.Tensor)}
        changed: dict[str, Any] = {name: function(value) for name, value in tensors.items() if name != "others"}
        if self.others is not None:  # usually the same tensor as ``negative``, which is not copied twice
            changed["others"] = changed["negative"] if self.others is self.negative else function(self.others)
        return dataclasses.replace(self, **changed)


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


def collate(examples: Examples, queries: np.ndarray, negatives: Negatives) -> Step:
    """Return the step of the given queries, on the CPU."""
    lists = examples.lists.take(queries)
    texts, places, copies = np.unique(lists.values, return_inverse=True, return_counts=True)
    mask = np.arange(lists.lengths.max()) < lists.lengths[:, None]
    columns = np.zeros(mask.shape, dtype=np.int64)
    scores = np.zeros(mask.shape, dtype=np.float32)
    columns[mask] = places
    scores[mask] = examples.scores.take(queries).values
    in_lists, drawn = len(texts), _anchors(examples, queries)
    texts = np.concatenate([texts, drawn])
    copies = np.concatenate([copies, np.ones_like(drawn)])
    negative = np.zeros((len(queries), len(texts)), dtype=bool)
    negative[:, :in_lists] = True
    group = examples.group[texts[:in_lists]]
    negative[_texts_in(group, examples.relevant.take(queries))] = False
    positives = mask & ~np.take_along_axis(negative, columns, axis=1)
    positives[:, 0] = True
    negative[_texts_in(group, _close_to_the_top(examples, queries, negatives.denoise))] = False
    if examples.guide is not None:
        vectors = examples.guide[0][queries], examples.guide[1][texts[:in_lists]]
        _mask_by_guide(negative[:, :in_lists], *vectors, columns[:, 0], negatives.guide_margin)
    shared = torch.from_numpy(negative)
    base = None
    if examples.base is not None:
        base = torch.from_numpy(np.concatenate([examples.base[0][queries], examples.base[1][texts]]))
    return Step(
        queries=queries,
        texts=texts,
        lists=torch.from_numpy(columns),
        mask=torch.from_numpy(mask),
        positives=torch.from_numpy(positives),
        scores=torch.from_numpy(scores),
        negative=shared,
        copies=torch.from_numpy(copies if negatives.count == "every" else np.ones_like(copies)),
        others=shared if negatives.listwise else None,
        base=base,
    )


def _anchors(examples: Examples, queries: np.ndarray) -> np.ndarray:
    """Return the texts of no list that a step of these queries has."""
    if examples.anchors is None:
        return np.empty(0, dtype=np.int64)
    count = min(examples.anchors_per_step, len(examples.anchors))
    return np.random.default_rng(queries).choice(examples.anchors, count, replace=False, shuffle=False)


def _texts_in(group: np.ndarray, groups: Ragged) -> tuple[np.ndarray, np.ndarray]:
    """Return (rows, texts): all pairs of a row of ``groups`` and a text that is in one of its duplicate groups.

    ``group`` [texts] is the group of each text.
    """
    order = np.argsort(group, kind="stable")
    by_group = group[order]
    first, last = (np.searchsorted(by_group, groups.values, side) for side in ("left", "right"))
    return np.repeat(groups.rows, last - first), segments(order, first, last - first)


def _close_to_the_top(examples: Examples, queries: np.ndarray, share: float) -> Ragged:
    """Return the duplicate groups of the candidates of each query that the teacher scores close to its top score."""
    groups, scores = examples.pool(queries)
    # z-scores may be negative. A share of the range above the lowest score means the same for all normalisations.
    lowest = np.minimum(np.minimum.reduceat(scores.values, scores.starts[:-1]), np.float32(0))
    top = np.maximum.reduceat(scores.values, scores.starts[:-1])
    close = scores.values - lowest[scores.rows] > (share * (top - lowest))[scores.rows]
    return Ragged(groups.values[close], starts_of(np.add.reduceat(close, scores.starts[:-1], dtype=np.int64)))


def _mask_by_guide(
    negative: np.ndarray, queries: np.ndarray, texts: np.ndarray, positive: np.ndarray, margin: float
) -> None:
    """Remove the texts that the guide finds more similar to a query than its first positive (column ``positive``).

    Solatorio 2024, GISTEmbed, arXiv 2402.16829. ``queries`` [queries, d] and ``texts`` [texts, d] are its embeddings.
    The similarities of a large step are computed in blocks of queries.
    """
    size = max(1, GUIDE_BLOCK // len(texts))
    for start in range(0, len(queries), size):
        rows = slice(start, start + size)
        similarity = queries[rows] @ texts.T
        negative[rows] &= similarity <= np.take_along_axis(similarity, positive[rows, None], axis=1) + margin
