"""InfoNCE with in-batch negatives: the positives of each query against the other texts of the step.

-log( exp(s+ / T) / (exp(s+ / T) + sum over negatives of exp(s / T)) ), averaged over the positives of the query's list.
Each distinct text counts once in the sum, however many lists contain it (`training.negatives.count: every` counts it
once per list, as the papers do). The following texts are masked wherever they occur in the step: the other positives of
the query and all documents that are known to be relevant to it, duplicates of these, candidates of the query that the
teacher scores close to the top, whether they are in its list or not (`denoise`), and texts that a guide model finds
more similar to the query than the first positive (`guide`).
"""

import torch
from torch.nn.functional import softplus

from listill.settings.training import Temperatures
from listill.training.batches import Step
from listill.training.kernels import texts_of

TEMPERATURES = ("infonce",)


def loss(step: Step, similarity: torch.Tensor, temperatures: Temperatures) -> torch.Tensor:
    """Return the loss of each query [queries]."""
    scaled = similarity / temperatures.infonce
    negative = step.negative & ~texts_of(step.lists, step.positives, similarity)
    # n copies of a text: n exp(s / T) = exp(s / T + log n). A positive is a single term, however many copies it has.
    copies = step.copies.to(similarity.dtype).log()
    # The lowest number stands for the log of 0: with -inf, the gradient of a query without negatives would be NaN.
    nothing = torch.finfo(similarity.dtype).min
    negatives = torch.logsumexp((scaled + copies).masked_fill_(~negative, nothing), 1, keepdim=True)
    # -log( exp(p) / (exp(p) + exp(n)) ) = softplus(n - p)
    losses = softplus(negatives - scaled.gather(1, step.lists))
    return (losses * step.positives).sum(1) / step.positives.sum(1)
