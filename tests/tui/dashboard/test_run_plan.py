"""One run plan: its parts and what can be done with its variants, on a real database file."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from textual.events import Key
from textual.widgets import Input, Static

from engine.account.metrics import METRICS
from engine.errors import DataError
from engine.market.bars import Dataset
from engine.sweeps.out_of_sample.results import HoldoutResult
from engine.sweeps.results import PlanDetail, VariantResult
from storage.datasets import load_again, loading
from storage.spec_files import spec_from_flags
from tests.support.desks import any_symbol_taken, open_test_desk
from tests.tui.dashboard.driving import World, dashboard, matches, plain, press, refreshed, screen_text, settled, toasts
from tests.tui.dashboard.sweeping import GRID, RUNNING, STOPPED, WHOLE, StopAfter, other_desk, sweep_in
from tui.dashboard.app import DashboardApp
from tui.dashboard.colours import Palette
from tui.dashboard.screens.run_plan import trade_chart
from tui.dashboard.screens.run_plan.board import PAGE, Narrowing, board_columns
from tui.dashboard.screens.run_plan.compare import difference_text
from tui.dashboard.screens.run_plan.curves import colour_of
from tui.dashboard.screens.run_plan.dialogs import RanDialog
from tui.dashboard.screens.run_plan.map import HeatMap
from tui.dashboard.screens.run_plan.map_page import ABOVE
from tui.dashboard.screens.run_plan.screen import RunPlanScreen
from tui.dashboard.screens.run_plan.trades import pnl_bar
from tui.dashboard.widgets.dialog import Confirm, FormDialog
from tui.dashboard.widgets.table import DeskTable
from tui.shared import figures
from tui.shared.metrics import FIGURES

SIZES = pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
WIDE = (140, 40)
AT = {column.key: place for place, column in enumerate(board_columns(pytest.fail))}
"""The place of each column of the board"""
DRAWDOWN = "max_drawdown_marked_pct"


@pytest.fixture(scope="module")
def plan_db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One whole run plan."""
    db = tmp_path_factory.mktemp("plan") / "desk.db"
    sweep_in(db, WHOLE)
    return db


@pytest.fixture
def planned(plan_db: Path, db: Path) -> Path:
    """A copy of it for each test."""
    return Path(shutil.copy(plan_db, db))


def shown(app: DashboardApp) -> RunPlanScreen:
    screen = app.desk_screen
    assert isinstance(screen, RunPlanScreen)
    return screen


def table(app: DashboardApp, name: str) -> DeskTable[Any]:
    return shown(app).query_one(f"#{name}-table", DeskTable)


def rows(app: DashboardApp, name: str) -> list[list[str]]:
    found = table(app, name)
    return [[cell.plain.strip() for cell in found.get_row_at(row)] for row in range(found.row_count)]


def detail_of(db: Path, run_plan_id: UUID = WHOLE) -> PlanDetail:
    with open_test_desk(db) as desk:
        return desk.plans.get(run_plan_id)


def variant_of(db: Path, row: list[str]) -> VariantResult:
    """The variant of a row of the board."""
    return next(one for one in detail_of(db).results if one.variant_id == row[AT["id"]])


@SIZES
@pytest.mark.parametrize(
    "part", ["verdict", "board", "curves", "map", "trades", "ablations", "diff", "events", "about"]
)
async def test_it_looks_as_it_did(planned: Path, size: tuple[int, int], part: str) -> None:
    async with dashboard(planned, size=size) as (app, pilot):
        await press(app, pilot, "6", "b", {"diff": "d", "events": "e", "about": "i"}.get(part, part[0]))
        if part == "about":  # where the samples lie differs between machines
            assert "p_luck" in screen_text(app)
            assert ("entry.fast_period: 5, 10, 60" in screen_text(app)) is (size[1] == 40)
            return
        matches(app, f"run-plan-{part}-{size[0]}x{size[1]}")


async def test_without_any_it_says_where_to_begin(db: Path) -> None:
    async with dashboard(db) as (app, pilot):
        await press(app, pilot, "6", "c", "space", "u", "E")
        assert "There is no run plan yet." in screen_text(app)
        assert isinstance(app.screen, RunPlanScreen)


async def test_every_variant_stands_on_the_board(planned: Path) -> None:
    async with dashboard(planned, size=WIDE) as (app, pilot):
        await press(app, pilot, "6", "b")
        found = rows(app, "board")
        detail = detail_of(planned)
        assert [row[AT["id"]] for row in found][:6] == [
            one.variant_id
            for one in sorted(
                (one for one in detail.results if one.metrics), key=lambda one: -(one.objective_score or -9)
            )
        ]
        best, metrics = found[0], variant_of(planned, found[0]).metrics
        assert metrics is not None
        assert best[0] == "*"
        base = detail.results[0].metrics
        assert base is not None
        assert best[3:12] == [
            f"{detail.best_score:.4f}",
            f"{metrics.return_pct:+.2f}",
            f"{metrics.return_pct - base.return_pct:+.2f}",
            f"{metrics.max_drawdown_marked_pct:.2f}",
            f"{metrics.sharpe_annual:.2f}",
            f"{metrics.trade_count}",
            f"{metrics.cagr_pct:+.2f}",
            f"{(metrics.win_rate or 0) * 100:.1f}",
            f"{metrics.profit_factor:.2f}",
        ]
        assert [row[0] for row in found if row[2] == "baseline"] == ["b"]
        skipped = [row for row in found if row[AT["status"]] == "skipped"]
        assert [row[2] for row in skipped] == ["fast=60 slow=30", "fast=60 slow=50"]
        assert "fast_period 60 must be less than slow_period 30" in skipped[0][AT["why"]]
        assert "8 variants" in screen_text(app)
        assert "2 without a result" in screen_text(app)


async def test_what_refused_every_entry_stands_on_the_page(db: Path) -> None:
    sweep_in(db, WHOLE, {"risk.dollars_per_trade": [20_000.0, 30_000.0]})
    why = detail_of(db).reasons[0]
    assert "refused by buying_power: an order of 20,000.00" in why
    async with dashboard(db, size=(160, 50)) as (app, pilot):
        await press(app, pilot, "6", "i")
        assert "entries refused by buying_power" in screen_text(app)


async def test_the_board_is_ordered_by_any_metric_and_remembers_it(planned: Path) -> None:
    world = World.of(planned)
    async with dashboard(world) as (app, pilot):
        await press(app, pilot, "6", "b", *"llllll", "s")
        drawdowns = [float(row[AT[DRAWDOWN]]) for row in rows(app, "board") if row[AT[DRAWDOWN]] != "-"]
        assert drawdowns == sorted(drawdowns, reverse=True)
    async with dashboard(world) as (app, pilot):
        await press(app, pilot, "6", "b")
        assert [float(row[AT[DRAWDOWN]]) for row in rows(app, "board") if row[AT[DRAWDOWN]] != "-"] == drawdowns


async def test_words_narrow_the_board(planned: Path) -> None:
    async with dashboard(planned) as (app, pilot):
        await press(app, pilot, "6", "b", "slash", *"slow_period=30 fast", "enter")
        assert {row[2] for row in rows(app, "board")} == {
            "fast=5 slow=30",
            "fast=10 slow=30",
            "fast=20 slow=30",
            "fast=60 slow=30",
        }
        assert "4 of 8 variants" in screen_text(app)
        assert table(app, "board").has_focus
        await press(app, pilot, "slash", "end", *" skipped")
        assert [row[AT["status"]] for row in rows(app, "board")] == ["skipped"]
        await press(app, pilot, *" nothing")
        assert "No variant matches the filter." in screen_text(app)
        await press(app, pilot, "escape")
        assert len(rows(app, "board")) == 8
        assert " 8 variants" in screen_text(app)
        for away in (("enter",), ("enter", "enter"), ("enter", "tab"), ("tab",)):
            await press(app, pilot, "slash", *"nothing", *away, "escape")
            assert len(rows(app, "board")) == 8, away
            assert table(app, "board").has_focus, away


async def test_every_row_of_the_board_is_told_apart_and_stays_so_beyond_the_edge(db: Path) -> None:
    sweep_in(db, WHOLE, {**GRID, "exit.stop_loss_pct": [2.5, 5.0]}, journal="summary")
    async with dashboard(db) as (app, pilot):
        await press(app, pilot, "6", "b")
        names = [row[2] for row in rows(app, "board")]
        assert len(set(names)) == len(names) == len(detail_of(db).results)
        assert "fast=10 slow=50 stop=2.5" in names
        text = screen_text(app)
        shown_now = [name for name in names if f" {name} " in text]
        assert len(shown_now) >= 10
        await press(app, pilot, *"l" * 12)
        assert table(app, "board").scroll_offset.x > 0
        now = screen_text(app)  # a figure that the edge of the names cuts may follow at once
        assert [name for name in shown_now if f" {name}" not in now] == []


async def test_up_to_four_are_marked(planned: Path) -> None:
    async with dashboard(planned) as (app, pilot):
        await press(app, pilot, "6", "b", *("space", "j") * 4, "space")
        assert [row[0] for row in rows(app, "board")][:5] == ["1*", "2", "3", "4", "~"]
        assert "4 variants are marked" in toasts(app)[-1]
        await press(app, pilot, "g", "space")
        assert [row[0] for row in rows(app, "board")][:4] == ["*", "1", "2", "3"]


async def test_curves_of_the_marked_over_the_baseline(planned: Path) -> None:
    async with dashboard(planned, size=WIDE) as (app, pilot):
        await press(app, pilot, "6", "b", "space", "j", "space", "c")
        page = screen_text(app)
        best = variant_of(planned, rows(app, "board")[0])
        assert best.metrics is not None
        first, second = rows(app, "board")[:2]
        assert f"1 {first[2]} {best.metrics.ending_equity:,.2f}" in page
        assert f"2 {second[2]} " in page
        assert "··· baseline" in page
        assert "Drawdown, percent below the peak" in page


async def test_curves_have_the_board_s_numbers_and_no_line_breaks_within_one(planned: Path) -> None:
    async with dashboard(planned) as (app, pilot):
        await press(app, pilot, "6", "b")
        labels = [row[2] for row in rows(app, "board")]
        base = labels.index("baseline")
        await press(app, pilot, *"j" * base, "space", "g", "space", "j", "space", "c")
        legend = app.screen.query_one(".legend", Static)
        lines = str(legend.render()).splitlines()
        said = "\n".join(lines)
        for number, label in ((2, labels[0]), (3, labels[1])):
            assert f"{number} {label} " in said
        assert "1 ··· baseline" in said
        assert max(map(len, lines)) <= legend.size.width
        assert len({colour_of(number, Palette.of(app)) for number in range(1, 5)}) == 4


async def test_a_variant_without_a_result_has_no_curve(planned: Path) -> None:
    async with dashboard(planned, size=WIDE) as (app, pilot):
        await press(app, pilot, "6", "b", "G", "c")
        assert "1 fast=60 slow=50 skipped" in screen_text(app)
        assert toasts(app) == []


@pytest.mark.parametrize("journal", ["full", "summary"])
async def test_trades_are_those_of_the_variant(db: Path, journal: str) -> None:
    sweep_in(db, WHOLE, journal=journal)
    async with dashboard(db, size=WIDE) as (app, pilot):
        await press(app, pilot, "6", "b", "j", "enter")
        current = rows(app, "board")[1]
        with other_desk(db) as desk:
            expected = desk.plans.trades(WHOLE, current[AT["id"]], load_again)
        found = rows(app, "variant-trades")
        assert [row[9] for row in found] == [
            f"{trade.pnl / (trade.quantity * trade.entry_price) * 100:+.2f}" for trade in expected
        ]
        assert f"{variant_of(db, current).label} (rank 2)" in screen_text(app)
        assert f"{len(expected)} trades" in screen_text(app)


async def test_a_trade_is_shown_on_its_price_chart(planned: Path) -> None:
    async with dashboard(planned, size=WIDE) as (app, pilot):
        await press(app, pilot, "6", "b", "enter", "j", "enter")
        with other_desk(planned) as desk:
            trades = desk.plans.trades(WHOLE, "best", load_again)
        second = trades[1]
        shown_text = screen_text(app)
        assert f"trade 2 of {len(trades)}  GOOG" in shown_text
        assert f"at {figures.price(second.entry_price)} on {figures.moment(second.entry_ts)}" in shown_text
        assert f"sold at {figures.price(second.exit_price)} on {figures.moment(second.exit_ts)}" in shown_text
        for part in ("▲", "▼", "┄", " entry", " exit", "┃"):
            assert part in shown_text
        await press(app, pilot, "k", "k", "k")
        assert f"trade 1 of {len(trades)}  GOOG" in screen_text(app)
        await press(app, pilot, "escape")
        assert "trade 1 of" not in screen_text(app)


async def test_a_trade_whose_data_are_gone_says_so(planned: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(_: object) -> Dataset:
        raise DataError("goog.csv: there is no such file", hint="put it back")

    monkeypatch.setattr(trade_chart, "load_told", gone)
    async with dashboard(planned, size=WIDE) as (app, pilot):
        await press(app, pilot, "6", "b", "enter", "enter")
        assert "goog.csv: there is no such file" in screen_text(app)
        assert "put it back" in screen_text(app)


async def test_a_skipped_variant_has_no_trades_and_says_so(planned: Path) -> None:
    async with dashboard(planned) as (app, pilot):
        await press(app, pilot, "6", "b", "G", "t")
        assert "error VARIANT_NOT_FOUND" in screen_text(app)
        assert "has no trades: it is" in screen_text(app)


async def test_the_map_by_any_metric_and_axes(planned: Path) -> None:
    async with dashboard(planned, size=WIDE) as (app, pilot):
        await press(app, pilot, "6", "m")
        assert "score  by entry.fast_period →  and entry.slow_period ↓" in screen_text(app)
        one = next(each for each in detail_of(planned).results if each.label == "fast_period=10, slow_period=30")
        assert one.metrics is not None
        assert f"{one.objective_score:.4f}" in screen_text(app)
        assert screen_text(app).count("·") == 3  # two were skipped; the scale says so
        await press(app, pilot, "full_stop")
        assert f"{one.metrics.return_pct:.2f}" in screen_text(app)
        await press(app, pilot, "o")
        assert "return %  by entry.slow_period →  and entry.fast_period ↓" in screen_text(app)
        await press(app, pilot, "comma", "comma")
        assert f"{FIGURES[-1].metric.label}  by" in screen_text(app)


async def test_the_map_s_cursor_is_what_the_other_parts_look_at(planned: Path) -> None:
    async with dashboard(planned, size=WIDE) as (app, pilot):
        await press(app, pilot, "6", "m", *"hhkkk")
        assert "fast_period=5, slow_period=30  " in screen_text(app)
        await press(app, pilot, "l")
        await press(app, pilot, "enter")
        assert "fast_period=10, slow_period=30 (rank" in screen_text(app)
        await press(app, pilot, "b")
        current = table(app, "board").current
        assert current is not None
        assert current.label == "fast_period=10, slow_period=30"


async def test_a_click_on_the_map(planned: Path) -> None:
    async with dashboard(planned, size=WIDE) as (app, pilot):
        await press(app, pilot, "6", "m", *"hhkkk")
        heat = shown(app).query_one(HeatMap)
        assert heat.at == (0, 0)
        layout = heat._laid_out
        assert layout is not None
        await pilot.click(HeatMap, offset=(1 + layout.label + layout.width + 2, ABOVE + layout.height // 2))
        await settled(app, pilot)
        assert heat.at == (1, 1)


async def test_the_other_parameters_of_a_map_are_fixed_and_said(db: Path) -> None:
    sweep_in(db, WHOLE, {**{"entry.fast_period": [5, 10], "entry.slow_period": [30, 50]}, "exit.max_bars": [5, 9]})
    async with dashboard(db, size=WIDE) as (app, pilot):
        await press(app, pilot, "6", "m", "g")
        first = screen_text(app)
        assert "fixed: exit.max_bars = " in first
        await press(app, pilot, "f")
        assert screen_text(app) != first
        await press(app, pilot, "F")
        assert screen_text(app) == first


async def test_what_each_ablation_changed(db: Path) -> None:
    sweep_in(db, WHOLE, {"entry.fast_period": [5, 10], "entry.slow_period": [30, 40]})
    async with dashboard(db, size=WIDE) as (app, pilot):
        await press(app, pilot, "6", "a")
        by_label = {one.label: one for one in detail_of(db).results}
        first, other = by_label["fast_period=5, slow_period=30"], by_label["fast_period=20, slow_period=30"]
        assert first.metrics is not None
        assert other.metrics is not None
        row = rows(app, "ablations")[0]
        assert row[:2] == ["entry.fast_period", "5 → 20"]
        assert row[3] == f"{other.metrics.return_pct - first.metrics.return_pct:+.2f}"
        assert "against the grid's first: fast_period=5, slow_period=30" in screen_text(app)


async def test_two_variants_side_by_side(planned: Path) -> None:
    async with dashboard(planned, size=WIDE) as (app, pilot):
        await press(app, pilot, "6", "b", "space", "j", "space", "d")
        board, found = rows(app, "board"), {row[0]: row[1:] for row in rows(app, "pairs")}
        one, other = variant_of(planned, board[0]), variant_of(planned, board[1])
        assert one.metrics is not None
        assert other.metrics is not None
        assert found["return %"] == [
            "≠",
            f"{one.metrics.return_pct:.2f}",
            f"{other.metrics.return_pct:.2f}",
            f"{other.metrics.return_pct - one.metrics.return_pct:+.2f}",
        ]
        assert found["status"] == ["", "succeeded", "succeeded", ""]


async def test_all_marked_variants_are_compared_with_the_first(planned: Path) -> None:
    async with dashboard(planned, size=(200, 40)) as (app, pilot):
        await press(app, pilot, "6", "b", *("space", "j") * 3, "d")
        variants = [variant_of(planned, row) for row in rows(app, "board")[:3]]
        found = {row[0]: row[1:] for row in rows(app, "compared-3")}
        first, *others = (one.metrics for one in variants)
        assert first is not None
        expected = ["≠", f"{first.return_pct:.2f}"]
        for one in others:
            assert one is not None
            expected += [f"{one.return_pct:.2f}", f"{one.return_pct - first.return_pct:+.2f}"]
        assert found["return %"] == expected
        for letter, one in zip("ABC", variants, strict=True):
            assert f"{letter}  {one.label} (rank " in screen_text(app)
        await press(app, pilot, "b", "g", "space", "d")
        assert table(app, "pairs").has_focus
        await press(app, pilot, "b", "G", "space", "k", "space", "d")
        assert len(rows(app, "compared-4")[0]) == 9


def test_a_difference_has_the_colour_of_a_gain_where_it_is_for_the_better() -> None:
    palette = Palette("#00ff00", "#ff0000", "#888888", "#0000ff", ())
    for name, amount, said, colour in (
        ("return_pct", 1.5, "+1.50", palette.gain),
        ("return_pct", -1.5, "-1.50", palette.loss),
        ("max_drawdown_marked_pct", 1.5, "+1.50", palette.loss),
        ("max_drawdown_marked_pct", -1.5, "-1.50", palette.gain),
        ("trade_count", 2, "+2", ""),
        ("return_pct", 0.0001, "0.00", ""),
    ):
        text = difference_text(amount, METRICS[name], palette)
        assert (text.plain, text.style) == (said, colour), name


def test_a_trade_s_bar_is_as_long_as_its_part_of_the_greatest() -> None:
    palette = Palette("#00ff00", "#ff0000", "#888888", "#0000ff", ())
    for share, drawn, colour in (
        (1.0, "      ██████", palette.gain),
        (0.25, "      █▌    ", palette.gain),
        (0.0, "            ", palette.gain),
        (-0.25, "    ▐█      ", palette.loss),
        (-1.0, "██████      ", palette.loss),
    ):
        bar = pnl_bar(share, palette)
        assert (bar.plain, bar.style) == (drawn, colour), share


async def test_the_run_s_events_and_one_of_them_whole(planned: Path) -> None:
    async with dashboard(planned, size=WIDE) as (app, pilot):
        await press(app, pilot, "6", "e")
        assert [row[2] for row in rows(app, "run-events")] == [
            "RUN_COMPLETED",
            *["RUN_VARIANT_COMPLETED"] * 8,
            "RUN_STARTED",
        ]
        assert "10 events" in screen_text(app)
        await press(app, pilot, "enter")
        assert '"best_variant_id"' in screen_text(app)
        await press(app, pilot, "escape")
        assert isinstance(app.screen, RunPlanScreen)


async def test_a_long_sweep_is_paged(db: Path) -> None:
    fast = list(range(2, 3 + PAGE + 400))
    sweep_in(db, WHOLE, {"entry.fast_period": fast}, journal="summary")
    async with dashboard(db) as (app, pilot):
        await press(app, pilot, "6", "b")
        count = len(detail_of(db).results)
        assert f"{PAGE} of {count} variants" in screen_text(app)
        await press(app, pilot, "G")
        assert table(app, "board").row_count == count
        assert table(app, "board").cursor_row == count - 1
        await press(app, pilot, "e")
        assert f"200 of {count + 2} events" in screen_text(app)
        await press(app, pilot, "G")
        assert f" {count + 2} events" in screen_text(app)
        assert rows(app, "run-events")[-1][2] == "RUN_STARTED"


@pytest.mark.parametrize("ending", ["csv", "json", "parquet"])
async def test_export_writes_a_file(planned: Path, tmp_path: Path, ending: str) -> None:
    to = tmp_path / f"out.{ending}"
    async with dashboard(planned) as (app, pilot):
        await press(app, pilot, "6", "E")
        app.screen.query_one(Input).value = str(to)
        await press(app, pilot, "enter")
        assert f"{to} written, 8 variants" in toasts(app)[-1]
    if ending == "csv":
        with to.open(newline="", encoding="utf-8") as file:
            assert len(list(csv.DictReader(file))) == 8
    elif ending == "json":
        assert json.loads(to.read_text(encoding="utf-8"))["run_plan_id"] == str(WHOLE)
    else:
        assert to.read_bytes()[:4] == b"PAR1"


async def test_export_asks_before_it_replaces_a_file(planned: Path, tmp_path: Path) -> None:
    to = tmp_path / "out.json"
    to.write_text("mine", encoding="utf-8")
    async with dashboard(planned) as (app, pilot):
        await press(app, pilot, "6", "E")
        app.screen.query_one(Input).value = str(to)
        await press(app, pilot, "enter")
        assert isinstance(app.screen, Confirm)
        await press(app, pilot, "n")
        assert isinstance(app.screen, FormDialog)
        assert to.read_text(encoding="utf-8") == "mine"
        await press(app, pilot, "enter", "y")
        assert isinstance(app.screen, RunPlanScreen)
        assert json.loads(to.read_text(encoding="utf-8"))["status"] == "completed"


async def test_export_refuses_another_ending(planned: Path, tmp_path: Path) -> None:
    async with dashboard(planned) as (app, pilot):
        await press(app, pilot, "6", "E")
        app.screen.query_one(Input).value = str(tmp_path / "out.xlsx")
        await press(app, pilot, "enter")
        assert "name a .csv, .json or .parquet file" in str(app.screen.query_one("#problem", Static).render())


@pytest.mark.parametrize("journal", ["full", "summary"])
async def test_a_variant_s_spec_runs_as_it_did_in_the_sweep(db: Path, journal: str) -> None:
    sweep_in(db, WHOLE, journal=journal, slippage_bps=5.0)
    async with dashboard(db, size=WIDE) as (app, pilot):
        await press(app, pilot, "6", "u")
        assert "Run this variant's spec" in screen_text(app)
        await press(app, pilot, "enter")
        assert isinstance(app.screen, RanDialog)
        assert "It ran: the same as in the sweep" in screen_text(app)
        await press(app, pilot, "o")
        reading = app.live.reading
        assert reading is not None
        best = detail_of(db)
        metrics = next(one.metrics for one in best.results if one.variant_id == best.best_variant_id)
        assert metrics is not None
        assert reading.overview.state.cash == metrics.ending_equity


async def test_a_run_that_is_stopped_shows_what_there_is_and_goes_on(db: Path) -> None:
    sweep_in(db, STOPPED, {"entry.fast_period": list(range(2, 31))}, watch=StopAfter(3))
    async with dashboard(db, size=WIDE) as (app, pilot):
        await press(app, pilot, "6", "b")
        assert "□ cancelled" in screen_text(app)
        assert [row[AT["status"]] for row in rows(app, "board")].count("pending") == 27
        await press(app, pilot, "r")
        assert "✓ completed" in screen_text(app)
        assert "pending" not in {row[AT["status"]] for row in rows(app, "board")}


async def test_another_process_s_progress_shows_and_the_cursor_stays(db: Path) -> None:
    sweep_in(db, STOPPED, {"entry.fast_period": list(range(2, 31))}, watch=StopAfter(3))
    async with dashboard(db) as (app, pilot):
        await press(app, pilot, "6", "b", "j")
        before = table(app, "board").current
        with other_desk(db) as other:
            other.plans.resume(STOPPED, load_again)
        await refreshed(app, pilot)
        assert "✓ completed" in screen_text(app)
        after = table(app, "board").current
        assert before is not None
        assert after is not None
        assert after.variant_id == before.variant_id


async def test_parts_beside_each_other_and_by_a_click(planned: Path) -> None:
    async with dashboard(planned) as (app, pilot):
        await press(app, pilot, "6", "b", "right_square_bracket")
        assert "··· baseline" in screen_text(app)
        await press(app, pilot, "left_square_bracket", "left_square_bracket", "left_square_bracket")
        assert "fingerprint" in plain(app.screen.query_one(".page", Static))
        await pilot.click("#plan-parts", offset=(13, 0))
        await settled(app, pilot)
        assert table(app, "board").has_focus


async def test_the_newest_is_shown_until_one_was_chosen(planned: Path) -> None:
    async with dashboard(planned) as (app, pilot):
        await press(app, pilot, "6", "b")
        sweep_in(planned, RUNNING)
        await refreshed(app, pilot)
        assert "a0000000" in screen_text(app)  # what is looked at is not taken away
        await press(app, pilot, "5", "enter")
        assert "d0000000" in screen_text(app)


@pytest.fixture
def older() -> Iterator[None]:
    with any_symbol_taken():
        yield


@pytest.mark.usefixtures("older")
async def test_hostile_names_are_text(db: Path, tmp_path: Path) -> None:
    symbol, named = "[@click=app.quit]x[/]\u202e", tmp_path / "[red]data[/"
    named.mkdir()
    file = named / "bars.csv"
    bars = (f"2024-01-{day:02},10,12,9,{10 + day % 3},100" for day in range(1, 29))
    file.write_text("\n".join(["ts,open,high,low,close,volume", *bars]), encoding="utf-8")
    data = loading([(symbol, file)], symbols=[symbol])
    with other_desk(db) as desk:
        spec = spec_from_flags("sma_cross", [symbol], ["entry.fast_period=2", "entry.slow_period=3"])
        desk.plans.run(spec, load_again(data), {"entry.slow_period": [4, 5]}, data=data, run_plan_id=WHOLE)
    async with dashboard(db, size=WIDE) as (app, pilot):
        await press(app, pilot, "6", "b")
        for part in "vbcmtadei":
            await press(app, pilot, part)
            assert "\u202e" not in screen_text(app)
            assert "[@click=app.quit]x[/]\\u202e" in screen_text(app)
        assert "[red]data[/" in screen_text(app).replace("\n", "")
        await press(app, pilot, "u", "enter")
        assert isinstance(app.screen, RanDialog)
        await press(app, pilot, "escape", "e", "G", "enter", "end")
        assert "[@click=app.quit]x[/]\\u202e" in str(app.screen.query(Static).last().render())
        assert app.is_running


async def test_what_is_typed_ahead_of_the_filter_is_typed_into_it(planned: Path) -> None:
    """`x` cancels and `r` resumes: not when they are letters of a word, however fast it comes."""
    async with dashboard(planned) as (app, pilot):
        await press(app, pilot, "6", "b")
        said = len(toasts(app))
        for key, character in (("slash", "/"), ("x", "x"), ("r", "r")):
            app.post_message(Key(key, character))  # one burst: `pilot.press` would wait after each
        await settled(app, pilot)
        assert app.screen.query_one(Narrowing).value == "xr"
        assert len(toasts(app)) == said


@pytest.fixture(scope="module")
def sealed_db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run plan with a holdout and a walk-forward."""
    db = tmp_path_factory.mktemp("sealed") / "desk.db"
    sweep_in(db, WHOLE, holdout="20%", walk_forward="train=500,test=250", journal="summary")
    return db


async def test_a_holdout_is_opened_after_a_question(sealed_db: Path, db: Path) -> None:
    shutil.copy(sealed_db, db)
    async with dashboard(db, size=(110, 60)) as (app, pilot):
        await press(app, pilot, "6", "i")
        text = screen_text(app)
        assert "2011-06-16 to 2013-03-01, sealed" in text
        assert "all tests: " in text
        assert "efficiency" in text
        await press(app, pilot, "O")
        assert isinstance(app.screen, Confirm)
        assert "It opens once" in screen_text(app)
        await press(app, pilot, "n")
        assert not _holdout(db).opened
        await press(app, pilot, "O", "y")
        await refreshed(app, pilot)
        opened = _holdout(db)
        assert opened.opened
        assert opened.best is not None
        assert "2011-06-16 to 2013-03-01, opened" in screen_text(app)
        assert f"{opened.best.return_pct:+.2f} %" in screen_text(app)
        assert any("opened: " in toast for toast in toasts(app))
        await press(app, pilot, "O")
        assert isinstance(app.screen, RunPlanScreen)
        assert any("the holdout is open already" in toast for toast in toasts(app))


async def test_a_plan_without_a_holdout_says_so(planned: Path) -> None:
    async with dashboard(planned) as (app, pilot):
        await press(app, pilot, "6", "O")
        assert isinstance(app.screen, RunPlanScreen)
        assert any("the run plan has no holdout" in toast for toast in toasts(app))


async def test_a_variants_spec_runs_on_what_the_sweep_saw(sealed_db: Path, db: Path) -> None:
    shutil.copy(sealed_db, db)
    async with dashboard(db, size=WIDE) as (app, pilot):
        await press(app, pilot, "6", "u", "enter")
        assert isinstance(app.screen, RanDialog)
        assert "It ran: the same as in the sweep" in screen_text(app)


def _holdout(db: Path) -> HoldoutResult:
    found = detail_of(db).holdout
    assert found is not None
    return found
