"""MarginMSE: the student learns the teacher's margins between the positive and each other document of the list.

Mean over the list of ((s+ - s) - (t+ - t) T_s / T_t)^2 (Hofstätter et al. 2020, arXiv 2010.02666). The teacher's scores
are normalised and the student's are cosines. The factor T_s / T_t brings the teacher's margins to the student's scale:
s / T_s and t / T_t are the logits of the listwise loss.

Of several positives, the first one (the most relevant) is s+. The others are documents like any other: the student
learns their margins to the first, which are 0 between equally relevant documents if judgements set the targets.
"""

import torch

from listill.settings.training import Temperatures
from listill.training.batches import Step

TEMPERATURES = ("student", "teacher")


def loss(step: Step, similarity: torch.Tensor, temperatures: Temperatures) -> torch.Tensor:
    """Return the loss of each query [queries]; 0 for a list with a single document."""
    assert not isinstance(temperatures.teacher, str)
    student = similarity.gather(1, step.lists)
    teacher = step.scores * (temperatures.student / temperatures.teacher)
    difference = (student[:, :1] - student) - (teacher[:, :1] - teacher)
    others = step.mask.sum(1) - 1
    return (difference.square() * step.mask).sum(1) / others.clamp(min=1)
