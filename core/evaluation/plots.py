"""Plots as SVG text: bars with their spread, and lines over frames. Colours are the page's CSS variables."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import NamedTuple
from xml.sax.saxutils import escape

_WIDTH, _LEFT, _RIGHT = 660, 210, 70
_BAR = 22
_HIGH, _MARGIN, _TOP = 180, 34, 8
# Classes that the page gives a colour; lines beyond them have the same colours, dashed.
_COLOURS = 8
# A line may leave a plot at the top where others would be flat: at so many times the median of the lines' maxima.
_CUT_OFF = 2.5


class Bar(NamedTuple):
    """A row of a bar chart: its name, value, and the ends of its spread."""

    name: str
    value: float
    low: float
    high: float


def bars(rows: Sequence[Bar]) -> str:
    """Bars below each other, from 0 on, each with a line from low to high."""
    most = max((max(row.high, row.value) for row in rows), default=0) or 1
    scale = (_WIDTH - _LEFT - _RIGHT) / most
    parts = []
    for index, row in enumerate(rows):
        y, tall, wide = index * _BAR + 4, _BAR - 8, row.value * scale
        middle, end = y + tall / 2, _LEFT + wide
        low, high = _LEFT + row.low * scale, _LEFT + row.high * scale
        parts += [
            f'<text x="{_LEFT - 8}" y="{middle + 4:.1f}" text-anchor="end">{escape(_short(row.name))}</text>',
            f'<rect x="{_LEFT}" y="{y}" width="{wide:.1f}" height="{tall}" class="c{index % _COLOURS}"/>',
            f'<path d="M{low:.1f} {middle}H{high:.1f}M{low:.1f} {y}v{tall}M{high:.1f} {y}v{tall}" class="spread"/>',
            f'<text x="{max(end, high) + 6:.1f}" y="{middle + 4:.1f}">{row.value:.2f}</text>',
        ]
    return _svg(len(rows) * _BAR + 8, parts)


def lines(series: Mapping[str, Sequence[tuple[float, float | None]]], across: str, up: str) -> str:
    """Lines through (x, y) of each name; a y that is None leaves a gap. What is far above the others runs along the
    top, which then says +. Nothing where there is no number.
    """
    values = [(x, y) for points in series.values() for x, y in points if y is not None and math.isfinite(y)]
    if not values:
        return ""
    left, right = min(x for x, _ in values), max(x for x, _ in values)
    low, most = min(y for _, y in values), max(y for _, y in values)
    high = min(most, _usual(series.values()))
    span, rise = (right - left) or 1, (high - low) or 1
    inner = _HIGH - _MARGIN - _TOP

    def place(x: float, y: float) -> str:
        up = min((y - low) / rise, 1)
        return f"{50 + (x - left) / span * (_WIDTH - 60):.1f} {_TOP + inner - up * inner:.1f}"

    parts = [
        f'<path d="M50 {_TOP}V{_TOP + inner}H{_WIDTH - 10}" class="axis"/>',
        f'<text x="46" y="{_TOP + 10}" text-anchor="end">{high:.3g}{"+" if high < most else ""}</text>',
        f'<text x="46" y="{_TOP + inner}" text-anchor="end">{low:.3g}</text>',
        f'<text x="50" y="{_HIGH - 14}">{escape(across)} {left:g}</text>',
        f'<text x="{_WIDTH - 10}" y="{_HIGH - 14}" text-anchor="end">{right:g}</text>',
        f'<text x="{_WIDTH / 2}" y="{_HIGH - 14}" text-anchor="middle">{escape(up)}</text>',
    ]
    for index, points in enumerate(series.values()):
        path, pen = "", "M"
        for x, y in points:
            if y is None or not math.isfinite(y):
                pen = "M"
                continue
            path += f"{pen}{place(x, y)}"
            pen = "L"
        parts.append(f'<path d="{path}" class="{_line(index)}"/>')
    return _svg(_HIGH, parts)


def key(index: int) -> str:
    """A short piece of the line of this place."""
    return f'<svg viewBox="0 0 22 8" aria-hidden="true"><path d="M0 4H22" class="{_line(index)}"/></svg>'


def _line(index: int) -> str:
    """CSS classes of a line."""
    return f"line c{index % _COLOURS} d{index // _COLOURS}"


def _usual(series: Iterable[Sequence[tuple[float, float | None]]]) -> float:
    """How high a plot is at the most, so that one line far above does not press the others flat."""
    maxima = [
        max(known) for points in series if (known := [y for _, y in points if y is not None and math.isfinite(y)])
    ]
    return _CUT_OFF * median(maxima) if median(maxima) > 0 else math.inf


def _svg(height: float, parts: Sequence[str]) -> str:
    return (
        f'<svg viewBox="0 0 {_WIDTH} {height:g}" width="{_WIDTH}" height="{height:g}" role="img">{"".join(parts)}</svg>'
    )


def _short(name: str) -> str:
    return name if len(name) <= 30 else f"...{name[-27:]}"
