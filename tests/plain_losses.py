"""The losses as plain Python loops in float64, and random steps to test them with."""

import math

import numpy as np
import torch

from listill.settings.training import Temperatures
from listill.training.batches import Step

TEMPERATURES = Temperatures(student=0.05, teacher=0.3, infonce=0.02)


def random_step(seed: int, queries: int = 9, texts: int = 14, copies: bool = False) -> tuple[Step, torch.Tensor]:
    """Return a step with lists of 1 to 6 texts, which queries share, and similarities of any sign.

    The first 1 to 3 texts of a list are positives; a list of 2 or 3 may have nothing else.
    """
    draw = np.random.default_rng(seed)
    sizes = draw.integers(1, 7, size=queries)
    sizes[0] = 6
    lists = np.zeros((queries, 6), dtype=np.int64)
    mask = np.arange(6)[None] < sizes[:, None]
    for q, size in enumerate(sizes):
        lists[q, :size] = draw.choice(texts, size, replace=False)
    scores = np.where(mask, draw.uniform(-1, 1, size=mask.shape), 0).astype(np.float32)
    scores[1] = np.where(mask[1], 0.5, 0)  # the teacher gives all documents the same score
    negative = draw.random((queries, texts)) < 0.6
    negative[2] = False  # all texts are masked
    positives = mask & (np.arange(6)[None] < draw.integers(1, 4, size=queries)[:, None])
    step = Step(
        np.arange(queries),
        np.arange(texts),
        torch.from_numpy(lists),
        torch.from_numpy(mask),
        torch.from_numpy(positives),
        torch.from_numpy(scores),
        torch.from_numpy(negative),
        torch.from_numpy(draw.integers(1, 5, size=texts) if copies else np.ones(texts, dtype=np.int64)),
        base=unit(draw, queries + texts),
    )
    return step, torch.from_numpy(draw.uniform(-1, 1, size=(queries, texts)).astype(np.float32))


def unit(draw: np.random.Generator, count: int, dimension: int = 16) -> torch.Tensor:
    """Return random vectors [count, dimension] of length 1."""
    return torch.nn.functional.normalize(
        torch.from_numpy(draw.normal(size=(count, dimension)).astype(np.float32)), dim=1
    )


def random_embeddings(step: Step, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Return random embeddings of the step's queries and texts, of length 1 and of the dimension of ``step.base``."""
    draw = np.random.default_rng([seed, 1])
    return unit(draw, len(step.queries)), unit(draw, len(step.texts))


def softmax(values: list[float]) -> list[float]:
    top = max(values)
    total = sum(math.exp(value - top) for value in values)
    return [math.exp(value - top) / total for value in values]


def log_softmax(values: list[float]) -> list[float]:
    top = max(values)
    total = math.log(sum(math.exp(value - top) for value in values))
    return [value - top - total for value in values]


def naive_listwise(step: Step, similarity: torch.Tensor) -> list[float]:
    losses = []
    for q in range(len(step.queries)):
        entries = [j for j in range(step.lists.shape[1]) if step.mask[q, j]]
        student = softmax([float(similarity[q, step.lists[q, j]]) / 0.05 for j in entries])
        teacher = softmax([float(step.scores[q, j]) / 0.3 for j in entries])
        losses.append(sum(t * (math.log(t) - math.log(s)) for t, s in zip(teacher, student, strict=True)))
    return losses


def naive_infonce(step: Step, similarity: torch.Tensor) -> list[float]:
    losses = []
    for q in range(len(step.queries)):
        positives = [int(step.lists[q, j]) for j in range(step.lists.shape[1]) if step.positives[q, j]]
        others = [t for t in range(len(step.texts)) if step.negative[q, t] and t not in positives]
        others = [t for t in others for _ in range(int(step.copies[t]))]
        of_positives = []
        for positive in positives:
            values = [float(similarity[q, t]) / 0.02 for t in [positive, *others]]
            top = max(values)
            of_positives.append(top + math.log(sum(math.exp(value - top) for value in values)) - values[0])
        losses.append(sum(of_positives) / len(of_positives))
    return losses


def entries(step: Step, similarity: torch.Tensor, q: int) -> list[tuple[float, float]]:
    """Return (student's similarity, teacher's score) of each document in a query's list."""
    real = [j for j in range(step.lists.shape[1]) if step.mask[q, j]]
    return [(float(similarity[q, step.lists[q, j]]), float(step.scores[q, j])) for j in real]


def naive_margin_mse(step: Step, similarity: torch.Tensor) -> list[float]:
    losses = []
    for q in range(len(step.queries)):
        (s, t), *rest = entries(step, similarity, q)
        errors = [((s - s_other) - (t - t_other) * 0.05 / 0.3) ** 2 for s_other, t_other in rest]
        losses.append(sum(errors) / len(errors) if errors else 0.0)
    return losses


def naive_pair_mse(step: Step, similarity: torch.Tensor) -> list[float]:
    """Return half of the mean over all pairs of documents, a document with itself included."""
    losses = []
    for q in range(len(step.queries)):
        pairs = entries(step, similarity, q)
        errors = [((s_i - s_j) - (t_i - t_j) * 0.05 / 0.3) ** 2 for s_i, t_i in pairs for s_j, t_j in pairs]
        losses.append(sum(errors) / len(errors) / 2)
    return losses


def naive_ranknet(step: Step, similarity: torch.Tensor) -> list[float]:
    losses = []
    for q in range(len(step.queries)):
        pairs = entries(step, similarity, q)
        costs = [math.log1p(math.exp(-(s_i - s_j) / 0.05)) for s_i, t_i in pairs for s_j, t_j in pairs if t_i > t_j]
        losses.append(sum(costs) / len(costs) if costs else 0.0)
    return losses


def naive_anchor_kl(step: Step, similarity: torch.Tensor) -> list[float]:
    assert step.base is not None
    queries, texts = step.base[: len(step.queries)].tolist(), step.base[len(step.queries) :].tolist()
    losses = []
    for query, row in zip(queries, similarity.tolist(), strict=True):
        base = softmax([sum(a * b for a, b in zip(query, text, strict=True)) / 0.05 for text in texts])
        student = log_softmax([value / 0.05 for value in row])
        losses.append(sum(b * (math.log(b) - s) for b, s in zip(base, student, strict=True)))
    return losses


NAIVE = {
    "anchor_kl": naive_anchor_kl,
    "infonce": naive_infonce,
    "listwise": naive_listwise,
    "margin_mse": naive_margin_mse,
    "pair_mse": naive_pair_mse,
    "ranknet": naive_ranknet,
}
