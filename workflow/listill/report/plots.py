"""Small SVG plots. The style sheet of the page sets their colours, so that they support dark mode."""

from dataclasses import dataclass

import numpy as np
from markupsafe import Markup, escape

from listill.report.cell import Cell, signed
from listill.report.distributions import Histogram

_POINTS = 240  # a small plot cannot show more points
_WIDTH, _HEIGHT = 320, 180
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 10, 10, 24
_AXIS, _HALF = 80, 74  # the middle of an interval plot, and half the length of its axis


@dataclass(frozen=True)
class Line:
    """Points (x, y: float [n], n at least 1) and the CSS class that sets the colour of the line."""

    x: np.ndarray
    y: np.ndarray
    style: str = "line"


def thin(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return a long line averaged over equal segments; a short line does not change."""
    if len(x) <= _POINTS:
        return x, y
    segments = np.array_split(np.arange(len(x)), _POINTS)
    return np.array([x[part].mean() for part in segments]), np.array([y[part].mean() for part in segments])


def ticks(low: float, high: float, count: int = 4) -> list[float]:
    """Return about ``count`` round numbers between ``low`` and ``high`` (low < high)."""
    rough = (high - low) / count
    power = 10.0 ** np.floor(np.log10(rough))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough)
    # Adding 0 makes 0 of -0, which would be shown with its sign.
    return [float(value) + 0.0 for value in np.arange(np.ceil(low / step), np.floor(high / step) + 1) * step]


def tick_text(value: float) -> str:
    """Return a tick for people: at most four digits, a minus sign that is no hyphen, and powers of ten where needed."""
    mantissa, _, exponent = f"{value:.4g}".partition("e")
    text = f"{mantissa}e{int(exponent)}" if exponent else mantissa
    return text.replace("-", "\N{MINUS SIGN}")


def chart(
    lines: list[Line],
    label: str,
    base: float | None = None,
    best: tuple[float, float] | None = None,
    span: tuple[float, float] | None = None,
) -> Markup:
    """Return a line chart over training steps.

    ``label`` is the alternative text. ``base`` is the level of a dashed line, ``best`` a marked point. ``span`` sets
    the y range (default: the range of the data), so that several plots can be compared.
    """
    xs = np.concatenate([line.x for line in lines])
    ys = np.concatenate([line.y for line in lines] + ([] if base is None else [np.array([base])]))
    low, high = span or (float(ys.min()), float(ys.max()))
    margin = (high - low) * 0.06 or abs(high) * 0.05 or 1.0
    low, high = low - margin, high + margin
    left, right = float(xs.min()), float(max(xs.max(), xs.min() + 1))

    def px(x: float) -> float:
        return _LEFT + (x - left) / (right - left) * (_WIDTH - _LEFT - _RIGHT)

    def py(y: float) -> float:
        return _TOP + (high - y) / (high - low) * (_HEIGHT - _TOP - _BOTTOM)

    parts = []
    for y in ticks(low, high):
        parts.append(f'<path class="grid" d="M{_LEFT} {py(y):.1f}H{_WIDTH - _RIGHT}"/>')
        parts.append(f'<text x="{_LEFT - 6}" y="{py(y) + 3.5:.1f}" text-anchor="end">{tick_text(y)}</text>')
    for x in (tick for tick in ticks(left, right) if tick == round(tick)):
        parts.append(f'<text x="{px(x):.1f}" y="{_HEIGHT - 7}" text-anchor="middle">{x:.0f}</text>')
    if base is not None:
        parts.append(f'<path class="base" d="M{_LEFT} {py(base):.1f}H{_WIDTH - _RIGHT}"/>')
    for line in lines:
        points = "L".join(f"{px(x):.1f} {py(y):.1f}" for x, y in zip(*thin(line.x, line.y), strict=True))
        parts.append(f'<path class="{escape(line.style)}" d="M{points}"/>')
        if len(line.x) <= 20:
            parts += [
                f'<circle class="dot" cx="{px(x):.1f}" cy="{py(y):.1f}" r="2.5"/>'
                for x, y in zip(line.x, line.y, strict=True)
            ]
    if best:
        parts.append(f'<circle class="best" cx="{px(best[0]):.1f}" cy="{py(best[1]):.1f}" r="5"/>')
    return _svg(parts, label, _WIDTH, _HEIGHT, "chart")


def interval(cell: Cell | None, axis_limit: float) -> Markup:
    """Return a difference with its confidence interval on an axis of +-``axis_limit``; empty for a base.

    Values beyond the axis are drawn at its end.
    """
    if cell is None or np.isnan(cell.low) or (not cell.tested and cell.low == cell.high == 0):
        return Markup("")
    x, low, high = (_place(value, axis_limit) for value in (cell.delta, cell.low, cell.high))
    parts = [
        *(f'<path class="grid" d="M{_place(tick, axis_limit):.1f} 0V20"/>' for tick in _scale_ticks(axis_limit)),
        f'<path class="axis" d="M{_AXIS} 0V20"/>',
        f'<path class="whisker {cell.tone}" d="M{low:.1f} 10H{high:.1f}"/>',
        f'<circle class="{cell.tone}" cx="{x:.1f}" cy="10" r="4"/>',
    ]
    return _svg(parts, f"{signed(cell.delta)}, from {signed(cell.low)} to {signed(cell.high)}", 160, 20, "interval")


def scale(axis_limit: float) -> Markup:
    """Return the scale of the interval plots, for the head of their column."""
    parts = [
        f'<text x="{_place(tick, axis_limit):.1f}" y="13" text-anchor="middle">{tick_text(tick)}</text>'
        for tick in _scale_ticks(axis_limit)
    ]
    return _svg(parts, f"scale from {-axis_limit:.3g} to {axis_limit:.3g}", 160, 20, "interval")


def _place(value: float, axis_limit: float) -> float:
    return float(_AXIS + _HALF * np.clip(value / axis_limit, -1, 1))


def _scale_ticks(axis_limit: float) -> list[float]:
    """Return 0 and the largest round number on either side that leaves room for its text."""
    largest = max(tick for tick in ticks(-axis_limit, axis_limit, 6) if tick <= 0.85 * axis_limit)
    return [-largest, 0.0, largest]


def waterfall(differences: np.ndarray, label: str) -> Markup:
    """Return per-query differences (float [n], sorted from gain to loss) as bars above and below the zero line.

    The plot is as wide as the page. Its scale is text beside it, which keeps its size on a phone.
    """
    largest = float(max(abs(differences).max(), 1e-9))
    _, values = thin(np.arange(len(differences), dtype=float), differences)
    width = 640 / len(values)

    def py(value: float) -> float:
        return float(60 - value / largest * 56)

    marks = [tick for tick in ticks(-largest, largest) if abs(tick) <= largest]
    parts = [f'<path class="grid" d="M0 {py(tick):.1f}H640"/>' for tick in marks if tick]
    parts += [
        f'<rect class="{"up" if value > 0 else "down"}" x="{i * width:.2f}" width="{width + 0.1:.2f}" '
        f'y="{60 - max(value, 0) / largest * 56:.2f}" height="{abs(value) / largest * 56:.2f}"/>'
        for i, value in enumerate(values)
        if value
    ]
    svg = _svg([*parts, '<path class="axis" d="M0 60H640"/>'], label, 640, 120, "waterfall")
    texts = "".join(f'<span style="top:{100 * py(tick) / 120:.1f}%">{_signed_tick(tick)}</span>' for tick in marks)
    return Markup(f'<div class="scaled"><div class="scale" aria-hidden="true">{texts}</div>{svg}</div>')


def _signed_tick(value: float) -> str:
    return f"+{tick_text(value)}" if value > 0 else tick_text(value)


def distribution(histogram: Histogram, label: str) -> Markup:
    """Return the distributions of a histogram as outlines over one axis; the first is drawn behind the others."""
    edges = histogram.edges
    highest = max(float(shares.max()) for shares in histogram.shares.values()) or 1.0
    low, high = float(edges[0]), float(edges[-1])

    def px(x: float) -> float:
        return 10 + (x - low) / (high - low) * (_WIDTH - 20)

    bottom = _HEIGHT - _BOTTOM
    parts = []
    for number, shares in enumerate(histogram.shares.values()):
        heights = bottom - shares / highest * (bottom - _TOP)
        outline = "".join(
            f"L{px(edges[i]):.1f} {height:.1f}H{px(edges[i + 1]):.1f}" for i, height in enumerate(heights)
        )
        parts.append(f'<path class="area s{number}" d="M{px(low):.1f} {bottom}{outline}V{bottom}Z"/>')
    for x in ticks(low, high):
        parts.append(f'<text x="{px(x):.1f}" y="{_HEIGHT - 7}" text-anchor="middle">{tick_text(x)}</text>')
    parts.append(f'<path class="axis" d="M10 {bottom}H{_WIDTH - 10}"/>')
    return _svg(parts, label, _WIDTH, _HEIGHT, "chart")


def _svg(parts: list[str], label: str, width: int, height: int, style: str) -> Markup:
    head = f'<svg class="{style}" viewBox="0 0 {width} {height}" role="img" aria-label="{escape(label)}"'
    stretch = ' preserveAspectRatio="none"' if style == "waterfall" else ""
    return Markup(f"{head}{stretch}>{''.join(parts)}</svg>")
