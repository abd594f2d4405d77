"""The verdict on a student."""

import pandas as pd
import pytest

from listill.report.results import Results
from listill.report.verdict import verdicts
from listill.schemas import SCHEMAS
from summary_tables import NAN, ROWS, summary

BETTER_BM25 = {("bm25", "test"): (0.736, 0.544, 0.001)}
FUSION = {("minilm+bm25", "test"): (0.560, 0.544, 0.2)}


def sentence(rows: dict[tuple[str, str], tuple[float, float, float]]) -> str:
    [verdict] = verdicts(Results(summary(rows)))
    return verdict.text


def test_the_verdict_is_about_the_variant_selected_on_dev() -> None:
    assert sentence(ROWS) == (
        "HELPED: minilm.listwise beats minilm by +0.051 nDCG@10 (0.544 -> 0.595; interval +0.041 to +0.061; p = 0.0003; "
        "812 test topics; one seed); selected on dev."
    )


def test_the_verdict_without_a_significant_gain() -> None:
    weak = {key: (value, base, p and max(p, 0.3)) for key, (value, base, p) in ROWS.items()}
    assert sentence(weak).startswith(
        "TOO FEW QUERIES TO TELL: no variant is significantly better than minilm; minilm.listwise: +0.051"
    )
    chosen = ROWS | {("minilm.listwise", "test"): (0.546, 0.544, 0.4)}
    assert sentence(chosen).startswith("NO DIFFERENCE: minilm.listwise is not significantly better than minilm: +0.002")
    harmed = ROWS | {("minilm.listwise", "test"): (0.500, 0.544, 0.001)}
    assert sentence(harmed).startswith("HURT: minilm.listwise is worse than minilm by -0.044")


def test_no_variant_is_selected_on_test() -> None:
    test = {key: row for key, row in ROWS.items() if key[1] == "test"}
    assert sentence(test).startswith("no variant of minilm can be selected, as there are no dev queries")
    del test["minilm.infonce", "test"]
    assert sentence(test).startswith("HELPED: minilm.listwise beats minilm")


def test_held_out_queries_replace_missing_test_topics_with_a_caveat() -> None:
    rows = {(system, split.replace("test", "heldout")): row for (system, split), row in ROWS.items()}
    assert "812 held-out synthetic queries" in sentence(rows)
    assert "self-consistency, not relevance" in sentence(rows)


def test_the_verdict_without_any_variant() -> None:
    [verdict] = verdicts(Results(summary({("m", "test"): (0.5, 0.5, NAN)})))
    assert (verdict.student, verdict.sentence) == ("", "no trained variant has been evaluated")


def verdict(table: pd.DataFrame, *pairs: tuple[str, str, float, float, float]) -> str:
    """Return the verdict; ``pairs``: system, against, value, against_value, p_value on test."""
    rows = []
    for system, against, value, other, p_value in pairs:
        delta = value - other
        figures = (value, other, delta, delta - 0.01, delta + 0.01, p_value, 812, 812, 1)
        rows.append(("minilm", system, against, "test", "nDCG@10", *figures))
    comparisons = pd.DataFrame(rows, columns=SCHEMAS["comparisons"].names)
    [found] = verdicts(Results(table, comparisons))
    return found.text


def test_the_verdict_says_when_a_system_without_training_is_better() -> None:
    """The headline 'no variant is significantly better' once hid that BM25 was better than the student."""
    pair = ("minilm.listwise", "bm25", 0.595, 0.736, 0.001)
    assert "But bm25, without training, has 0.736: significantly more (-0.141, " in verdict(
        summary(ROWS | BETTER_BM25), pair
    )
    pair = ("minilm.listwise", "bm25", 0.735, 0.736, 0.6)
    assert (
        "But bm25, without training, has 0.736: no significant difference (-0.001, -0.011 to +0.009, p = 0.600)."
        in verdict(summary(ROWS | BETTER_BM25), pair)
    )
    pair = ("minilm.listwise", "minilm+bm25", 0.595, 0.560, 0.001)
    text = verdict(summary(ROWS | FUSION), pair)
    assert (
        "It also beats the best system without training, minilm+bm25 (0.560), by +0.035, +0.025 to +0.045, p = 0.001."
        in text
    )
    assert "But" not in text


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
        "NO DIFFERENCE: training did not help minilm: the base model is kept (0.544 nDCG@10; 812 test topics; one seed)."
    )
    assert "p = 1.000" not in verdict(table)


def test_seeds_and_clusters_are_named() -> None:
    table = summary(ROWS).assign(seeds=3, clusters=500)
    table.loc[table["system"] == "minilm.listwise", "kept"] = 2
    text = verdict(table)
    assert "p = 0.0003; 812 test topics in 500 clusters; mean of 3 seeds)" in text
    assert "With 1 of 3 seeds, the base model was kept." in text


@pytest.mark.parametrize(("clusters", "warned"), [(7, True), (49, True), (50, False)])
def test_too_few_queries_for_a_decision(clusters: int, warned: bool) -> None:
    weak = {key: (value, base, p and max(p, 0.3)) for key, (value, base, p) in ROWS.items()}
    text = verdict(summary(weak).assign(clusters=clusters))
    assert text.startswith("TOO FEW QUERIES TO TELL")
    assert (f"So few queries cannot carry a decision (812 test topics in {clusters} clusters)" in text) == warned
    assert ("only a difference of about 0.01 or more is likely to be found" in text) == warned


@pytest.mark.parametrize(("clusters", "warned"), [(7, True), (49, True), (50, False)])
@pytest.mark.parametrize(("value", "word"), [(0.595, "HELPED"), (0.5, "HURT")])
def test_a_significant_difference_on_few_clusters_has_an_uncertain_size(
    clusters: int, warned: bool, value: float, word: str
) -> None:
    """The verdict once said HELPED, and that such queries cannot carry a decision."""
    rows = ROWS | {("minilm.listwise", "test"): (value, 0.544, 0.0003)}
    text = verdict(summary(rows).assign(clusters=clusters))
    assert text.startswith(word)
    assert "cannot carry a decision" not in text
    assert (f"Only {clusters} clusters of queries: the size of the difference is uncertain." in text) == warned
