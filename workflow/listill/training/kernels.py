"""Masks and masked softmax functions that the losses share."""

import torch


def masked_log_softmax(scores: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Return the log-softmax along the last dimension, over the entries where ``mask`` is true; -inf elsewhere.

    Every row must have at least one such entry.
    """
    scores = scores.masked_fill(~mask, -torch.inf)
    return scores - torch.logsumexp(scores, dim=-1, keepdim=True)


def masked_entropy(scores: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Return the entropy in nats of the softmax along the last dimension, over the entries where ``mask`` is true."""
    log_p = masked_log_softmax(scores, mask)
    return -(log_p.exp() * log_p.masked_fill(~mask, 0.0)).sum(-1)


def texts_of(lists: torch.Tensor, mask: torch.Tensor, similarity: torch.Tensor) -> torch.Tensor:
    """Return which texts the entries ``mask`` of the ``lists`` stand for: bool, of the shape of ``similarity``.

    ``lists`` and ``mask`` are [queries, longest list], ``similarity`` is [queries, texts].
    """
    rows, texts = similarity.shape
    found = torch.zeros((rows, texts + 1), dtype=torch.bool, device=similarity.device)
    # Entries that are not in the mask go to a further column, which is dropped.
    return found.scatter_(1, lists.masked_fill(~mask, texts), True)[:, :texts]
