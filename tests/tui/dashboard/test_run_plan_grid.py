"""The map's cuts of a grid: which variant stands in which cell, however many parameters there are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.numerals import value_text
from engine.strategies.spec import parse_spec
from tests.support.desks import open_test_desk
from tests.tui.dashboard.sweeping import WHOLE, sweep_in
from tui.dashboard.colours import Palette
from tui.dashboard.screens.run_plan.ablations import ablation_rows
from tui.dashboard.screens.run_plan.dialogs import spec_of
from tui.dashboard.screens.run_plan.map_page import (
    NOTHING,
    SHADES,
    Layout,
    MapPage,
    cell,
    colour_between,
    shade_of,
    window,
)
from tui.dashboard.screens.run_plan.view import PlanView, read_view
from tui.shared.grid import Cut, Grid
from tui.shared.metrics import COMPARED, FIGURES, formatted

THREE: dict[str, list[Any]] = {
    "entry.fast_period": [5, 10],
    "entry.slow_period": [30, 50, 70],
    "exit.stop_loss_pct": [None, 5.0],
}
PALETTE = Palette("#0000ff", "#ff0000", "#888888", "#00ff00", ("#000000",) * 4)


def view_of(db: Path, grid: dict[str, list[Any]], **terms: Any) -> PlanView:
    sweep_in(db, WHOLE, grid, journal="summary", **terms)
    with open_test_desk(db) as desk:
        found = read_view(desk, WHOLE, None)
        assert found is not None
        assert read_view(desk, WHOLE, found) is found  # nothing has changed
        return found


def test_every_variant_of_a_grid_has_a_cell_in_every_pair_of_axes(db: Path) -> None:
    view = view_of(db, THREE)
    grid = Grid(view.detail)
    for axes in range(6):
        for result in view.detail.results:
            placed = grid.position_of(Cut(axes=axes), result)
            if "grid" not in result.tags:
                assert placed is None
                continue
            assert placed is not None
            cut, column, row = placed
            assert grid.variant(cut, column, row) is result
            assert result in list(grid.within(cut))
    cells = len(THREE["entry.fast_period"]) * len(THREE["entry.slow_period"])
    assert len(list(grid.within(Cut()))) == cells
    assert {grid.axes(Cut(axes=axes)) for axes in range(6)} == {(a, b) for a in THREE for b in THREE if a != b}


def test_cuts_turn_round(db: Path) -> None:
    grid = Grid(view_of(db, THREE).detail)
    assert grid.turned(Cut(axes=5), lambda cut: Cut(cut.axes + 1, -1, -1)) == Cut(0, len(FIGURES), 1)
    assert grid.fixed(Cut(fixed=1)) == {"exit.stop_loss_pct": 5.0}


def test_one_parameter_has_a_single_row_and_what_was_dropped_no_variant(db: Path) -> None:
    view = view_of(db, {"entry.fast_period": [5, 10, 15]}, max_variants=3)
    grid = Grid(view.detail)
    assert (grid.axes(Cut()), grid.rows(Cut())) == (("entry.fast_period", ""), [None])
    assert [grid.variant(Cut(), column, 0) is None for column in range(3)] == [False, False, True]


@given(st.integers(0, 999), st.integers(1, 1000), st.integers(1, 200))
def test_the_cursor_is_always_in_the_window(at: int, count: int, room: int) -> None:
    at = min(at, count - 1)
    first, shown = window(at, count, room)
    assert shown == min(count, room)
    assert 0 <= first <= at < first + shown <= count


@given(st.floats(-1e9, 1e9), st.floats(-1e9, 1e9), st.floats(0, 1))
def test_shades_rise_with_the_figure(one: float, other: float, part: float) -> None:
    low, high = sorted((one, other))
    value = min(high, low + (high - low) * part)
    assert shade_of(value, low, high) in SHADES
    if low < high:
        assert (shade_of(low, low, high), shade_of(high, low, high)) == (SHADES[0], SHADES[-1])
    assert len(colour_between(value, low, high, PALETTE)) == 7


def test_a_cell_without_a_figure_is_told_from_the_least() -> None:
    assert shade_of(None, 0, 1) == NOTHING
    assert NOTHING not in SHADES
    assert (colour_between(0, 0, 1, PALETTE), colour_between(1, 0, 1, PALETTE)) == (PALETTE.loss, PALETTE.gain)


def test_values_that_are_lists_and_newer_fields_have_their_places(db: Path) -> None:
    """The base leaves out fields at their defaults: `execution.fill` and the list are none of it."""
    steps = [[[1, 5]], [[2, 3.0], [9, 1.5]], None]
    view = view_of(db, {"exit.take_profit_by_bars": steps, "execution.fill": ["close", "next_open"]})
    assert view.base_value("exit.take_profit_by_bars") is None
    assert view.base_value("execution.fill") == "close"
    grid = Grid(view.detail)
    for result in view.detail.results:
        placed = grid.position_of(Cut(), result)
        if "grid" in result.tags:
            assert placed is not None
            assert grid.variant(*placed) is result
    assert [grid.is_base(result) for result in view.detail.results] == [True, *[False] * 4, True, False]
    first = view.first_of_grid
    assert first is not None
    rows = ablation_rows(view, first)
    assert [value_text(row.first) for row in rows] == ["[[1,5]]", "close"]
    assert [row.variant is not None for row in rows] == [True, True]
    assert view.labels[view.detail.results[4].variant_id] == "t=[[2,3],[9,1.5]] f=next_open"
    again = parse_spec(spec_of(view.detail, view.detail.results[4]).model_dump(mode="json"))
    assert again.execution.fill == "next_open"
    assert again.exit.take_profit_by_bars == ((2, 3.0), (9, 1.5))


@pytest.mark.parametrize(
    ("x", "y", "cell"), [(4, 4, (2, 1)), (9, 5, (3, 2)), (3, 4, None), (4, 3, None), (14, 4, None)]
)
def test_where_a_click_falls(x: int, y: int, cell: tuple[int, int] | None) -> None:
    assert Layout(left=2, columns=2, top=1, rows=3, label=4, width=5, with_figures=False).cell_at(x, y) == cell


def test_a_cell_under_the_cursor_keeps_its_shade_and_its_width() -> None:
    for here, text in ((False, " ▓▓▓* 1.50 "), (True, "[▓▓▓* 1.50]")):
        assert cell("▓", "#ffffff", "*", " 1.50", 11, here=here).plain == text


def test_the_best_by_the_figure_shown_by_the_objective_and_the_base_values_are_told_apart(db: Path) -> None:
    view = view_of(db, {"entry.fast_period": [5, 10, 20], "entry.slow_period": [30, 50, 70]})
    grid, results = Grid(view.detail), [one for one in view.detail.results if "grid" in one.tags and one.metrics]
    for metric, figure in enumerate(COMPARED):
        page = MapPage(grid, Cut(metric=metric), view.detail.best_variant_id, PALETTE)
        by_sign = {sign: one for one, signs in page._signs.items() for sign in signs}
        values = {one.variant_id: value for one in results if (value := figure.of(one)) is not None}
        if figure.metric.better.value:
            assert values[by_sign["*"]] == (max if figure.metric.better.value > 0 else min)(values.values())
        assert view.detail.best_variant_id in (by_sign.get("◆"), by_sign.get("*"))
        assert view.by_id[by_sign["b"]].overrides == {"entry.fast_period": 20, "entry.slow_period": 50}
        least, greatest = (formatted(bound(values.values()), figure.metric.digits) for bound in (min, max))
        assert f"{least} ░░▒▒▓▓██ {greatest}" in page.text(page.laid_out(120, 30)).plain


def test_a_wide_screen_has_wide_cells_that_fit(db: Path) -> None:
    page = MapPage(Grid(view_of(db, THREE).detail), Cut(), None, PALETTE)
    narrow, wide = page.laid_out(30, 20), page.laid_out(160, 20)
    assert wide.width > narrow.width
    for layout, width in ((narrow, 30), (wide, 160)):
        assert layout.label + layout.columns * layout.width <= width
