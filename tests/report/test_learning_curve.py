"""The learning curve: differences from the base model by number of lists, and what the last step says."""

import numpy as np
import pandas as pd
import pytest

from listill.evaluation.topics import EvaluationQueries
from listill.report.learning_curve import LearningCurve, learning_curves

QUERIES = [f"q{i:02d}" for i in range(60)]
DRAW = np.random.default_rng(0)
BASE = DRAW.uniform(0.2, 0.6, len(QUERIES))


def values(system: str, gain: float, noise: int = 0) -> pd.DataFrame:
    """Return the values of a system whose queries are better than the base by ``gain``, more or less."""
    spread = np.random.default_rng(noise).normal(0, 0.02, len(QUERIES))
    rows = pd.DataFrame({"query_id": QUERIES, "value": BASE + (gain + spread if system != "s" else 0)})
    return rows.assign(system=system, split="test", measure="nDCG@10")


def evaluated() -> EvaluationQueries:
    queries = pd.DataFrame({"query_id": QUERIES, "text": "t", "split": "test", "type": "human"})
    qrels = pd.DataFrame({"query_id": QUERIES, "doc_id": QUERIES, "relevance": 1, "split": "test"})
    return EvaluationQueries(queries, qrels)


def curves(gains: list[float], seeds: int = 2) -> list[LearningCurve]:
    """Return the curve of a variant with these gains at 25, 50 and 100 % of 400 lists."""
    names = ["s.v", *(f"s.v-seed{seed}" for seed in range(2, seeds + 1))]
    tables = [
        values(name, gain, 10 * place + seed).assign(share=share, lists=round(400 * share))
        for place, (share, gain) in enumerate(zip((0.25, 0.5), gains, strict=False))
        for seed, name in enumerate(names)
    ]
    whole = [values(name, gains[-1], 90 + seed) for seed, name in enumerate(names)]
    other = values("s.v", 5.0).assign(split="dev")
    per_query = pd.concat([values("s", 0.0), *whole, other])
    return learning_curves(tables, per_query, evaluated(), {"s.v": 400}, "test", "nDCG@10", 0.95, 1)


def test_points_are_differences_from_the_base_over_queries_and_seeds() -> None:
    (curve,) = curves([0.02, 0.06, 0.1])
    assert curve.system == "s.v"
    assert [(point.share, point.lists) for point in curve.points] == [(0.25, 100), (0.5, 200), (1.0, 400)]
    for place, (point, gain) in enumerate(zip(curve.points, [0.02, 0.06, 0.1], strict=True)):
        first = 90 if place == 2 else 10 * place
        noise = [np.random.default_rng(first + seed).normal(0, 0.02, len(QUERIES)).mean() for seed in (0, 1)]
        assert point.change.delta == pytest.approx(gain + np.mean(noise))
        assert point.change.low < point.change.delta < point.change.high
    assert curve.last.delta == pytest.approx(curve.points[2].change.delta - curve.points[1].change.delta)
    assert "difference in nDCG@10 from the base model by number of lists, s.v: " in curve.plot


@pytest.mark.parametrize(
    ("gains", "words"),
    [
        ([0.02, 0.04, 0.1], "More queries would probably help: from 200 to 400 lists, s.v gained +0.0"),
        ([0.02, 0.1, 0.04], "More queries have not helped: from 200 to 400 lists, s.v lost: -0.0"),
        ([0.02, 0.05, 0.05], "It is not shown that more queries would help: from 200 to 400 lists, the difference"),
    ],
)
def test_the_conclusion(gains: list[float], words: str) -> None:
    (curve,) = curves(gains, seeds=1)
    assert words in curve.conclusion


def test_without_tables_there_is_no_curve() -> None:
    assert learning_curves([], values("s", 0.0), evaluated(), {}, "test", "nDCG@10", 0.95, 1) == []
