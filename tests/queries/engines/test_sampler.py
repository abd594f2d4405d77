"""Sampling with one seed per row."""

import math
from collections import Counter

import pytest
import torch
from transformers import TopPLogitsWarper

from listill.queries.engines.sampler import LIKELY, Sampler, nucleus


def test_samples_have_the_softmax_as_their_distribution() -> None:
    logits = torch.tensor([2.0, 1.0, 0.0, -1.0])
    scores = logits.repeat(4000, 1)
    for temperature, top_p in [(0.8, 1.0), (2.0, 1.0), (1.0, 0.9)]:
        sampler = Sampler(list(range(4000)), temperature, top_p)
        drawn = Counter(sampler(torch.empty(0), scores).argmax(1).tolist())
        expected = torch.softmax(logits / temperature, 0)
        if top_p < 1:  # the first two have 0.88 together, the first three 0.97
            expected[3] = 0
            expected /= expected.sum()
        for token, share in enumerate(expected.tolist()):
            assert drawn[token] / 4000 == pytest.approx(share, abs=4 * math.sqrt(share * (1 - share) / 4000) + 1e-9)


@pytest.mark.parametrize("spread", [0.01, 8.0])
def test_the_nucleus_is_that_of_transformers(spread: float) -> None:
    """Also if it is larger than the number of tokens that are sorted first."""
    logits = spread * torch.randn(5, 3 * LIKELY, generator=torch.Generator().manual_seed(0))
    expected = TopPLogitsWarper(0.8)(torch.empty(0), logits)
    assert torch.equal(nucleus(logits, 0.8), expected)
    size = int((expected[0] > -torch.inf).sum())
    assert size > LIKELY if spread < 1 else size < LIKELY


def test_the_most_likely_token_stays() -> None:
    assert nucleus(torch.tensor([[9.0, 0.0]]), 0.1).tolist() == [[9.0, -torch.inf]]


def test_a_row_is_drawn_with_its_own_seed() -> None:
    scores = torch.zeros(3, 5000)
    one, two, three = Sampler([1, 2, 1], 1.0, 1.0)(torch.empty(0), scores)
    assert torch.equal(one, three)
    assert not torch.equal(one, two)
    assert torch.equal(Sampler([2], 1.0, 1.0)(torch.empty(0), scores[:1])[0], two)
