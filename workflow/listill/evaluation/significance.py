"""Significance: sign-flip test and bootstrap interval over clusters of queries, and correction for several comparisons.

Queries that ask for the same documents are not independent (see ``clusters``). Signs are therefore flipped, and
observations drawn, for whole clusters. A system that is trained with several seeds has several values for each query;
its interval also contains the spread of the seeds.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

# Results on fewer clusters of queries than this cannot carry a decision, unless the difference is very large: with the
# differences of the demo, 50 topics find a true difference of 0.07 in 34 % of the draws, and 200 topics in 91 %
# (benchmarks/verdict.py).
FEW_CLUSTERS = 50
_BLOCK = 4_000_000  # numbers in memory at a time: 32 MB
_ROUNDING = 1e-9  # relative tolerance for sums of the same numbers in a different order


@dataclass(frozen=True)
class Comparison:
    """A mean difference in the units of the measure, its interval, and the uncorrected two-sided p-value."""

    delta: float
    low: float
    high: float
    p_value: float


class Sample:
    """The queries that systems are compared on: the cluster (int [n]) and the weight (float [n]) of each query.

    By default, every query is a cluster of its own, and all weights are 1.
    """

    def __init__(self, queries: int, cluster: np.ndarray | None = None, weight: np.ndarray | None = None) -> None:
        labels = np.arange(queries) if cluster is None else cluster
        self.cluster = np.unique(labels, return_inverse=True)[1]
        self.weight = np.ones(queries) if weight is None else np.asarray(weight, dtype=np.float64)

    @property
    def clusters(self) -> int:
        """The number of clusters."""
        return int(self.cluster.max(initial=-1)) + 1

    def mean(self, values: np.ndarray) -> np.ndarray:
        """Return the weighted mean over the queries of ``values`` [n, ...]."""
        return np.average(values, axis=0, weights=self.weight)

    def sums(self, values: np.ndarray) -> np.ndarray:
        """Return the weighted sums of ``values`` [n, k] over each cluster [clusters, k]."""
        sums = np.zeros((self.clusters, values.shape[1]))
        np.add.at(sums, self.cluster, values * self.weight[:, None])
        return sums


def compare(
    differences: Sequence[np.ndarray], sample: Sample, resamples: int, confidence: float, seed: int
) -> list[Comparison]:
    """Return the comparison of two systems for each of ``differences``.

    Each is float [n] or [n, seeds]: the paired differences of the queries of ``sample``, for each seed of the training.
    The p-value is from Fisher's randomisation test (Smucker et al., CIKM 2007) of the mean of the seeds. The interval
    is the percentile bootstrap interval at level ``confidence`` over clusters and seeds. The same seed gives the same
    result, whatever other comparisons there are.
    """
    sums = [sample.sums(np.asarray(d, dtype=np.float64).reshape(len(d), -1)) for d in differences]
    sizes = sample.sums(np.ones((len(sample.cluster), 1)))
    means = bootstrap(sums, sizes, resamples, seed)
    tail = (1 - confidence) / 2
    comparisons = []
    for by_seed, drawn in zip(sums, means, strict=True):
        totals = by_seed.mean(axis=1)
        low, high = np.quantile(drawn, [tail, 1 - tail])
        p_value = sign_flip(totals, resamples, seed)
        comparisons.append(Comparison(float(totals.sum() / sizes.sum()), float(low), float(high), p_value))
    return comparisons


def sign_flip(sums: np.ndarray, resamples: int, seed: int) -> float:
    """Return the two-sided p-value of the total of ``sums`` (float [clusters]) under random signs.

    If there are at most ``resamples`` sign patterns, all are enumerated. Otherwise ``resamples`` patterns are drawn,
    and the observed pattern is counted as one more (Phipson and Smyth 2010), so that p is never 0.
    """
    # scipy.stats.permutation_test gives the same result but copies all numbers for every resample: 0.26 s for
    # 10,000 x 1,000, compared with 0.01 s for random bits and a matrix product. A corpus has over a hundred comparisons.
    sums = sums[sums != 0]  # the sign of a zero does not matter
    n = len(sums)
    if n == 0:
        return 1.0
    observed = abs(sums.sum()) * (1 - _ROUNDING)
    if n < 63 and 2**n <= resamples:
        patterns = (np.arange(2**n)[:, None] >> np.arange(n)) & 1
        return float((abs((2 * patterns - 1) @ sums) >= observed).mean())
    rng = np.random.default_rng(seed)
    block = max(1, _BLOCK // n)
    extreme = 0
    for start in range(0, resamples, block):
        count = min(block, resamples - start)
        bits = np.unpackbits(rng.integers(0, 256, (count, -(-n // 8)), dtype=np.uint8), axis=1, count=n)
        extreme += int((abs((2.0 * bits - 1.0) @ sums) >= observed).sum())
    return (extreme + 1) / (resamples + 1)


def bootstrap(sums: Sequence[np.ndarray], sizes: np.ndarray, resamples: int, seed: int) -> np.ndarray:
    """Return means over resampled clusters and seeds, float [len(sums), resamples].

    Each of ``sums`` is float [clusters, seeds], ``sizes`` [clusters, 1] are the summed weights of the clusters.
    Clusters are drawn with replacement. A few seeds are too few to be drawn in this way: the error of the mean of N
    seeds is their standard deviation divided by sqrt(N), times a draw of Student's t with N - 1 degrees of freedom.
    """
    # scipy.stats.bootstrap would resample for every comparison; here one matrix of counts serves all of them.
    clusters = len(sizes)
    values = np.hstack([*sums, sizes])
    ends = np.cumsum([0, *(part.shape[1] for part in sums)])
    draw_clusters, draw_seeds = np.random.default_rng(seed), [np.random.default_rng([seed, 1]) for _ in sums]
    means = np.empty((len(sums), resamples))
    block = max(1, _BLOCK // clusters)
    for start in range(0, resamples, block):
        count = min(block, resamples - start)
        drawn = draw_clusters.integers(0, clusters, (count, clusters)) + clusters * np.arange(count)[:, None]
        counts = np.bincount(drawn.ravel(), minlength=count * clusters).reshape(count, clusters)
        totals = counts.astype(np.float64) @ values
        for i, rng in enumerate(draw_seeds):
            by_seed = totals[:, ends[i] : ends[i + 1]] / totals[:, -1:]
            means[i, start : start + count] = by_seed.mean(axis=1) + _seed_error(by_seed, rng)
    return means


def _seed_error(by_seed: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return a random error of the mean over the seeds [n]; ``by_seed`` [n, seeds] holds the mean of each seed."""
    seeds = by_seed.shape[1]
    if seeds == 1:
        return np.zeros(len(by_seed))
    return by_seed.std(axis=1, ddof=1) / np.sqrt(seeds) * rng.standard_t(seeds - 1, len(by_seed))


def holm(p_values: np.ndarray) -> np.ndarray:
    """Return the p-values (float [m], one family of comparisons) corrected with Holm's (1979) step-down Bonferroni."""
    p_values = np.asarray(p_values, dtype=np.float64)
    m = len(p_values)
    order = np.argsort(p_values, kind="stable")
    corrected = np.empty(m)
    corrected[order] = np.minimum(np.maximum.accumulate(p_values[order] * (m - np.arange(m))), 1.0)
    return corrected
