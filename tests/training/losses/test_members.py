"""What all losses have in common, against plain Python loops in float64."""

import numpy as np
import pytest
import torch

from listill.families import load, names
from listill.settings.training import Temperatures
from listill.training.losses import infonce, listwise, margin_mse, ranknet
from plain_losses import NAIVE, TEMPERATURES, random_step


def test_every_loss_is_tested_here() -> None:
    assert names("losses") == sorted(NAIVE)


@pytest.mark.parametrize("name", NAIVE)
def test_a_loss_changes_with_the_temperatures_that_it_names_and_with_no_other(name: str) -> None:
    step, similarity = random_step(7)
    module = load("losses", name)
    before = module.loss(step, similarity, TEMPERATURES)
    for temperature in Temperatures.model_fields.keys() - {"offset"}:
        changed = TEMPERATURES.model_copy(update={temperature: 0.11})
        same = torch.equal(module.loss(step, similarity, changed), before)
        assert same == (temperature not in module.TEMPERATURES), temperature


@pytest.mark.parametrize("name", NAIVE)
@pytest.mark.parametrize("seed", range(5))
def test_losses_are_those_of_plain_loops(seed: int, name: str) -> None:
    step, similarity = random_step(seed, copies=seed > 2)
    found = load("losses", name).loss(step, similarity, TEMPERATURES)
    assert found.dtype == torch.float32
    np.testing.assert_allclose(found, NAIVE[name](step, similarity), rtol=1e-4, atol=1e-5)


def test_a_list_of_one_and_a_query_without_negatives_cost_nothing() -> None:
    step, similarity = random_step(0)
    alone = step.mask.sum(1) == 1
    assert alone.any()
    for module in (listwise, margin_mse, ranknet):
        assert module.loss(step, similarity, TEMPERATURES)[alone].abs().max() < 1e-6
    assert infonce.loss(step, similarity, TEMPERATURES)[2] == 0


@pytest.mark.parametrize("name", NAIVE)
def test_gradients_are_finite_and_those_of_the_loops(name: str) -> None:
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


@pytest.mark.parametrize("name", NAIVE)
def test_extreme_similarities_stay_finite(name: str) -> None:
    step, similarity = random_step(4)
    similarity = (similarity.sign() * 1e4).requires_grad_()
    loss = load("losses", name).loss(step, similarity, TEMPERATURES)
    assert torch.isfinite(loss).all()
    loss.sum().backward()
    assert similarity.grad is not None
    assert torch.isfinite(similarity.grad).all()
