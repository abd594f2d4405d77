"""Significance tests, compared with exact enumeration, scipy and corrections computed by hand."""

import dataclasses
import itertools

import numpy as np
import pytest
from scipy import stats

from listill.evaluation.significance import Sample, bootstrap, compare, holm, sign_flip


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


def test_the_block_size_of_the_bootstrap_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    difference = np.random.default_rng(3).normal(0.02, 0.2, (64, 3))
    (whole,) = compare([difference], Sample(64), 2_000, 0.95, seed=7)
    monkeypatch.setattr("listill.evaluation.significance._BLOCK", 64 * 300)
    assert compare([difference], Sample(64), 2_000, 0.95, seed=7)[0] == whole


def interval(difference: np.ndarray, resamples: int = 10_000, confidence: float = 0.95) -> tuple[float, float]:
    comparison = compare([difference], Sample(len(difference)), resamples, confidence, seed=1)[0]
    return comparison.low, comparison.high


def test_the_interval_agrees_with_the_normal_approximation() -> None:
    difference = np.random.default_rng(3).normal(0.05, 0.2, 400)
    low, high = interval(difference)
    half = 1.96 * difference.std() / 20
    assert (low, high) == pytest.approx((difference.mean() - half, difference.mean() + half), abs=0.003)
    narrow = interval(difference, confidence=0.5)
    assert low < narrow[0] < narrow[1] < high
    assert interval(np.full(9, 0.25), 100) == (0.25, 0.25)
    assert interval(np.array([0.25]), 100) == (0.25, 0.25)


def test_comparison_is_paired_and_repeatable() -> None:
    base = np.random.default_rng(3).random(200)
    better = base + 0.01  # small compared with the variance of base, so only a paired test detects it
    (comparison,) = compare([better - base], Sample(200), 2_000, 0.95, seed=1)
    assert comparison.delta == pytest.approx(0.01)
    assert comparison.p_value < 0.001
    others = [base, better - base, np.column_stack([base, better])]
    together = compare(others, Sample(200), 2_000, 0.95, seed=1)[1]
    assert dataclasses.astuple(together) == pytest.approx(dataclasses.astuple(comparison), rel=1e-12)
    assert compare([base - better], Sample(200), 2_000, 0.95, seed=1)[0].delta == pytest.approx(-0.01)


def queries_of_passages(rng: np.random.Generator, passages: int, each: int, correlation: float) -> np.ndarray:
    """Return differences of mean 0 and variance 1 [passages * each], correlated within a passage."""
    shared = rng.normal(0, np.sqrt(correlation), (passages, 1))
    return (shared + rng.normal(0, np.sqrt(1 - correlation), (passages, each))).ravel()


def test_the_level_holds_where_queries_share_passages() -> None:
    """Without a true difference, 5 % of the tests may be significant. Independent signs would reject 25 %."""
    rng, passages = np.random.default_rng(0), np.repeat(np.arange(100), 6)
    samples = {"clusters": Sample(600, passages), "queries": Sample(600)}
    rejected, covered = dict.fromkeys(samples, 0), dict.fromkeys(samples, 0)
    for draw in range(400):
        difference = queries_of_passages(rng, 100, 6, 0.3)
        for name, sample in samples.items():
            (comparison,) = compare([difference], sample, 400, 0.95, seed=draw)
            rejected[name] += comparison.p_value < 0.05
            covered[name] += comparison.low <= 0 <= comparison.high
    assert rejected["clusters"] / 400 == pytest.approx(0.05, abs=0.025)
    assert covered["clusters"] / 400 == pytest.approx(0.95, abs=0.025)
    assert rejected["queries"] / 400 > 0.2
    assert covered["queries"] / 400 < 0.8


def test_the_interval_holds_queries_and_seeds() -> None:
    """The true difference is 0, each seed adds an error of its own; a single seed cannot tell how large it is."""
    rng, passages = np.random.default_rng(0), np.repeat(np.arange(100), 3)
    covered = {1: 0, 3: 0}
    for draw in range(400):
        queries = 0.2 * queries_of_passages(rng, 100, 3, 0.2)
        for seeds in covered:
            difference = queries[:, None] + rng.normal(0, 0.02, seeds) + rng.normal(0, 0.1, (300, seeds))
            (comparison,) = compare([difference], Sample(300, passages), 400, 0.95, seed=draw)
            covered[seeds] += comparison.low <= 0 <= comparison.high
    assert covered[3] / 400 > 0.93
    assert covered[1] / 400 < 0.85


def test_clusters_seeds_and_weights_agree_with_a_naive_bootstrap() -> None:
    rng = np.random.default_rng(7)
    cluster, weight = rng.integers(0, 40, 150), rng.random(150)
    difference = rng.normal(0.1, 0.3, (150, 3)) + rng.normal(0, 0.1, 40)[cluster][:, None] + [0.1, 0.0, -0.05]
    (comparison,) = compare([difference], Sample(150, cluster, weight), 20_000, 0.9, seed=1)
    assert comparison.delta == pytest.approx(np.average(difference.mean(1), weights=weight))
    members = [np.flatnonzero(cluster == c) for c in np.unique(cluster)]
    means = []
    for _ in range(4_000):
        drawn = np.concatenate([members[c] for c in rng.integers(0, len(members), len(members))])
        by_seed = np.average(difference[drawn], axis=0, weights=weight[drawn])
        means.append(by_seed.mean() + by_seed.std(ddof=1) / np.sqrt(3) * rng.standard_t(2))
    assert (comparison.low, comparison.high) == pytest.approx(tuple(np.quantile(means, [0.05, 0.95])), abs=0.015)


def test_the_bootstrap_agrees_with_scipy() -> None:
    difference = np.random.default_rng(3).exponential(0.2, 60)
    drawn = bootstrap([difference[:, None]], np.ones((60, 1)), 20_000, seed=4)[0]
    oracle = stats.bootstrap(
        (difference,), np.mean, n_resamples=20_000, method="percentile", rng=np.random.default_rng(5)
    )
    low, high = oracle.confidence_interval
    assert tuple(np.quantile(drawn, [0.025, 0.975])) == pytest.approx((low, high), abs=0.002)
    assert drawn.std() == pytest.approx(oracle.standard_error, rel=0.03)


def test_holm_agrees_with_values_computed_by_hand() -> None:
    # sorted: .01 x 4, .02 x 3, .03 x 2 (raised to the previous value), .5 x 1
    assert holm(np.array([0.03, 0.01, 0.5, 0.02])) == pytest.approx([0.06, 0.04, 0.5, 0.06])
    assert holm(np.array([0.7, 0.8])) == pytest.approx([1.0, 1.0])
    assert holm(np.array([])).size == 0
