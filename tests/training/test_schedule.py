"""The learning rate schedule, the optimiser's parameter groups, and dropout."""

import itertools
from pathlib import Path

import pytest
import torch

from listill.retrieval.encoder import Encoder
from listill.settings.students import Student
from listill.settings.training import Recipe
from listill.training import schedule


def trainable(folder: Path) -> torch.nn.Module:
    return Encoder(Student(model=str(folder), precision="fp32"), trainable=True).model


@pytest.mark.parametrize("warmup", [0.1, 0.34, 0.02])
def test_warm_up_and_decay(warmup: float) -> None:
    rates = [schedule.rate(step, 30, warmup) for step in range(30)]
    top = rates.index(max(rates))
    assert 0 < rates[0] < 1
    assert max(rates) == 1
    assert top == -(-warmup * 30 // 1)
    assert all(low < high for low, high in itertools.pairwise(rates[: top + 1]))
    assert all(high > low for high, low in itertools.pairwise(rates[top:]))
    assert 0 < rates[-1] < 0.1


@pytest.mark.parametrize(("steps", "warmup"), [(1, 0.0), (1, 0.1), (1, 1.0), (2, 0.5), (7, 1.0), (30, 0.0)])
def test_no_step_has_rate_0(steps: int, warmup: float) -> None:
    assert all(0 < schedule.rate(step, steps, warmup) <= 1 for step in range(steps))


def test_no_weight_decay_on_biases_and_norms(tiny_model: Path) -> None:
    model = trainable(tiny_model)
    adam = schedule.optimiser(model, Recipe(weight_decay=0.3, learning_rate=0.5))
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    decays = {names[id(p)]: group["weight_decay"] for group in adam.param_groups for p in group["params"]}
    assert decays.keys() == set(names.values())
    plain = {name for name, decay in decays.items() if decay == 0}
    assert plain == {name for name in decays if name.endswith(".bias") or "LayerNorm" in name}
    assert {decays[name] for name in decays.keys() - plain} == {0.3}
    assert {group["lr"] for group in adam.param_groups} == {0.5}


def test_dropout_is_set_everywhere(tiny_model: Path) -> None:
    model = trainable(tiny_model)
    schedule.set_dropout(model, 0.4)
    probabilities = [module.p for module in model.modules() if isinstance(module, torch.nn.Dropout)]
    assert len(probabilities) > 4
    assert set(probabilities) == {0.4}
    assert model.training
    schedule.set_dropout(model, 0.0)
    assert not model.training
