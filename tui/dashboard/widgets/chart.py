"""Charts: drawn off the event loop at the size they have on screen, and again when it changes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, time
from itertools import accumulate
from typing import TYPE_CHECKING

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Static

from tui.dashboard.colours import Palette, gain, mixed, rgb
from tui.dashboard.loading import Loader
from tui.shared import charts, figures

if TYPE_CHECKING:
    from engine.desk.accounts import EquityPoint, SessionPoint
    from tui.dashboard.app import DashboardApp

LEAST_HEIGHT, LEAST_WIDTH = 2, 24
"""Rows and columns below which a curve cannot be read."""

_MARGIN = 9
_UPPER = charts.Axes(framed=False, x_ticks=False, margin=_MARGIN, rounded=True)
_LOWER = charts.Axes(framed=False, margin=_MARGIN, rounded=True)
_UNDER = 0.3
"""How much of a curve's colour the area below it has"""
_START, _STARTS = "╌", 200
"""The line of what was there at the start, and the marks that it is made of"""


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
    """An account's equity, and its drawdown below: at marks session by session, or at cost after each closed trade."""

    def compose(self) -> ComposeResult:
        """The curve, and how far below its highest it was."""
        yield Chart(id="equity-curve")
        yield Chart(id="drawdown")

    def show_marked(self, points: Sequence[SessionPoint]) -> None:
        """The curve as `desk.accounts.equity_by_session` has it: the first point is what there was before."""
        days = [datetime.combine(point.session, time(), UTC).timestamp() for point in points if point.session]
        sessions = len(dict.fromkeys(days))
        self._plot(
            [days[0], *days],
            [point.equity for point in points],
            f" at marks after {figures.counted(sessions, 'session')}",
            stepped=False,
        )

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
        self._plot(times, values, f" at cost after {figures.counted(len(closed), 'trade')}", stepped=True)

    def _plot(self, times: Sequence[float], values: Sequence[float], words: str, *, stepped: bool) -> None:
        """Both charts; `words` say what the values are."""
        palette, falls = Palette.of(self.app), drawdowns(values)
        ground = rgb(self.app.theme_variables["background"])
        curve = charts.Series(
            list(zip(times, values, strict=True)),
            rgb(palette.line),
            stepped=stepped,
            area=mixed(ground, rgb(palette.line), _UNDER),
        )
        start = charts.Series(_across(times[0], times[-1], values[0]), rgb(palette.muted), _START)
        title = _curve_title(values[0], values[-1], words, palette)
        self.query_one("#equity-curve", Chart).show(title, [start, curve], _UPPER)
        fall = [
            charts.Series(
                list(zip(times, falls, strict=True)),
                rgb(palette.loss),
                stepped=stepped,
                area=mixed(ground, rgb(palette.loss), _UNDER),
            )
        ]
        self.query_one("#drawdown", Chart).show(_fall_title(falls, palette), fall, _LOWER)


def drawdowns(values: Sequence[float]) -> list[float]:
    """At each point, how far below the highest so far, in percent of it: zero or negative."""
    peaks = accumulate(values, max)
    return [(value / peak - 1) * 100 if peak > 0 else 0.0 for value, peak in zip(values, peaks, strict=True)]


def _across(first: float, last: float, value: float) -> charts.Points:
    """Marks for a level line."""
    return [(first + (last - first) * place / _STARTS, value) for place in range(_STARTS + 1)]


def _curve_title(start: float, now: float, words: str, palette: Palette) -> Text:
    growth = gain((now / start - 1) * 100, palette, unit=" %")
    return Text.assemble(("Equity", "bold"), f"  {figures.money(now)}  ", growth, (words, palette.muted))


def _fall_title(falls: Sequence[float], palette: Palette) -> Text:
    deepest, now = -min(falls), -falls[-1]
    words = f"  {figures.decimals(now, 2)} % below the peak, {figures.decimals(deepest, 2)} % at worst"
    return Text.assemble(("Drawdown", "bold"), words)
