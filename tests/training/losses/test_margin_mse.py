"""MarginMSE."""

from collections.abc import Callable

import pytest

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
