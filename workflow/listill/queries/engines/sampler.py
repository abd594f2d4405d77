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


class Sampler(LogitsProcessor):
    """Turns greedy decoding into sampling, with one seed per row [rows]."""

    def __init__(self, seeds: list[int], temperature: float, top_p: float) -> None:
        self.generators = [torch.Generator().manual_seed(seed) for seed in seeds]
        self.temperature = temperature
        self.top_p = top_p

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """Return scores [rows, vocabulary] whose argmax is the sample."""
        logits = scores.float() / self.temperature
        if self.top_p < 1:
            logits = nucleus(logits, self.top_p)
        # Drawn on the CPU, so that the same seed gives the same noise on every device.
        noise = torch.stack([torch.rand(logits.shape[1], generator=generator) for generator in self.generators])
        return logits - (-noise.log()).log().to(logits.device)
