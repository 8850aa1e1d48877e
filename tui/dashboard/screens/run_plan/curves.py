"""Equity of chosen variants over the baseline's, and their drawdowns below."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING

from rich.text import Text
from textual.app import ComposeResult
from textual.widgets import Static

from tui.dashboard.colours import Palette, gain, hexed, rgb
from tui.dashboard.screens.run_plan.view import MOST_MARKED, Part
from tui.dashboard.sweeps import load_told
from tui.dashboard.widgets.chart import Chart, drawdowns
from tui.dashboard.widgets.pane import READING
from tui.shared import charts, figures
from tui.shared.text import fit, safe_text

if TYPE_CHECKING:
    from engine.desk import Desk
    from engine.desk.accounts import EquityPoint
    from engine.ports import Watch
    from tui.dashboard.screens.run_plan.view import PlanView

NUMERALS = 6
"""How often a curve's number stands on it: curves are told apart without colour too."""
DOTS = 60
BASE_GLYPH = "·"
_LABEL, _LEAST_NAME = 40, 8
_GAP = "   "
_UPPER = charts.Axes(framed=False, x_ticks=False, margin=9)
_LOWER = charts.Axes(framed=False, margin=9)

Curve = list[tuple[float, float]]
"""Time (seconds since 1970) and equity, rising in time, over the span that all the curves share."""


class CurvesPart(Part):
    """The marked variants, or the one that is looked at."""

    def __init__(self) -> None:
        super().__init__()
        self._view: PlanView | None = None
        self._read: dict[tuple[str, str], list[EquityPoint]] = {}
        self._is_read = False

    def compose(self) -> ComposeResult:
        """A legend, the curves, the drawdowns."""
        yield Static("", classes="part-title legend", markup=False)
        yield Chart(id="variant-curves")
        yield Chart(id="variant-falls")

    def on_mount(self) -> None:
        """The sizes that the stylesheet gives to curves."""
        self.query_one("#variant-curves").add_class("curve")
        self.query_one("#variant-falls").add_class("fall")

    def on_resize(self) -> None:
        """Break the legend's lines at the new width."""
        if self._is_read:
            self._draw()

    def take(self, view: PlanView) -> None:
        """Read what is not known yet of the wanted variants, then draw."""
        self._view = view
        run = str(view.detail.run_plan_id)
        wanted = [variant_id for variant_id in wanted_of(view) if view.by_id[variant_id].metrics is not None]
        missing = [variant_id for variant_id in wanted if (run, variant_id) not in self._read]
        self._is_read = not missing
        if not missing:
            self._draw()
            return
        self.query_one(".legend", Static).update(READING)

        def call(desk: Desk, watch: Watch) -> dict[tuple[str, str], list[EquityPoint]]:
            curves = {}
            for variant_id in missing:
                if not watch.stopped():
                    curves[run, variant_id] = desk.plans.equity(view.detail.run_plan_id, variant_id, load_told)
            return curves

        self.loader.load(call, self._was_read)

    def _was_read(self, curves: dict[tuple[str, str], list[EquityPoint]]) -> None:
        self._read |= curves
        self._is_read = True
        self._draw()

    def _draw(self) -> None:
        view, palette = self._view, Palette.of(self.app)
        if view is None:
            return
        run = str(view.detail.run_plan_id)
        base = view.baseline.variant_id
        points = {
            variant_id: self._read[run, variant_id] for variant_id in wanted_of(view) if (run, variant_id) in self._read
        }
        curves = on_one_span(points)
        numbers = numbers_of(view)
        self.query_one(".legend", Static).update(legend(view, numbers, points, palette, self.size.width - 2))
        upper, lower = self.query_one("#variant-curves", Chart), self.query_one("#variant-falls", Chart)
        if not curves:
            upper.show(Text("No trade was closed: there is no curve.", palette.muted), ())
            lower.show(Text(), ())
            return
        falls = {variant_id: fallen(curve) for variant_id, curve in curves.items()}
        upper.show(Text("Equity at cost", "bold"), series_of(curves, numbers, base, palette), _UPPER)
        lower.show(Text("Drawdown, percent below the peak", "bold"), series_of(falls, numbers, base, palette), _LOWER)


def wanted_of(view: PlanView) -> list[str]:
    """The variants to draw, the baseline last."""
    base = view.baseline.variant_id
    return [*(variant_id for variant_id in view.chosen() if variant_id != base), base]


def on_one_span(points: Mapping[str, Sequence[EquityPoint]]) -> dict[str, Curve]:
    """Curves from the first to the last time at which any of them closed a trade; none when nothing was closed."""
    times = [point.ts.timestamp() for curve in points.values() for point in curve if point.ts is not None]
    if not times:
        return {}
    first, last = min(times), max(times)
    return {variant_id: _spanning(curve, first, last) for variant_id, curve in points.items()}


def fallen(curve: Curve) -> Curve:
    """How far below its highest so far, in percent."""
    return list(zip((x for x, _ in curve), drawdowns([y for _, y in curve]), strict=True))


def numbers_of(view: PlanView) -> dict[str, int]:
    """The variants that are drawn as lines, by their numbers on the board: of the marked ones, the baseline too."""
    return {
        variant_id: number
        for number, variant_id in enumerate(view.chosen(), 1)
        if variant_id != view.baseline.variant_id
    }


def series_of(
    curves: Mapping[str, Curve], numbers: Mapping[str, int], base: str, palette: Palette
) -> list[charts.Series]:
    """The baseline a row of dots, each chosen variant a line with its number on it."""
    series = []
    if base in curves:
        series.append(charts.Series(sampled(curves[base], DOTS), rgb(palette.muted), BASE_GLYPH))
    shown = [(number, variant_id) for variant_id, number in numbers.items() if variant_id in curves]
    series += [
        charts.Series(curves[variant_id], colour_of(number, palette), stepped=True) for number, variant_id in shown
    ]
    for number, variant_id in shown if len(shown) > 1 else ():
        shift = number / (MOST_MARKED + 1)  # so that the numbers of two curves do not stand on each other
        series.append(
            charts.Series(sampled(curves[variant_id], NUMERALS, shift), colour_of(number, palette), str(number))
        )
    return series


def sampled(curve: Curve, count: int, shift: float = 0.0) -> Curve:
    """The curve's value at evenly spread times; `shift` is a part of the distance between two of them."""
    times = [x for x, _ in curve]
    step = (times[-1] - times[0]) / count
    at = [times[0] + step * (place + shift) for place in range(count)]
    return [(x, curve[max(0, bisect_right(times, x) - 1)][1]) for x in at]


def legend(
    view: PlanView,
    numbers: Mapping[str, int],
    points: Mapping[str, Sequence[EquityPoint]],
    palette: Palette,
    width: int,
) -> Text:
    """Which line is which, and where each ended; lines are broken between two of them, never within one."""
    base = view.baseline.variant_id
    parts = [
        _part(Text(f"{number} ", f"bold {hexed(colour_of(number, palette))}"), view, variant_id, points, palette, width)
        for variant_id, number in numbers.items()
    ]
    own = f"{view.marked.index(base) + 1} " if base in view.marked else ""
    parts.append(_part(Text(f"{own}{BASE_GLYPH * 3} ", "bold"), view, base, points, palette, width))
    if not view.marked:
        parts.append(Text("space marks up to four", palette.muted))
    return _in_lines(parts, width)


def _part(
    sign: Text,
    view: PlanView,
    variant_id: str,
    points: Mapping[str, Sequence[EquityPoint]],
    palette: Palette,
    width: int,
) -> Text:
    ended = _ended(view, variant_id, points, palette)
    room = max(_LEAST_NAME, min(_LABEL, width - sign.cell_len - ended.cell_len - 1))
    return Text.assemble(sign, fit(safe_text(view.labels[variant_id]), room), " ", ended)


def _in_lines(parts: Sequence[Text], width: int) -> Text:
    lines: list[Text] = []
    for part in parts:
        if lines and lines[-1].cell_len + len(_GAP) + part.cell_len <= width:
            lines[-1].append(_GAP).append_text(part)
        else:
            lines.append(part)
    return Text("\n").join(lines)


def colour_of(number: int, palette: Palette) -> charts.Rgb:
    """A colour a variant, by its number."""
    return rgb(palette.series[(number - 1) % len(palette.series)])


def _ended(view: PlanView, variant_id: str, points: Mapping[str, Sequence[EquityPoint]], palette: Palette) -> Text:
    if variant_id not in points:
        return Text(view.by_id[variant_id].status, palette.muted)
    start, end = points[variant_id][0].equity, points[variant_id][-1].equity
    return Text.assemble(figures.money(end), " ", gain((end / start - 1) * 100, palette, unit=" %"))


def _spanning(points: Sequence[EquityPoint], first: float, last: float) -> Curve:
    closed = [(point.ts.timestamp(), point.equity) for point in points if point.ts is not None]
    # in the order of closing: with several symbols a time may stand still
    times = list(accumulate((x for x, _ in closed), max))
    return [(first, points[0].equity), *zip(times, (y for _, y in closed), strict=True), (last, points[-1].equity)]
