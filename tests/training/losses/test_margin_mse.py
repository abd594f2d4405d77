"""MarginMSE."""

import dataclasses
from collections.abc import Callable

import pytest
import torch

from listill.training.losses import margin_mse
from loss_checks import CHECKS
from plain_losses import TEMPERATURES, random_step


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_margin_mse(check: Callable[[str], None]) -> None:
    check("margin_mse")


def test_a_list_with_a_single_document_has_loss_0() -> None:
    step, similarity = random_step(0)
    single = step.mask.sum(1) == 1
    assert single.any()
    assert margin_mse.loss(step, similarity, TEMPERATURES)[single].abs().max() < 1e-6


def test_margin_mse_is_0_if_the_student_has_the_teachers_margins() -> None:
    step, similarity = random_step(1)
    for q in range(len(step.queries)):
        similarity[q, step.lists[q][step.mask[q]]] = step.scores[q][step.mask[q]] * 0.05 / 0.3 + 0.1 * q
    assert margin_mse.loss(step, similarity, TEMPERATURES).max() < 1e-10


def test_other_positives_are_compared_with_the_first() -> None:
    """Equally relevant positives have a margin of 0: the student is drawn to give them the same similarity."""
    step, similarity = random_step(2)
    scores = step.scores.clone()
    scores[0] = torch.tensor([1.3, 1.3, 1.0, 0.6, 0.3, 0.0])
    similarity[0, step.lists[0]] = scores[0] * 0.05 / 0.3
    similarity[0, step.lists[0, 1]] += 0.1
    value = margin_mse.loss(dataclasses.replace(step, scores=scores), similarity, TEMPERATURES)[0]
    assert float(value) == pytest.approx(0.1**2 / 5, rel=1e-4)
