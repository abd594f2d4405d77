"""Filter the queries by the teachers' scores."""

import dataclasses
from collections.abc import Mapping

import numpy as np
import pandas as pd

from listill.lists.choice import Pool
from listill.schemas import HUMAN
from listill.settings.lists import Lists


def teacher_agrees(pool: Pool, group: np.ndarray) -> bool:
    """Tell whether the teacher's top document is a positive or a duplicate of one (``group`` as in Collection)."""
    best = pool.scores.max()
    top_groups = group[pool.documents[pool.scores == best]]
    return bool(np.isin(top_groups, group[pool.documents[pool.positive]]).any())


def with_raised_positives(pool: Pool, margin: float) -> Pool:
    """Return the pool with the targets of the positives above all others: a human judgement outranks the teacher.

    ``margin`` is a share of the range of the targets. The positives with the highest of L distinct relevances get the
    teacher's best target plus the margin, those with the next one L - 1 Lths of it, and so on: targets follow the
    grades. All other documents keep their targets: what the teacher ranks high may be relevant too.
    """
    best = pool.targets.max()
    levels, level = np.unique(-pool.relevance[pool.positive], return_inverse=True)  # level 0 is the most relevant
    step = margin * (best - pool.targets.min()) / len(levels)
    targets = pool.targets.copy()
    targets[pool.positive] = best + step * (len(levels) - level)
    return dataclasses.replace(pool, targets=targets)


def quality(
    scores: Mapping[str, np.ndarray], weights: Mapping[str, float], bounds: Mapping[str, tuple[float, float]]
) -> np.ndarray:
    """Return the quality of pairs in [0, 1]: the weighted mean of their raw teacher scores.

    ``scores`` holds the pairs' scores by every teacher, ``bounds`` the 1st and 99th percentile of all scores of the
    teacher. These are scaled to 0 and 1, as the papers scale RankT5's scores.
    """
    total = np.zeros(len(next(iter(scores.values()))))
    for teacher, weight in weights.items():
        low, high = bounds[teacher]
        total += weight * np.clip((scores[teacher] - low) / max(high - low, 1e-12), 0, 1)
    return total / sum(weights.values())


class LowQuality:
    """Finds the lists that are dropped because the teachers give their positives low scores.

    Only synthetic queries are dropped: those below ``quality_percentile`` of the positives' scores or, with
    ``quality_of: all``, of the scores of all documents. ``bounds`` as in ``quality``.
    """

    def __init__(
        self, settings: Lists, weights: Mapping[str, float], bounds: Mapping[str, tuple[float, float]]
    ) -> None:
        self.settings, self.weights, self.bounds = settings, weights, bounds
        self._positives: list[pd.Series] = []
        self._reference: list[np.ndarray] = []

    def add(self, lists: pd.DataFrame, types: pd.Series, scores: pd.DataFrame) -> None:
        """Take up some lists: query_id (index and column), doc_ids; the query type by query_id; and the scores of these
        queries: query_id, doc_id, teacher, score."""
        synthetic = lists["query_id"][types.loc[lists.index] != HUMAN]
        if not self.settings.quality_percentile or synthetic.empty:
            return
        positives = pd.DataFrame({"query_id": synthetic, "doc_id": lists["doc_ids"].loc[synthetic].str[0]})
        by_teacher = scores.pivot(index=["query_id", "doc_id"], columns="teacher", values="score")
        of_positives = self._quality(by_teacher.loc[pd.MultiIndex.from_frame(positives.reset_index(drop=True))])
        self._positives.append(pd.Series(of_positives, index=synthetic.to_numpy()))
        if self.settings.quality_of == "all":
            in_lists = by_teacher.index.get_level_values("query_id").isin(synthetic)
            self._reference.append(self._quality(by_teacher[in_lists]))
        else:
            self._reference.append(of_positives)

    def _quality(self, rows: pd.DataFrame) -> np.ndarray:
        return quality({teacher: rows[teacher].to_numpy() for teacher in self.weights}, self.weights, self.bounds)

    def queries(self) -> set[str]:
        """Return the queries whose lists are dropped."""
        if not self._positives:
            return set()
        limit = np.percentile(np.concatenate(self._reference), self.settings.quality_percentile)
        return {query for part in self._positives for query in part.index[part < limit]}
