"""Statistical significance: paired permutation test, bootstrap interval, and correction for multiple comparisons."""

from dataclasses import dataclass

import numpy as np
from scipy import stats

_BLOCK = 4_000_000  # numbers in memory at a time: 32 MB
_ROUNDING = 1e-9  # relative tolerance for sums of the same numbers in a different order


@dataclass(frozen=True)
class Comparison:
    """A mean difference in the units of the measure, its interval, and the uncorrected two-sided p-value."""

    delta: float
    low: float
    high: float
    p_value: float


def compare(values: np.ndarray, base: np.ndarray, resamples: int, confidence: float, seed: int) -> Comparison:
    """Compare two systems over the same queries: ``values[i]`` and ``base[i]`` (both float [n]) belong to query i.

    The p-value is from Fisher's randomisation test (Smucker et al., CIKM 2007). The interval is the percentile
    bootstrap interval of the mean difference at level ``confidence``. The same seed gives the same result.
    """
    difference = np.asarray(values, dtype=np.float64) - np.asarray(base, dtype=np.float64)
    low, high = bootstrap_interval(difference, resamples, confidence, seed)
    return Comparison(float(difference.mean()), low, high, sign_flip(difference, resamples, seed))


def sign_flip(difference: np.ndarray, resamples: int, seed: int) -> float:
    """Return the two-sided p-value of the mean of ``difference`` (float [n]) under random signs.

    If there are at most ``resamples`` sign patterns, all are enumerated. Otherwise ``resamples`` patterns are drawn,
    and the observed pattern is counted as one more (Phipson and Smyth 2010), so that p is never 0.
    """
    # scipy.stats.permutation_test gives the same result but copies all numbers for every resample: 0.26 s for
    # 10,000 x 1,000, compared with 0.01 s for random bits and a matrix product. A corpus has about fifty comparisons.
    difference = difference[difference != 0]  # the sign of a zero does not matter
    n = len(difference)
    if n == 0:
        return 1.0
    observed = abs(difference.sum()) * (1 - _ROUNDING)
    if n < 63 and 2**n <= resamples:
        patterns = (np.arange(2**n)[:, None] >> np.arange(n)) & 1
        return float((abs((2 * patterns - 1) @ difference) >= observed).mean())
    rng = np.random.default_rng(seed)
    block = max(1, _BLOCK // n)
    extreme = 0
    for start in range(0, resamples, block):
        count = min(block, resamples - start)
        bits = np.unpackbits(rng.integers(0, 256, (count, -(-n // 8)), dtype=np.uint8), axis=1, count=n)
        extreme += int((abs((2.0 * bits - 1.0) @ difference) >= observed).sum())
    return (extreme + 1) / (resamples + 1)


def bootstrap_interval(difference: np.ndarray, resamples: int, confidence: float, seed: int) -> tuple[float, float]:
    """Return the percentile bootstrap interval of the mean of ``difference`` (float [n], n at least 1)."""
    if len(difference) < 2 or np.all(difference == difference[0]):  # no variance; scipy needs two observations
        return float(difference[0]), float(difference[0])
    interval = stats.bootstrap(
        (difference,),
        np.mean,
        n_resamples=resamples,
        batch=max(1, _BLOCK // len(difference)),
        confidence_level=confidence,
        method="percentile",
        rng=np.random.default_rng(seed),
    ).confidence_interval
    return float(interval.low), float(interval.high)


def holm(p_values: np.ndarray) -> np.ndarray:
    """Return the p-values (float [m], one family of comparisons) corrected with Holm's (1979) step-down Bonferroni."""
    p_values = np.asarray(p_values, dtype=np.float64)
    m = len(p_values)
    order = np.argsort(p_values, kind="stable")
    corrected = np.empty(m)
    corrected[order] = np.minimum(np.maximum.accumulate(p_values[order] * (m - np.arange(m))), 1.0)
    return corrected
