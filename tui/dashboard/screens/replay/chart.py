"""The chart of a replay: closes with the levels that are prices, entries and exits; other levels below."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from rich.text import Text

from tui.dashboard.colours import DOWN, UP, Palette, rgb
from tui.shared import charts, figures
from tui.shared.text import safe_text

if TYPE_CHECKING:
    from engine.drivers.replay import Past, Replay, Step

ZOOMS = (30, 60, 120, 250, 500, None)
"""Bars on the chart; None: all that were replayed."""
_MICROS = 1e6
_LEAST = 2
_MARGIN = 9
_ABOVE = charts.Axes(framed=False, margin=_MARGIN)
_BELOW = charts.Axes(framed=False, margin=_MARGIN, x_ticks=False)


@dataclass(frozen=True, slots=True)
class Mark:
    """A fill on the chart; `ts` in seconds."""

    ts: float
    price: float
    is_entry: bool


@dataclass(frozen=True, slots=True)
class Drawing:
    """A title, series, axes: what `Chart.show` takes."""

    title: Text
    series: list[charts.Series]
    axes: charts.Axes


def marks_of(steps: Iterable[Step]) -> list[tuple[str, Mark]]:
    """The fills of these steps, by symbol."""
    return [
        (attempt.intent.symbol, Mark(step.ts.timestamp(), attempt.fill_price, attempt.placement.fill.side > 0))
        for step in steps
        for attempt in step.attempts
        if attempt.placement is not None and attempt.placement.fill is not None
    ]


@dataclass(frozen=True, slots=True)
class View:
    """What a chart is drawn from, read off the loop: bars and levels so far, and which of the levels are prices."""

    symbol: str
    past: Past
    prices: frozenset[str]


def view_of(replay: Replay, symbol: str, most: int | None) -> View:
    """The newest bars of a symbol. Blocks for a moment on the strategy."""
    return View(symbol, replay.past(symbol, most), replay.price_levels(symbol))


def price_drawing(view: View, marks: Sequence[Mark], palette: Palette) -> Drawing:
    """Closes, levels, entries and exits."""
    bars = view.past.bars
    times = (bars.ts / _MICROS).tolist()
    title = Text.assemble((safe_text(view.symbol), "bold"))
    if len(times) < _LEAST:
        return Drawing(title.append("  the chart begins with the second bar", palette.muted), [], _ABOVE)
    closes = bars.close.tolist()
    title.append(f"  close {figures.price(closes[-1])}", palette.line)
    shown = {
        name: column
        for name, column in view.past.levels.items()
        if name in view.prices and not np.array_equal(column, bars.close)
    }
    series, legend = _levels(times, shown, (palette.muted, palette.gain))
    title.append_text(legend)
    series.append(charts.Series(list(zip(times, closes, strict=True)), rgb(palette.line)))
    for is_entry, glyph, colour, word in (
        (True, UP, palette.gain, "entry"),
        (False, DOWN, palette.loss, "exit"),
    ):
        points = [(mark.ts, mark.price) for mark in marks if mark.is_entry is is_entry and mark.ts >= times[0]]
        if points:
            series.append(charts.Series(points, rgb(colour), glyph=glyph))
            title.append(f"  {glyph} {word}", colour)
    return Drawing(title, series, _ABOVE)


def other_drawing(view: View, palette: Palette) -> Drawing | None:
    """The levels that are not prices, on an axis of their own; None when there are none."""
    others = {name: column for name, column in view.past.levels.items() if name not in view.prices}
    if not others:
        return None
    series, legend = _levels((view.past.bars.ts / _MICROS).tolist(), others, (palette.line, palette.muted))
    return Drawing(Text.assemble(" ", legend), series, _BELOW)


def _levels(
    times: Sequence[float], levels: Mapping[str, np.ndarray], colours: tuple[str, str]
) -> tuple[list[charts.Series], Text]:
    """A line for each, and what they are now."""
    series, legend = [], Text()
    for place, (name, column) in enumerate(levels.items()):
        colour = colours[place % len(colours)]
        points = [(ts, value) for ts, value in zip(times, column.tolist(), strict=True) if np.isfinite(value)]
        series.append(charts.Series(points, rgb(colour)))
        now = figures.decimals(points[-1][1], 2) if points and points[-1][0] == times[-1] else figures.NONE
        legend.append(f"  {safe_text(name)} {now}", colour)
    return series, legend
