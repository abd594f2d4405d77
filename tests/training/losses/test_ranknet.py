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


def test_equally_relevant_positives_are_no_pair() -> None:
    step, similarity = random_step(2)
    scores = step.scores.clone()
    scores[0] = torch.tensor([1.3, 1.3, 1.0, 0.6, 0.3, 0.0])
    similarity[0, step.lists[0]] = torch.tensor([0.4, 0.6, 0.0, -0.2, -0.4, -0.6])
    step = dataclasses.replace(step, scores=scores)
    swapped = similarity.clone()
    swapped[0, step.lists[0, :2]] = torch.tensor([0.6, 0.4])
    losses = [ranknet.loss(step, values, TEMPERATURES)[0] for values in (similarity, swapped)]
    torch.testing.assert_close(*losses)
