"""Anchor on similarities."""

from collections.abc import Callable

import pytest

from listill.training.losses import anchor_kl
from loss_checks import CHECKS
from plain_losses import TEMPERATURES, random_step


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_anchor_kl(check: Callable[[str], None]) -> None:
    check("anchor_kl")


def test_it_is_0_for_the_similarities_of_the_base_model_only() -> None:
    step, similarity = random_step(1)
    assert step.base is not None
    queries, texts = step.base[: len(step.queries)], step.base[len(step.queries) :]
    assert anchor_kl.loss(step, queries @ texts.T, TEMPERATURES).abs().max() < 1e-5
    assert anchor_kl.loss(step, similarity, TEMPERATURES).min() > 0.1
