"""The values of all systems on the queries of one split, which are compared with each other.

The runs of a variant's seeds (see ``system_names``) are one system here: its value is their mean.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from listill.evaluation import significance
from listill.evaluation.significance import Sample
from listill.evaluation.topics import EvaluationQueries
from listill.system_names import without_seed


@dataclass(frozen=True)
class Measured:
    """The values of one measure on one split: for each system a matrix [queries, seeds], and the sample of queries.

    Systems are compared with ``resamples`` resamples at level ``confidence``, drawn with ``seed``.
    """

    split: str
    measure: str
    systems: dict[str, np.ndarray]
    sample: Sample
    resamples: int
    confidence: float
    seed: int

    def difference(self, system: str, against: str) -> np.ndarray:
        """Return the difference of two systems [queries, seeds]. Seeds are paired if both have as many."""
        values, others = self.systems[system], self.systems[against]
        return values - (others if values.shape == others.shape else others.mean(axis=1, keepdims=True))

    def mean(self, system: str) -> float:
        """Return the mean of a system over the queries and seeds."""
        return float(self.sample.mean(self.systems[system].mean(axis=1)))

    def spread(self, system: str) -> float | None:
        """Return the standard deviation of the means of a system's seeds; None if it has one seed only."""
        by_seed = self.sample.mean(self.systems[system])
        return float(by_seed.std(ddof=1)) if len(by_seed) > 1 else None

    def row(self, system: str) -> dict[str, Any]:
        """Return what both tables say of a system: its name and the numbers of queries, clusters and seeds."""
        queries, seeds = self.systems[system].shape
        counts = {"queries": queries, "clusters": self.sample.clusters, "seeds": seeds}
        return {"system": system, "split": self.split, "measure": self.measure, **counts}

    def compare(self, pairs: list[tuple[str, str]]) -> dict[tuple[str, str], dict[str, float]]:
        """Return delta, ci_low, ci_high and p_value of each pair of systems (the first minus the second)."""
        if not pairs:
            return {}
        differences = [self.difference(*pair) for pair in pairs]
        comparisons = significance.compare(differences, self.sample, self.resamples, self.confidence, self.seed)
        figures = [
            {"delta": one.delta, "ci_low": one.low, "ci_high": one.high, "p_value": one.p_value} for one in comparisons
        ]
        return dict(zip(pairs, figures, strict=True))


def measured_values(
    values: pd.DataFrame, evaluated: EvaluationQueries | None, resamples: int, confidence: float, seed: int
) -> list[Measured]:
    """Return the values of each measure on each split, from a per_query table.

    ``evaluated`` has the clusters and weights of the queries; without it, they are independent and of equal weight.
    """
    measured = []
    for split, of_split in values.groupby("split"):
        query_ids = sorted(of_split["query_id"].unique())
        sample = evaluated.sample(query_ids) if evaluated else Sample(len(query_ids))
        for measure, group in of_split.groupby("measure"):
            wide = group.pivot(index="query_id", columns="system", values="value").loc[query_ids]
            columns: dict[str, list[str]] = {}
            for column in map(str, wide):
                columns.setdefault(without_seed(column), []).append(column)
            systems = {system: wide[seeds].to_numpy() for system, seeds in columns.items()}
            measured.append(Measured(str(split), str(measure), systems, sample, resamples, confidence, seed))
    return measured


def corrected(p_values: pd.Series) -> np.ndarray:
    """Apply Holm's correction to the p-values of a family; a base has no p-value against itself."""
    corrected = p_values.to_numpy(dtype=np.float64, copy=True)
    tested = ~np.isnan(corrected)
    corrected[tested] = significance.holm(corrected[tested])
    return corrected
