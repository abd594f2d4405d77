"""Checks that every loss has to pass, against plain Python loops in float64 (``plain_losses``)."""

import numpy as np
import pytest
import torch

from listill.families import load
from listill.settings.training import Temperatures
from plain_losses import NAIVE, TEMPERATURES, random_step


def check_against_plain_loops(name: str) -> None:
    """The values are those of the plain loops."""
    for seed in range(5):
        step, similarity = random_step(seed, copies=seed > 2)
        values = load("losses", name).loss(step, similarity, TEMPERATURES)
        assert values.dtype == torch.float32
        np.testing.assert_allclose(values, NAIVE[name](step, similarity), rtol=1e-4, atol=1e-5)


def check_temperatures(name: str) -> None:
    """The loss depends on the temperatures in its TEMPERATURES, and on no others."""
    step, similarity = random_step(7)
    module = load("losses", name)
    before = module.loss(step, similarity, TEMPERATURES)
    for temperature in Temperatures.model_fields.keys() - {"offset"}:
        changed = TEMPERATURES.model_copy(update={temperature: 0.11})
        unchanged = torch.equal(module.loss(step, similarity, changed), before)
        assert unchanged == (temperature not in module.TEMPERATURES), temperature


def check_gradients(name: str) -> None:
    """The gradients are finite, and equal the numerical gradients of the plain loops."""
    step, similarity = random_step(3)
    similarity.requires_grad_()
    load("losses", name).loss(step, similarity, TEMPERATURES).sum().backward()
    assert similarity.grad is not None
    assert torch.isfinite(similarity.grad).all()
    naive = NAIVE[name]
    plain = similarity.detach().double()
    for q, t in [(0, int(step.lists[0, 0])), (0, int(step.lists[0, 3])), (4, int(step.positive[4])), (5, 5)]:
        up, down = plain.clone(), plain.clone()
        up[q, t] += 1e-6
        down[q, t] -= 1e-6
        slope = (sum(naive(step, up)) - sum(naive(step, down))) / 2e-6
        assert float(similarity.grad[q, t]) == pytest.approx(slope, rel=1e-3, abs=1e-3)


def check_extreme_similarities(name: str) -> None:
    """Values and gradients stay finite."""
    step, similarity = random_step(4)
    similarity = (similarity.sign() * 1e4).requires_grad_()
    values = load("losses", name).loss(step, similarity, TEMPERATURES)
    assert torch.isfinite(values).all()
    values.sum().backward()
    assert similarity.grad is not None
    assert torch.isfinite(similarity.grad).all()


CHECKS = [check_against_plain_loops, check_temperatures, check_gradients, check_extreme_similarities]
