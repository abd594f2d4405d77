"""Comparisons of variants with each other and with untrained systems."""

import numpy as np
import pytest

from listill.evaluation import significance
from listill.evaluation.comparisons import compare_systems, pairs_to_compare
from listill.evaluation.measured import measured_values
from listill.schemas import SCHEMAS
from summary_tables import values_of


def test_variants_are_compared_with_each_other_and_with_untrained_systems() -> None:
    systems = ["bm25", "e", "e+bm25", "m", "m+bm25", "m.a", "m.a+bm25", "m.b", "teacher"]
    assert pairs_to_compare(systems, ["e", "m"]) == [
        ("m", "m.a", "bm25"),
        ("m", "m.a", "m+bm25"),
        ("m", "m.b", "bm25"),
        ("m", "m.b", "m+bm25"),
        ("m", "m.a", "m.b"),
        ("m", "m.a+bm25", "m+bm25"),
    ]


def test_comparisons_agree_with_a_naive_loop_and_seeds_are_paired() -> None:
    draw = np.random.default_rng(6)
    columns = {name: draw.random(25) for name in ("m", "bm25", "m_a", "m_a-seed2", "m_b", "m_b-seed2")}
    table = compare_systems(
        measured_values(values_of(**{n: list(v) for n, v in columns.items()}), None, 300, 0.9, 2), ["m"]
    )
    assert list(table.columns) == SCHEMAS["comparisons"].names
    pairs = table.set_index(["system", "against"])
    assert sorted(pairs.index) == [("m.a", "bm25"), ("m.a", "m.b"), ("m.b", "bm25")]
    a, b = (np.column_stack([columns[f"m_{name}"], columns[f"m_{name}-seed2"]]) for name in "ab")
    differences = [a - columns["bm25"][:, None], a - b, b - columns["bm25"][:, None]]
    expected = significance.compare(differences, significance.Sample(25), 300, 0.9, 2)
    corrected = significance.holm(np.array([comparison.p_value for comparison in expected]))
    for (_, row), comparison, p_value in zip(pairs.sort_index().iterrows(), expected, corrected, strict=True):
        figures = (comparison.delta, comparison.low, comparison.high, p_value)
        assert (row["delta"], row["ci_low"], row["ci_high"], row["p_value"]) == pytest.approx(figures)
        assert row["delta"] == pytest.approx(row["value"] - row["against_value"])
        assert row["seeds"] == 2


def test_without_variants_there_are_no_comparisons() -> None:
    table = compare_systems(measured_values(values_of(m=[0.5, 0.4], bm25=[0.1, 0.2]), None, 100, 0.95, 1), ["m"])
    assert table.empty
    assert list(table.columns) == SCHEMAS["comparisons"].names
