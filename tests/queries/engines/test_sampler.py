"""Sampling with one seed per row."""

import math
from collections import Counter

import pytest
import torch
from transformers import TopPLogitsWarper

from listill.queries.engines.sampler import LIKELY, Sampler, mixed, nucleus, uniform


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


def test_steps_are_drawn_anew() -> None:
    sampler, scores = Sampler([1], 1.0, 1.0), torch.zeros(1, 5000)
    first, second = sampler(torch.empty(0), scores), sampler(torch.empty(0), scores)
    assert float(torch.corrcoef(torch.cat([first, second]))[0, 1]) == pytest.approx(0, abs=0.06)


def test_mixing_is_that_of_murmurhash() -> None:
    """MurmurHash3's fmix32 in plain integers."""

    def fmix32(h: int) -> int:
        h = ((h ^ (h >> 16)) * 0x85EBCA6B) % 2**32
        h = ((h ^ (h >> 13)) * 0xC2B2AE35) % 2**32
        return h ^ (h >> 16)

    numbers = [0, 1, 2, 12345, 2**31 - 1, 2**32 - 1]
    assert mixed(torch.tensor(numbers)).tolist() == [fmix32(number) for number in numbers]


@pytest.mark.parametrize("seeds", [range(400), range(2**31 - 400, 2**31)])
def test_numbers_are_uniform_and_independent(seeds: range) -> None:
    """Also for neighbouring seeds: 50,000 tokens of 400 rows, as in a step of a small model."""
    numbers = torch.stack([uniform(torch.tensor(list(seeds)), step, 50_000) for step in (1, 2)])
    assert 0 < float(numbers.min()) < 1e-6
    assert 1 - 1e-6 < float(numbers.max()) < 1
    shares = torch.histc(numbers[0], bins=100, min=0, max=1) / numbers[0].numel()
    assert float((shares - 0.01).abs().max()) < 1e-4  # five standard deviations
    rows = numbers[0][:40]
    between = torch.corrcoef(torch.cat([rows, numbers[1][:40]])) - torch.eye(80)
    assert float(between.abs().max()) < 5 / 50_000**0.5
    columns = torch.corrcoef(numbers[0][:, :200].T) - torch.eye(200)
    assert float(columns.abs().max()) < 5 / 400**0.5
