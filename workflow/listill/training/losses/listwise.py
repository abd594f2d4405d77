"""Listwise distillation: the student's distribution over a list learns to match the teacher's.

KL( softmax(teacher / T_t) || softmax(student / T_s) ) over each query's own list (arXiv 2502.19712). Unlike
DistillKLDivLoss of sentence-transformers, it has no factor of T_s squared.

With `training.negatives.listwise`, the student's softmax runs over the list and over InfoNCE's negatives of the step:
texts of other lists, to which the teacher assigns a probability of 0. If the targets are all or nothing, this loss is
InfoNCE.

Several positives of a list share the teacher's probability according to their targets: equally if they are equally
relevant.
"""

import torch

from listill.settings.training import Temperatures
from listill.training.batches import Step
from listill.training.kernels import masked_log_softmax, texts_of

TEMPERATURES = ("student", "teacher")


def loss(step: Step, similarity: torch.Tensor, temperatures: Temperatures) -> torch.Tensor:
    """Return the divergence of each query's list [queries]; ``temperatures.teacher`` must be a number."""
    assert not isinstance(temperatures.teacher, str)
    student = masked_log_softmax(similarity.gather(1, step.lists) / temperatures.student, step.mask)
    if step.others is not None:
        # The log of the share that the list has of the whole softmax is added to the log-probabilities of its entries.
        in_list = texts_of(step.lists, step.mask, similarity)
        scaled = similarity / temperatures.student
        list_sum = torch.logsumexp(scaled.masked_fill(~in_list, -torch.inf), 1)
        whole_sum = torch.logsumexp(scaled.masked_fill_(~(in_list | step.others), -torch.inf), 1)
        student = student + (list_sum - whole_sum)[:, None]
    teacher = masked_log_softmax(step.scores / temperatures.teacher, step.mask)
    # Padding has probability 0 in both distributions; 0 * (-inf) must not become NaN.
    difference = (teacher - student).masked_fill(~step.mask, 0.0)
    return (teacher.exp() * difference).sum(1)
