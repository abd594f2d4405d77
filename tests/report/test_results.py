"""Interpretation of a summary: selected variant, verdict, order of systems."""

import numpy as np
import pandas as pd
import pytest

from listill.report.results import Cell, Results, p_text
from listill.schemas import SCHEMAS
from summary_tables import NAN, ROWS, summary


def sentence(rows: dict[tuple[str, str], tuple[float, float, float]]) -> str:
    [verdict] = Results(summary(rows)).verdicts()
    return f"{verdict.sentence}. {verdict.caveat}"


def test_the_verdict_is_about_the_variant_selected_on_dev() -> None:
    assert sentence(ROWS) == (
        "minilm.listwise beats minilm by +0.051 nDCG@10 (0.544 -> 0.595, p = 0.0003, 812 test topics); "
        "selected on dev. "
    )


def test_the_verdict_without_a_significant_gain() -> None:
    weak = {key: (value, base, p and max(p, 0.3)) for key, (value, base, p) in ROWS.items()}
    assert sentence(weak).startswith("no variant is significantly better than minilm; minilm.listwise: +0.051")
    chosen = ROWS | {("minilm.listwise", "test"): (0.546, 0.544, 0.4)}
    assert sentence(chosen).startswith("minilm.listwise is not significantly better than minilm: +0.002")
    harmed = ROWS | {("minilm.listwise", "test"): (0.500, 0.544, 0.001)}
    assert sentence(harmed).startswith("minilm.listwise is worse than minilm by -0.044")


def test_no_variant_is_selected_on_test() -> None:
    test = {key: row for key, row in ROWS.items() if key[1] == "test"}
    assert sentence(test).startswith("no variant of minilm can be selected, as there are no dev queries")
    del test["minilm.infonce", "test"]
    assert sentence(test).startswith("minilm.listwise beats minilm")


def test_held_out_queries_replace_missing_test_topics_with_a_caveat() -> None:
    rows = {(system, split.replace("test", "heldout")): row for (system, split), row in ROWS.items()}
    assert "812 held-out synthetic queries" in sentence(rows)
    assert "self-consistency, not relevance" in sentence(rows)


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
        "bm25",
        "e5",
        "e5.a",
    ]
    rows = {(name, "test"): (0.5, 0.5, NAN if name in ("minilm", "e5") else 0.5) for name in names}
    results = Results(summary(rows))
    assert results.students == ["e5", "minilm"]
    assert results.systems == [
        *("bm25", "e5", "e5.a", "minilm", "minilm+bm25", "minilm.a", "minilm.b"),
        *("minilm.a+bm25", "stranger", "teacher"),
    ]
    assert results.variants("minilm") == ["minilm.a", "minilm.b"]
    assert results.owner("minilm.a") == "minilm"
    assert results.owner("minilm.a+bm25") is None
    assert results.owner("stranger.a") is results.owner("minilm+bm25") is results.owner("minilm") is None


def test_ties_are_broken_by_name_and_test_is_trusted_most() -> None:
    rows = {("m", split): (0.5, 0.5, NAN) for split in ("dev", "heldout", "test")}
    rows |= {(f"m.{name}", "dev"): (0.6, 0.5, 0.01) for name in "ba"}
    results = Results(summary(rows, ("R@100", "nDCG@10")))
    assert results.chosen("m") == "m.a"
    assert results.splits == ["test", "heldout", "dev"]
    assert (results.trusted, results.main, results.measures) == ("test", "nDCG@10", ["nDCG@10", "R@100"])
    assert results.queries("dev") == 812


def test_the_verdict_without_any_variant() -> None:
    [verdict] = Results(summary({("m", "test"): (0.5, 0.5, NAN)})).verdicts()
    assert (verdict.student, verdict.sentence) == ("", "no trained variant has been evaluated")


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


def verdict(table: pd.DataFrame, *pairs: tuple[str, str, float, float, float]) -> str:
    """Return the verdict; ``pairs``: system, against, value, against_value, p_value on test."""
    rows = []
    for system, against, value, other, p_value in pairs:
        delta = value - other
        figures = (value, other, delta, delta - 0.01, delta + 0.01, p_value, 812, 812, 1)
        rows.append(("minilm", system, against, "test", "nDCG@10", *figures))
    comparisons = pd.DataFrame(rows, columns=SCHEMAS["comparisons"].names)
    [found] = Results(table, comparisons).verdicts()
    return f"{found.sentence}. {found.caveat}".strip()


BETTER_BM25 = {("bm25", "test"): (0.736, 0.544, 0.001)}
FUSION = {("minilm+bm25", "test"): (0.560, 0.544, 0.2)}


def test_the_verdict_says_when_a_system_without_training_is_better() -> None:
    """The headline 'no variant is significantly better' once hid that BM25 was better than the student."""
    pair = ("minilm.listwise", "bm25", 0.595, 0.736, 0.001)
    assert "; but bm25, without training, has 0.736, significantly more" in verdict(summary(ROWS | BETTER_BM25), pair)
    pair = ("minilm.listwise", "bm25", 0.735, 0.736, 0.6)
    assert "; but bm25, without training, has 0.736: no significant difference (-0.001, p = 0.600)" in verdict(
        summary(ROWS | BETTER_BM25), pair
    )
    pair = ("minilm.listwise", "minilm+bm25", 0.595, 0.560, 0.001)
    text = verdict(summary(ROWS | FUSION), pair)
    assert "It also beats the best system without training: minilm+bm25 (0.560) by +0.035." in text
    assert "but" not in text


def test_the_verdict_compares_the_variants_with_each_other() -> None:
    pair = ("minilm.infonce", "minilm.listwise", 0.610, 0.595, 0.3)
    assert "Its difference from minilm.infonce is not significant." in verdict(summary(ROWS), pair)
    pair = ("minilm.infonce", "minilm.listwise", 0.610, 0.580, 0.01)
    assert "It is significantly worse than minilm.infonce." in verdict(summary(ROWS), pair)
    pair = ("minilm.infonce", "minilm.listwise", 0.560, 0.595, 0.01)
    assert "It is significantly better than minilm.infonce." in verdict(summary(ROWS), pair)


def test_a_discarded_training_is_called_so() -> None:
    """It was reported as '+0.000, p = 1.000'."""
    table = summary({**ROWS, ("minilm.listwise", "test"): (0.544, 0.544, 1.0)})
    table.loc[table["system"] == "minilm.listwise", "kept"] = 0
    assert verdict(table).startswith(
        "training did not help minilm: the base model is kept (0.544 nDCG@10, 812 test topics)."
    )
    assert "p = 1.000" not in verdict(table)


def test_seeds_and_clusters_are_named() -> None:
    table = summary(ROWS).assign(seeds=3, clusters=500)
    table.loc[table["system"] == "minilm.listwise", "kept"] = 2
    text = verdict(table)
    assert "p = 0.0003, 812 test topics in 500 clusters, mean of 3 seeds)" in text
    assert "With 1 of 3 seeds, the base model was kept." in text


@pytest.mark.parametrize(("clusters", "warned"), [(7, True), (49, True), (50, False)])
def test_too_few_queries_for_a_decision(clusters: int, warned: bool) -> None:
    table = summary(ROWS).assign(clusters=clusters)
    text = verdict(table)
    assert (f"So few queries cannot carry a decision (812 test topics in {clusters} clusters)" in text) == warned
    assert ("only a difference of about 0.01 or more is likely to be found" in text) == warned


def test_the_detectable_difference_has_a_power_of_80_per_cent() -> None:
    """In simulated comparisons of 100 queries, a true difference of that size is significant in four of five."""
    from listill.evaluation.significance import Sample, compare

    rng = np.random.default_rng(2)
    differences = [rng.normal(0, 0.3, 100) for _ in range(200)]
    results = compare(differences, Sample(100), 400, 0.95, seed=1)
    detectable = np.mean([Cell(0, 0, c.delta, c.low, c.high, c.p_value).detectable for c in results])
    shifted = compare([difference + detectable for difference in differences], Sample(100), 400, 0.95, seed=1)
    assert np.mean([comparison.p_value < 0.05 for comparison in shifted]) == pytest.approx(0.8, abs=0.08)
