"""Interpretation of a summary: selected variant, verdict, order of systems."""

from listill.report.results import Cell, Results, p_text
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
    names = ["teacher", "stranger", "minilm.b", "minilm+bm25", "minilm", "minilm.a", "bm25", "e5", "e5.a"]
    rows = {(name, "test"): (0.5, 0.5, NAN if name in ("minilm", "e5") else 0.5) for name in names}
    results = Results(summary(rows))
    assert results.students == ["e5", "minilm"]
    assert results.systems == [
        *("bm25", "e5", "e5.a", "minilm", "minilm+bm25", "minilm.a", "minilm.b", "stranger", "teacher")
    ]
    assert results.variants("minilm") == ["minilm.a", "minilm.b"]
    assert results.owner("minilm.a") == "minilm"
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
    cells = [Cell(0.5, 0.4, delta, 0.0, 0.2, p) for delta, p in ((0.1, 0.001), (-0.1, 0.03), (0.1, 0.05), (0.0, NAN))]
    assert [(cell.mark, cell.tone, cell.tested) for cell in cells] == [
        ("**", "up", True),
        ("*", "down", True),
        ("", "none", True),
        ("", "none", False),
    ]
