"""InfoNCE with in-batch negatives: the positive of each query against the other texts of the step.

-log( exp(s+ / T) / (exp(s+ / T) + sum over negatives of exp(s / T)) ). Each distinct text counts once in the sum,
however many lists contain it (`training.negatives.count: every` counts it once per list, as the papers do). The
following texts are masked wherever they occur in the step: duplicates of the positive, other relevant documents of the
query, documents of the query's own list that the teacher scores close to the top (`denoise`), and texts that a guide
model finds more similar to the query than the positive (`guide`).
"""

import torch

from listill.settings.training import Temperatures
from listill.training.batches import Step
from listill.training.kernels import masked_log_softmax

TEMPERATURES = ("infonce",)


def loss(step: Step, similarity: torch.Tensor, temperatures: Temperatures) -> torch.Tensor:
    """Return the loss of each query [queries]."""
    mask = step.negative.scatter(1, step.positive[:, None], True)
    # n copies of a text: n exp(s / T) = exp(s / T + log n). The positive is a single term, however many copies it has.
    copies = step.copies.to(similarity.dtype).log()[None].expand_as(similarity)
    copies = copies.scatter(1, step.positive[:, None], 0.0)
    log_p = masked_log_softmax(similarity / temperatures.infonce + copies, mask)
    return -log_p.gather(1, step.positive[:, None]).squeeze(1)
