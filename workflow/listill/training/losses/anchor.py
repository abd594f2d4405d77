"""Anchor: the student's embeddings stay close to those of the base model.

||s - b||^2, averaged over the queries and distinct texts of the step: s is the student's embedding of a text, b the base
model's. For embeddings of length 1, this is 2 - 2 cos(s, b). According to arXiv 2609.10750, such an anchor repairs what
a student forgets, and most of the gain stays.

Put it beside a loss that teaches something: alone, it has its minimum at the base model.
"""

import torch

from listill.settings.training import Temperatures
from listill.training.batches import Step

TEMPERATURES = ()
BASE = True
EMBEDDINGS = True


def loss(step: Step, embeddings: torch.Tensor, temperatures: Temperatures) -> torch.Tensor:
    """Return the squared distance of each of the student's ``embeddings`` [n, d] from the base model's: [n]."""
    assert step.base is not None
    return (embeddings - step.base).square().sum(1)
