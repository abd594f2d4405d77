"""The values of all systems on one split."""

import numpy as np
import pandas as pd
import pytest

from listill.evaluation.measured import corrected, measured_values
from listill.evaluation.topics import EvaluationQueries
from summary_tables import values_of


def test_the_seeds_of_a_variant_are_one_system() -> None:
    columns = {"m": [0.1, 0.3], "m_a": [0.2, 0.4], "m_a-seed2": [0.6, 0.4], "m_a+bm25": [0.0, 1.0]}
    (measured,) = measured_values(values_of(**columns), None, 100, 0.95, 1)
    assert sorted(measured.systems) == ["m", "m.a", "m.a+bm25"]
    assert measured.systems["m.a"].tolist() == [[0.2, 0.6], [0.4, 0.4]]
    assert measured.mean("m.a") == pytest.approx(0.4)
    assert measured.spread("m.a") == pytest.approx(np.std([0.3, 0.5], ddof=1))
    assert measured.spread("m") is None
    row = {"system": "m.a", "split": "test", "measure": "nDCG@10", "queries": 2, "clusters": 2, "seeds": 2}
    assert measured.row("m.a") == row
    np.testing.assert_allclose(measured.difference("m.a", "m"), [[0.1, 0.5], [0.1, 0.1]])
    np.testing.assert_allclose(measured.difference("m", "m.a"), [[-0.3], [-0.1]])  # one seed against the mean of two


def test_dev_queries_are_weighed() -> None:
    """One topic and four synthetic queries, which together weigh as much as the missing topic."""
    names = ["h0", "s0", "s1", "s2", "s3"]
    types = ["human", *["lead"] * 4]
    queries = pd.DataFrame({"query_id": names, "text": "x", "split": "dev", "type": types})
    qrels = pd.DataFrame({"query_id": names, "doc_id": names, "relevance": 1, "split": "dev"})
    values = values_of(m=[1.0, 0.0, 0.0, 0.0, 0.4]).assign(split="dev", query_id=names)
    (measured,) = measured_values(values, EvaluationQueries(queries, qrels, min_dev_topics=2), 100, 0.95, 1)
    assert measured.mean("m") == pytest.approx((1.0 + 0.1) / 2)


def test_a_base_has_no_p_value_to_correct() -> None:
    assert corrected(pd.Series([0.01, np.nan, 0.04])).tolist() == pytest.approx([0.02, np.nan, 0.04], nan_ok=True)


def test_no_pairs() -> None:
    (measured,) = measured_values(values_of(m=[0.1]), None, 100, 0.95, 1)
    assert measured.compare([]) == {}
