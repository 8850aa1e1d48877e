"""The map's cuts of a grid: which variant stands in which cell, however many parameters there are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine.numerals import value_text
from engine.strategies.spec import parse_spec
from tests.support.desks import open_test_desk
from tests.tui.dashboard.sweeping import WHOLE, sweep_in
from tui.dashboard.colours import Palette
from tui.dashboard.drawing.heat import HeatLayout
from tui.dashboard.screens.run_plan.ablations import ablation_rows
from tui.dashboard.screens.run_plan.dialogs import spec_of
from tui.dashboard.screens.run_plan.map_page import MapPage, Paint
from tui.dashboard.screens.run_plan.view import PlanView, read_view
from tui.shared.grid import Cut, Grid
from tui.shared.metrics import COMPARED, FIGURES, formatted

THREE: dict[str, list[Any]] = {
    "entry.fast_period": [5, 10],
    "entry.slow_period": [30, 50, 70],
    "exit.stop_loss_pct": [None, 5.0],
}
PALETTE = Palette("#0000ff", "#ff0000", "#888888", "#00ff00", ("#000000",) * 4)
PAINT = Paint(PALETTE, "#000000", "#ffffff", "#202020")


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


def test_the_best_by_the_figure_shown_by_the_objective_and_the_base_values_are_told_apart(db: Path) -> None:
    view = view_of(db, {"entry.fast_period": [5, 10, 20], "entry.slow_period": [30, 50, 70]})
    results = [one for one in view.detail.results if "grid" in one.tags and one.metrics]
    for metric, figure in enumerate(COMPARED):
        page = page_of(view, Cut(metric=metric))
        by_sign = {sign: one for one, signs in page._signs.items() for sign in signs}
        values = {one.variant_id: value for one in results if (value := figure.of(one)) is not None}
        if figure.metric.better.value:
            assert values[by_sign["*"]] == (max if figure.metric.better.value > 0 else min)(values.values())
        assert view.detail.best_variant_id in (by_sign.get("◆"), by_sign.get("*"))
        assert view.by_id[by_sign["b"]].overrides == {"entry.fast_period": 20, "entry.slow_period": 50}
        page.at = (1, 1)
        drawn = page.text(page.laid_out(120, 30), 30).plain
        least, greatest = (formatted(bound(values.values()), figure.metric.digits) for bound in (min, max))
        assert f"{least} {' ' * 20} {greatest}" in drawn


def test_the_scale_is_the_whole_sweeps_whichever_cut_is_shown(db: Path) -> None:
    view = view_of(db, THREE)
    grid = Grid(view.detail)
    scales = [
        page_of(view, Cut(axes=axes, fixed=fixed)).text(HeatLayout(9, 8, 2, 1, 1, True), 30).plain.split("\n")[1]
        for axes in range(len(grid.paths))
        for fixed in range(2)
    ]
    assert len({scale.split("  ")[0] for scale in scales}) == 1


def page_of(view: PlanView, cut: Cut | None = None, paint: Paint = PAINT) -> MapPage:
    return MapPage(Grid(view.detail), cut or Cut(), view.detail.best_variant_id, view.ranks, paint)


def test_the_cell_under_the_cursor_its_neighbours_and_how_few_trades_made_it(db: Path) -> None:
    view = view_of(db, {"entry.fast_period": [5, 10, 20], "entry.slow_period": [30, 50, 70]})
    grid, page = Grid(view.detail), page_of(view)
    page.at = (1, 1)
    facts = page.text(page.laid_out(200, 30), 30).plain.split("\n")[-4:]
    here = grid.variant(Cut(), 1, 1)
    assert here is not None
    assert here.metrics is not None
    assert here.objective_score is not None
    around = [one for one in grid.all() if one is not here and one.objective_score is not None]
    scores = [one.objective_score for one in around if one.objective_score is not None]
    assert facts[0].startswith(here.label)
    assert f"rank {view.ranks[here.variant_id]} of {len(view.ranks)}" in facts[0]
    mean = formatted(sum(scores) / len(scores), 4)
    assert facts[2] == f"{len(scores)} neighbours: mean {mean}, worst {formatted(min(scores), 4)}"
    assert f"trades {here.metrics.trade_count}" in facts[1]
    assert ("too few to judge it by" in facts[3]) is (here.metrics.trade_count < 30)


@pytest.mark.parametrize("size", [(60, 15), (80, 24), (120, 40), (200, 55)])
def test_every_cell_is_in_view_and_a_click_on_it_finds_it(db: Path, size: tuple[int, int]) -> None:
    page = page_of(view_of(db, {"entry.fast_period": list(range(2, 8)), "entry.slow_period": list(range(20, 29))}))
    layout = page.laid_out(*size)
    lines = page.text(layout, size[1]).plain.split("\n")
    assert len(lines) <= size[1]
    assert max(map(len, lines)) <= size[0]
    found = {page.cell_at(layout, x, y) for x in range(size[0]) for y in range(size[1])}
    assert found == {None} | {(column, row) for column in range(6) for row in range(9)}


def test_without_colour_the_map_has_shades(db: Path) -> None:
    view = view_of(db, {"entry.fast_period": [5, 10, 20], "entry.slow_period": [30, 50, 70]})
    page = page_of(view, paint=Paint(PALETTE, "#000000", "#ffffff", "#202020", coloured=False))
    drawn = page.text(page.laid_out(60, 20), 20)
    assert set("░█") <= set(drawn.plain)
    assert not [span for span in drawn.spans if " on #" in str(span.style)]
