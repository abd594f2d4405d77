"""Interpretation of a summary: selected variant, verdict, order of systems."""

import numpy as np
import pytest

from listill.report.results import Cell, Results, p_text
from summary_tables import NAN, summary


def test_p_values_are_readable() -> None:
    assert [p_text(p) for p in (0.00001, 0.0003, 0.012, 1.0, NAN)] == [
        "< 0.0001",
        "= 0.0003",
        "= 0.012",
        "= 1.000",
        "n/a",
    ]


def test_order_of_systems() -> None:
    names = [
        "teacher",
        "stranger",
        "minilm.b",
        "minilm.a+bm25",
        "minilm+bm25",
        "minilm",
        "minilm.a",
        "minilm.a@64",
        "bm25",
        "e5",
        "e5.a",
    ]
    rows = {(name, "test"): (0.5, 0.5, NAN if name in ("minilm", "e5") else 0.5) for name in names}
    results = Results(summary(rows))
    assert results.students == ["e5", "minilm"]
    assert results.systems == [
        *("bm25", "e5", "e5.a", "minilm", "minilm+bm25", "minilm.a", "minilm.a@64", "minilm.b"),
        *("minilm.a+bm25", "stranger", "teacher"),
    ]
    assert results.variants("minilm") == ["minilm.a", "minilm.b"]
    assert results.owner("minilm.a") == "minilm"
    assert results.owner("minilm.a+bm25") is results.owner("minilm.a@64") is None
    assert results.owner("stranger.a") is results.owner("minilm+bm25") is results.owner("minilm") is None


def test_ties_are_broken_by_name_and_test_is_trusted_most() -> None:
    rows = {("m", split): (0.5, 0.5, NAN) for split in ("dev", "heldout", "test")}
    rows |= {(f"m.{name}", "dev"): (0.6, 0.5, 0.01) for name in "ba"}
    results = Results(summary(rows, ("R@100", "nDCG@10")))
    assert results.chosen("m") == "m.a"
    assert results.splits == ["test", "heldout", "dev"]
    assert (results.trusted, results.main, results.measures) == ("test", "nDCG@10", ["nDCG@10", "R@100"])
    assert results.queries("dev") == 812


def test_marks_and_tones() -> None:
    rows = [(0.1, 0.001), (-0.1, 0.03), (0.1, 0.05), (0.0, NAN)]
    cells = [Cell(0.5, 0.4, delta, delta - 0.05, delta + 0.05, p) for delta, p in rows]
    # The test over queries finds a difference, but with other seeds there might be none.
    cells.append(Cell(0.5, 0.4, 0.1, -0.05, 0.25, 0.001, seeds=3))
    assert [(cell.mark, cell.tone, cell.tested) for cell in cells] == [
        ("**", "up", True),
        ("*", "down", True),
        ("", "none", True),
        ("", "none", False),
        ("", "none", True),
    ]


def test_the_detectable_difference_has_a_power_of_80_per_cent() -> None:
    """In simulated comparisons of 100 queries, a true difference of that size is significant in four of five."""
    from listill.evaluation.significance import Sample, compare

    rng = np.random.default_rng(2)
    differences = [rng.normal(0, 0.3, 100) for _ in range(200)]
    results = compare(differences, Sample(100), 400, 0.95, seed=1)
    detectable = np.mean([Cell(0, 0, c.delta, c.low, c.high, c.p_value).detectable for c in results])
    shifted = compare([difference + detectable for difference in differences], Sample(100), 400, 0.95, seed=1)
    assert np.mean([comparison.p_value < 0.05 for comparison in shifted]) == pytest.approx(0.8, abs=0.08)
