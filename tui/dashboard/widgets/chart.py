"""Charts: drawn off the event loop at the size they have on screen, and again when it changes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import TYPE_CHECKING

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Static

from tui.dashboard.colours import Palette, gain, rgb
from tui.dashboard.loading import Loader
from tui.shared import charts, figures

if TYPE_CHECKING:
    from engine.desk.accounts import EquityPoint
    from tui.dashboard.app import DashboardApp

LEAST_HEIGHT, LEAST_WIDTH = 2, 24
"""Rows and columns below which a curve cannot be read."""

_MARGIN = 9
_UPPER = charts.Axes(framed=False, x_ticks=False, margin=_MARGIN)
_LOWER = charts.Axes(framed=False, margin=_MARGIN)


class Chart(Static):
    """A title, and below it series of points between axes; or the title alone while there is nothing to draw."""

    app: DashboardApp

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - as Textual names it
        super().__init__("", id=id, markup=False)
        self._title = Text()
        self._series: Sequence[charts.Series] = ()
        self._axes = charts.FRAMED
        self._loader = Loader(self)

    def show(self, title: Text, series: Sequence[charts.Series], axes: charts.Axes = charts.FRAMED) -> None:
        """Draw these series at the widget's size, as `charts.plot` does."""
        self._title, self._series, self._axes = title, series, axes
        self._draw()

    def on_resize(self) -> None:
        """Draw again at the new size."""
        self._draw()

    def _draw(self) -> None:
        width, height = self.size.width, self.size.height - 1
        if not any(series.points for series in self._series) or height < LEAST_HEIGHT or width < LEAST_WIDTH:
            self.update(self._title)
            return
        title, series, axes = self._title, self._series, self._axes

        def drawing() -> Text:
            drawn = charts.plot(series, width, height, axes, colour=True)
            return Text.assemble(title, "\n", Text.from_ansi(drawn), no_wrap=True)

        self._loader.load(lambda _desk, _watch: drawing(), self.update, group="draw", in_turn=True)


class EquityChart(Vertical):
    """An account's equity at cost after each closed trade, in steps, and its drawdown below."""

    def compose(self) -> ComposeResult:
        """The curve, and how far below its highest it was."""
        yield Chart(id="equity-curve")
        yield Chart(id="drawdown")

    def show(self, points: Sequence[EquityPoint]) -> None:
        """The curve as `desk.accounts.equity` has it: the first point is the start, and has no time."""
        palette = Palette.of(self.app)
        closed = [(point.ts.timestamp(), point.equity) for point in points if point.ts is not None]
        start = points[0].equity
        curve, below = self.query_one("#equity-curve", Chart), self.query_one("#drawdown", Chart)
        if not closed:
            curve.show(Text("The equity curve begins with the first closed trade.", palette.muted), ())
            below.show(Text(), ())
            return
        # in the journal's order: a trade of older data, run later, stands where the curve has come to
        times = list(accumulate([closed[0][0], *(ts for ts, _ in closed)], max))
        values = [start, *(equity for _, equity in closed)]
        falls = drawdowns(values)
        line = [charts.Series(list(zip(times, values, strict=True)), rgb(palette.line), stepped=True)]
        curve.show(_curve_title(start, values[-1], len(closed), palette), line, _UPPER)
        fall = [charts.Series(list(zip(times, falls, strict=True)), rgb(palette.loss), stepped=True)]
        below.show(_fall_title(falls, palette), fall, _LOWER)


def drawdowns(values: Sequence[float]) -> list[float]:
    """At each point, how far below the highest so far, in percent of it: zero or negative."""
    peaks = accumulate(values, max)
    return [(value / peak - 1) * 100 if peak > 0 else 0.0 for value, peak in zip(values, peaks, strict=True)]


def _curve_title(start: float, now: float, trades: int, palette: Palette) -> Text:
    growth = gain((now / start - 1) * 100, palette, unit=" %")
    words = f" at cost after {figures.counted(trades, 'trade')}"
    return Text.assemble(("Equity", "bold"), f"  {figures.money(now)}  ", growth, (words, palette.muted))


def _fall_title(falls: Sequence[float], palette: Palette) -> Text:
    deepest, now = -min(falls), -falls[-1]
    words = f"  {figures.decimals(now, 2)} % below the peak, {figures.decimals(deepest, 2)} % at worst"
    return Text.assemble(("Drawdown", "bold"), words)
