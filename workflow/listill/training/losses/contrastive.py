"""InfoNCE: each query's positive against every other text of the step that is not known to be relevant.

-log( exp(s+ / T) / (exp(s+ / T) + sum over negatives of exp(s / T)) ). Each distinct text counts once in the sum, however
many lists it stands in. Masked are duplicates of the positive, other relevant documents of the query, and what the teacher
finds nearly as good as the best of the query's own list (`training.denoise`), wherever in the step they occur.
"""

import torch

from listill.settings import Temperatures
from listill.training.batches import Step
from listill.training.losses.kernels import masked_log_softmax


def loss(step: Step, similarity: torch.Tensor, temperatures: Temperatures) -> torch.Tensor:
    """Return the loss of each query [queries]."""
    mask = step.negative.scatter(1, step.positive[:, None], True)
    log_p = masked_log_softmax(similarity / temperatures.contrastive, mask)
    return -log_p.gather(1, step.positive[:, None]).squeeze(1)
