"""The training objective: the weighted sum of the losses."""

from collections.abc import Mapping

import torch

from listill.families import load
from listill.settings.training import Loss, Temperatures
from listill.training.batches import Step


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
        value = load("losses", name).loss(step, similarity, temperatures).mean()
        total = total + weight * value
        values[name] = float(value.detach())
    return total, values


def use_temperature(losses: Mapping[Loss, float], temperature: str) -> bool:
    """Tell whether any of the losses uses a temperature (``teacher``, ``student``, ``infonce``)."""
    return any(temperature in load("losses", name).TEMPERATURES for name in losses)
