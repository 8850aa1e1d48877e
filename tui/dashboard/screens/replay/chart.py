"""The chart of a replay: candles with the levels that are prices, entries and exits; other levels below."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from rich.text import Text

from tui.dashboard.colours import Palette, rgb
from tui.dashboard.drawing.candles import Across, Candles, Signed
from tui.shared import charts, figures
from tui.shared.text import safe_text

if TYPE_CHECKING:
    from engine.drivers.replay import Past, Replay, Step

ZOOMS = (30, 60, 120, 250, 500, None)
"""Bars on the chart; None: all that were replayed."""
_MICROS = 1e6
_MARGIN = 9
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


def candles_of(view: View, marks: Sequence[Mark], palette: Palette) -> Candles | None:
    """Candles with the levels that are prices, entries and exits, and a position's entry price, stop and target.

    None before the first bar.
    """
    past, bars = view.past, view.past.bars
    if not len(bars):
        return None
    shown = {
        name: column
        for name, column in past.levels.items()
        if name in view.prices and not np.array_equal(column, bars.close)
    }
    times = [round(mark.ts * _MICROS) for mark in marks]
    rows = np.searchsorted(bars.ts, times).tolist()
    fills = [
        Signed(row, mark.is_entry)
        for row, ts, mark in zip(rows, times, marks, strict=True)
        if row < len(bars) and bars.ts[row] == ts
    ]
    lines = ((past.stop, "stop", palette.loss), (past.target, "target", palette.gain), (past.entry_price, "entry", ""))
    across = [Across(price, name, colour or palette.muted) for price, name, colour in lines if price is not None]
    return Candles(bars, shown, fills, across)


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
