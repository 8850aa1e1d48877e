"""Charts in a terminal: the one module that knows plotext, for the command line and for the dashboard.

What is drawn is first reduced to the lowest and the highest value of each column on screen: a terminal shows no more.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tui.shared import figures

HEIGHT = 16
TICKS = 5
ROWS_A_TICK = 3
DAY = 86_400
DOTS_PER_COLUMN = 2
"""Braille has two dots a column; more points than that cannot be seen."""
_ROUND = (1.0, 2.0, 2.5, 5.0, 10.0)
"""What a step between ticks may be, times a power of ten"""
_SOLID = "hd"
"""plotext's name for quarter blocks: what a line over an area is drawn with"""
_SAMPLES = 3
"""Of an area, in each column: fewer leave gaps where they fall unevenly"""
COLUMNS_A_BIN = 3
_ASCII = str.maketrans({"┌": "+", "┐": "+", "└": "+", "┘": "+", "┤": "+", "┬": "+", "┴": "+", "─": "-", "│": "|"})
_ONE_AT_A_TIME = threading.Lock()
"""plotext has one figure for the whole process, and the dashboard draws in workers."""

Points = list[tuple[float, float]]
Rgb = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Series:
    """What one drawing shows: a line through points with rising x, or with a `glyph` single marks at them.

    A `stepped` line keeps each value until the next point. A mark stands where it is; only lines are reduced. With an
    `area` the line is solid, and what is below it has that colour: down to the lower edge, or up to zero under a line
    that is never above it.
    A `filled` line has everything below it filled.
    """

    points: Points
    colour: Rgb | None = None
    glyph: str = ""
    stepped: bool = False
    area: Rgb | None = None
    filled: bool = False


@dataclass(frozen=True, slots=True)
class Axes:
    """What stands around the series.

    x is seconds since 1970, with `timed` false a plain number such as a bar's index, and with `x_decimals` a value with
    so many decimals; `x_ticks` false leaves its labels out. With `counted` y is a count. `framed` draws all four sides,
    else the left one alone. `bounds` are the least and the greatest y where they are not to be what the points have;
    `margin` is the least width of the labels at the left, for charts that stand below each other. `rounded` labels
    round values in place of the ends.
    """

    timed: bool = True
    x_decimals: int | None = None
    x_ticks: bool = True
    counted: bool = False
    framed: bool = True
    bounds: tuple[float, float] | None = None
    margin: int = 0
    rounded: bool = False


FRAMED = Axes()


def step_chart(
    times: Sequence[datetime], values: Sequence[float], width: int, *, colour: bool = False, unicode: bool = True
) -> str:
    """A curve that keeps each value until the next time, `width` columns wide; times rising, at least one."""
    moments = [time.timestamp() for time in times]
    curve = Series(list(zip(moments, values, strict=True)), stepped=True)
    return plot([curve], width, HEIGHT, colour=colour, unicode=unicode)


def plot(
    series: Sequence[Series],
    width: int,
    height: int = HEIGHT,
    axes: Axes = FRAMED,
    *,
    colour: bool = False,
    unicode: bool = True,
) -> str:
    """The series as text, with ANSI colours when asked; at least one point among them."""
    shown = [line for line in series if line.points]
    with _ONE_AT_A_TIME:
        figure = _figure(width, height, colour)
        foot = _foot(axes, shown)
        for line in shown:
            _draw(figure, line, width, unicode, foot)
        _surround(figure, axes, shown, width, height)
        built = figure.build().string(colorless=not colour)
    drawn = "\n".join(line.rstrip() for line in built.splitlines())
    return drawn if unicode else drawn.translate(_ASCII)


def distribution(
    values: Sequence[float],
    mark: float,
    width: int,
    height: int = HEIGHT,
    *,
    decimals: int = 2,
    colours: tuple[Rgb, Rgb] | None = None,
    unicode: bool = True,
) -> str:
    """How many of the values lie where, at least one, as filled columns, and the mark as a line from top to bottom.

    `colours` are those of the columns and of the line. x is the value, to so many decimals; y is a count.
    """
    low, high = _extent([*values, mark])
    span = (high - low) or 1.0
    bins = max(1, min(width // COLUMNS_A_BIN, round(2 * len(values) ** 0.5)))
    counts = [0] * bins
    for value in values:
        counts[min(bins - 1, int((value - low) / span * bins))] += 1
    edges = [low + span * edge / bins for edge in range(bins + 1)]
    outline = [(low, 0.0), *zip(edges, [*map(float, counts), counts[-1]], strict=True), (edges[-1], 0.0)]
    top = max(counts)
    line = [(mark, top * step / (2 * height)) for step in range(2 * height + 1)]
    of_columns, of_line = colours or (None, None)
    drawn = [
        Series(steps(outline), of_columns, filled=True),
        Series(line, of_line, "│" if unicode else "|"),
    ]
    axes = Axes(timed=False, x_decimals=decimals, counted=True)
    return plot(drawn, width, height, axes, colour=colours is not None, unicode=unicode)


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


def _extent(values: Sequence[float]) -> tuple[float, float]:
    return min(values), max(values)


def _figure(width: int, height: int, colour: bool) -> Any:
    import plotext  # type: ignore[import-untyped]

    plotext.terminal.limit(False, False)
    figure = plotext.figure
    figure.clear()
    figure.theme("simple" if colour else "colorless")
    figure.plot_size(width, height)
    return figure


def _draw(figure: Any, line: Series, width: int, unicode: bool, foot: float) -> None:
    import plotext

    points = line.points if line.glyph else reduced(line.points, width * DOTS_PER_COLUMN)
    if line.area is not None and unicode:
        _fill(figure, points, line, width, foot)
    points = steps(points) if line.stepped else points
    symbol = line.glyph or (_SOLID if line.area is not None and unicode else "braille" if unicode else "*")
    marker = symbol if line.colour is None else plotext.marker(symbol, line.colour)
    signal = figure.signal([x for x, _ in points], [y for _, y in points], marker=marker)
    drawn = signal if line.glyph else signal.lines()
    figure.draw(drawn.fillx() if line.filled else drawn)


def _foot(axes: Axes, shown: Sequence[Series]) -> float:
    """Where areas end: at zero, or at the edge of the drawing that is nearest to it.

    plotext fills to the value that it is given, row by row: zero may be millions of rows away.
    """
    low, high = axes.bounds or _extent([y for line in shown for _, y in line.points])
    return min(max(0.0, low), high)


def _fill(figure: Any, points: Points, line: Series, width: int, foot: float) -> None:
    import numpy as np
    import plotext

    times, values = (np.array(column) for column in zip(*points, strict=True))
    at = np.linspace(times[0], times[-1], width * _SAMPLES)
    held = values[np.maximum(np.searchsorted(times, at, "right") - 1, 0)]
    heights = held if line.stepped else np.interp(at, times, values)
    marker = plotext.marker(_SOLID, line.area)
    signal = figure.signal(at.tolist(), heights.tolist(), marker=marker)
    signal.fill(figure.signal(at.tolist(), [foot] * len(at), marker=marker))
    figure.draw(signal)


def _surround(figure: Any, axes: Axes, shown: Sequence[Series], width: int, height: int) -> None:
    low, high = axes.bounds or _extent([y for line in shown for _, y in line.points])
    first, last = _extent([x for line in shown for x, _ in line.points])
    if axes.rounded or any(line.area is not None for line in shown):
        # plotext would make room for the foot of an area, at (0, 0), and for the grid of the round labels
        low, high = (low, high) if low < high else (low - 0.5, high + 0.5)
        figure.ruler("x").lim(first, last if first < last else first + 1.0)
        figure.ruler("y").lim(low, high)
    elif axes.bounds:
        figure.ruler("y").lim(low, high)
    if not axes.framed:
        figure.axes(False, axis="x")
        figure.axes(False, axis="y", side="right")
    count = max(2, min(TICKS, height // ROWS_A_TICK))
    if axes.counted:
        positions, labels = _count_ticks(high, count)
    else:
        positions, labels = (_rounded_ticks if axes.rounded else _value_ticks)(low, high, count)
    figure.ruler("y").ticks(positions, [label.rjust(axes.margin) for label in labels])
    figure.ruler("x").ticks(*_x_ticks(axes, first, last, width) if axes.x_ticks else ([], []))


def _x_ticks(axes: Axes, first: float, last: float, width: int) -> tuple[list[float], list[str]]:
    if axes.x_decimals is None:
        return (_time_ticks if axes.timed else _index_ticks)(first, last, width)
    count = min(TICKS, max(2, width // 20))
    positions = [first + (last - first) * step / (count - 1) for step in range(count)]
    return positions, [figures.decimals(position, axes.x_decimals) for position in positions]


def _count_ticks(high: float, count: int) -> tuple[list[float], list[str]]:
    positions = sorted({float(round(high * step / (count - 1))) for step in range(count)})
    return positions, [figures.whole(int(position)) for position in positions]


def _rounded_ticks(low: float, high: float, count: int) -> tuple[list[float], list[str]]:
    positions = round_ticks(low, high, count + 1)
    return positions, [figures.decimals(position, decimals_of(positions)) for position in positions]


def _value_ticks(low: float, high: float, count: int) -> tuple[list[float], list[str]]:
    if low == high:
        return [low], [figures.money(low)]
    positions = [low + (high - low) * step / (count - 1) for step in range(count)]
    digits = 0 if high - low >= 50 else 2
    return positions, [figures.decimals(position, digits) for position in positions]


def round_ticks(low: float, high: float, most: int) -> list[float]:
    """Round numbers from `low` to `high`, evenly spaced, at most `most`; rising. None beyond finite numbers.

    The step is 1, 2, 2.5 or 5 times a power of ten: the smallest that gives few enough.
    """
    if not (math.isfinite(low) and math.isfinite(high)) or high < low or most < 1:
        return []
    if high == low:
        return [low]
    rough = (high - low) / most
    power = 10.0 ** math.floor(math.log10(rough)) if rough > 0 else 0.0
    if power == 0.0 or not math.isfinite(power):
        return [low]
    for step in (power * factor for factor in (*_ROUND, 20.0)):
        first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
        if last - first + 1 <= most:
            return [place * step for place in range(first, last + 1)]
    return [low]


def decimals_of(ticks: Sequence[float]) -> int:
    """How many decimals tell these ticks apart, at most eight."""
    if len(ticks) < 2:
        return 2
    step = abs(ticks[1] - ticks[0])
    for digits in range(9):
        if step > 0 and abs(round(step, digits) - step) <= step * 1e-6:
            return digits
    return 8


def _time_ticks(first: float, last: float, width: int) -> tuple[list[float], list[str]]:
    days = (last - first) / DAY
    by_date = days >= 2 or first == last
    count = min(TICKS, max(2, width // 20), int(days) + 1 if by_date else TICKS)
    positions = [first + (last - first) * step / max(1, count - 1) for step in range(count)]
    form = "%Y-%m-%d" if by_date else "%m-%d %H:%M"
    return positions, [datetime.fromtimestamp(position, UTC).strftime(form) for position in positions]


def _index_ticks(first: float, last: float, width: int) -> tuple[list[float], list[str]]:
    count = int(min(TICKS, max(2, width // 20), last - first + 1))
    positions = sorted({float(round(first + (last - first) * step / max(1, count - 1))) for step in range(count)})
    return positions, [figures.whole(int(position)) for position in positions]
