"""Interpretation of a summary: selected variant, verdict, order of systems."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from listill import tables
from listill.errors import UserError
from listill.report.results import Cell, Results, p_text, signed
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


def test_the_smallest_p_value_is_a_bound() -> None:
    """With 100 resamples and two comparisons, 2/101 cannot become smaller; 3/101 could."""
    rows = {("m", "test"): (0.5, 0.5, NAN), ("m.a", "test"): (0.6, 0.5, 2 / 101), ("m.b", "test"): (0.6, 0.5, 3 / 101)}
    results = Results(summary(rows), resamples=100)
    cells = [results.cell(system, "test", "nDCG@10") for system in ("m.a", "m.b")]
    assert [cell.p for cell in cells if cell] == ["<= 0.020", "= 0.030"]
    unknown = Results(summary(rows)).cell("m.a", "test", "nDCG@10")
    assert unknown
    assert unknown.p == "= 0.020"


def test_the_bound_of_pairs_is_that_of_the_students_comparisons() -> None:
    names = {"student": "m", "system": "m.a", "against": "bm25", "split": "test", "measure": "nDCG@10"}
    figures = {"value": 0.6, "against_value": 0.5, "delta": 0.1, "ci_low": 0.0, "ci_high": 0.2, "p_value": 1 / 101}
    pair = names | figures | {"queries": 9, "clusters": 9, "seeds": 1}
    rows = {("m", "test"): (0.5, 0.5, NAN)}
    results = Results(summary(rows), pd.DataFrame([pair]), resamples=100)
    found = results.pair("m.a", "bm25", "test", "nDCG@10")
    assert found
    assert found.p == "<= 0.010"
    assert results.pairs_on("test", "nDCG@10") == [("m.a", "bm25", found)]
    assert results.pairs_on("dev", "nDCG@10") == []


@pytest.mark.parametrize(
    ("low", "high", "p_value", "clusters", "word"),
    [
        (0.01, 0.05, 0.01, 300, "HELPED"),
        (-0.05, -0.01, 0.01, 300, "HURT"),
        (-0.01, 0.01, 0.9, 300, "NO DIFFERENCE"),
        (-0.01, 0.03, 0.3, 300, "TOO FEW QUERIES TO TELL"),  # 0.03 is more than 5 % of 0.5
        (0.001, 0.02, 0.06, 300, "TOO FEW QUERIES TO TELL"),  # the interval says that there is a difference
        (-0.01, 0.01, 0.9, 20, "TOO FEW QUERIES TO TELL"),
    ],
)
def test_the_word_for_a_result(low: float, high: float, p_value: float, clusters: int, word: str) -> None:
    delta = (low + high) / 2
    assert Cell(0.5 + delta, 0.5, delta, low, high, p_value, clusters).word == word


def test_seeds_that_differ_too_much_are_not_blamed_on_the_queries() -> None:
    """The test over queries finds a difference, but the interval with the spread of the seeds contains 0."""
    assert Cell(0.52, 0.5, 0.02, -0.03, 0.07, 0.01, 300, seeds=3).word == "TOO FEW SEEDS TO TELL"


def test_a_discarded_training_made_no_difference() -> None:
    assert Cell(0.5, 0.5, 0.0, 0.0, 0.0, 1.0, 20, kept=0).word == "NO DIFFERENCE"


def test_a_difference_that_is_rounded_to_zero_has_no_sign() -> None:
    assert [signed(value) for value in (0.0004, -0.0004, 0.0006, -0.12)] == ["0.000", "0.000", "+0.001", "-0.120"]


def test_results_are_read_with_the_settings_of_their_tests(tmp_path: Path) -> None:
    about = tables.Provenance("summary", "0", {}, {"settings": {"resamples": 100, "confidence": 0.9}})
    rows = {("m", "test"): (0.5, 0.5, NAN), ("m.a", "test"): (0.6, 0.5, 1 / 101)}
    tables.write(tmp_path / "summary.parquet", "summary", summary(rows), about)
    results = Results.read(tmp_path / "summary.parquet")
    assert results.interval_name == "90 % interval"
    cell = results.cell("m.a", "test", "nDCG@10")
    assert cell
    assert cell.p == "<= 0.010"
    assert (results.base("m.a"), results.base("m")) == ("m", None)
    tables.write(tmp_path / "summary.parquet", "summary", summary(rows).head(0), about)
    with pytest.raises(UserError, match=r"summary\.parquet: the table is empty: run the stage evaluate again"):
        Results.read(tmp_path / "summary.parquet")
