"""The filter by the teacher's own score of the source passage."""

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from listill.errors import UserError
from listill.lists.min_score import MinScore, random_limit

# query: (type, source, the teacher's score of it)
OWN = {
    "good": ("question", "a", 5.0),
    "bad": ("question", "b", -8.0),
    "level": ("title", "c", 0.0),
    "person": ("human", "a", -9.0),
}
QUERIES = pd.DataFrame(
    [(name, kind, source) for name, (kind, source, _) in OWN.items()], columns=["query_id", "type", "doc_id"]
).set_index("query_id", drop=False)


def below_min_score(
    scores: pd.DataFrame, candidates: pd.DataFrame, queries: pd.DataFrame, limits: dict[str, Any]
) -> tuple[set[str], dict[str, dict[str, Any]]]:
    """Return the dropped queries and the report, with the queries in two parts."""
    min_score, parts = MinScore(limits), [queries.iloc[:2], queries.iloc[2:]]
    for part in parts:
        min_score.see(scores[scores["query_id"].isin(part.index)], candidates, part)
    return set().union(*(min_score.below(scores, part) for part in parts)), min_score.report


def tables(random: dict[str, list[float]] | None = None, second: float = 1.0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return scores of the teachers cross and other, and candidates. ``random``: the scores of each query's 50."""
    rows = [(name, source, "cross", score) for name, (_, source, score) in OWN.items()]
    rows += [(name, source, "other", second) for name, (_, source, _) in OWN.items()]
    rows += [("good", "b", "cross", -20.0)]  # found by a retriever
    candidates = [(name, source, "bm25") for name, (_, source, _) in OWN.items()] + [("good", "b", "bm25")]
    for name, values in (random or {}).items():
        rows += [(name, f"r{i}", "cross", value) for i, value in enumerate(values)]
        candidates += [(name, f"r{i}", "random") for i in range(len(values))]
    scores = pd.DataFrame(rows, columns=["query_id", "doc_id", "teacher", "score"]).astype({"score": "float32"})
    return scores, pd.DataFrame(candidates, columns=["query_id", "doc_id", "retriever"])


@pytest.mark.parametrize(
    ("limits", "dropped"),
    [
        ({}, set()),
        ({"cross": 0.0}, {"bad"}),  # a source passage that scores the threshold is kept
        ({"cross": 0.1}, {"bad", "level"}),
        ({"cross": 6}, {"good", "bad", "level"}),  # never a human topic
        ({"other": 2.0}, {"good", "bad", "level"}),
        ({"cross": 0.0, "other": 1.0}, {"bad"}),
    ],
)
def test_a_number(limits: dict[str, Any], dropped: set[str]) -> None:
    assert below_min_score(*tables(), QUERIES, limits)[0] == dropped


def test_what_is_reported() -> None:
    _, report = below_min_score(*tables(), QUERIES, {"cross": 0.1, "other": 0})
    assert report["cross"] == {"threshold": 0.1, "queries": 3, "below": 2, "random_pairs": 0}
    assert report["other"]["below"] == 0


def test_auto_is_the_99th_percentile_of_the_random_passages_of_synthetic_queries() -> None:
    draw = np.random.default_rng(0)
    random = {name: draw.normal(-8, 3, 50).astype(np.float32).tolist() for name in OWN}
    random["person"] = [100.0] * 50
    scores, candidates = tables(random)
    dropped, report = below_min_score(scores, candidates, QUERIES, {"cross": "auto"})
    threshold = naive_percentile([v for name in ("good", "bad", "level") for v in random[name]], 0.99)
    assert report["cross"]["random_pairs"] == 150
    assert report["cross"]["threshold"] == pytest.approx(threshold, rel=1e-12)
    assert -8 < threshold < 0
    assert dropped == {"bad"}
    others = np.array([v for name in ("good", "bad", "level") for v in random[name]])
    assert (others > threshold).mean() <= 0.0134  # two of 150


def naive_percentile(values: list[float], share: float) -> float:
    """Interpolate between the two order statistics next to the rank ``share * (n - 1)``."""
    ordered = sorted(map(float, values))
    rank = share * (len(ordered) - 1)
    low = math.floor(rank)
    return ordered[low] + (rank - low) * (ordered[min(low + 1, len(ordered) - 1)] - ordered[low])


def test_bad_queries_do_not_move_the_threshold() -> None:
    """It depends on the random pairs alone, however many queries are bad."""
    random = dict.fromkeys(OWN, np.linspace(-11, -4, 50).tolist())
    scores, candidates = tables(random)
    before = below_min_score(scores, candidates, QUERIES, {"cross": "auto"})[1]["cross"]["threshold"]
    worse = scores.assign(score=scores["score"].where(scores["doc_id"] != "a", -10.0))
    dropped, report = below_min_score(worse, candidates, QUERIES, {"cross": "auto"})
    assert report["cross"]["threshold"] == before
    assert dropped == {"good", "bad"}


@pytest.mark.parametrize("pairs", [0, 99])
def test_auto_needs_random_pairs(pairs: int) -> None:
    message = (
        rf"^training.lists.min_score.cross: auto needs .* at least 100 pairs .* there are {pairs}: raise mining.random"
    )
    with pytest.raises(UserError, match=message):
        random_limit(np.zeros(pairs), "cross")
    assert random_limit(np.zeros(100), "cross") == 0


def test_random_passages_of_queries_that_are_no_training_queries_do_not_count() -> None:
    random = dict.fromkeys(OWN, [-5.0] * 50) | {"heldout": [50.0] * 50}
    assert below_min_score(*tables(random), QUERIES, {"cross": "auto"})[1]["cross"]["threshold"] == -5
