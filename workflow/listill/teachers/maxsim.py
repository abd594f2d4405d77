"""MaxSim over token vectors.

score(q, d) = mean over the tokens i of q of max over the tokens j of d of q_i . d_j

This is MaxSim of ColBERT (Khattab and Zaharia 2020, arXiv 2004.12832) with the mean instead of the sum. The vectors
have unit length.
"""

import torch


def _padded(vectors: list[torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the vectors [n, longest, d], padded with zeros, and a mask [n, longest] of the real vectors."""
    padded = torch.nn.utils.rnn.pad_sequence(vectors, batch_first=True)
    lengths = torch.tensor([len(v) for v in vectors], device=padded.device)
    return padded, torch.arange(padded.shape[1], device=padded.device)[None] < lengths[:, None]


def maxsim(queries: list[torch.Tensor], texts: list[torch.Tensor]) -> torch.Tensor:
    """Return MaxSim (float32 [pairs]) of pairs of token matrices [tokens, d]."""
    q, q_mask = _padded(queries)
    t, t_mask = _padded(texts)
    similarity = torch.bmm(q, t.transpose(1, 2)).float()
    best = similarity.masked_fill(~t_mask[:, None], -torch.inf).amax(dim=2)
    return (best * q_mask).sum(1) / q_mask.sum(1)
