"""The execution screen, on a real database file: the ticket, its verdict, what comes of it, and what came before."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest
from textual.pilot import Pilot
from textual.widgets import Button, Input, Static

from engine.desk import Desk, DeskConfig
from engine.errors import InvalidError
from engine.strategies.registry import Registry
from engine.vocabulary import TradingState
from storage.sqlite.unit_of_work import SqliteStore
from tests.support.desks import any_symbol_taken, open_test_desk
from tests.support.memory_desks import counted_stamps
from tests.tui.dashboard.conftest import BUY, SELL
from tests.tui.dashboard.driving import dashboard, matches, press, refreshed, screen_text, settled, toasts
from tui.dashboard.app import DashboardApp
from tui.dashboard.screens.execution.screen import ExecutionScreen
from tui.dashboard.screens.execution.ticket import Typed, parse_amount
from tui.dashboard.screens.trace import TraceDialog, TraceTree
from tui.dashboard.widgets.fields import Choice

FIRST_ID = "00000000-0000-0000-0000-000000000001"


@pytest.fixture
def traded(db: Path) -> Path:
    """A workspace with limits, a position, a closed trade and two refusals, under counted ids."""
    with Desk(SqliteStore(db), counted_stamps(), DeskConfig(), Registry()) as desk:
        desk.trading.order(BUY, "ACME", 10, 100.0)
        desk.trading.order(SELL, "ACME", 10, 112.5)
        desk.accounts.set_policy({"max_order_notional": "2000", "fee_bps": "5", "max_drawdown_pct": "20"})
        desk.trading.order(BUY, "GOOG", 2.5, 700.0)
        desk.trading.order(BUY, "GOOG", 5, 700.0)
        desk.trading.order(BUY, "ACME", 200, 700.0)
    return db


async def opened(app: DashboardApp, pilot: Pilot[None]) -> ExecutionScreen:
    await press(app, pilot, "2")
    return execution(app)


def execution(app: DashboardApp) -> ExecutionScreen:
    screen = app.desk_screen
    assert isinstance(screen, ExecutionScreen)
    return screen


async def typed(app: DashboardApp, pilot: Pilot[None], **values: str) -> None:
    """Fill fields of the ticket in, and let the verdict come."""
    for name, value in values.items():
        app.screen.query_one(f"#{name}", Input).value = value
    await settled(app, pilot)


def said(app: DashboardApp, name: str) -> str:
    return str(app.screen.query_one(f"#{name}", Static).render())


def verdict(app: DashboardApp) -> str:
    """The part of the screen at the right of the ticket."""
    region = app.screen.query_one("#verdict-pane").region
    lines = screen_text(app).splitlines()[region.y : region.bottom]
    return "\n".join(line[region.x :] for line in lines)


def orders(app: DashboardApp, column: int) -> list[str]:
    table = execution(app).table
    return [table.get_row_at(row)[column].plain.strip() for row in range(table.row_count)]


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
async def test_it_looks_as_it_did(traded: Path, size: tuple[int, int]) -> None:
    async with dashboard(traded, size=size) as (app, pilot):
        await opened(app, pilot)
        await typed(app, pilot, symbol="GOOG", amount="$1,000", price="806.19")
        matches(app, f"execution-{size[0]}x{size[1]}")


async def test_the_latest_orders_and_refusals_are_listed_newest_first(traded: Path) -> None:
    async with dashboard(traded, size=(120, 40)) as (app, pilot):
        await opened(app, pilot)
        assert orders(app, 1) == ["✗ refused", "✗ refused", "✓ filled", "✓ filled", "✓ filled"]
        assert orders(app, 2) == ["ACME", "GOOG", "GOOG", "ACME", "ACME"]
        assert orders(app, 3) == ["BUY", "BUY", "BUY", "SELL", "BUY"]
        assert orders(app, 4) == ["200.0", "5.0", "2.5", "10.0", "10.0"]
        assert orders(app, 5) == ["700.00", "700.00", "700.00", "112.50", "100.00"]
        assert orders(app, 7)[:2] == ["140,000.00", "3,500.00"]
        assert orders(app, 6)[1] == "max_order_notional: the order is 3,500.00, above max_order_notional 2,000.00"
        assert orders(app, 6)[2:] == ["opened, manual", "closed, manual", "opened, manual"]
        assert "5 outcomes" in screen_text(app)


async def test_nothing_traded_says_what_to_do(db: Path) -> None:
    async with dashboard(db) as (app, pilot):
        await opened(app, pilot)
        shown = screen_text(app)
        assert "No order yet." in shown
        assert "Still to fill in: symbol, amount, price" in shown


async def test_the_verdict_shows_rule_by_rule_while_it_is_filled_in(traded: Path) -> None:
    async with dashboard(traded, size=(120, 40)) as (app, pilot):
        await opened(app, pilot)
        before = app.desk.journal.head() if app.desk else 0
        await typed(app, pilot, symbol="GOOG")
        assert "Still to fill in: amount, price" in verdict(app)
        await typed(app, pilot, amount="2", price="800")
        shown = verdict(app)
        assert "✓ Would buy 2 GOOG (adds to 2.5)" in shown
        for rule in ("✓ trading_state", "✓ buying_power", "✓ max_order_notional", "✓ max_drawdown_pct"):
            assert rule in shown
        assert "limit 2,000.00  notional 1,600.00" in shown
        assert "fees 0.80  cost 1,600.80" in shown
        lines = [" ".join(line.split()) for line in shown.splitlines()]
        assert "cash 8,374.12 → 6,773.32" in lines
        assert "position 2.5 → 4.5" in lines
        assert "average 700.00 → 744.4444" in lines
        await typed(app, pilot, amount="3")
        shown = verdict(app)
        assert "✗ would be refused  max_order_notional: the order is 2,400.00" in shown
        assert "✗ max_order_notional" in shown
        assert "cash 8,374.12 → 8,374.12" in [" ".join(line.split()) for line in shown.splitlines()]
        assert app.desk is not None
        assert app.desk.journal.head() == before


async def test_a_warning_is_shown_with_the_verdict(traded: Path) -> None:
    async with dashboard(traded, size=(120, 40)) as (app, pilot):
        await opened(app, pilot)
        await typed(app, pilot, symbol="IBM", amount="19", price="100")
        assert "max_order_notional: 95 % of the limit is used" in verdict(app)


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"amount": "ten", "price": "1"}, "error INVALID_QUANTITY: 'ten' is not an amount"),
        ({"amount": "1", "price": "nan"}, "error INVALID_FILL_PRICE: 'nan' is not a price"),
        ({"amount": "-1", "price": "1"}, "error INVALID_QUANTITY"),
        ({"amount": "$0.000000001", "price": "1"}, "error INVALID_QUANTITY"),
        ({"amount": "1e300", "price": "1e300"}, "error INVALID_QUANTITY"),
        ({"symbol": "x" * 33, "amount": "1", "price": "1"}, "error INVALID_INTENT"),
    ],
)
async def test_what_cannot_be_an_order_is_told_live_and_refused(
    traded: Path, values: dict[str, str], error: str
) -> None:
    async with dashboard(traded, size=(120, 40)) as (app, pilot):
        await opened(app, pilot)
        await typed(app, pilot, **{"symbol": "ACME", **values})
        assert error in verdict(app)
        await press(app, pilot, "ctrl+s")
        assert error in said(app, "outcome")
        assert app.desk is not None
        assert app.desk.accounts.state().orders_count == 3


async def test_another_process_changes_the_verdict(traded: Path) -> None:
    with open_test_desk(traded) as other:
        async with dashboard(traded, size=(120, 40)) as (app, pilot):
            await opened(app, pilot)
            await typed(app, pilot, symbol="GOOG", amount="1", price="800")
            assert "Would buy" in verdict(app)
            other.accounts.set_trading_state(TradingState.HALTED)
            await refreshed(app, pilot)
            assert "✗ would be refused  trading_state: trading is HALTED: nothing is executed" in verdict(app)


async def test_enter_walks_through_the_ticket_and_the_button_executes(traded: Path) -> None:
    async with dashboard(traded, size=(120, 40)) as (app, pilot):
        screen = await opened(app, pilot)
        await press(app, pilot, "i", *"IBM", "enter", *"10", "enter", *"150")
        assert screen.ticket.is_entered
        assert app.desk is not None
        assert app.desk.accounts.state().orders_count == 3
        await press(app, pilot, "enter")
        assert isinstance(screen.focused, Button)
        assert app.desk.accounts.state().orders_count == 3
        await press(app, pilot, "enter")
        assert app.desk.accounts.state().positions["IBM"].quantity == 10.0
        assert f"intent id {FIRST_ID}  executed" in said(app, "intent")
        assert said(app, "outcome").startswith("opened: BUY 10 IBM at 150.00, fees 0.75, order ")
        assert orders(app, 2)[0] == "IBM"
        assert "✓ done" in verdict(app)


async def test_what_is_typed_ahead_lands_in_its_field(traded: Path) -> None:
    async with dashboard(traded) as (app, pilot):
        screen = await opened(app, pilot)
        await press(app, pilot, "i")
        await pilot.press(*"IBM", "enter", "dollar_sign", *"500", "enter", *"125")
        await settled(app, pilot)
        assert screen.ticket.typed == Typed("OPEN_LONG", "IBM", "$500", "125")


async def test_the_flow_lights_up_as_journaled(traded: Path) -> None:
    async with dashboard(traded, size=(120, 40)) as (app, pilot):
        await opened(app, pilot)
        assert "●" not in said(app, "flow")
        assert said(app, "flow").count("○") == 5
        await typed(app, pilot, symbol="IBM", amount="10", price="150")
        await press(app, pilot, "ctrl+s")
        assert app.desk is not None
        journaled = app.desk.journal.events(limit=5)
        assert [event.intent_id for event in journaled] == [FIRST_ID] * 5
        assert said(app, "flow") == " → ".join(f"● {event.event_type} {event.seq}" for event in journaled)


async def test_a_refusal_says_which_rule_and_why_and_may_be_tried_again(traded: Path) -> None:
    with open_test_desk(traded) as other:
        async with dashboard(traded, size=(120, 40)) as (app, pilot):
            await opened(app, pilot)
            await typed(app, pilot, symbol="IBM", amount="20", price="150")
            await press(app, pilot, "ctrl+s")
            assert "error POLICY_REJECTED: max_order_notional: the order is 3,000.00" in said(app, "outcome")
            assert [part.split()[1] for part in said(app, "flow").split(" → ")] == [
                "INTENT_EMITTED",
                "POLICY_EVALUATED",
                "INTENT_REJECTED",
            ]
            assert "○" not in said(app, "flow")
            assert f"{FIRST_ID}  not executed yet" in said(app, "intent")
            assert orders(app, 1)[0] == "✗ refused"
            other.accounts.set_policy({"max_order_notional": "off", "fee_bps": "off"})
            await typed(app, pilot, amount="50")
            await press(app, pilot, "ctrl+s")
            assert said(app, "flow").count("●") == 5
            assert {event.intent_id for event in other.journal.events(limit=8)} >= {FIRST_ID}


async def test_the_same_id_again_shows_the_first_order(traded: Path) -> None:
    async with dashboard(traded, size=(120, 40)) as (app, pilot):
        await opened(app, pilot)
        await typed(app, pilot, symbol="IBM", amount="10", price="150")
        await press(app, pilot, "ctrl+s", "ctrl+s")
        assert "error ALREADY_EXECUTED" in said(app, "outcome")
        assert "first order, " in said(app, "outcome")
        assert "UTC: BUY 10 IBM at 150.00" in said(app, "outcome")
        assert said(app, "flow").count("●") == 5
        assert app.desk is not None
        assert app.desk.accounts.state().orders_count == 4


async def test_a_change_after_a_fill_renews_the_id_unless_it_is_kept(traded: Path) -> None:
    async with dashboard(traded, size=(120, 40)) as (app, pilot):
        await opened(app, pilot)
        await typed(app, pilot, symbol="IBM", amount="10", price="150")
        await press(app, pilot, "ctrl+s", "ctrl+l")
        assert f"{FIRST_ID}  executed, kept" in said(app, "intent")
        await typed(app, pilot, amount="5")
        assert FIRST_ID in said(app, "intent")
        await press(app, pilot, "ctrl+s")
        assert "error INTENT_ID_REUSED" in said(app, "outcome")
        await press(app, pilot, "ctrl+l")
        await typed(app, pilot, amount="6")
        assert f"{UUID(int=2)}  not executed yet" in said(app, "intent")
        await press(app, pilot, "ctrl+n")
        assert f"{UUID(int=3)}" in said(app, "intent")
        await press(app, pilot, "ctrl+s")
        assert app.desk is not None
        assert app.desk.accounts.state().positions["IBM"].quantity == 16.0


async def test_a_sale_is_of_all_that_is_held(traded: Path) -> None:
    async with dashboard(traded, size=(120, 40)) as (app, pilot):
        screen = await opened(app, pilot)
        screen.query_one(Choice).focus()
        await press(app, pilot, "space")
        await typed(app, pilot, symbol="GOOG", price="720")
        assert "✓ Would sell 2.5 GOOG (all of it)" in verdict(app)
        assert "realizes" in verdict(app)
        assert "▲ +49.10" in verdict(app)
        assert "position 2.5 → none" in " ".join(verdict(app).split())
        await press(app, pilot, "ctrl+s")
        assert app.desk is not None
        assert app.desk.accounts.state().positions == {}
        assert "closed: SELL 2.5 GOOG at 720.00" in said(app, "outcome")


async def test_a_sale_of_what_is_not_held_lacks_an_amount(traded: Path) -> None:
    async with dashboard(traded, size=(120, 40)) as (app, pilot):
        screen = await opened(app, pilot)
        screen.query_one(Choice).value = SELL.value
        await typed(app, pilot, symbol="ACME", price="720")
        assert "Still to fill in: amount" in verdict(app)
        await typed(app, pilot, amount="1")
        assert "error NO_POSITION: ACME is not held" in verdict(app)


async def test_a_symbol_is_completed_from_what_the_workspace_knows(traded: Path) -> None:
    with open_test_desk(traded) as desk:
        desk.accounts.set_policy({"allow_symbols": "ACME,AMZN,GOOG"})
    async with dashboard(traded, size=(120, 40)) as (app, pilot):
        await opened(app, pilot)
        assert said(app, "matches") == "ACME AMZN GOOG"
        await press(app, pilot, "i", "a")
        assert said(app, "matches") == "new, or ACME AMZN"
        await press(app, pilot, "m", "right")
        assert app.screen.query_one("#symbol", Input).value == "AMZN"
        await typed(app, pilot, symbol="XYZ")
        assert said(app, "matches") == "new here"


@pytest.mark.parametrize("key", ["enter", "tab", "right"])
async def test_a_symbol_in_grey_is_taken_and_deleted_again_it_is_new(traded: Path, key: str) -> None:
    async with dashboard(traded) as (app, pilot):
        screen = await opened(app, pilot)
        await press(app, pilot, "i", "G", "O")
        assert said(app, "matches") == "new, or GOOG"
        await press(app, pilot, key)
        assert screen.ticket.typed.symbol == "GOOG"
        assert app.screen.query_one("#symbol").has_focus is (key == "right")
        app.screen.query_one("#symbol").focus()
        await press(app, pilot, "end", "backspace", "backspace", key)
        assert screen.ticket.typed.symbol == "GO"
        assert said(app, "matches") == "new, or GOOG"


async def test_the_mark_is_offered_as_the_price_and_taken_only_when_asked(traded: Path) -> None:
    async with dashboard(traded) as (app, pilot):
        screen = await opened(app, pilot)
        await typed(app, pilot, symbol="ACME")
        price = app.screen.query_one("#price", Input)
        assert price.placeholder == "112.50"
        price.focus()
        await press(app, pilot, "enter")
        assert screen.ticket.typed.price == ""
        price.focus()
        await press(app, pilot, "right")
        assert screen.ticket.typed.price == "112.5"


async def test_what_lacks_is_said_at_submitting(traded: Path) -> None:
    async with dashboard(traded) as (app, pilot):
        screen = await opened(app, pilot)
        await press(app, pilot, "ctrl+s")
        assert "symbol, amount, price still to be filled in" in said(app, "outcome")
        assert screen.ticket.is_entered
        await typed(app, pilot, symbol="ACME")
        assert said(app, "outcome") == ""


async def test_escape_gives_the_keys_back(traded: Path) -> None:
    async with dashboard(traded) as (app, pilot):
        screen = await opened(app, pilot)
        await press(app, pilot, "i", "1")
        assert app.desk_screen is screen
        assert screen.ticket.typed.symbol == "1"
        await press(app, pilot, "escape", "1")
        assert app.desk_screen is not screen


async def test_the_mouse_turns_the_action_and_submits(traded: Path) -> None:
    async with dashboard(traded, size=(120, 40)) as (app, pilot):
        screen = await opened(app, pilot)
        await pilot.click(Choice)
        await pilot.pause()
        assert screen.ticket.typed.action == SELL.value
        await typed(app, pilot, symbol="GOOG", price="720")
        await pilot.click("#submit")
        await settled(app, pilot)
        assert "closed: SELL 2.5 GOOG" in said(app, "outcome")


@pytest.mark.parametrize("key", ["enter", "t"])
async def test_an_order_s_trace_opens(traded: Path, key: str) -> None:
    async with dashboard(traded, size=(120, 40)) as (app, pilot):
        await opened(app, pilot)
        await press(app, pilot, "j", "j", key)
        assert isinstance(app.screen, TraceDialog)
        tree = app.screen.query_one(TraceTree)
        assert "OPEN_LONG 2.5 GOOG → POSITION_OPENED" in str(tree.root.children[0].label)
        assert "5 events" in screen_text(app)


async def test_another_column_does_not_order_and_oldest_first_is_remembered(traded: Path) -> None:
    async with dashboard(traded, size=(160, 40)) as (app, pilot):
        screen = await opened(app, pilot)
        await press(app, pilot, "s")
        assert "outcomes are ordered by seq" in toasts(app)[-1]
        screen.table.move_cursor(column=9)
        await press(app, pilot, "s")
        assert orders(app, 2) == ["ACME", "ACME", "GOOG", "GOOG", "ACME"]
        assert orders(app, 1)[0] == "✓ filled"
    async with dashboard(traded, size=(160, 40)) as (app, pilot):
        await opened(app, pilot)
        assert orders(app, 1)[0] == "✓ filled"


async def test_another_workspace_has_other_orders(traded: Path) -> None:
    with open_test_desk(traded) as desk:
        second = desk.accounts.create("second", 5_000.0)
    async with dashboard(traded) as (app, pilot):
        await opened(app, pilot)
        app.show_workspace(second.id)
        await settled(app, pilot)
        assert "No order yet." in screen_text(app)
        await typed(app, pilot, symbol="IBM", amount="1", price="150")
        await press(app, pilot, "ctrl+s")
        assert app.desk is not None
        assert list(app.desk.accounts.state("second").positions) == ["IBM"]


async def test_a_hostile_symbol_is_text_everywhere(db: Path) -> None:
    name, unseen = "[@click=app.quit]x[/]", "[@click=app.quit]y[/]\u202e"
    with open_test_desk(db) as desk, any_symbol_taken():
        desk.trading.order(BUY, unseen, 1, 10.0)
        desk.trading.order(BUY, name, 1, 10.0)
        desk.accounts.set_policy({"deny_symbols": name})
    async with dashboard(db, size=(120, 40)) as (app, pilot):
        await opened(app, pilot)
        await typed(app, pilot, symbol=name, amount="1", price="1")
        shown = screen_text(app)
        assert "\u202e" not in verdict(app)
        assert "symbols: [@click=app.quit]x[/]" in verdict(app)
        assert "[@click=app.quit]x[/]" in shown
        await press(app, pilot, "ctrl+s", "escape", "t")
        assert "\u202e" not in "".join(screen_text(app).splitlines()[10:])
        await press(app, pilot, "escape")
        assert app.is_running


async def test_a_symbol_with_a_space_behind_it_is_refused_as_it_was_typed(db: Path) -> None:
    async with dashboard(db) as (app, pilot):
        await opened(app, pilot)
        await typed(app, pilot, symbol="IBM ", amount="1", price="1")
        assert "'IBM ' must not have white space around it" in " ".join(verdict(app).split())


async def test_five_hundred_of_more_and_the_rest_is_reached(db: Path) -> None:
    with open_test_desk(db) as desk:
        for _ in range(601):
            desk.trading.order(BUY, "ACME", 1, 0.01)
    async with dashboard(db) as (app, pilot):
        screen = await opened(app, pilot)
        assert "500 of 601 outcomes" in screen_text(app)
        await press(app, pilot, "G", "G")
        assert screen.table.row_count == 601
        assert "601 outcomes" in screen_text(app)


AMOUNTS = [("10", 10.0), (" 1,234.5 ", 1234.5), ("$1,000", 1.24040238), ("$0", 0.0)]


@pytest.mark.parametrize(("text", "units"), AMOUNTS)
def test_an_amount_is_units_or_dollars(text: str, units: float) -> None:
    assert parse_amount(text, 806.19) == units


@pytest.mark.parametrize("text", ["", "$", "x", "inf", "$nan", "1 2", "$$1"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(InvalidError) as refused:
        parse_amount(text, 1.0)
    assert refused.value.code == "INVALID_QUANTITY"


def test_all_is_what_is_held() -> None:
    assert Typed("CLOSE_LONG", "GOOG", "ALL", "1").asked(2.5).quantity == 2.5
    assert Typed("CLOSE_LONG", "GOOG", "", "1").missing(None) == ["amount"]
    assert Typed("OPEN_LONG", "GOOG", "", "1").missing(2.5) == ["amount"]
