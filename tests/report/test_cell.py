"""One result: its word, marks, and how figures are shown."""

import numpy as np
import pytest

from listill.report.cell import Cell, p_text, signed
from summary_tables import NAN


def test_p_values_are_readable() -> None:
    assert [p_text(p) for p in (0.00001, 0.0003, 0.012, 1.0, NAN)] == [
        "< 0.0001",
        "= 0.0003",
        "= 0.012",
        "= 1.000",
        "n/a",
    ]


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
