"""Gains on groups of queries."""

import numpy as np
import pandas as pd
import pytest

from listill.evaluation.topics import EvaluationQueries
from listill.report.gains import by_length, by_type, difference
from listill.schemas import SCHEMAS


@pytest.fixture
def evaluated() -> EvaluationQueries:
    texts = {"a": "one", "b": "one", "c": "one two three four", "d": "five six seven eight"}
    queries = pd.DataFrame({"query_id": list(texts), "text": list(texts.values()), "split": "heldout"})
    queries["type"] = ["title", "question", "title", "question"]
    qrels = pd.DataFrame({"query_id": list(texts), "doc_id": list("wxyz"), "relevance": 1, "split": "heldout"})
    return EvaluationQueries(queries, qrels)


def values(**systems: list[float]) -> pd.DataFrame:
    rows = [
        (name.replace("_", ".").replace("seed", "-seed"), "heldout", query, "nDCG@10", value)
        for name, of_system in systems.items()
        for query, value in zip("abcd", of_system, strict=True)
    ]
    return pd.DataFrame(rows, columns=SCHEMAS["per_query"].names)


def test_gains_by_type_and_length(evaluated: EvaluationQueries) -> None:
    measured = values(m=[0.1, 0.2, 0.3, 0.4], m_v=[0.5, 0.2, 0.3, 0.8])
    types = {gain.group: gain for gain in by_type(measured, evaluated, "m", "m.v", 0.95, 1)}
    assert {name: gain.queries for name, gain in types.items()} == {"title": 2, "question": 2}
    assert types["title"].cell.delta == pytest.approx(0.2)
    assert types["question"].cell.value == pytest.approx(0.5)
    assert np.isnan(types["title"].cell.p_value)
    lengths = by_length(measured, evaluated, "m", "m.v", 0.95, 1)
    assert [(gain.group, gain.queries) for gain in lengths] == [("1 word", 2), ("4 words", 2)]
    assert [gain.cell.base for gain in lengths] == pytest.approx([0.15, 0.35])
    assert [gain.cell.low <= gain.cell.delta <= gain.cell.high for gain in lengths] == [True, True]


def test_one_group_is_no_grouping(evaluated: EvaluationQueries) -> None:
    measured = values(m=[0.1] * 4, m_v=[0.5] * 4)
    assert by_type(measured[measured["query_id"].isin(["a", "c"])], evaluated, "m", "m.v", 0.95, 1) == []
    assert by_length(measured[measured["query_id"].isin(["a", "b"])], evaluated, "m", "m.v", 0.95, 1) == []


def test_the_difference_is_that_of_the_mean_of_the_seeds(evaluated: EvaluationQueries) -> None:
    measured = values(m=[0.0] * 4, m_v=[0.2] * 4, m_vseed2=[0.4] * 4, m_other=[1.0] * 4)
    cell = difference(measured, evaluated, "m", "m.v", 0.95, 1)
    assert (cell.value, cell.delta, cell.seeds) == (pytest.approx(0.3), pytest.approx(0.3), 2)
