"""A toy loss: the positive is to be more similar to the query than each other document of the list, by a margin.

Mean over the other documents of max(0, 0.1 - s+ + s).
"""

import torch

from listill.settings.training import Temperatures
from listill.training.batches import Step

TEMPERATURES = ()
MARGIN = 0.1


def loss(step: Step, similarity: torch.Tensor, temperatures: Temperatures) -> torch.Tensor:
    """Return the loss of each query [queries]."""
    student = similarity.gather(1, step.lists)
    cost = torch.relu(MARGIN - student[:, :1] + student) * step.mask
    return cost[:, 1:].sum(1) / (step.mask.sum(1) - 1).clamp(min=1)
