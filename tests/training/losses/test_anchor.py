"""Anchor on embeddings; its gradient through a model is tested with the engine."""

import pytest
import torch

from listill.training.losses import anchor
from plain_losses import TEMPERATURES, random_embeddings, random_step


def test_values_and_gradients_are_those_of_plain_loops_in_float64() -> None:
    step, _ = random_step(2)
    assert step.base is not None
    embeddings = torch.cat(random_embeddings(step)).requires_grad_()
    values = anchor.loss(step, embeddings, TEMPERATURES)
    assert values.dtype == torch.float32
    values.mean().backward()
    assert embeddings.grad is not None
    rows, base = embeddings.tolist(), step.base.tolist()
    for n, (row, base_row) in enumerate(zip(rows, base, strict=True)):
        assert float(values[n].detach()) == pytest.approx(sum((a - b) ** 2 for a, b in zip(row, base_row, strict=True)))
        slope = [2 * (a - b) / len(rows) for a, b in zip(row, base_row, strict=True)]
        assert embeddings.grad[n].tolist() == pytest.approx(slope, rel=1e-4, abs=1e-7)


def test_of_unit_vectors_it_is_the_distance_of_the_cosine_from_1() -> None:
    step, _ = random_step(2)
    assert step.base is not None
    embeddings = torch.cat(random_embeddings(step))
    cosines = (embeddings * step.base).sum(1)
    torch.testing.assert_close(anchor.loss(step, embeddings, TEMPERATURES), 2 - 2 * cosines)
    assert anchor.loss(step, step.base, TEMPERATURES).abs().max() == 0
