"""MaxSim over token vectors.

score(q, d) = mean over the tokens i of q of max over the tokens j of d of q_i . d_j  (Khattab and Zaharia 2020, ColBERT,
arXiv 2004.12832, with the mean in place of the sum; vectors of unit length).
"""

import torch


def _padded(vectors: list[torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
    """Return vectors [n, longest, d] (padded with zeros) and which are real [n, longest]."""
    padded = torch.nn.utils.rnn.pad_sequence(vectors, batch_first=True)
    lengths = torch.tensor([len(v) for v in vectors], device=padded.device)
    return padded, torch.arange(padded.shape[1], device=padded.device)[None] < lengths[:, None]


def maxsim(queries: list[torch.Tensor], texts: list[torch.Tensor]) -> torch.Tensor:
    """Return MaxSim of pairs of token matrices [tokens, d] (float32 [pairs])."""
    q, q_real = _padded(queries)
    t, t_real = _padded(texts)
    similarity = torch.bmm(q, t.transpose(1, 2)).float()
    best = similarity.masked_fill(~t_real[:, None], -torch.inf).amax(dim=2)
    return (best * q_real).sum(1) / q_real.sum(1)
