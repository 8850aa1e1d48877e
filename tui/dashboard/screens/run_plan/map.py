"""The map: two swept parameters against each other by any metric, a cell a variant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.message import Message
from textual.widgets import Static

from tui.dashboard.drawing.heat import HeatLayout
from tui.dashboard.keys import bound
from tui.dashboard.screens.run_plan.map_page import MapPage, Paint
from tui.dashboard.screens.run_plan.view import Part
from tui.shared.grid import Cut, Grid

if TYPE_CHECKING:
    from textual.widget import Widget

    from tui.dashboard.app import DashboardApp
    from tui.dashboard.screens.run_plan.view import PlanView

EMPTY = "Nothing was swept: a map needs a parameter with several values."


class HeatMap(Static, can_focus=True):
    """All cells at once. `show` gives it a run plan; the cursor is on a variant."""

    app: DashboardApp
    BINDINGS: ClassVar[list[BindingType]] = [
        bound("j,down", "move(0, 1)", "down", "to the next row", "map.down"),
        bound("k,up", "move(0, -1)", "up", "to the row above", "map.up"),
        bound("h,left", "move(-1, 0)", "left", "to the column before", "map.left"),
        bound("l,right", "move(1, 0)", "right", "to the next column", "map.right"),
        bound("full_stop", "turn('metric', 1)", "next metric", "the cells by another figure", "map.metric", show=True),
        bound("comma", "turn('metric', -1)", "metric before", "back to the figure before", "map.metric_before"),
        bound(
            "o",
            "turn('axes', 1)",
            "axes",
            "two other parameters, or these two swapped",
            "map.axes",
            show=True,
        ),
        bound(
            "f", "turn('fixed', 1)", "fixed values", "the other parameters at their next values", "map.fixed", show=True
        ),
        bound("F", "turn('fixed', -1)", "fixed values back", "at their values before", "map.fixed_before"),
        bound("enter", "open", "trades", "of the variant under the cursor", "map.open", show=True),
    ]

    class Looked(Message):
        """The cursor moved to another variant."""

        def __init__(self, variant_id: str) -> None:
            super().__init__()
            self.variant_id = variant_id

    class Opened(Message):
        """A variant of the map was chosen with Enter or a click."""

    def __init__(self) -> None:
        super().__init__("", markup=False)
        self.cut = Cut()
        self.at = (0, 0)
        self._grid: Grid | None = None
        self._best: str | None = None
        self._laid_out: HeatLayout | None = None
        self._page: MapPage | None = None
        self._ranks: Mapping[str, int] = {}
        self._drawn: tuple[Grid, Cut, Paint] | None = None

    def show(self, view: PlanView) -> None:
        """Another run plan, or another reading of it; the cursor on the variant that is looked at."""
        self._grid, self._best, self._ranks = Grid(view.detail), view.detail.best_variant_id, view.ranks
        self.cut = self._grid.turned(self.cut, lambda cut: cut) if view.paths else self.cut
        placed = self._grid.position_of(self.cut, view.variant)
        self.cut, *at = placed if placed is not None else (self.cut, 0, 0)
        self.at = (at[0], at[1])
        self._draw()

    def action_move(self, right: int, down: int) -> None:
        """Move the cursor to a neighbouring cell."""
        self._go(self.at[0] + right, self.at[1] + down)

    def action_turn(self, what: str, by: int) -> None:
        """Show another metric, other axes, or other fixed values."""
        if self._grid is not None and self._grid.paths:
            self.cut = self._grid.turned(self.cut, lambda cut: replace(cut, **{what: getattr(cut, what) + by}))
            self._go(*self.at)

    def action_open(self) -> None:
        """Show the trades of the variant under the cursor."""
        self.post_message(self.Opened())

    def on_click(self, event: events.Click) -> None:
        """A click moves the cursor; on its cell it opens the variant."""
        drawn = self._page is not None and self._laid_out is not None
        cell = self._page.cell_at(self._laid_out, event.x, event.y) if drawn else None  # type: ignore[union-attr, arg-type]
        if cell is not None and cell == self.at:
            self.action_open()
        elif cell is not None:
            self._go(*cell)

    def on_resize(self) -> None:
        """Redraw: another size has room for other things."""
        self._draw()

    def _go(self, column: int, row: int) -> None:
        grid = self._grid
        if grid is None or not grid.paths:
            return
        across, down = len(grid.columns(self.cut)), len(grid.rows(self.cut))
        self.at = (min(max(0, column), across - 1), min(max(0, row), down - 1))
        variant = grid.variant(self.cut, *self.at)
        if variant is not None:
            self.post_message(self.Looked(variant.variant_id))
        self._draw()

    def _draw(self) -> None:
        if self._grid is None or not self.size.width:
            return
        if not self._grid.paths:
            self.update(Text(EMPTY))
            return
        drawn = (self._grid, self.cut, Paint.of(self.app))
        if drawn != self._drawn or self._page is None:
            self._drawn = drawn
            self._page = MapPage(self._grid, self.cut, self._best, self._ranks, drawn[2])
        self._page.at = self.at
        self._laid_out = self._page.laid_out(self.size.width, self.size.height)
        self.update(self._page.text(self._laid_out, self.size.height))


class MapPart(Part):
    """The map; the variant under its cursor is the one that other parts show."""

    def __init__(self) -> None:
        super().__init__()
        self._view: PlanView | None = None

    def compose(self) -> ComposeResult:
        """The map fills the part."""
        yield HeatMap()

    def focused_first(self) -> Widget | None:
        """The map has the focus first."""
        return self.query_one(HeatMap)

    def take(self, view: PlanView) -> None:
        """Draw the map of this reading of the run plan."""
        self._view = view
        self.query_one(HeatMap).show(view)

    def on_heat_map_looked(self, event: HeatMap.Looked) -> None:
        """The other parts show the variant under the cursor."""
        event.stop()
        if self._view is not None:
            self._view.current = event.variant_id
