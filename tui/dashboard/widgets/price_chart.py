"""A price chart: candles with volume, levels, entries and exits; a crosshair by mouse or arrow keys reads one bar."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import events
from textual.binding import BindingType
from textual.widgets import Static

from tui.dashboard.colours import DOWN, UP, Palette, gain
from tui.dashboard.drawing.candles import Candles, level_colours
from tui.dashboard.keys import bound
from tui.dashboard.loading import Loader
from tui.shared import figures
from tui.shared.text import safe_text

if TYPE_CHECKING:
    from tui.dashboard.app import DashboardApp

_LEAST_HEIGHT, _LEAST_WIDTH = 6, 30
_MICROS = 1_000_000


class PriceChart(Static, can_focus=True):
    """A line that reads the bar under the crosshair, or the newest, over the candles."""

    app: DashboardApp
    BINDINGS: ClassVar[list[BindingType]] = [
        bound("left", "crosshair(-1)", "bar before", "the crosshair to the bar before", "price_chart.left", show=True),
        bound("right", "crosshair(1)", "next bar", "the crosshair to the next bar", "price_chart.right", show=True),
    ]

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - as Textual names it
        super().__init__("", id=id, markup=False)
        self._candles: Candles | None = None
        self._says = Text()
        self._at: int | None = None
        """The time of the bar under the crosshair: bars that are added at the right do not move it"""
        self._loader = Loader(self)

    def show(self, candles: Candles) -> None:
        """Draw other candles; the crosshair stays on its bar while that is shown."""
        self._candles = candles
        self._draw()

    def say(self, words: Text) -> None:
        """Say something in place of a chart that has nothing to draw yet."""
        self._candles, self._says = None, words
        self.update(words)

    def on_resize(self) -> None:
        """Draw again at the new size."""
        self._draw()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """The bar under the mouse is read."""
        if self._candles is not None and event.y >= 1:
            row = self._candles.row_at(event.x, self.size.width)
            if row is not None:
                self._read(row)

    def on_leave(self) -> None:
        """Away from the chart the newest bar is read."""
        self._clear()

    def on_blur(self) -> None:
        """The crosshair goes with the focus."""
        self._clear()

    def action_crosshair(self, by: int) -> None:
        """Move the crosshair; it begins at the newest bar, and ends beyond it."""
        if self._candles is None:
            return
        newest, row = len(self._candles.bars) - 1, self._row
        place = (newest + (by < 0) if row is None else row) + by
        if place > newest:
            self._clear()
        else:
            self._read(max(0, place))

    @property
    def _row(self) -> int | None:
        """The row of the bar under the crosshair; None when it is gone."""
        if self._candles is None or self._at is None:
            return None
        ts = self._candles.bars.ts
        row = int(ts.searchsorted(self._at))
        return row if row < len(ts) and int(ts[row]) == self._at else None

    def _clear(self) -> None:
        if self._at is not None:
            self._at = None
            self._draw()

    def _read(self, row: int) -> None:
        if self._candles is not None and row != self._row:  # the mouse moves many times over one candle
            self._at = int(self._candles.bars.ts[row])
            self._draw()

    def _draw(self) -> None:
        candles, width, height = self._candles, self.size.width, self.size.height - 1
        if candles is None:
            self.update(self._says)
            return
        row, palette = self._row, Palette.of(self.app)
        title = readout(candles, len(candles.bars) - 1 if row is None else row, palette)
        title.truncate(max(1, width), overflow="ellipsis")
        if height < _LEAST_HEIGHT or width < _LEAST_WIDTH:
            self.update(title)
            return
        drawn = replace(candles, crosshair=row)

        def drawing() -> Text:
            return Text.assemble(title, "\n", drawn.text(width, height, palette), no_wrap=True)

        self._loader.load(lambda _desk, _watch: drawing(), self.update, group="draw", in_turn=True)


def readout(candles: Candles, row: int, palette: Palette) -> Text:
    """`GOOG  2012-12-20  O 720.10  H 724.99  L 714.00  C 722.36  ▲ +0.31 %  fast 719.10  vol 1.2k`."""
    bars = candles.bars
    title = Text.assemble((safe_text(bars.symbol), "bold"), f"  {_moment(int(bars.ts[row]))}")
    for letter, column in (("O", bars.open), ("H", bars.high), ("L", bars.low), ("C", bars.close)):
        title.append(f"  {letter} ", palette.muted).append(figures.price(float(column[row])))
    if row:
        change = (float(bars.close[row]) / float(bars.close[row - 1]) - 1) * 100
        title.append("  ").append_text(gain(change, palette, unit=" %"))
    colours = level_colours(palette, len(candles.levels))
    for colour, (name, values) in zip(colours, candles.levels.items(), strict=True):
        value = float(values[row])
        shown = figures.decimals(value, 2) if math.isfinite(value) else figures.NONE
        title.append(f"  {safe_text(name)} {shown}", colour)
    title.append_text(_signs([fill.is_entry for fill in candles.fills], palette))
    if bars.volume[row]:
        title.append(f"  vol {_short(float(bars.volume[row]))}", palette.muted)
    return title


def _signs(entries: Sequence[bool], palette: Palette) -> Text:
    legend = Text()
    if True in entries:
        legend.append(f"  {UP} entry", palette.gain)
    if False in entries:
        legend.append(f"  {DOWN} exit", palette.loss)
    return legend


def _short(amount: float) -> str:
    """`13.9M`, `1.2k`, `850`."""
    for unit, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if amount >= unit:
            return f"{amount / unit:.1f}{letter}"
    return f"{amount:.0f}"


def _moment(ts: int) -> str:
    return figures.moment(datetime.fromtimestamp(ts // _MICROS, UTC))
