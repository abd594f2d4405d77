"""The teacher's temperature."""

import itertools

import numpy as np
import pytest
import torch

from listill.training.losses.kernels import masked_entropy
from listill.training.temperature import HIGHEST, LOWEST, matched


def lists(seed: int = 0) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    draw = np.random.default_rng(seed)
    mask = np.arange(8)[None] < draw.integers(2, 9, size=40)[:, None]
    return (
        torch.from_numpy(draw.uniform(0, 0.8, (40, 8)).astype(np.float32)),
        torch.from_numpy(draw.uniform(0, 1, (40, 8)).astype(np.float32)),
        torch.from_numpy(mask),
    )


def entropy(scores: torch.Tensor, temperature: float, mask: torch.Tensor) -> float:
    return float(masked_entropy(scores.double() / temperature, mask).mean())


@pytest.mark.parametrize("student", [0.02, 0.05, 0.2])
@pytest.mark.parametrize("offset", [-0.2, 0.0, 0.2])
def test_the_entropies_match(student: float, offset: float) -> None:
    similarity, scores, mask = lists()
    goal = entropy(similarity, student, mask) + offset
    found = matched(similarity, scores, mask, student, offset)
    if 0 < goal < float(mask.sum(1).double().log().mean()):
        assert entropy(scores, found, mask) == pytest.approx(goal, abs=1e-3)
    else:
        assert found in (pytest.approx(LOWEST, rel=1e-3), pytest.approx(HIGHEST, rel=1e-3))


def test_the_same_scores_have_the_same_temperature() -> None:
    similarity, _, mask = lists()
    assert matched(similarity, similarity, mask, 0.07) == pytest.approx(0.07, rel=1e-4)
    assert matched(similarity, 10 * similarity - 3, mask, 0.07) == pytest.approx(0.7, rel=1e-4)


def test_more_entropy_needs_a_higher_temperature() -> None:
    similarity, scores, mask = lists(1)
    found = [matched(similarity, scores, mask, 0.05, offset) for offset in (-0.4, -0.2, 0.0, 0.2, 0.4)]
    assert all(low < high for low, high in itertools.pairwise(found))


def test_padding_does_not_matter() -> None:
    similarity, scores, mask = lists(2)
    expected = matched(similarity, scores, mask, 0.05)
    assert matched(similarity.masked_fill(~mask, 50.0), scores.masked_fill(~mask, -9.0), mask, 0.05) == expected


def test_goals_out_of_reach_end_at_the_edges() -> None:
    similarity, scores, mask = lists(3)
    assert matched(similarity, scores, mask, 0.05, -10) == pytest.approx(LOWEST, rel=1e-3)
    assert matched(similarity, scores, mask, 0.05, +10) == pytest.approx(HIGHEST, rel=1e-3)
    flat = torch.zeros_like(scores)
    assert LOWEST * 0.99 <= matched(similarity, flat, mask, 0.05) <= HIGHEST * 1.01
