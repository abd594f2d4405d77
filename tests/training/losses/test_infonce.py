"""InfoNCE."""

import dataclasses
from collections.abc import Callable

import pytest
import torch

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
    first = [sum(copies[:t]) for t in range(len(copies))]
    negative = torch.cat([step.negative[:, [t]].expand(-1, n) for t, n in enumerate(copies)], dim=1).clone()
    for q, t in enumerate(step.positive.tolist()):  # copies of the positive are not negatives
        negative[q, first[t] : first[t] + copies[t]] = False
    plain = dataclasses.replace(
        step,
        negative=negative,
        positive=torch.tensor([first[t] for t in step.positive.tolist()]),
        copies=torch.ones(wide.shape[1], dtype=torch.int64),
    )
    expected = infonce.loss(plain, wide, TEMPERATURES)
    torch.testing.assert_close(infonce.loss(step, similarity, TEMPERATURES), expected)
