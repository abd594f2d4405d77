"""What trained students lose on other corpora."""

import pytest

from listill.report.results import Results
from listill.report.retention import REMEDY, retained, warning
from summary_tables import NAN, summary


def other(value: float, low: float, high: float, p_value: float) -> Results:
    """Return the results of a base model with 0.5 and a student trained from it."""
    table = summary({("m", "heldout"): (0.5, 0.5, NAN), ("m.a", "heldout"): (value, 0.5, p_value)})
    table.loc[table["system"] == "m.a", ["ci_low", "ci_high"]] = low, high
    return Results(table, resamples=999)


@pytest.mark.parametrize(
    ("value", "low", "high", "p_value", "state"),
    [
        (0.48, -0.03, -0.01, 0.001, "lost"),
        (0.48, -0.03, 0.01, 0.001, "undecided"),  # the interval, which contains the spread of the seeds, has 0 inside
        (0.48, -0.03, -0.01, 0.2, "undecided"),
        (0.496, -0.0045, -0.001, 0.001, "retained"),  # significant, but smaller than what is accepted
        (0.496, -0.02, -0.001, 0.001, "undecided"),
        (0.49, -0.02, -0.001, 0.001, "lost"),
        (0.52, 0.01, 0.03, 0.001, "retained"),
        (0.5, -0.1, 0.1, 0.9, "undecided"),
    ],
)
def test_a_loss_is_called_so_if_it_is_significant_and_larger_than_accepted(
    value: float, low: float, high: float, p_value: float, state: str
) -> None:
    (row,) = retained({"elsewhere": other(value, low, high, p_value)}, max_loss=0.005)
    assert (row.corpus, row.system, row.measure, row.state) == ("elsewhere", "m.a", "nDCG@10", state)
    assert row.queries == "812 held-out synthetic queries"
    assert row.cell.delta == pytest.approx(value - 0.5)


def test_the_warning_names_each_corpus_and_a_remedy() -> None:
    tables = {
        "x": other(0.48, -0.03, -0.01, 0.001),
        "y": other(0.4, -0.12, -0.08, 0.001),
        "z": other(0.5, -0.1, 0.1, 1),
    }
    rows = retained(tables, max_loss=0.005)
    losses = "0.020 nDCG@10 on x (0.500 -> 0.480), 0.100 nDCG@10 on y (0.500 -> 0.400)"
    assert warning(rows, "m.a") == f"m.a has lost {losses}. {REMEDY}"
    assert warning(rows, "m.b") == ""
    assert warning(retained(tables, max_loss=0.2), "m.a") == ""


def test_a_p_value_that_the_resamples_bound_is_shown_as_a_bound() -> None:
    bounds = [other(0.48, -0.03, -0.01, p_value) for p_value in (0.001, 0.002)]
    rows = retained({"x": bounds[0], "y": bounds[1]}, max_loss=0.005)
    assert [row.cell.p for row in rows] == ["<= 0.001", "= 0.002"]
