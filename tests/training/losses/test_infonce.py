"""InfoNCE."""

import dataclasses
import math
from collections.abc import Callable

import numpy as np
import pytest
import torch

from listill.ragged import Ragged
from listill.settings.training import Negatives
from listill.training.batches import collate
from listill.training.examples import Examples
from listill.training.losses import infonce
from loss_checks import CHECKS
from plain_losses import TEMPERATURES, random_step


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_infonce(check: Callable[[str], None]) -> None:
    check("infonce")


def test_a_query_without_negatives_has_loss_0() -> None:
    step, similarity = random_step(0)
    assert not step.negative[2].any()
    assert infonce.loss(step, similarity, TEMPERATURES)[2] == 0


def test_counting_every_copy_equals_encoding_every_copy() -> None:
    """As in the papers, a text that is in three lists is in the denominator three times."""
    step, similarity = random_step(6, copies=True)
    copies = step.copies.tolist()
    wide = torch.cat([similarity[:, [t]].expand(-1, n) for t, n in enumerate(copies)], dim=1)
    first = torch.tensor([sum(copies[:t]) for t in range(len(copies))])
    negative = torch.cat([step.negative[:, [t]].expand(-1, n) for t, n in enumerate(copies)], dim=1).clone()
    for q in range(len(step.queries)):
        for t in step.lists[q][step.positives[q]].tolist():  # copies of a positive are not negatives
            negative[q, first[t] : first[t] + copies[t]] = False
    ones = torch.ones(wide.shape[1], dtype=torch.int64)
    plain = dataclasses.replace(step, lists=first[step.lists], negative=negative, copies=ones)
    expected = infonce.loss(plain, wide, TEMPERATURES)
    torch.testing.assert_close(infonce.loss(step, similarity, TEMPERATURES), expected)


def test_with_one_positive_the_loss_is_its_log_softmax() -> None:
    step, similarity = random_step(8)
    first = torch.zeros_like(step.positives)
    first[:, 0] = True
    step = dataclasses.replace(step, positives=first)
    mask = step.negative.scatter(1, step.lists[:, :1], True)
    log_p = torch.log_softmax((similarity.double() / TEMPERATURES.infonce).masked_fill(~mask, -torch.inf), 1)
    expected = -log_p.gather(1, step.lists[:, :1]).squeeze(1)
    torch.testing.assert_close(infonce.loss(step, similarity, TEMPERATURES).double(), expected, rtol=1e-5, atol=1e-5)


def test_every_positive_of_a_list_is_drawn_to_its_query() -> None:
    """Of the two relevant texts 0 and 1 of query 0, neither is a negative of the other; 2 and 3 are."""
    data = Examples(
        query_ids=["q", "r"],
        types=["human", "lead"],
        queries=["one", "two"],
        lists=Ragged.of([np.array([0, 1, 2]), np.array([3, 2])]),
        scores=Ragged(np.array([1.3, 1.15, 0.0, 1.0, 0.0], dtype=np.float32), np.array([0, 3, 5])),
        relevant=Ragged.of([np.array([0, 1]), np.array([3])]),
        texts=["a", "b", "c", "d"],
        group=np.arange(4),
        document=np.arange(4),
    )
    step = collate(data, np.arange(2), Negatives())
    similarity = torch.tensor([[0.06, 0.02, 0.04, 0.0], [0.0, 0.0, 0.0, 0.1]], requires_grad=True)
    values = infonce.loss(step, similarity, TEMPERATURES)
    # In units of the temperature 0.02, the positives are 3 and 1, the negatives 2 and 0.
    negatives = math.exp(2) + math.exp(0)
    expected = [math.log(1 + negatives / math.exp(positive)) for positive in (3, 1)]
    assert float(values[0].detach()) == pytest.approx(sum(expected) / 2, rel=1e-5)
    values[0].backward()
    assert similarity.grad is not None
    assert (similarity.grad[0] < 0).tolist() == [True, True, False, False]
