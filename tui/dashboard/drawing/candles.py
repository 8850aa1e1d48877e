"""A price chart in candles: one a bar, or one for several bars when there are more of them than columns.

A candle has half a row's resolution: a thin stroke from low to high, a thick one between open and close. Levels are
dots, entries and exits arrows off the candle, stop and target lines across; the last price has a tag at the right.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from rich.text import Text

from tui.dashboard.colours import DOWN, UP, Palette
from tui.dashboard.drawing.axes import Label, spaced
from tui.dashboard.drawing.canvas import Canvas
from tui.shared import figures
from tui.shared.charts import decimals_of, round_ticks
from tui.shared.text import cell_width

if TYPE_CHECKING:
    from engine.market.bars import Bars, FloatArray, IntArray

_STROKES = {
    ("", ""): " ",
    ("wick", "wick"): "│",
    ("body", "body"): "┃",
    ("", "wick"): "╷",
    ("wick", ""): "╵",
    ("", "body"): "╻",
    ("body", ""): "╹",
    ("wick", "body"): "╽",
    ("body", "wick"): "╿",
}
_DOT, _CROSS, _LINE, _HAIR = "·", "┼", "┄", "┊"
_THIN = " │╷╵┄·"
"""What a level may be drawn over: anything but a body"""
_BLOCKS = " ▁▂▃▄▅▆▇█"
_ROWS_A_TICK, _COLUMNS_A_TICK = 4, 18
_LEAST_FOR_VOLUME = 12
_WIDEST_STEP = 3
_MICROS = 1_000_000


class Signed(NamedTuple):
    """A fill on the chart: the row of its bar, and whether it entered."""

    row: int
    is_entry: bool


class Across(NamedTuple):
    """A price that is drawn across the chart: a stop, a target, an entry's; with its name and colour."""

    price: float
    name: str
    colour: str


@dataclass(frozen=True)
class Candles:
    """What a chart shows: bars, levels that are prices (shape (n,) each, NaN where there is none), fills, lines.

    `crosshair` is the row of the bar that is read; None without one.
    """

    bars: Bars
    levels: Mapping[str, FloatArray] = field(default_factory=dict)
    fills: Sequence[Signed] = ()
    across: Sequence[Across] = ()
    crosshair: int | None = None

    def text(self, width: int, height: int, palette: Palette, *, session_dates: bool = True) -> Text:
        """The chart in so many columns and rows; at least 30 by 6, and one bar."""
        plot = self._plot_width(width)
        drawn = _Drawn.of(self.bars, plot)
        volume_rows = max(2, height // 6) if height >= _LEAST_FOR_VOLUME and bool(np.any(drawn.volume > 0)) else 0
        canvas = Canvas(width, height)
        pane = _Pane(canvas, drawn, plot, height - 1 - volume_rows, self._extent(drawn), palette)
        pane.draw_across(self.across)
        pane.draw_candles()
        self._draw_levels(pane)
        self._draw_fills(pane)
        pane.draw_volume(height - 1 - volume_rows, volume_rows)
        pane.draw_prices(float(self.bars.close[-1]), self.across)
        pane.draw_times(self.bars.ts, height - 1, session_dates)
        if self.crosshair is not None:
            pane.draw_crosshair(drawn.column(drawn.candle_of(self.crosshair)), height - 1)
        return canvas.text()

    def row_at(self, x: int, width: int) -> int | None:
        """The last bar that is drawn in a column of a chart so wide; None beside the bars."""
        drawn = _Drawn.of(self.bars, self._plot_width(width))
        candle = x // drawn.step
        return int(drawn.ends[candle]) - 1 if 0 <= candle < len(drawn.ends) else None

    def _plot_width(self, width: int) -> int:
        return max(1, width - _edge(self.bars, self.across) - 1)

    def _extent(self, drawn: _Drawn) -> tuple[float, float]:
        """The least and the greatest price that is drawn; levels far off do not squeeze the candles."""
        low, high = float(drawn.low.min()), float(drawn.high.max())
        room = (high - low) or abs(high) * 0.01 or 1.0
        ends = [pick(column) for column in self._known_levels() for pick in (np.min, np.max)]
        others = [*map(float, ends), *(line.price for line in self.across)]
        near = [value for value in others if low - room <= value <= high + room]
        return min([low, *near]), max([high, *near])

    def _known_levels(self) -> Iterator[FloatArray]:
        for column in self.levels.values():
            known = column[np.isfinite(column)]
            if known.size:
                yield known

    def _draw_levels(self, pane: _Pane) -> None:
        """Dots beside the candles and a cross on their thin strokes: a level is seen wherever no body hides it."""
        for colour, column in zip(level_colours(pane.palette, len(self.levels)), self.levels.values(), strict=True):
            for candle, value in enumerate(column[pane.drawn.ends - 1].tolist()):
                if np.isfinite(value):
                    pane.draw_level(pane.drawn.column(candle), value, colour)

    def _draw_fills(self, pane: _Pane) -> None:
        """Entries below their candle, exits above it."""
        for fill in self.fills:
            candle = pane.drawn.candle_of(fill.row)
            x = pane.drawn.column(candle)
            if fill.is_entry:
                pane.put(x, pane.line_of(float(pane.drawn.low[candle])) + 1, UP, f"bold {pane.palette.gain}")
            else:
                pane.put(x, pane.line_of(float(pane.drawn.high[candle])) - 1, DOWN, f"bold {pane.palette.loss}")


@dataclass(frozen=True)
class _Drawn:
    """The candles of a chart: first open, highest high, lowest low, last close and the volumes' sum of their bars."""

    open: FloatArray
    high: FloatArray
    low: FloatArray
    close: FloatArray
    volume: FloatArray
    ends: IntArray
    """The row after the last one of each candle"""
    step: int
    """Columns from one candle to the next"""

    @classmethod
    def of(cls, bars: Bars, most: int) -> _Drawn:
        """A candle a bar, or as many candles as there are columns, each of nearly as many bars."""
        count = min(len(bars), most)
        ends = np.arange(1, count + 1) * len(bars) // count
        starts = np.concatenate([[0], ends[:-1]])
        step = min(_WIDEST_STEP, max(1, most // count))
        return cls(
            bars.open[starts],
            np.maximum.reduceat(bars.high, starts),
            np.minimum.reduceat(bars.low, starts),
            bars.close[ends - 1],
            np.add.reduceat(bars.volume, starts),
            ends,
            step,
        )

    def column(self, candle: int) -> int:
        """Where a candle stands: in the middle of its columns."""
        return candle * self.step + self.step // 2

    def candle_of(self, row: int) -> int:
        """The candle that a bar is in."""
        return min(int(np.searchsorted(self.ends, row, "right")), len(self.ends) - 1)


class _Pane:
    """The part of a canvas where prices are drawn: `width` columns, `height` rows, from the price `low` to `high`."""

    def __init__(
        self, canvas: Canvas, drawn: _Drawn, width: int, height: int, extent: tuple[float, float], palette: Palette
    ) -> None:
        self.canvas, self.drawn, self.width, self.height = canvas, drawn, width, height
        self.low, self.high, self.palette = *extent, palette
        rising = drawn.close >= drawn.open
        self._colours = [palette.gain if up else palette.loss for up in rising.tolist()]

    def halves_of(self, prices: FloatArray) -> IntArray:
        """The half row of each price, 0 at the top; a row is kept free above and below for arrows."""
        span = (self.high - self.low) or 1.0
        inner = max(1, 2 * (self.height - 2) - 1)
        halves: IntArray = 2 + np.rint((self.high - prices) / span * inner).astype(np.int64)
        return halves

    def line_of(self, price: float) -> int:
        """The row of a price."""
        return int(self.halves_of(np.array([price]))[0]) // 2

    def put(self, x: int, y: int, text: str, style: str) -> None:
        """Write into the pane, not beyond it."""
        if 0 <= y < self.height and 0 <= x < self.width:
            self.canvas.put(x, y, text, style)

    def draw_across(self, across: Sequence[Across]) -> None:
        """Lines from the left to the right, under everything else."""
        for line in across:
            self.put(0, self.line_of(line.price), _LINE * self.width, line.colour)

    def draw_level(self, x: int, price: float, colour: str) -> None:
        """One point of a level."""
        y = self.line_of(price)
        there = self.canvas.char(x, y)
        if there in _THIN:
            self.put(x, y, _CROSS if there in "│╷╵" else _DOT, colour)

    def draw_candles(self) -> None:
        """The strokes of every column, over what is there."""
        bodies = np.sort(np.stack([self.halves_of(self.drawn.open), self.halves_of(self.drawn.close)]), axis=0)
        tops, bottoms = self.halves_of(self.drawn.high).tolist(), self.halves_of(self.drawn.low).tolist()
        for candle, (top, above, below, bottom) in enumerate(zip(tops, *bodies.tolist(), bottoms, strict=True)):
            for y in range(top // 2, bottom // 2 + 1):
                parts = tuple(
                    "body" if above <= half <= below else "wick" if top <= half <= bottom else ""
                    for half in (2 * y, 2 * y + 1)
                )
                self.put(self.drawn.column(candle), y, _STROKES[parts], self._colours[candle])  # type: ignore[index]

    def draw_volume(self, top: int, rows: int) -> None:
        """Blocks below the prices, the highest as high as there are rows."""
        most = float(self.drawn.volume.max()) if rows else 0.0
        wide = max(1, self.drawn.step - 1)
        for candle, volume in enumerate(self.drawn.volume.tolist() if most > 0 else ()):
            eighths = round(volume / most * rows * 8)
            x = self.drawn.column(candle) - (wide - 1) // 2
            for row in range(rows):
                filled = min(8, max(0, eighths - 8 * (rows - 1 - row)))
                if filled:
                    self.canvas.put(x, top + row, _BLOCKS[filled] * wide, f"dim {self._colours[candle]}")
        if rows:
            self.canvas.put(self.width + 1, top + rows - 1, "volume", self.palette.muted)

    def draw_prices(self, last: float, across: Sequence[Across]) -> None:
        """Round prices at the right, the last close in a tag, and the lines' names where they have room."""
        ticks = round_ticks(self.low, self.high, max(2, self.height // _ROWS_A_TICK))
        digits = decimals_of(ticks)
        tag = self.line_of(last)
        taken = {tag}
        for line in across:
            y = self.line_of(line.price)
            if y not in taken and 0 <= y < self.height:
                self.canvas.put(self.width + 1, y, f"{figures.price(line.price)} {line.name}", line.colour)
                taken.add(y)
        for tick in ticks:
            y = self.line_of(tick)
            if y not in taken:
                self.canvas.put(self.width + 1, y, figures.decimals(tick, digits), self.palette.muted)
        self.canvas.put(self.width, tag, f" {figures.price(last)} ", f"reverse bold {self._colours[-1]}")

    def draw_times(self, ts: IntArray, y: int, session_dates: bool) -> None:
        """Dates below, or times of day where the chart has a day or two."""
        ends = self.drawn.ends
        count = max(1, self.width // _COLUMNS_A_TICK)
        shown = max(1, min(count, self.drawn.step * len(ends) // _COLUMNS_A_TICK))
        places = range(0, len(ends), max(1, -(-len(ends) // shown)))
        days = (int(ts[-1]) - int(ts[0])) / (86_400 * _MICROS)
        form = "%Y-%m-%d" if session_dates or days > 5 else "%m-%d %H:%M"
        labels = [
            Label(self.drawn.column(place), _moment(int(ts[ends[place - 1] if place else 0]), form)) for place in places
        ]
        for x, label in spaced(labels, self.width):
            self.canvas.put(x, y, label.text, self.palette.muted)

    def draw_crosshair(self, x: int, height: int) -> None:
        """A thin line through a column, where nothing else is drawn."""
        for y in range(height):
            if self.canvas.char(x, y) == " ":
                self.canvas.put(x, y, _HAIR, self.palette.muted)


def _edge(bars: Bars, across: Sequence[Across]) -> int:
    """The columns that prices at the right need."""
    widest = max(cell_width(figures.price(float(price))) for price in (bars.close[-1], bars.high.max(), bars.low.min()))
    names = max((cell_width(f"{figures.price(line.price)} {line.name}") for line in across), default=0)
    return max(widest + 2, names + 1, len("volume") + 1)


def level_colours(palette: Palette, count: int) -> list[str]:
    """A colour for each level, none of them a candle's while there are two or fewer."""
    colours = palette.series[2:] + palette.series[:2]
    return [colours[place % len(colours)] for place in range(count)]


def _moment(ts: int, form: str) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(ts / _MICROS, UTC).strftime(form)
