"""Interpretation of a summary: selected variant, verdict, order of systems."""

from pathlib import Path

import pandas as pd
import pytest

from listill import tables
from listill.errors import UserError
from listill.report.results import Results
from summary_tables import NAN, summary


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
