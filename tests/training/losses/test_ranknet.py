"""RankNet."""

import dataclasses
from collections.abc import Callable

import pytest
import torch

from listill.training.losses import ranknet
from loss_checks import CHECKS
from plain_losses import TEMPERATURES, random_step


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_ranknet(check: Callable[[str], None]) -> None:
    check("ranknet")


def test_a_list_with_a_single_document_has_loss_0() -> None:
    step, similarity = random_step(0)
    single = step.mask.sum(1) == 1
    assert single.any()
    assert ranknet.loss(step, similarity, TEMPERATURES)[single].abs().max() < 1e-6


def test_ranknet_depends_only_on_the_order_of_the_teachers_scores() -> None:
    step, similarity = random_step(1)
    same_order = dataclasses.replace(step, scores=step.scores.exp())
    values = ranknet.loss(step, similarity, TEMPERATURES)
    assert torch.equal(ranknet.loss(same_order, similarity, TEMPERATURES), values)
    reversed_order = dataclasses.replace(step, scores=-step.scores)
    assert not torch.equal(ranknet.loss(reversed_order, similarity, TEMPERATURES), values)


def test_ranknet_is_0_if_all_scores_of_the_teacher_are_equal() -> None:
    step, similarity = random_step(1)
    assert ranknet.loss(step, similarity, TEMPERATURES)[1] == 0
