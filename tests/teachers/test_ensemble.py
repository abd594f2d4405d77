"""Normalised and weighted scores against values computed by hand."""

import pandas as pd
import pytest

from listill.teachers.ensemble import combine, normalise

ROWS = [
    # query, document, teacher a, teacher b
    ("q", "x", 10.0, 0.1),
    ("q", "y", 20.0, 0.5),
    ("q", "z", 15.0, 0.4),
    ("r", "x", 1.0, 7.0),
    ("r", "y", 1.0, 9.0),
]


def scores(rows: list[tuple[str, str, float, float]] = ROWS) -> pd.DataFrame:
    long = [(q, d, t, s) for q, d, a, b in rows for t, s in (("a", a), ("b", b))]
    return pd.DataFrame(long, columns=["query_id", "doc_id", "teacher", "score"])


def by_pair(frame: pd.DataFrame, column: str = "score") -> dict[str, float]:
    return dict(zip(frame["query_id"] + frame["doc_id"], frame[column], strict=True))


def test_minmax_and_zscore() -> None:
    values, groups = pd.Series([2.0, 4.0, 3.0, 5.0, 5.0, 1.0]), pd.Series(list("aaabbc"))
    assert normalise(values, groups, "minmax").tolist() == [0.0, 1.0, 0.5, 0.0, 0.0, 0.0]
    deviation = (2 / 3) ** 0.5
    assert normalise(values, groups, "zscore").tolist() == pytest.approx([-1 / deviation, 1 / deviation, 0, 0, 0, 0])


def test_weighted_minmax_spans_0_to_1() -> None:
    # q: a gives 0, 1, 0.5 and b gives 0, 1, 0.75. r: the scores of a are equal and become 0; b gives 0, 1. The range of
    # each query is filled again.
    combined = by_pair(combine(scores(), {"a": 1.0, "b": 3.0}, "minmax"))
    expected = {"qx": 0.0, "qy": 1.0, "qz": (0.5 + 3 * 0.75) / 4, "rx": 0.0, "ry": 1.0}
    assert combined == pytest.approx(expected)


def test_weighted_minmax_if_teachers_disagree() -> None:
    # a: 1, 0, 0.25; b: 0, 1, 0.5. Weights 1 and 3: 0.25, 0.75, 0.4375, then stretched over [0, 1].
    rows = [("q", "x", 4.0, 0.0), ("q", "y", 0.0, 2.0), ("q", "z", 1.0, 1.0)]
    combined = by_pair(combine(scores(rows), {"a": 1.0, "b": 3.0}, "minmax"))
    assert combined == pytest.approx({"qx": 0.0, "qy": 1.0, "qz": (0.4375 - 0.25) / 0.5})


def test_weighted_zscore_is_not_stretched() -> None:
    rows = [("q", "x", 1.0, 5.0), ("q", "y", 3.0, 5.0)]
    combined = by_pair(combine(scores(rows), {"a": 1.0, "b": 3.0}, "zscore"))
    assert combined == pytest.approx({"qx": -0.25, "qy": 0.25})


@pytest.mark.parametrize("how", ["minmax", "zscore", "rank"])
def test_equal_scores_become_zero(how: str) -> None:
    rows = [("q", "x", 0.1 + 0.2, 5.0), ("q", "y", 0.3, 5.0), ("r", "x", 3.0, 3.0)]
    combined = by_pair(combine(scores(rows).query("teacher == 'b'"), {"b": 2.0}, how))
    assert combined == {"qx": 0.0, "qy": 0.0, "rx": 0.0}


def test_scale_and_shift_of_a_teacher_have_no_effect() -> None:
    rescaled = [(q, d, 1000 * a - 7, b) for q, d, a, b in ROWS]
    weights = {"a": 2.0, "b": 1.0}
    for how in ("minmax", "zscore", "rank", "percentile"):
        expected = by_pair(combine(scores(), weights, how))
        assert by_pair(combine(scores(rescaled), weights, how)) == pytest.approx(expected)


def test_ranks() -> None:
    values, groups = pd.Series([2.0, 4.0, 3.0, 9.0, 5.0, 5.0, 1.0]), pd.Series(list("aaaabbc"))
    assert normalise(values, groups, "rank").tolist() == pytest.approx([0, 2 / 3, 1 / 3, 1, 0, 0, 0])
    # Equal scores share the mean of their ranks: 1, 2.5, 2.5, 4.
    ties = normalise(pd.Series([1.0, 5.0, 5.0, 7.0]), pd.Series(list("aaaa")), "rank")
    assert ties.tolist() == pytest.approx([0, 0.5, 0.5, 1])


def test_weighted_ranks_span_0_to_1() -> None:
    # q: a 0, 1, 0.5; b 1, 0.5, 0. Weights 1 and 3: 0.75, 0.625, 0.125, stretched over [0, 1].
    rows = [("q", "x", 1.0, 90.0), ("q", "y", 3.0, 20.0), ("q", "z", 2.0, 10.0)]
    combined = by_pair(combine(scores(rows), {"a": 1.0, "b": 3.0}, "rank"))
    assert combined == pytest.approx({"qx": 1.0, "qy": 0.8, "qz": 0.0})


def test_percentiles_are_computed_over_all_queries() -> None:
    """As in the papers, the 1st and 99th percentile of all scores become 0 and 1. Queries keep different levels."""
    values = pd.Series([float(i) for i in range(201)])
    groups = pd.Series(["low"] * 100 + ["high"] * 101)
    normalised = normalise(values, groups, "percentile")
    assert normalised.tolist() == pytest.approx([(i - 2) / 196 for i in range(201)])
    assert normalise(values * 7 - 3, groups, "percentile").tolist() == pytest.approx(normalised.tolist())
    assert normalise(pd.Series([3.0, 3.0]), pd.Series(["a", "b"]), "percentile").tolist() == [0, 0]


def test_weighted_percentiles_are_not_stretched() -> None:
    rows = [("q", "x", 0.0, 0.0), ("q", "y", 100.0, 0.0), ("r", "x", 0.0, 4.0), ("r", "y", 0.0, 4.0)]
    combined = combine(scores(rows), {"a": 1.0, "b": 3.0}, "percentile")
    # The 99th percentile of a is 97: its best score becomes 1 / 0.97. That of b is 4.
    assert by_pair(combined) == pytest.approx({"qx": 0.0, "qy": 0.25 / 0.97, "rx": 0.75, "ry": 0.75})
    assert by_pair(combined, "target") == pytest.approx({"qx": 0.0, "qy": 0.25, "rx": 0.75, "ry": 0.75})


def test_only_the_targets_of_percentiles_are_clipped() -> None:
    """As in the papers, the lowest and highest 1 % of each teacher's scores are clipped, before they are weighted."""
    rows = [("q", f"{i:03}", float(i), float(-i)) for i in range(201)]
    one = combine(scores(rows), {"a": 2.0}, "percentile")
    assert one["score"].tolist() == pytest.approx([(i - 2) / 196 for i in range(201)])
    assert one["target"].tolist() == pytest.approx([min(max((i - 2) / 196, 0), 1) for i in range(201)])
    both = combine(scores(rows), {"a": 3.0, "b": 1.0}, "percentile")
    assert both["target"].tolist() == pytest.approx((0.75 * one["target"] + 0.25 * one["target"][::-1].values).tolist())


@pytest.mark.parametrize("how", ["minmax", "zscore", "rank"])
def test_scores_that_are_not_clipped_are_the_targets(how: str) -> None:
    combined = combine(scores(), {"a": 1.0, "b": 3.0}, how)
    assert combined["target"].tolist() == combined["score"].tolist()


def test_teachers_without_weight_are_ignored() -> None:
    combined = by_pair(combine(scores(), {"b": 1.0}, "minmax"))
    assert combined == pytest.approx({"qx": 0.0, "qy": 1.0, "qz": 0.75, "rx": 0.0, "ry": 1.0})


def test_every_teacher_must_have_scored_every_pair() -> None:
    with pytest.raises(ValueError, match="scores: teacher c has no scores"):
        combine(scores(), {"a": 1.0, "c": 1.0}, "minmax")
    incomplete = scores().query("not (teacher == 'b' and query_id == 'r' and doc_id == 'y')")
    with pytest.raises(ValueError, match="query r, document y has not been scored by every teacher"):
        combine(incomplete, {"a": 1.0, "b": 1.0}, "minmax")
