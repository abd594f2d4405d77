"""The training objective: the weighted sum of the losses."""

import functools
from collections.abc import Mapping, Sequence
from types import ModuleType

import torch

from listill.families import load
from listill.settings.training import Loss, Temperatures
from listill.training.batches import Step
from listill.training.matryoshka import similarities


@functools.cache
def _loss(name: str) -> ModuleType:
    """Return the module of a loss; it is looked up once, not at every step."""
    return load("losses", name)


def weighted(
    step: Step,
    queries: torch.Tensor,
    texts: torch.Tensor,
    weights: Mapping[Loss, float],
    temperatures: Temperatures,
    sizes: Sequence[int] = (),
    normalise: bool = True,
) -> tuple[torch.Tensor, dict[str, float]]:
    """Return the weighted sum of the losses (means over the queries), and the unweighted value of each loss by name.

    ``queries`` [queries, d] and ``texts`` [texts, d] are the student's embeddings of the step's queries and distinct
    texts. The value of a loss that reads embeddings is its mean over both. That of a loss of similarities is the mean over
    whole embeddings and those cut to each of the ``sizes`` (see ``matryoshka``).
    """
    # Lower precision is raised to float32.
    queries, texts = (vectors.to(torch.promote_types(vectors.dtype, torch.float32)) for vectors in (queries, texts))
    of_sizes: list[torch.Tensor] = []
    if not all(map(reads_embeddings, weights)):
        of_sizes = similarities(queries, texts, sizes, normalise)
    total = queries.new_zeros(())
    values: dict[str, float] = {}
    for name, weight in weights.items():
        module = _loss(name)
        read = [torch.cat([queries, texts])] if reads_embeddings(name) else of_sizes
        value = torch.stack([module.loss(step, one, temperatures).mean() for one in read]).mean()
        total = total + weight * value
        values[name] = float(value.detach())
    return total, values


def use_temperature(losses: Mapping[Loss, float], temperature: str) -> bool:
    """Tell whether any of the losses uses a temperature (``teacher``, ``student``, ``infonce``)."""
    return any(temperature in _loss(name).TEMPERATURES for name in losses)


def reads_embeddings(name: Loss) -> bool:
    """Tell whether a loss gets the student's embeddings instead of the similarities."""
    return getattr(_loss(name), "EMBEDDINGS", False)


def use_base(losses: Mapping[Loss, float]) -> bool:
    """Tell whether any of the losses uses the base model's embeddings."""
    return any(getattr(_loss(name), "BASE", False) for name in losses)
