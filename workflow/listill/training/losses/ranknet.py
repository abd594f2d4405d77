"""RankNet: for each pair of documents of a list, the student learns which one the teacher scores higher.

Mean over the pairs with t_i > t_j of log(1 + exp(-(s_i - s_j) / T_s)) (Burges et al. 2005). Only the order of the
teacher's scores matters. Positives are documents like any other: two with the same target are no pair.
"""

import torch
from torch.nn.functional import softplus

from listill.settings.training import Temperatures
from listill.training.batches import Step

TEMPERATURES = ("student",)


def loss(step: Step, similarity: torch.Tensor, temperatures: Temperatures) -> torch.Tensor:
    """Return the loss of each query [queries]; 0 if all scores of the teacher are equal."""
    student = similarity.gather(1, step.lists) / temperatures.student
    preferred = (step.scores[:, :, None] > step.scores[:, None, :]) & step.mask[:, :, None] & step.mask[:, None, :]
    cost = softplus(student[:, None, :] - student[:, :, None]) * preferred
    return cost.sum((1, 2)) / preferred.sum((1, 2)).clamp(min=1)
