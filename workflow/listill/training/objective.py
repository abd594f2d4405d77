"""The training objective: the weighted sum of the losses."""

import functools
from collections.abc import Mapping
from types import ModuleType

import torch

from listill.families import load
from listill.settings.training import Loss, Temperatures
from listill.training.batches import Step


@functools.cache
def _loss(name: str) -> ModuleType:
    """Return the module of a loss; it is looked up once, not at every step."""
    return load("losses", name)


def weighted(
    step: Step, similarity: torch.Tensor, weights: Mapping[Loss, float], temperatures: Temperatures
) -> tuple[torch.Tensor, dict[str, float]]:
    """Return the weighted sum of the losses (means over the queries), and the unweighted value of each loss by name.

    ``similarity`` [queries, texts] holds the student's similarities of the step's queries and distinct texts.
    """
    similarity = similarity.float()
    total = similarity.new_zeros(())
    values: dict[str, float] = {}
    for name, weight in weights.items():
        value = _loss(name).loss(step, similarity, temperatures).mean()
        total = total + weight * value
        values[name] = float(value.detach())
    return total, values


def use_temperature(losses: Mapping[Loss, float], temperature: str) -> bool:
    """Tell whether any of the losses uses a temperature (``teacher``, ``student``, ``infonce``)."""
    return any(temperature in _loss(name).TEMPERATURES for name in losses)
