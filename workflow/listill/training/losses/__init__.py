"""Losses, one file each, named as in the config.

A loss is a module with ``loss(step, similarity, temperatures) -> [queries]``: one value a query, in float32.
"""

import importlib

import torch

from listill.settings import Loss, Temperatures
from listill.training.batches import Step


def weighted(
    step: Step, similarity: torch.Tensor, weights: dict[Loss, float], temperatures: Temperatures
) -> tuple[torch.Tensor, dict[str, float]]:
    """Return the weighted sum of the named losses (mean over queries), and each of them unweighted.

    ``similarity`` [queries, texts] are the student's similarities of the step's queries and distinct texts.
    """
    similarity = similarity.float()
    total = similarity.new_zeros(())
    values: dict[str, float] = {}
    for name, weight in weights.items():
        module = importlib.import_module(f"listill.training.losses.{name}")
        value = module.loss(step, similarity, temperatures).mean()
        total = total + weight * value
        values[name] = float(value.detach())
    return total, values
