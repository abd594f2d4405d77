"""InfoNCE: each query's positive against every other text of the step that is not known to be relevant.

-log( exp(s+ / T) / (exp(s+ / T) + sum over negatives of exp(s / T)) ). Each distinct text counts once in the sum, however
many lists it stands in (`training.negatives.count: every` counts it once a list, as the papers do). Masked are, wherever in
the step they occur, duplicates of the positive, other relevant documents of the query, what the teacher finds nearly as good
as the best of the query's own list (`denoise`), and what a guide model finds more similar than the positive (`guide`).
"""

import torch

from listill.settings.training import Temperatures
from listill.training.batches import Step
from listill.training.kernels import masked_log_softmax

TEMPERATURES = ("infonce",)


def loss(step: Step, similarity: torch.Tensor, temperatures: Temperatures) -> torch.Tensor:
    """Return the loss of each query [queries]."""
    mask = step.negative.scatter(1, step.positive[:, None], True)
    # n copies of a text: n exp(s / T) = exp(s / T + log n). The positive is one term, whatever its copies.
    copies = step.copies.to(similarity.dtype).log()[None].expand_as(similarity)
    copies = copies.scatter(1, step.positive[:, None], 0.0)
    log_p = masked_log_softmax(similarity / temperatures.infonce + copies, mask)
    return -log_p.gather(1, step.positive[:, None]).squeeze(1)
