"""The positions screen, on a real database file."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.widgets import Input, Static

from engine.vocabulary import TradingState
from tests.engine.drivers.test_past import daily
from tests.engine.drivers.test_past import run as forward
from tests.support.desks import open_test_desk
from tests.tui.dashboard.conftest import BUY, SELL
from tests.tui.dashboard.driving import (
    World,
    dashboard,
    matches,
    press,
    refreshed,
    screen_text,
    settled,
    toasts,
)
from tui.dashboard.app import DashboardApp
from tui.dashboard.screens.positions.screen import PositionsScreen
from tui.dashboard.screens.story import StoryDialog
from tui.dashboard.widgets.chart import EquityChart, drawdowns
from tui.dashboard.widgets.dialog import FormDialog


def symbols(app: DashboardApp) -> list[str]:
    table = positions(app).table
    return [table.get_row_at(row)[0].plain.strip() for row in range(table.row_count)]


def positions(app: DashboardApp) -> PositionsScreen:
    screen = app.desk_screen
    assert isinstance(screen, PositionsScreen)
    return screen


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
async def test_it_looks_as_it_did(stocked: Path, size: tuple[int, int]) -> None:
    async with dashboard(stocked, size=size) as (app, _):
        matches(app, f"positions-{size[0]}x{size[1]}")


async def test_every_figure_of_a_position_is_there(stocked: Path) -> None:
    async with dashboard(stocked) as (app, _):
        table = positions(app).table
        cells = [cell.plain.strip() for cell in table.get_row("GOOG")]
        with open_test_desk(stocked) as desk:
            state = desk.accounts.state()
        held = state.positions["GOOG"]
        assert cells[:7] == ["GOOG", "3.75", "720.00", "806.19", "3,023.21", "▲ +323.21", "+11.97"]
        assert held.quantity == 3.75
        assert cells[7] == f"{held.opened_at:%Y-%m-%d %H:%M}"
        assert float(cells[8]) == pytest.approx(held.market_value / state.equity * 100, abs=0.05)
        assert "value 6,854.21" in screen_text(app)
        assert "P&L ▲ +154.21 +2.30 %" in screen_text(app)


async def test_when_it_was_opened_is_whole_at_80_columns(stocked: Path) -> None:
    with open_test_desk(stocked) as desk:
        desk.trading.order(BUY, "A-LONG-SYMBOL-ALL-OF-IT", 1.2345, 99.5)
        opened = desk.accounts.state().positions["A-LONG-SYMBOL-ALL-OF-IT"].opened_at
    async with dashboard(stocked) as (app, _):
        line = next(line for line in screen_text(app).splitlines() if line.startswith(" A-LONG-SYM…"))
        assert f" {opened:%Y-%m-%d}" in line
    async with dashboard(stocked, size=(120, 40)) as (app, _):
        line = next(line for line in screen_text(app).splitlines() if line.startswith(" A-LONG-SYMBOL"))
        assert f" {opened:%Y-%m-%d %H:%M}" in line


async def test_until_a_trade_is_closed_the_room_is_the_positions(db: Path) -> None:
    with open_test_desk(db) as desk:
        for number in range(12):
            desk.trading.order(BUY, f"SYM{number:02}", 1, 100.0)
    async with dashboard(db) as (app, pilot):
        text = screen_text(app)
        assert all(f"SYM{number:02}" in text for number in range(12))
        assert "The equity curve begins with the first closed trade." in text
        assert app.screen.query_one(EquityChart).outer_size.height == 1
        with open_test_desk(db) as other:
            other.trading.order(SELL, "SYM00", 1, 101.0)
        await refreshed(app, pilot)
        assert app.screen.query_one(EquityChart).outer_size.height > 8


async def test_nothing_held_says_what_to_do(db: Path) -> None:
    async with dashboard(db) as (app, _):
        shown = screen_text(app)
        assert "Nothing is held." in shown
        assert "papertape execute -w default --action OPEN_LONG" in shown
        assert "2, and i for the ticket" in shown
        assert "The equity curve begins with the first closed trade." in shown


async def test_the_workspace_that_is_looked_at_is_named(stocked: Path) -> None:
    with open_test_desk(stocked) as desk:
        desk.accounts.create("my own")
    async with dashboard(stocked, workspace="my own") as (app, _):
        assert "papertape run -w 'my own' --strategy" in screen_text(app)


async def test_enter_tells_the_story(stocked: Path) -> None:
    async with dashboard(stocked, size=(120, 40)) as (app, pilot):
        await press(app, pilot, "enter")
        assert isinstance(app.screen, StoryDialog)
        shown = screen_text(app)
        assert "GOOG: the fills that made it" in shown
        assert "2 fills" in shown
        assert "760.00" in shown
        assert "3.75 720.00" in shown
        await press(app, pilot, "escape")
        assert isinstance(app.screen, PositionsScreen)


async def test_a_ticket_closes_the_position_once(stocked: Path) -> None:
    world = World.of(stocked)
    async with dashboard(world) as (app, pilot):
        await press(app, pilot, "j", "c")
        assert isinstance(app.screen, FormDialog)
        shown = screen_text(app)
        assert "Close IBM" in shown
        assert "20 IBM, all of it" in shown
        assert "00000000-0000-0000-0000-000000000001" in shown
        price = app.screen.query_one(Input)
        assert price.value == "191.55"
        price.value = "190"
        await press(app, pilot, "enter")
        assert symbols(app) == ["GOOG"]
        assert toasts(app)[-1] == "Sold 20 IBM at 190.00, \u2212200.00"
    with open_test_desk(stocked) as desk:
        newest = desk.journal.events(limit=1)[0]
        assert newest.event_type == "POSITION_CLOSED"
        assert newest.intent_id == "00000000-0000-0000-0000-000000000001"
        assert desk.accounts.state().trades_count == 6


async def test_the_ticket_says_what_a_sale_comes_to_at_the_price_that_is_typed(stocked: Path) -> None:
    with open_test_desk(stocked) as desk:
        desk.accounts.set_policy({"fee_fixed": "1.5"})
    async with dashboard(stocked) as (app, pilot):
        await press(app, pilot, "j", "c")
        assert "3,829.50, after fees of 1.50" in screen_text(app)
        assert "▼ -170.50" in screen_text(app)
        app.screen.query_one(Input).value = "210"
        await settled(app, pilot)
        assert "4,198.50, after fees of 1.50" in screen_text(app)
        assert "▲ +198.50" in screen_text(app)
        assert "3,390.00 → 7,588.50" in screen_text(app)
        app.screen.query_one(Input).value = "x"
        await settled(app, pilot)
        assert "error INVALID_FILL_PRICE" in screen_text(app)


async def test_a_halted_account_says_so_before_a_sale_is_sent(stocked: Path) -> None:
    with open_test_desk(stocked) as desk:
        desk.accounts.set_trading_state(TradingState.HALTED)
    async with dashboard(stocked) as (app, pilot):
        await press(app, pilot, "c")
        shown = screen_text(app)
        assert "✗ would be refused" in shown
        assert "HALTED" in shown.partition("would be refused")[2]
        assert "Close position" in shown


async def test_escape_closes_nothing(stocked: Path) -> None:
    async with dashboard(stocked) as (app, pilot):
        await press(app, pilot, "c", "escape")
        assert isinstance(app.screen, PositionsScreen)
        assert symbols(app) == ["GOOG", "IBM"]


async def test_a_refusal_stays_in_the_ticket_under_the_same_id(stocked: Path) -> None:
    with open_test_desk(stocked) as other:
        async with dashboard(stocked) as (app, pilot):
            await press(app, pilot, "c")
            other.accounts.set_trading_state(TradingState.HALTED)
            await press(app, pilot, "enter")
            assert "error POLICY_REJECTED" in screen_text(app)
            other.accounts.set_trading_state(TradingState.ACTIVE)
            await press(app, pilot, "enter")
            assert symbols(app) == ["IBM"]
        assert {event.intent_id for event in other.journal.events(limit=3)} == {"00000000-0000-0000-0000-000000000001"}


@pytest.mark.parametrize("typed", ["", "x", "-1", "nan", "inf", "0"])
async def test_what_is_no_price_is_refused(stocked: Path, typed: str) -> None:
    async with dashboard(stocked) as (app, pilot):
        for key, code in (("c", "INVALID_FILL_PRICE"), ("m", "INVALID_PRICE")):
            await press(app, pilot, key)
            app.screen.query_one(Input).value = typed
            await press(app, pilot, "enter")
            assert f"error {code}" in str(app.screen.query_one("#problem", Static).render())
            await press(app, pilot, "escape")
        assert symbols(app) == ["GOOG", "IBM"]


async def test_a_mark_revalues_the_position(stocked: Path) -> None:
    async with dashboard(stocked) as (app, pilot):
        await press(app, pilot, "m")
        app.screen.query_one(Input).value = "1,000.50"
        await press(app, pilot, "enter")
        assert positions(app).table.get_row("GOOG")[3].plain == "1,000.50"
        assert "the mark is set" in toasts(app)[-1]


async def test_another_process_s_trade_shows_at_the_next_look(stocked: Path) -> None:
    async with dashboard(stocked) as (app, pilot):
        await press(app, pilot, "j")
        with open_test_desk(stocked) as other:
            other.trading.order(BUY, "AAPL", 1, 50.0)
        await refreshed(app, pilot)
        assert symbols(app) == ["AAPL", "GOOG", "IBM"]
        current = positions(app).table.current
        assert current is not None
        assert current.position.symbol == "IBM"  # the cursor stays on its row


async def test_the_curve_is_read_again_when_a_trade_closes(stocked: Path) -> None:
    async with dashboard(stocked) as (app, pilot):
        assert "at cost after 5 trades" in screen_text(app)
        with open_test_desk(stocked) as other:
            other.trading.order(SELL, "IBM", 20, 210.0)
        await refreshed(app, pilot)
        assert "at cost after 6 trades" in screen_text(app)


async def test_the_curve_of_an_account_that_trades_on_is_at_marks_and_ends_with_what_it_is_worth(db: Path) -> None:
    closes = [100.0, 101.0, 103.0, 102.0, 104.0]
    with open_test_desk(db) as desk:
        desk.accounts.create("w")
        forward(desk, daily(*closes[:4]))
        worth = desk.accounts.state("w").equity
    async with dashboard(db, workspace="w") as (app, pilot):
        assert f"Equity  {worth:,.2f}" in screen_text(app)
        assert "at marks after 4 sessions" in screen_text(app)
        with open_test_desk(db) as other:
            forward(other, daily(*closes))
            grown = other.accounts.state("w").equity
        await refreshed(app, pilot)
        assert f"Equity  {grown:,.2f}" in screen_text(app)
        assert "at marks after 5 sessions" in screen_text(app)
        with open_test_desk(db) as other:
            other.accounts.mark("X", 150.0, "w")
            marked = other.accounts.state("w").equity
        await refreshed(app, pilot)
        assert f"equity at marks {marked:,.2f}" in " ".join(screen_text(app).split())
        assert f"Equity  {marked:,.2f}" in screen_text(app)


async def test_the_chart_is_drawn_to_its_size(stocked: Path) -> None:
    async with dashboard(stocked) as (app, pilot):
        await pilot.resize_terminal(100, 30)
        await settled(app, pilot)
        lines = screen_text(app).splitlines()
        assert len(lines) == 30
        assert max(map(len, lines)) > 95


def test_drawdown_is_below_the_highest_so_far() -> None:
    assert drawdowns([100.0, 120.0, 90.0, 120.0, 60.0]) == [0.0, 0.0, -25.0, 0.0, -50.0]
