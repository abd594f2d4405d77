"""Drop synthetic queries whose source passage scores too low: an absolute threshold on a teacher's raw scores.

The top-1 filter compares the passages of a query: of a query that fits none, some passage is still the best. A threshold
compares queries. ``auto`` is the score that 1 % of the pairs of a query and a random passage exceed. This is the
Neyman-Pearson criterion: a test at a level of 1 % whether a query has more to do with its passage than with any other. The
threshold that separates own and random pairs best (Youden 1950) would depend on the share of bad queries among the own
pairs: the more there are, the lower it is.
"""

from typing import Any, Literal

import numpy as np
import pandas as pd

from listill.candidates.random_passages import RANDOM
from listill.errors import UserError
from listill.schemas import HUMAN

# The share of random pairs that score above the threshold, and how many pairs its estimate needs.
LEVEL = 0.01
PAIRS = 100


def below_min_score(
    scores: pd.DataFrame,
    candidates: pd.DataFrame,
    queries: pd.DataFrame,
    min_score: dict[str, float | Literal["auto"]],
) -> tuple[set[str], dict[str, dict[str, Any]]]:
    """Return the synthetic queries whose source passage any teacher scores below its threshold, and the thresholds.

    ``scores``: query_id, doc_id, teacher, score; ``candidates``: query_id, doc_id, retriever; ``queries``: query_id,
    type and doc_id, the source passage. For each teacher in ``min_score``, the second result has the ``threshold``, the
    number of ``queries`` and of those ``below`` it, and the number of ``random_pairs`` that it was computed from.
    Raises UserError if ``auto`` has too few of these.
    """
    ids = ["query_id", "doc_id"]
    synthetic = queries.loc[queries["type"] != HUMAN, ids].reset_index(drop=True)
    drawn = candidates.loc[
        (candidates["retriever"] == RANDOM) & candidates["query_id"].isin(synthetic["query_id"]), ids
    ]
    dropped: set[str] = set()
    report = {}
    for teacher, value in min_score.items():
        of_teacher = scores[scores["teacher"] == teacher]
        own = of_teacher.merge(synthetic, on=ids)
        random = of_teacher.merge(drawn, on=ids)["score"].to_numpy(np.float64) if value == "auto" else np.empty(0)
        threshold = random_limit(random, teacher) if value == "auto" else value
        below = own.loc[own["score"] < threshold, "query_id"]
        report[teacher] = {
            "threshold": threshold,
            "queries": len(own),
            "below": len(below),
            "random_pairs": len(random),
        }
        dropped |= set(below)
    return dropped, report


def random_limit(random: np.ndarray, teacher: str) -> float:
    """Return the score that the share ``LEVEL`` of a teacher's scores of random pairs exceeds (linear interpolation)."""
    if len(random) < PAIRS:
        raise UserError(
            f"training.lists.min_score.{teacher}: auto needs the scores of at least {PAIRS} pairs of a query and a random "
            f"passage, and there are {len(random)}: raise mining.random, or give a number"
        )
    return float(np.quantile(random, 1 - LEVEL))
