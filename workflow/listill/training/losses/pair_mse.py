"""PairMSE: the student learns the teacher's margins between all documents of the list.

Mean over the list of (d_i - mean d)^2 with d_i = s_i - t_i T_s / T_t: both scores are centred on the mean of their list,
since only differences within a list matter to a ranking. This is the variance of d. It is half of the mean over all
ordered pairs (i, j) of ((s_i - s_j) - (t_i - t_j) T_s / T_t)^2, i.e. of MarginMSE's term (arXiv 2010.02666) for every pair
instead of the pairs with the positive: mean over i, j of (d_i - d_j)^2 = 2 (mean d^2 - (mean d)^2) = 2 var d. The pairs cost
nothing this way. The factor T_s / T_t brings the teacher's scores to the scale of the student's, as in MarginMSE.

Positives are documents like any other.
"""

import torch

from listill.settings.training import Temperatures
from listill.training.batches import Step

TEMPERATURES = ("student", "teacher")


def loss(step: Step, similarity: torch.Tensor, temperatures: Temperatures) -> torch.Tensor:
    """Return the loss of each query [queries]; 0 for a list with a single document."""
    assert not isinstance(temperatures.teacher, str)
    teacher = step.scores * (temperatures.student / temperatures.teacher)
    difference = (similarity.gather(1, step.lists) - teacher).masked_fill(~step.mask, 0.0)
    size = step.mask.sum(1, keepdim=True)
    centred = (difference - difference.sum(1, keepdim=True) / size) * step.mask
    return (centred.square() / size).sum(1)
