"""Drop synthetic queries whose source passage scores too low: an absolute threshold on a teacher's raw scores.

The top-1 filter compares the passages of a query: of a query that fits none, some passage is still the best. A threshold
compares queries. ``auto`` is the score that 1 % of the pairs of a query and a random passage exceed. This is the
Neyman-Pearson criterion: a test at a level of 1 % whether a query has more to do with its passage than with any other. The
threshold that separates own and random pairs best (Youden 1950) would depend on the share of bad queries among the own
pairs: the more there are, the lower it is.
"""

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import pandas as pd

from listill.candidates.random_passages import RANDOM
from listill.errors import UserError
from listill.schemas import HUMAN

# The share of random pairs that score above the threshold, and how many pairs its estimate needs.
LEVEL = 0.01
PAIRS = 100
IDS = ["query_id", "doc_id"]


class MinScore:
    """Finds the synthetic queries whose source passage any teacher scores below its threshold.

    ``min_score`` has the threshold of each teacher. For ``auto``, all scores must be shown first (``see``). ``report`` has
    for each teacher the ``threshold``, the number of ``queries`` and of those ``below`` it, and the number of
    ``random_pairs`` that it was computed from.
    """

    def __init__(self, min_score: Mapping[str, float | Literal["auto"]]) -> None:
        self._min_score = min_score
        self._random: dict[str, list[np.ndarray]] = {teacher: [] for teacher in self.automatic}
        self.report: dict[str, dict[str, Any]] = {}

    @property
    def automatic(self) -> list[str]:
        """The teachers whose threshold is computed from their scores of random passages."""
        return [teacher for teacher, value in self._min_score.items() if value == "auto"]

    def see(self, scores: pd.DataFrame, candidates: pd.DataFrame, queries: pd.DataFrame) -> None:
        """Take up the scores of the random passages of some queries.

        ``scores``: query_id, doc_id, teacher, score; ``candidates``: query_id, doc_id, retriever; ``queries``: query_id,
        type and doc_id, the source passage.
        """
        drawn = candidates[(candidates["retriever"] == RANDOM)]
        drawn = drawn.loc[drawn["query_id"].isin(_synthetic(queries)["query_id"]), IDS]
        for teacher, parts in self._random.items():
            of_teacher = scores[scores["teacher"] == teacher]
            parts.append(of_teacher.merge(drawn, on=IDS)["score"].to_numpy(np.float64))

    def below(self, scores: pd.DataFrame, queries: pd.DataFrame) -> set[str]:
        """Return the queries below a threshold, and count them in the report; UserError if ``auto`` has too few pairs."""
        dropped: set[str] = set()
        synthetic = _synthetic(queries)
        for teacher in self._min_score:
            about = self.report.setdefault(teacher, self._threshold(teacher) | {"queries": 0, "below": 0})
            own = scores[scores["teacher"] == teacher].merge(synthetic, on=IDS)
            below = own.loc[own["score"] < about["threshold"], "query_id"]
            about["queries"] += len(own)
            about["below"] += len(below)
            dropped |= set(below)
        return dropped

    def _threshold(self, teacher: str) -> dict[str, Any]:
        value = self._min_score[teacher]
        if value != "auto":
            return {"threshold": value, "random_pairs": 0}
        random = np.concatenate([*self._random[teacher], np.empty(0)])
        return {"threshold": random_limit(random, teacher), "random_pairs": len(random)}


def _synthetic(queries: pd.DataFrame) -> pd.DataFrame:
    return queries.loc[queries["type"] != HUMAN, IDS].reset_index(drop=True)


def random_limit(random: np.ndarray, teacher: str) -> float:
    """Return the score that the share ``LEVEL`` of a teacher's scores of random pairs exceeds (linear interpolation)."""
    if len(random) < PAIRS:
        raise UserError(
            f"training.lists.min_score.{teacher}: auto needs the scores of at least {PAIRS} pairs of a query and a random "
            f"passage, and there are {len(random)}: raise mining.random, or give a number"
        )
    return float(np.quantile(random, 1 - LEVEL))
