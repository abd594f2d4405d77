"""PairMSE."""

from collections.abc import Callable

import pytest
import torch

from listill.training.losses import margin_mse, pair_mse
from loss_checks import CHECKS
from plain_losses import TEMPERATURES, random_step


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_pair_mse(check: Callable[[str], None]) -> None:
    """The plain loops take the mean over all pairs, not the variance."""
    check("pair_mse")


def test_a_list_with_a_single_document_has_loss_0() -> None:
    step, similarity = random_step(0)
    single = step.mask.sum(1) == 1
    assert single.any()
    assert pair_mse.loss(step, similarity, TEMPERATURES)[single].abs().max() < 1e-6


def test_pair_mse_is_0_if_the_student_has_the_teachers_margins() -> None:
    step, similarity = random_step(1)
    for q in range(len(step.queries)):
        similarity[q, step.lists[q][step.mask[q]]] = step.scores[q][step.mask[q]] * 0.05 / 0.3 + 0.1 * q
    assert pair_mse.loss(step, similarity, TEMPERATURES).max() < 1e-10


def test_a_list_of_two_documents_has_a_quarter_of_margin_mse() -> None:
    """There is a single pair; with margin m, the variance is (m / 2)^2."""
    step, similarity = random_step(0)
    pair = step.mask.sum(1) == 2
    assert pair.any()
    of_pairs, of_margins = (loss.loss(step, similarity, TEMPERATURES)[pair] for loss in (pair_mse, margin_mse))
    torch.testing.assert_close(of_pairs, of_margins / 4)
