"""Listwise distillation: the student's distribution over a list is to match the teacher's.

KL( softmax(teacher / T_t) || softmax(student / T_s) ) over each query's own list (arXiv 2502.19712; no factor of
T_s squared, which sentence-transformers' DistillKLDivLoss has).

With `training.negatives.listwise` the student's softmax runs over the list and InfoNCE's negatives in the step: texts
of other lists, to which the teacher gives nothing. With targets of all or nothing that is InfoNCE.
"""

import torch

from listill.settings.training import Temperatures
from listill.training.batches import Step
from listill.training.kernels import masked_log_softmax

TEMPERATURES = ("student", "teacher")


def loss(step: Step, similarity: torch.Tensor, temperatures: Temperatures) -> torch.Tensor:
    """Return the divergence of each query's list [queries]; ``temperatures.teacher`` must be a number by now."""
    assert not isinstance(temperatures.teacher, str)
    student = masked_log_softmax(similarity.gather(1, step.lists) / temperatures.student, step.mask)
    if step.others is not None:
        # log of the share that the list has of the whole: what its entries have to give up.
        own = torch.zeros_like(similarity).scatter_add(1, step.lists, step.mask.to(similarity.dtype)) > 0
        scaled = similarity / temperatures.student
        within = torch.logsumexp(scaled.masked_fill(~own, -torch.inf), 1)
        student = student + (within - torch.logsumexp(scaled.masked_fill(~(own | step.others), -torch.inf), 1))[:, None]
    teacher = masked_log_softmax(step.scores / temperatures.teacher, step.mask)
    # Padding has probability 0 on both sides; 0 * (-inf) must not become NaN.
    difference = (teacher - student).masked_fill(~step.mask, 0.0)
    return (teacher.exp() * difference).sum(1)
