"""Sampling with one seed per request.

Each request is sampled with its own random numbers, using the Gumbel-max trick (Gumbel 1954; Maddison et al. 2014,
arXiv 1411.0030): the argmax of ``logits / temperature + g``, with standard Gumbel noise g, is a sample from the softmax
of ``logits / temperature``. A query therefore does not depend on the other requests in its batch, except for rounding.
"""

import torch
from transformers import LogitsProcessor

# The nucleus is usually among this many tokens; sorting a whole vocabulary takes half as long as a step of a small model.
LIKELY = 1024


def nucleus(logits: torch.Tensor, top_p: float) -> torch.Tensor:
    """Return ``logits`` [rows, vocabulary] with -inf outside the nucleus (Holtzman et al. 2020, arXiv 1904.09751).

    The nucleus is the smallest set of the most likely tokens with a total probability of at least ``top_p``.
    """
    probabilities, vocabulary = logits.softmax(-1), logits.shape[-1]
    likely, tokens = probabilities.topk(min(LIKELY, vocabulary))
    if likely.sum(-1).min() < top_p:
        likely, tokens = probabilities.sort(descending=True)
    outside = likely.cumsum(-1) - likely >= top_p
    kept = logits.gather(-1, tokens).masked_fill(outside, -torch.inf)
    return torch.full_like(logits, -torch.inf).scatter(-1, tokens, kept)


def mixed(x: torch.Tensor) -> torch.Tensor:
    """Return a pseudo-random bijection of 32-bit integers (in int64): the last step of MurmurHash3 (Appleby 2011)."""
    x = ((x ^ (x >> 16)) * 0x85EBCA6B) & 0xFFFFFFFF
    x = ((x ^ (x >> 13)) * 0xC2B2AE35) & 0xFFFFFFFF
    return x ^ (x >> 16)


def uniform(seeds: torch.Tensor, step: int, tokens: int) -> torch.Tensor:
    """Return numbers [rows, tokens] in (0, 1), in float32, that depend on the seed of the row, the step and the token.

    The numbers are computed and not drawn, so that all rows of a batch take one pass on their device, and every device
    gives the same: drawing them row by row on the CPU took most of the time of a batch of 256 on a GPU.
    """
    rows = mixed(mixed(seeds) ^ step)[:, None]
    token = mixed(torch.arange(1, tokens + 1, device=seeds.device))
    bits = mixed(rows ^ token) >> 9  # 23 bits and the half fit into the 24 bits of float32, so 1 is never reached
    return (bits.float() + 0.5) / 2**23


class Sampler(LogitsProcessor):
    """Turns greedy decoding into sampling, with one seed (up to 31 bits) per row [rows]; it is called once per step."""

    def __init__(self, seeds: list[int], temperature: float, top_p: float) -> None:
        self.seeds = torch.tensor(seeds, dtype=torch.int64)
        self.temperature = temperature
        self.top_p = top_p
        self.step = 0

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """Return scores [rows, vocabulary] whose argmax is the sample."""
        logits = scores.float() / self.temperature
        if self.top_p < 1:
            logits = nucleus(logits, self.top_p)
        self.seeds = self.seeds.to(logits.device)
        self.step += 1
        return logits - (-uniform(self.seeds, self.step, logits.shape[1]).log()).log()
