"""How much a variant gains on groups of queries: by query type and by query length."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from listill.evaluation.significance import compare
from listill.evaluation.topics import EvaluationQueries
from listill.report.cell import Cell
from listill.system_names import without_seed
from listill.words import count

RESAMPLES = 2000
LENGTHS = 4  # groups of queries by their length


@dataclass(frozen=True)
class Gain:
    """A variant compared with its base on a group of queries. The interval is not corrected, and there is no test."""

    group: str
    queries: int
    cell: Cell


def by_type(
    values: pd.DataFrame, evaluated: EvaluationQueries, base: str, variant: str, confidence: float, seed: int
) -> list[Gain]:
    """Return the gain on each type of query; empty if there is only one type.

    ``values``: system, query_id, value of one measure on one split. ``variant`` has one system for each of its seeds.
    """
    types = evaluated.queries.set_index("query_id")["type"]
    groups = {str(name): list(ids) for name, ids in types.groupby(types).groups.items()}
    return _gains(values, evaluated, base, variant, groups, confidence, seed)


def by_length(
    values: pd.DataFrame, evaluated: EvaluationQueries, base: str, variant: str, confidence: float, seed: int
) -> list[Gain]:
    """Return the gain on short and long queries, in words: about as many queries in each group; see ``by_type``."""
    texts = evaluated.queries.set_index("query_id")["text"]
    lengths = texts[texts.index.isin(values["query_id"])].map(count)
    if lengths.nunique() < 2:
        return []
    parts = pd.qcut(lengths, LENGTHS, labels=False, duplicates="drop")
    groups = {}
    for _, ids in sorted(parts.groupby(parts).groups.items()):
        shortest, longest = int(lengths[ids].min()), int(lengths[ids].max())
        words = f"{shortest}" if shortest == longest else f"{shortest} to {longest}"
        groups[f"{words} word{'s' * (longest != 1)}"] = list(ids)
    return _gains(values, evaluated, base, variant, groups, confidence, seed)


def difference(
    values: pd.DataFrame, evaluated: EvaluationQueries, base: str, variant: str, confidence: float, seed: int
) -> Cell:
    """Return the comparison of a variant with its base on the queries of ``values`` (at least one), without a p-value."""
    wide = values.pivot(index="query_id", columns="system", values="value").sort_index()
    seeds = [system for system in wide if without_seed(str(system)) == variant]
    after, before = wide[seeds].to_numpy(), wide[[base]].to_numpy()
    sample = evaluated.sample(list(wide.index))
    [found] = compare([after - before], sample, RESAMPLES, confidence, seed)
    means = float(sample.mean(after.mean(axis=1))), float(sample.mean(before[:, 0]))
    return Cell(*means, found.delta, found.low, found.high, np.nan, sample.clusters, len(seeds))


def _gains(
    values: pd.DataFrame,
    evaluated: EvaluationQueries,
    base: str,
    variant: str,
    groups: dict[str, list[str]],
    confidence: float,
    seed: int,
) -> list[Gain]:
    found = []
    for name, ids in groups.items():
        of_group = values[values["query_id"].isin(ids)]
        if len(of_group):
            cell = difference(of_group, evaluated, base, variant, confidence, seed)
            found.append(Gain(name, of_group["query_id"].nunique(), cell))
    return found if len(found) > 1 else []
