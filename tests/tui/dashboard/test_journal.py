"""The journal screen, on a real database file: paged, narrowed, in full, traced, and followed as it grows."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest
from rich.text import Text
from textual.pilot import Pilot
from textual.widgets import Input, Static

from engine.desk import Desk, DeskConfig
from engine.errors import SystemFault
from engine.events import EventType
from engine.ports import Watch
from engine.strategies.registry import Registry
from storage.sqlite.connection.driver import sqlite as sqlite3
from storage.sqlite.unit_of_work import SqliteStore
from tests.support.desks import any_symbol_taken, open_test_desk
from tests.support.memory_desks import counted_stamps
from tests.tui.dashboard.conftest import BUY, SELL
from tests.tui.dashboard.driving import World, dashboard, matches, plain, press, refreshed, screen_text, settled, toasts
from tests.tui.dashboard.sweeping import WHOLE, sweep_in
from tui.dashboard.app import DashboardApp
from tui.dashboard.screens.journal.filter import JournalQuery
from tui.dashboard.screens.journal.lines import SHOWN, DetailPane, in_words, payload_text
from tui.dashboard.screens.journal.screen import JournalScreen
from tui.dashboard.screens.trace import MOST, TraceDialog, TraceTree, read_trace, title_of
from tui.shared import figures

EACH = 5
"""Events of an order that is filled"""


@pytest.fixture
def traded(db: Path) -> Path:
    """Two workspaces with orders, a refusal, and a mark, under counted ids."""
    with Desk(SqliteStore(db), counted_stamps(), DeskConfig(), Registry()) as desk:
        desk.trading.order(BUY, "ACME", 10, 100.0, reason="a breakout")
        desk.trading.order(SELL, "ACME", 10, 112.5)
        desk.accounts.set_policy({"max_order_notional": "2000"})
        desk.trading.order(BUY, "GOOG", 2.5, 700.0)
        desk.trading.order(BUY, "GOOG", 5, 700.0)
        desk.accounts.create("other", 50_000.0)
        desk.trading.order(BUY, "IBM", 1, 150.0, workspace="other")
    return db


@pytest.fixture
def long(db: Path) -> Path:
    """More than two pages of events."""
    with open_test_desk(db) as desk:
        for _ in range(250):
            desk.trading.order(BUY, "ACME", 1, 0.01)
    return db


async def opened(app: DashboardApp, pilot: Pilot[None]) -> JournalScreen:
    await press(app, pilot, "3")
    return journal(app)


def journal(app: DashboardApp) -> JournalScreen:
    screen = app.desk_screen
    assert isinstance(screen, JournalScreen)
    return screen


async def narrowed(app: DashboardApp, pilot: Pilot[None], **fields: str) -> None:
    for name, value in fields.items():
        app.screen.query_one(f"#filter-{name}", Input).value = value
    await settled(app, pilot)


def column(app: DashboardApp, index: int) -> list[str]:
    table = journal(app).table
    return [table.get_row_at(row)[index].plain.strip() for row in range(table.row_count)]


def kinds(app: DashboardApp) -> list[str]:
    return column(app, 2)


def foot(app: DashboardApp) -> str:
    pane = journal(app)._pane
    return " | ".join(str(pane.query_one(name, Static).render()) for name in (".totals", ".count"))


def detail(app: DashboardApp) -> str:
    return "\n".join(plain(app.screen.query_one(name, Static)) for name in ("#facts", "#payload"))


def buy(db: Path, count: int = 1, symbol: str = "AMZN", workspace: str = "default") -> None:
    with open_test_desk(db) as other:
        for _ in range(count):
            other.trading.order(BUY, symbol, 1, 1.0, workspace=workspace)


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (160, 40)], ids=["80x24", "120x40", "160x40"])
async def test_it_looks_as_it_did(traded: Path, size: tuple[int, int]) -> None:
    async with dashboard(traded, size=size) as (app, pilot):
        await opened(app, pilot)
        await press(app, pilot, "j", "j")
        matches(app, f"journal-{size[0]}x{size[1]}")


async def test_every_event_newest_first(traded: Path) -> None:
    async with dashboard(traded, size=(160, 40)) as (app, pilot):
        await opened(app, pilot)
        with open_test_desk(traded) as desk:
            written = desk.journal.events(newest_first=True)
        assert column(app, 0) == [str(event.seq) for event in written]
        assert kinds(app) == [event.event_type.value for event in written]
        assert foot(app) == f"● following new ones | {len(written)} events"
        said = dict(zip(kinds(app), column(app, 4), strict=True))
        assert said["INTENT_REJECTED"].startswith("max_order_notional: the order is 3,500.00")
        assert said["POSITION_CLOSED"] == "P&L +125.00"
        assert said["INTENT_EMITTED"] == "OPEN_LONG 10 a breakout"
        assert said["WORKSPACE_CREATED"] == "name default, kind account, starting_equity 10000.0"


async def test_an_empty_workspace_says_what_to_do(db: Path) -> None:
    with open_test_desk(db) as desk:
        desk.accounts.create("second", 10.0)
    async with dashboard(db, workspace="second") as (app, pilot):
        await opened(app, pilot)
        await narrowed(app, pilot, types="ORDER")
        assert "No event matches the filter." in screen_text(app)
        await press(app, pilot, "escape")
        assert kinds(app) == ["WORKSPACE_CREATED"]


FILTERS: dict[str, tuple[dict[str, str], Callable[[EventType, str | None, str], bool]]] = {
    "text": ({"text": "BREAKOUT"}, lambda kind, symbol, payload: "breakout" in payload),
    "a type": ({"types": "order_filled"}, lambda kind, symbol, payload: kind == "ORDER_FILLED"),
    "types by their letters": ({"types": "POSITION, reject"}, lambda kind, s, p: "POSITION" in kind or "REJ" in kind),
    "symbol": ({"symbol": "GOOG"}, lambda kind, symbol, payload: symbol == "GOOG"),
    "both": ({"symbol": "GOOG", "types": "INTENT"}, lambda kind, s, p: s == "GOOG" and "INTENT" in kind),
    "what is nowhere": ({"text": "[nowhere]"}, lambda kind, symbol, payload: False),
}


@pytest.mark.parametrize("name", FILTERS)
async def test_a_filter_narrows(traded: Path, name: str) -> None:
    fields, wanted = FILTERS[name]
    with open_test_desk(traded) as desk:
        written = desk.journal.events(newest_first=True)
    expected = [e for e in written if wanted(e.event_type, e.symbol, json.dumps(e.payload))]
    async with dashboard(traded) as (app, pilot):
        await opened(app, pilot)
        await narrowed(app, pilot, **fields)
        assert column(app, 0) == [str(event.seq) for event in expected]
        if expected:
            assert foot(app).endswith(f"| {figures.counted(len(expected), 'event')}")
        else:
            assert "No event matches the filter." in screen_text(app)


async def test_slash_types_a_text_and_escape_takes_the_filter_away(traded: Path) -> None:
    async with dashboard(traded) as (app, pilot):
        screen = await opened(app, pilot)
        await press(app, pilot, "slash", *"breakout")
        assert kinds(app) == ["INTENT_EMITTED"]
        await press(app, pilot, "enter")
        assert screen.focused is screen.table
        await press(app, pilot, "escape")
        assert screen.filter_bar.wanted == JournalQuery()
        assert len(kinds(app)) > EACH
        await press(app, pilot, "slash", *"ORDER", "escape")
        assert screen.filter_bar.wanted == JournalQuery("ORDER")
        assert screen.focused is screen.table


@pytest.mark.parametrize("leaves", [(), ("enter",)])
@pytest.mark.parametrize("typed", [("slash", *"zzz"), ("slash", "tab", *"zzz")], ids=["no match", "no such type"])
async def test_escape_takes_away_a_filter_that_left_nothing(
    traded: Path, typed: tuple[str, ...], leaves: tuple[str, ...]
) -> None:
    async with dashboard(traded) as (app, pilot):
        screen = await opened(app, pilot)
        await press(app, pilot, *typed, *leaves)
        assert "esc" in screen_text(app).split("Without")[1].splitlines()[0]
        await press(app, pilot, "escape")
        assert screen.filter_bar.wanted == JournalQuery()
        assert len(kinds(app)) > EACH
        assert screen.focused is screen.table


async def test_a_type_that_is_none_is_said(traded: Path) -> None:
    async with dashboard(traded) as (app, pilot):
        await opened(app, pilot)
        await narrowed(app, pilot, types="ORDER [red]")
        assert "No event type contains '[RED]'." in screen_text(app)
        await narrowed(app, pilot, types="ORDER")
        assert kinds(app) == ["ORDER_FILLED"] * 3


@pytest.mark.parametrize(
    ("key", "field", "value"), [("e", "types", "ORDER_FILLED"), ("m", "symbol", "GOOG"), ("c", "correlation", None)]
)
async def test_a_key_narrows_to_what_the_row_has_and_again_to_all(
    traded: Path, key: str, field: str, value: str | None
) -> None:
    async with dashboard(traded) as (app, pilot):
        screen = await opened(app, pilot)
        total = screen.table.row_count
        row = kinds(app).index("ORDER_FILLED")
        screen.table.move_cursor(row=row)
        current = screen.table.current
        assert current is not None
        await press(app, pilot, key)
        assert getattr(screen.filter_bar.wanted, field) == (value or current.correlation_id)
        assert 0 < screen.table.row_count < total
        if key == "c":
            assert len(kinds(app)) == EACH
        await press(app, pilot, key)
        assert screen.table.row_count == total


async def test_what_a_row_does_not_have_is_said(traded: Path) -> None:
    async with dashboard(traded) as (app, pilot):
        screen = await opened(app, pilot)
        await press(app, pilot, "G", "m", "t")
        assert "this event has no symbol" in toasts(app)[0]
        assert "WORKSPACE_CREATED has no correlation id" in toasts(app)[1]
        assert screen.filter_bar.wanted == JournalQuery()


async def test_all_workspaces_or_this_one(traded: Path) -> None:
    async with dashboard(traded, size=(160, 40)) as (app, pilot):
        await opened(app, pilot)
        assert "of default" in screen_text(app)
        assert set(column(app, 5)) == {"default"}
        await press(app, pilot, "a")
        assert "of all workspaces" in screen_text(app)
        assert set(column(app, 5)) == {"default", "other"}
        await press(app, pilot, "a")
        assert set(column(app, 5)) == {"default"}


async def test_another_workspace_s_events(traded: Path) -> None:
    async with dashboard(traded) as (app, pilot):
        await opened(app, pilot)
        with open_test_desk(traded) as desk:
            app.show_workspace(desk.accounts.require("other").id)
        await settled(app, pilot)
        assert len(kinds(app)) == EACH + 1
        assert "of other" in screen_text(app)


async def test_the_event_under_the_cursor_is_shown_in_full(traded: Path) -> None:
    async with dashboard(traded) as (app, pilot):
        screen = await opened(app, pilot)
        assert '"rule": "max_order_notional"' in detail(app)
        screen.table.move_cursor(row=kinds(app).index("ORDER_FILLED"))
        await settled(app, pilot)
        with open_test_desk(traded) as desk:
            fill = next(e for e in desk.journal.events(newest_first=True) if e.event_type == "ORDER_FILLED")
        shown = detail(app)
        for part in (f"seq {fill.seq}", "ORDER_FILLED", fill.order_id, fill.intent_id, fill.event_id, "default"):
            assert str(part) in shown
        assert '  "position_action": "opened"' in shown


async def test_enter_goes_into_the_detail_and_d_hides_it(traded: Path) -> None:
    async with dashboard(traded) as (app, pilot):
        screen = await opened(app, pilot)
        pane = screen.query_one(DetailPane)
        await press(app, pilot, "d")
        assert not pane.display
        await press(app, pilot, "enter")
        assert pane.display
        assert screen.focused is pane
        assert '"rule": "max_order_notional"' in detail(app)
        await press(app, pilot, "j", "escape")
        assert screen.focused is screen.table


async def test_the_trace_of_a_correlation_id_is_a_tree(traded: Path) -> None:
    async with dashboard(traded, size=(120, 40)) as (app, pilot):
        screen = await opened(app, pilot)
        screen.table.move_cursor(row=len(kinds(app)) - 3)
        await press(app, pilot, "t")
        assert isinstance(app.screen, TraceDialog)
        tree = app.screen.query_one(TraceTree)
        (intent,) = tree.root.children
        labels = [str(node.label) for node in intent.children]
        assert str(intent.label).startswith("OPEN_LONG 10 ACME → POSITION_OPENED")
        assert labels[0] == "signal  a breakout, by manual"
        assert [label.split()[1] for label in labels[1:]] == [
            "INTENT_EMITTED",
            "POLICY_EVALUATED",
            "INTENT_APPROVED",
            "ORDER_FILLED",
            "POSITION_OPENED",
        ]
        rules = [str(node.label) for node in intent.children[2].children]
        assert rules[0] == "✓ trading_state  pass  limit ACTIVE"
        assert rules[1].startswith("✓ buying_power  pass  notional 1,000.00")
        assert "5 events" in screen_text(app)
        await press(app, pilot, "j", "j", "space", "G", "escape")
        assert app.screen is screen


async def test_a_refused_trace_ends_at_its_rule(traded: Path) -> None:
    async with dashboard(traded, size=(120, 40)) as (app, pilot):
        await opened(app, pilot)
        await press(app, pilot, "t")
        shown = screen_text(app)
        assert "OPEN_LONG 5 GOOG → INTENT_REJECTED" in shown
        assert "✗ max_order_notional  refuse  limit 2,000.00" in shown


async def test_enter_completes_the_type_that_alone_begins_so(traded: Path) -> None:
    async with dashboard(traded) as (app, pilot):
        await opened(app, pilot)
        for typed, taken in (("ORDER", "ORDER_FILLED"), ("INTENT", "INTENT")):
            field = app.screen.query_one("#filter-types", Input)
            field.focus()
            field.value = typed
            await press(app, pilot, "enter")
            assert field.value == taken
        field.focus()
        await press(app, pilot, "tab")
        assert field.value == "INTENT_EMITTED"


async def test_a_small_terminal_has_events_above_the_one_in_full(traded: Path) -> None:
    async with dashboard(traded, size=(60, 15)) as (app, pilot):
        await opened(app, pilot)
        assert "INTENT_REJECTED" in "\n".join(screen_text(app).splitlines()[5:8])


async def test_new_events_come_in_at_the_top(traded: Path) -> None:
    async with dashboard(traded) as (app, pilot):
        screen = await opened(app, pilot)
        before = screen.table.row_count
        buy(traded)
        await refreshed(app, pilot)
        assert kinds(app)[0] == "POSITION_OPENED"
        assert screen.table.cursor_row == 0
        assert foot(app) == f"● following new ones | {before + EACH} events"
        assert "AMZN" in detail(app)


async def test_below_the_top_it_holds_still_and_says_how_many_are_new(traded: Path) -> None:
    async with dashboard(traded) as (app, pilot):
        screen = await opened(app, pilot)
        before = column(app, 0)
        await press(app, pilot, "j", "j")
        buy(traded, 2)
        await refreshed(app, pilot)
        buy(traded, 1)
        await refreshed(app, pilot)
        assert column(app, 0) == before
        assert screen.table.cursor_row == 2
        assert foot(app) == f" {3 * EACH} new  g shows them | {len(before)} events"
        await press(app, pilot, "g")
        assert screen.table.row_count == len(before) + 3 * EACH
        assert foot(app) == f"● following new ones | {len(before) + 3 * EACH} events"


async def test_f_holds_it_still(traded: Path) -> None:
    async with dashboard(traded) as (app, pilot):
        await opened(app, pilot)
        before = column(app, 0)
        await press(app, pilot, "f")
        assert foot(app).startswith("○ holding still")
        buy(traded)
        await refreshed(app, pilot)
        assert column(app, 0) == before
        assert foot(app).startswith(f" {EACH} new  f takes them in")
        await press(app, pilot, "f")
        assert len(column(app, 0)) == len(before) + EACH


async def test_a_filter_holds_for_what_is_new(traded: Path) -> None:
    async with dashboard(traded) as (app, pilot):
        await opened(app, pilot)
        await narrowed(app, pilot, types="ORDER_FILLED", symbol="AMZN")
        assert kinds(app) == []
        buy(traded)
        buy(traded, symbol="ACME")
        buy(traded, workspace="other")
        await refreshed(app, pilot)
        assert kinds(app) == ["ORDER_FILLED"]
        assert foot(app).endswith("| 1 event")


async def test_five_hundred_of_all_and_the_rest_page_by_page(long: Path) -> None:
    async with dashboard(long) as (app, pilot):
        screen = await opened(app, pilot)
        assert foot(app).endswith("| 500 of 1,251 events")
        await press(app, pilot, "G")
        assert foot(app).endswith("| 1,000 of 1,251 events")
        await press(app, pilot, "G")
        assert foot(app).endswith("| 1,251 events")
        await press(app, pilot, "G")
        assert column(app, 0) == [f"{seq:,}" for seq in range(1_251, 0, -1)]
        assert screen.table.cursor_row == 1_250


async def test_the_count_comes_after_the_page(long: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with dashboard(long) as (app, pilot):
        assert app.desk is not None
        seen: list[str] = []
        count = app.desk.journal.count

        def counted(*arguments: object) -> int:
            seen.append(app.call_from_thread(lambda: foot(app)))
            return count(*arguments)  # type: ignore[arg-type]

        monkeypatch.setattr(app.desk.journal, "count", counted)
        await opened(app, pilot)
        assert seen == ["● following new ones | 500+ events"]
        assert foot(app).endswith("| 500 of 1,251 events")


async def test_a_search_that_is_overtaken_stops(long: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with dashboard(long) as (app, pilot):
        screen = await opened(app, pilot)
        assert app.desk is not None
        page, stopped = app.desk.journal.page, []

        def slow(where: object, *, watch: Watch | None = None, **options: object) -> object:
            if getattr(where, "text", None) == "slow":
                assert watch is not None
                watch.advance(1, 4)
                while not watch.stopped():
                    pass
                stopped.append(True)
            return page(where, watch=watch, **options)  # type: ignore[arg-type]

        monkeypatch.setattr(app.desk.journal, "page", slow)
        app.screen.query_one("#filter-text", Input).value = "slow"
        while "looking… 25 %" not in foot(app):
            await pilot.pause()
        await narrowed(app, pilot, text="ACME")
        assert stopped == [True]
        assert foot(app) == "● following new ones | 500 of 1,250 events"
        assert screen.table.row_count == 500


async def test_oldest_first_is_remembered_and_other_columns_are_not(long: Path) -> None:
    world = World.of(long)
    async with dashboard(world) as (app, pilot):
        screen = await opened(app, pilot)
        screen.table.move_cursor(column=1)
        await press(app, pilot, "s")
        assert "events are ordered by seq" in toasts(app)[-1]
        assert column(app, 0)[0] == "1,251"
        screen.table.move_cursor(column=0)
        await press(app, pilot, "s")
        assert column(app, 0)[:2] == ["1", "2"]
        assert foot(app) == "oldest first | 500 of 1,251 events"
        await press(app, pilot, "G", "G", "G")
        assert column(app, 0)[-1] == "1,251"
    async with dashboard(world) as (app, pilot):
        await opened(app, pilot)
        assert column(app, 0)[:2] == ["1", "2"]
        buy(long)
        await refreshed(app, pilot)
        assert foot(app) == "oldest first | 500 of 1,256 events"
        await press(app, pilot, "s")
        assert column(app, 0)[0] == "1,256"


async def test_o_leads_to_the_oldest_event_and_back(long: Path) -> None:
    async with dashboard(long) as (app, pilot):
        await opened(app, pilot)
        await press(app, pilot, "o")
        assert column(app, 0)[0] == "1"
        assert journal(app).table.cursor_row == 0
        assert foot(app).startswith("oldest first |")
        await press(app, pilot, "o")
        assert column(app, 0)[0] == "1,251"


async def test_the_end_of_a_journal_is_that_of_what_is_read(long: Path) -> None:
    async with dashboard(long) as (app, pilot):
        await opened(app, pilot)
        await press(app, pilot, "G")
        assert journal(app).table.row_count == 1_000  # a page more, and not all there are


async def test_another_theme_shows_the_same(traded: Path) -> None:
    async with dashboard(traded) as (app, pilot):
        await opened(app, pilot)
        before = screen_text(app)
        app.theme = "light"
        await settled(app, pilot)
        assert screen_text(app) == before


async def test_a_read_that_fails_is_told(traded: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with dashboard(traded) as (app, pilot):
        await opened(app, pilot)
        assert app.desk is not None

        def fails(*_: object, **__: object) -> None:
            raise SystemFault("DATABASE_ERROR", "the disk failed under desk.db", hint="look after the disk")

        with monkeypatch.context() as broken:
            broken.setattr(app.desk.journal, "page", fails)
            await narrowed(app, pilot, text="ACME")
        assert "error DATABASE_ERROR: the disk failed" in toasts(app)[0]
        await narrowed(app, pilot, text="ACM")
        assert foot(app) == "● following new ones | 10 events"


HOSTILE = ["[@click=app.quit]x[/]", "[/]", "\u202egnp", "%s\\", "'; DROP TABLE x; --"]


async def test_hostile_symbols_and_reasons_are_text(db: Path) -> None:
    with open_test_desk(db) as desk, any_symbol_taken():
        for name in HOSTILE:
            desk.trading.order(BUY, name, 1, 1.0, reason=f"{name} because\n{name}")
    async with dashboard(db, size=(120, 40)) as (app, pilot):
        await opened(app, pilot)
        for _ in range(EACH * len(HOSTILE)):
            await press(app, pilot, "t")
            assert "\u202e" not in screen_text(app)
            await press(app, pilot, "escape", "j")
            assert "\u202e" not in screen_text(app)
        for name in HOSTILE:
            await narrowed(app, pilot, symbol=name)
            assert len(kinds(app)) == EACH
            await narrowed(app, pilot, symbol="", text=name)
            assert kinds(app)
            await narrowed(app, pilot, text="")
        assert app.is_running


def test_a_long_payload_is_shown_from_its_beginning() -> None:
    long = json.dumps({"variants": ["x" * 50] * 10_000})
    shown = payload_text(long, "RUN_NOTED", 1)
    assert isinstance(shown, Text)
    assert shown.plain.startswith('{"variants": ["xxx')
    assert f"the first {SHOWN:,} of {len(long):,} characters" in shown.plain
    small = payload_text('{"b":[1],"a":"\u202e"}', "STATE_RESET", 1).plain
    assert small.splitlines()[1:4] == ['  "b": [', "    1", "  ],"]
    assert "\u202e" not in small


def test_a_damaged_payload_is_shown_as_it_is_with_what_is_wrong() -> None:
    shown = payload_text('{"reason": "cut', "STATE_RESET", 7).plain.splitlines()
    assert shown[0].startswith("event 7 of the journal (STATE_RESET) is damaged: its payload is not JSON")
    assert shown[2] == '{"reason": "cut'


def test_a_payload_in_words_leaves_out_what_has_parts() -> None:
    assert in_words({"a": 1, "b": None, "c": {"d": 2}, "e": "f"}) == "a 1, e f"
    assert in_words({"c": {"d": 2}}) == '{"c": {"d": 2}}'


def test_a_trace_of_more_than_can_be_shown_says_so(db: Path) -> None:
    trace = str(uuid4())
    with open_test_desk(db) as desk:
        workspace = str(desk.accounts.ensure_default().id)
        rows = [
            (
                str(uuid4()),
                workspace,
                "RUN_VARIANT_COMPLETED",
                1,
                1,
                trace,
                json.dumps({"index": index, "x": "y" * 5_000}),
            )
            for index in range(MOST + 3)
        ]
        with sqlite3.connect(db) as around:
            around.executemany(
                "INSERT INTO trade_events"
                " (event_id, workspace_id, event_type, ts, recorded_at, correlation_id, payload)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                rows,
            )
        around.close()
        _, branches, here, total = read_trace(desk, trace)
    assert (len(branches), here, total) == (MOST, MOST, MOST + 3)
    assert "characters" in branches[0][0].plain


def test_a_run_plan_s_trace_is_said_to_be_one_and_its_parts_are_laid_out(db: Path) -> None:
    sweep_in(db, WHOLE, {"entry.fast_period": [5, 10]})
    with open_test_desk(db) as desk:
        title, branches, _, _ = read_trace(desk, str(WHOLE))
    assert title == "a run plan, from its start on"
    completed = next(below for label, below in branches if "RUN_VARIANT_COMPLETED" in label.plain)
    assert "{" not in "".join(label.plain for label, _ in completed)
    metrics = next(below for label, below in completed if label.plain.startswith("metrics"))
    assert any(label.plain.startswith("trade_count") for label, _ in metrics)
    assert title_of(["INTENT_EMITTED", "POLICY_EVALUATED"]) == "from signal to fill"
