"""Anchor on similarities: each query's similarities to all texts of the step stay close to those of the base model.

KL( softmax(b / T) || softmax(s / T) ) over the distinct texts of the step: s are the student's similarities, b the base
model's, T is `temperatures.student`. The base model is the teacher of its own student, as in learning without forgetting
(Li and Hoiem 2016, arXiv 1606.09282). Unlike `anchor`, the embeddings may move, as long as they move together.
"""

import torch

from listill.settings.training import Temperatures
from listill.training.batches import Step

TEMPERATURES = ("student",)
BASE = True


def loss(step: Step, similarity: torch.Tensor, temperatures: Temperatures) -> torch.Tensor:
    """Return the divergence of each query [queries]."""
    assert step.base is not None
    queries, texts = step.base[: len(similarity)], step.base[len(similarity) :]
    base = torch.log_softmax(queries @ texts.T / temperatures.student, 1)
    student = torch.log_softmax(similarity / temperatures.student, 1)
    return (base.exp() * (base - student)).sum(1)
