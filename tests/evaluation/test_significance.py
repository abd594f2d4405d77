"""Significance tests, compared with exact enumeration, scipy and corrections computed by hand."""

import itertools

import numpy as np
import pytest
from scipy import stats

from listill.evaluation.significance import bootstrap_interval, compare, holm, sign_flip


def test_few_queries_are_enumerated() -> None:
    difference = np.array([0.3, -0.1, 0.2, 0.25, 0.0])
    sums = [np.dot(signs, difference) for signs in itertools.product((-1, 1), repeat=5)]
    exact = np.mean([abs(total) >= difference.sum() - 1e-12 for total in sums])
    assert sign_flip(difference, 10_000, seed=1) == pytest.approx(exact) == pytest.approx(4 / 16)


@pytest.mark.parametrize("shift", [0.0, 0.02, 0.05])
def test_many_queries_agree_with_scipy(shift: float) -> None:
    difference = np.random.default_rng(3).normal(shift, 0.2, 300)
    oracle = stats.permutation_test(
        (difference,), np.mean, permutation_type="samples", n_resamples=20_000, batch=500, rng=np.random.default_rng(5)
    )
    assert sign_flip(difference, 20_000, seed=7) == pytest.approx(oracle.pvalue, abs=0.015)


def test_p_is_never_zero_and_is_one_without_a_difference() -> None:
    assert sign_flip(np.full(100, 0.5), 999, seed=1) == 1 / 1000
    assert sign_flip(np.zeros(100), 999, seed=1) == 1


def test_the_block_size_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    difference = np.random.default_rng(3).normal(0.02, 0.2, 64)
    whole = sign_flip(difference, 2_000, seed=7)
    monkeypatch.setattr("listill.evaluation.significance._BLOCK", 64 * 300)
    assert sign_flip(difference, 2_000, seed=7) == whole


def test_the_interval_agrees_with_the_normal_approximation() -> None:
    difference = np.random.default_rng(3).normal(0.05, 0.2, 400)
    low, high = bootstrap_interval(difference, 10_000, 0.95, seed=1)
    half = 1.96 * difference.std() / 20
    assert (low, high) == pytest.approx((difference.mean() - half, difference.mean() + half), abs=0.003)
    narrow = bootstrap_interval(difference, 10_000, 0.5, seed=1)
    assert low < narrow[0] < narrow[1] < high
    assert bootstrap_interval(np.full(9, 0.25), 100, 0.95, seed=1) == (0.25, 0.25)
    assert bootstrap_interval(np.array([0.25]), 100, 0.95, seed=1) == (0.25, 0.25)


def test_comparison_is_paired_and_repeatable() -> None:
    base = np.random.default_rng(3).random(200)
    better = base + 0.01  # small compared with the variance of base, so only a paired test detects it
    comparison = compare(better, base, 2_000, 0.95, seed=1)
    assert comparison.delta == pytest.approx(0.01)
    assert comparison.p_value < 0.001
    assert comparison == compare(better, base, 2_000, 0.95, seed=1)
    assert compare(base, better, 2_000, 0.95, seed=1).delta == pytest.approx(-0.01)


def test_holm_agrees_with_values_computed_by_hand() -> None:
    # sorted: .01 x 4, .02 x 3, .03 x 2 (raised to the previous value), .5 x 1
    assert holm(np.array([0.03, 0.01, 0.5, 0.02])) == pytest.approx([0.06, 0.04, 0.5, 0.06])
    assert holm(np.array([0.7, 0.8])) == pytest.approx([1.0, 1.0])
    assert holm(np.array([])).size == 0
