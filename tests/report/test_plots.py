"""Small SVG plots."""

import numpy as np
import pytest

from listill.report import plots
from listill.report.cell import Cell
from listill.report.distributions import histogram


def test_ticks_are_round_and_long_lines_are_thinned() -> None:
    assert plots.ticks(0.541, 0.612) == pytest.approx([0.56, 0.58, 0.60])
    assert plots.ticks(0, 400) == [0, 100, 200, 300, 400]
    assert [plots.tick_text(tick) for tick in plots.ticks(-0.7, 1.2)] == ["−0.5", "0", "0.5", "1"]
    assert plots.tick_text(0.00005) == "5e−5"
    x, y = plots.thin(np.arange(10_000.0), np.full(10_000, 3.0))
    assert len(x) == len(y) < 300
    assert set(y) == {3.0}


def test_a_chart_marks_base_and_best() -> None:
    line = plots.Line(np.array([0.0, 10.0]), np.array([0.5, 0.6]))
    svg = plots.chart([line], "a <label>", base=0.5, best=(10.0, 0.6))
    assert svg.startswith('<svg class="chart"')
    assert 'aria-label="a &lt;label&gt;"' in svg
    assert svg.count('class="base"') == svg.count('class="best"') == 1
    assert svg.count('class="dot"') == 2
    assert 'class="base"' not in plots.chart([line], "plain")


def test_an_interval_is_only_drawn_if_there_was_a_test() -> None:
    nan = float("nan")
    assert plots.interval(None, 1.0) == ""
    assert plots.interval(Cell(0.5, 0.5, 0.0, 0.0, 0.0, nan), 1.0) == ""
    assert 'class="up"' in plots.interval(Cell(0.6, 0.5, 0.1, 0.05, 0.15, 0.01), 0.2)
    assert 'class="none"' in plots.interval(Cell(0.6, 0.5, 0.1, -0.05, 0.25, 0.2), 0.2)
    # A value beyond the axis is drawn at its end: 80 + 74.
    assert 'cx="154.0"' in plots.interval(Cell(0.9, 0.5, 0.4, 0.3, 0.5, 0.01), 0.2)


def test_a_waterfall_has_no_bars_for_unchanged_queries() -> None:
    svg = plots.waterfall(np.array([0.4, 0.0, 0.0, -0.2]), "queries")
    assert (svg.count('class="up"'), svg.count('class="down"')) == (1, 1)
    assert 'height="56.00"' in svg
    assert 'height="28.00"' in svg
    assert all(f">{text}</span>" in svg for text in ("+0.4", "0", "−0.2"))


def test_intervals_have_a_scale_with_round_numbers() -> None:
    svg = plots.scale(0.13)
    assert [text in svg for text in (">−0.1<", ">0<", ">0.1<")] == [True] * 3
    assert svg.count("<text") == 3
    assert 'class="grid"' in plots.interval(Cell(0.6, 0.5, 0.1, 0.05, 0.15, 0.01), 0.13)


def test_a_distribution_has_an_outline_for_each_kind_of_document() -> None:
    both = histogram({"others": np.zeros(10), "sources": np.ones(5)})
    assert both
    svg = plots.distribution(both, "scores")
    assert svg.count('class="area s0"') == svg.count('class="area s1"') == 1
