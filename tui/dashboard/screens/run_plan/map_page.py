"""What the map shows of one cut of a grid: every cell at once, and what is known of the one under the cursor."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.text import Text

from engine.numerals import value_text
from tui.dashboard.colours import Palette
from tui.dashboard.drawing.heat import NOTHING, SHADES, Heat, HeatLayout, Inks
from tui.dashboard.drawing.ramp import LEVELS, Ramp, Scale
from tui.shared import figures
from tui.shared.metrics import FIGURES, formatted
from tui.shared.text import safe_text

if TYPE_CHECKING:
    from textual.app import App

    from engine.sweeps.results import VariantResult
    from tui.shared.grid import Cut, Grid

ABOVE = 2
"""Lines above the cells: what is shown, and the scale."""
_BELOW, _BELOW_SHORT, _SHORT = 5, 2, 16
"""Lines below them, a blank one first; and those on a screen with fewer lines than `_SHORT`"""
BEST, BEST_OF_PLAN, BASE = "*", "◆", "b"
SIGNS = {BEST: "best", BEST_OF_PLAN: "best by the objective", BASE: "base values"}
"""What stands in a cell: the best is by the figure that is shown."""
FEW_TRADES = 30
"""A variant with fewer trades is warned of, as the verdict does."""
_RAMP = 20
_MOST_SHOWN = 2_000
"""More figures never fit on a screen."""
_FACTS = ("return_pct", "max_drawdown_marked_pct", "sharpe_annual", "trade_count", "win_rate", "profit_factor")


@dataclass(frozen=True)
class Paint:
    """The theme's colours for a map."""

    palette: Palette
    background: str
    foreground: str
    panel: str
    coloured: bool = True

    @classmethod
    def of(cls, app: App[Any]) -> Paint:
        """Those in use; none on a terminal without colour."""
        named = app.theme_variables
        return cls(Palette.of(app), named["background"], named["foreground"], named["panel"], not app.no_color)

    def ramp(self, better: int) -> Ramp:
        """The ramp for figures of which more is better (1), less (-1) or neither (0)."""
        return Ramp.of(self.palette, self.background, self.foreground, better)

    @property
    def inks(self) -> Inks:
        """The colours beside the ramp."""
        return Inks(self.foreground, self.panel, self.palette.muted, coloured=self.coloured)


class MapPage:
    """The drawing of one cut of a grid; `at` is the cursor's column and row, `ranks` the variants' ranks by id."""

    def __init__(self, grid: Grid, cut: Cut, best: str | None, ranks: Mapping[str, int], paint: Paint) -> None:
        self.at = (0, 0)
        self._grid, self._cut, self._best, self._ranks, self._paint = grid, cut, best, ranks, paint
        self._figure = grid.figure(cut)
        self._has_rows = bool(grid.axes(cut)[1])
        self._shown = [(one, value) for one in grid.within(cut) if (value := self._figure.of(one)) is not None]
        self._signs = dict(self._signed())
        self._width = 0

    def laid_out(self, width: int, height: int) -> HeatLayout:
        """What fits into so many columns and lines."""
        self._width = width
        room = max(2, height - ABOVE - (_BELOW if height >= _SHORT else _BELOW_SHORT))
        return self._heat.laid_out(width, room, coloured=self._paint.coloured)

    def cell_at(self, layout: HeatLayout, x: int, y: int) -> tuple[int, int] | None:
        """The column and the row that are drawn at a place of the widget."""
        place = layout.cell_at(x, y - ABOVE, self._heat.shape) if y >= ABOVE else None
        return None if place is None else (place[1], place[0])

    def text(self, layout: HeatLayout, height: int) -> Text:
        """The map with its headings, and below it the cell under the cursor."""
        column, row = self.at
        ramp, inks = self._paint.ramp(self._better), self._paint.inks
        cells = self._heat.text(layout, (row, column), ramp, inks)
        facts = list(self._under_cursor())
        lines = [self._title(layout), self._scale_line(ramp, layout), cells, Text()]
        lines += facts if height >= _SHORT else facts[:1]
        for line in lines:
            if line is not cells:
                line.truncate(self._width, overflow="ellipsis")
        page = Text("\n").join(lines)
        page.no_wrap, page.overflow = True, "crop"
        return page

    @property
    def _better(self) -> int:
        return self._figure.metric.better.value

    @cached_property
    def _heat(self) -> Heat:
        """The cells; their colours are on one scale for the whole sweep, whichever cut is shown."""
        everywhere = [value for one in self._grid.all() if (value := self._figure.of(one)) is not None]
        columns = [_name(value) for value in self._grid.columns(self._cut)]
        rows = [_name(value) for value in self._grid.rows(self._cut)] if self._has_rows else [""]
        placed = [(place, one, value) for one, value in self._shown if (place := self._place(one)) is not None]
        digits = self._figure.metric.digits
        return Heat(
            np.array([place for place, _, _ in placed], np.int64).reshape(len(placed), 2),
            np.array([value for _, _, value in placed], np.float64),
            rows,
            columns,
            Scale.over(np.array(everywhere, np.float64), self._better),
            {place: sign for one, sign in self._signed_places() if (place := self._place(one)) is not None},
            {place: formatted(value, digits) for place, _, value in placed} if len(placed) <= _MOST_SHOWN else {},
        )

    def _place(self, result: VariantResult) -> tuple[int, int] | None:
        """The row and the column of a variant of the cut."""
        found = self._grid.position_of(self._cut, result)
        return None if found is None else (found[2], found[1])

    def _title(self, layout: HeatLayout) -> Text:
        across, down = self._grid.axes(self._cut)
        title = Text.assemble((self._figure.metric.label, "bold"), "  by ", (safe_text(across), "bold"), " →")
        title.append(f"  and {safe_text(down)} ↓" if self._has_rows else "")
        fixed = ", ".join(f"{path} = {value_text(value)}" for path, value in self._grid.fixed(self._cut).items())
        title.append(f"  fixed: {safe_text(fixed)}" if fixed else "", self._paint.palette.muted)
        if layout.across * layout.down > 1:
            shared = f"  each block: the best of {layout.across} by {layout.down} cells"
            title.append(shared, self._paint.palette.muted)
        return title

    def _scale_line(self, ramp: Ramp, layout: HeatLayout) -> Text:
        """The colours between the figures that they stand for, and what the signs mean."""
        scale, muted = self._heat.scale, self._paint.palette.muted
        low, high = (formatted(bound, self._figure.metric.digits) for bound in (scale.low, scale.high))
        line = Text(f"{low} ", muted)
        for level in scale.levels(np.linspace(scale.low, scale.high, _RAMP)).tolist():
            if self._paint.coloured:
                line.append(" ", f"on {ramp.colours[level]}")
            else:
                line.append(SHADES[min(len(SHADES) - 1, level * len(SHADES) // LEVELS)])
        used = set("".join(self._signs.values()))
        signs = "".join(f"  {sign} {means}" for sign, means in SIGNS.items() if sign in used)
        nothing = NOTHING if layout.with_figures or not self._paint.coloured else "blank"
        return line.append(f" {high}  {nothing} no figure{signs}", muted)

    def _signed_places(self) -> Iterator[tuple[VariantResult, str]]:
        for one, _ in self._shown:
            if one.variant_id in self._signs:
                yield one, self._signs[one.variant_id]

    def _signed(self) -> Iterator[tuple[str, str]]:
        """The variants of the cut that have signs; the objective's best has its own where another is the best here."""
        first = None
        if self._shown and self._better:
            first = max(self._shown, key=lambda result_and_value: result_and_value[1] * self._better)[0]
        for result in self._grid.within(self._cut):
            signs = BEST if result is first else BEST_OF_PLAN if result.variant_id == self._best else ""
            signs += BASE if self._grid.is_base(result) else ""
            if signs:
                yield result.variant_id, signs

    def _under_cursor(self) -> Iterator[Text]:
        result = self._grid.variant(self._cut, *self.at)
        if result is None:
            yield Text("there is no such variant", "italic")
            return
        value = self._figure.of(result)
        shown = formatted(value, self._figure.metric.digits) if value is not None else _why(result)
        rank = self._ranks.get(result.variant_id)
        place = "" if rank is None else f"   rank {rank:,} of {len(self._ranks):,}"
        yield Text.assemble(
            (safe_text(result.label), "bold"), f"   {self._figure.metric.label} ", (shown, "bold"), place
        )
        if result.metrics is None:
            return
        named = {figure.key: figure for figure in FIGURES}
        told = (named[key].field(result.metrics) for key in _FACTS if key in named)
        yield Text("   ".join(f"{name} {text}" for name, text in told))
        if neighbours := self._neighbours():
            yield Text(neighbours, self._paint.palette.muted)
        trades = result.metrics.trade_count
        if trades < FEW_TRADES:
            few = f"! {figures.counted(trades, 'trade')}: too few to judge it by (fewer than {FEW_TRADES})"
            yield Text(few, self._paint.palette.loss)

    def _neighbours(self) -> str:
        """The mean and the worst figure of the cells around the cursor's."""
        column, row = self.at
        rows, columns = self._heat.shape
        around = (
            self._grid.variant(self._cut, column + right, row + down)
            for right in (-1, 0, 1)
            for down in (-1, 0, 1)
            if (right or down) and 0 <= column + right < columns and 0 <= row + down < rows
        )
        values = [value for one in around if one is not None and (value := self._figure.of(one)) is not None]
        if not values or not self._better:
            return ""
        digits, worst = self._figure.metric.digits, min(values, key=lambda value: value * self._better)
        mean = formatted(sum(values) / len(values), digits)
        return f"{figures.counted(len(values), 'neighbour')}: mean {mean}, worst {formatted(worst, digits)}"


def _name(value: Any) -> str:
    return safe_text(value_text(value))


def _why(result: VariantResult) -> str:
    return safe_text(result.skip_reason or result.error or result.status)
