"""Charts in the terminal: the one place of the command line that knows plotext.

A curve of equity stands still between two trades: it is drawn in steps, and reduced to the lowest and the highest
value of each column on screen before it is plotted.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from tui.commands import figures

HEIGHT = 16
TICKS = 5
DAY = 86_400
DOTS_PER_COLUMN = 2
"""Braille has two dots a column; more points than that cannot be seen."""
_ASCII = str.maketrans({"┌": "+", "┐": "+", "└": "+", "┘": "+", "┤": "+", "┬": "+", "┴": "+", "─": "-", "│": "|"})

Points = list[tuple[float, float]]


def step_chart(
    times: Sequence[datetime], values: Sequence[float], width: int, *, colour: bool = False, unicode: bool = True
) -> str:
    """A curve that keeps each value until the next time, `width` columns wide; times rising, at least one."""
    moments = [time.timestamp() for time in times]
    points = steps(reduced(list(zip(moments, values, strict=True)), width * DOTS_PER_COLUMN))
    figure = _figure(width, colour)
    marker = "braille" if unicode else "*"
    figure.draw(figure.signal([x for x, _ in points], [y for _, y in points], marker=marker).lines())
    lows, highs = min(values), max(values)
    figure.ruler("y").ticks(*_value_ticks(lows, highs))
    figure.ruler("x").ticks(*_time_ticks(moments[0], moments[-1], width))
    drawn = "\n".join(line.rstrip() for line in figure.build().string(colorless=not colour).splitlines())
    return drawn if unicode else drawn.translate(_ASCII)


def reduced(points: Points, columns: int) -> Points:
    """At most four points a column: its first, lowest, highest and last, in their order."""
    if len(points) <= columns:
        return points
    first, span = points[0][0], (points[-1][0] - points[0][0]) or 1.0
    buckets: dict[int, Points] = {}
    for point in points:
        buckets.setdefault(min(columns - 1, int((point[0] - first) / span * columns)), []).append(point)
    return [point for bucket in buckets.values() for point in _extremes(bucket)]


def steps(points: Points) -> Points:
    """The corners of a curve that keeps each value until the next point."""
    corners = points[:1]
    for x, y in points[1:]:
        corners += [(x, corners[-1][1]), (x, y)]
    return corners


def _extremes(bucket: Points) -> Points:
    lowest = min(range(len(bucket)), key=lambda index: bucket[index][1])
    highest = max(range(len(bucket)), key=lambda index: bucket[index][1])
    return [bucket[index] for index in sorted({0, lowest, highest, len(bucket) - 1})]


def _figure(width: int, colour: bool) -> Any:
    import plotext  # type: ignore[import-untyped]

    plotext.terminal.limit(False, False)
    figure = plotext.figure
    figure.clear()
    figure.theme("simple" if colour else "colorless")
    figure.plot_size(width, HEIGHT)
    return figure


def _value_ticks(low: float, high: float) -> tuple[list[float], list[str]]:
    if low == high:
        return [low], [figures.money(low)]
    positions = [low + (high - low) * step / (TICKS - 1) for step in range(TICKS)]
    digits = 0 if high - low >= 50 else 2
    return positions, [figures.decimals(position, digits) for position in positions]


def _time_ticks(first: float, last: float, width: int) -> tuple[list[float], list[str]]:
    days = (last - first) / DAY
    by_date = days >= 2 or first == last
    count = min(TICKS, max(2, width // 20), int(days) + 1 if by_date else TICKS)
    positions = [first + (last - first) * step / max(1, count - 1) for step in range(count)]
    form = "%Y-%m-%d" if by_date else "%m-%d %H:%M"
    return positions, [datetime.fromtimestamp(position, UTC).strftime(form) for position in positions]
