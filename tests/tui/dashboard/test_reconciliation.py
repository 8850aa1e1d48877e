"""The reconciliation screen, on a real database file: the comparison, applying it, the kill switch, the reset."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from textual.widgets import OptionList

from engine.broker.reconcile import Comparison
from engine.ports import EventFilter, Unwatched, Watch
from engine.vocabulary import TradingState
from storage.settings import Settings
from storage.sqlite.tables import ORDER_INDEX
from storage.sqlite.unit_of_work import SqliteStore
from tests.storage.sqlite.rows import append, fill, raw
from tests.support.desks import EPOCH, open_test_desk
from tests.support.memory_desks import memory_desk
from tests.tui.dashboard.conftest import BUY
from tests.tui.dashboard.driving import World, dashboard, matches, press, refreshed, screen_text, settled, toasts
from tui.dashboard.app import DashboardApp
from tui.dashboard.loading import progress_text
from tui.dashboard.screens.acting import TradingStateDialog
from tui.dashboard.screens.reconciliation import screen as reconciliation
from tui.dashboard.screens.reconciliation.comparison import FieldRow, field_rows, left_out
from tui.dashboard.screens.reconciliation.past import COLUMNS, PastDialog
from tui.dashboard.screens.reconciliation.screen import ReconciliationScreen
from tui.dashboard.screens.story import StoryDialog
from tui.dashboard.widgets.dialog import Confirm
from tui.dashboard.widgets.pane import TablePane

SIZES = pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])


def screen(app: DashboardApp) -> ReconciliationScreen:
    found = app.desk_screen
    assert isinstance(found, ReconciliationScreen)
    return found


def row_of(app: DashboardApp, thing: str, field: str) -> FieldRow:
    return next(row for row in screen(app).table.items if (row.thing, row.field) == (thing, field))


def shown(row: FieldRow) -> tuple[str | None, ...]:
    return tuple(None if each is None else each.text for each in (row.stored, row.rebuilt, row.difference))


def types(db: Path) -> list[str]:
    """The newest events' types, newest first."""
    with open_test_desk(db) as desk:
        return [str(event.event_type) for event in desk.journal.events(limit=3, newest_first=True)]


@pytest.fixture
def drifted(stocked: Path) -> Path:
    """The stocked account, after somebody wrote around the desk: cash, a position's average, a position too many."""
    with raw(stocked) as around:
        (workspace,) = around.execute("SELECT id FROM workspaces").fetchone()
        around.execute("UPDATE account_states SET cash = cash - 12.5, orders_count = orders_count + 1")
        around.execute("UPDATE account_symbols SET avg_price = 719.5 WHERE symbol = 'GOOG'")
        around.execute(
            "INSERT INTO account_symbols (workspace_id, symbol, lots, avg_price, opened_at, entry_fees)"
            f" VALUES (?, 'ODD', 100000000, 5.0, {EPOCH}, 0.0)",
            (workspace,),
        )
    return stocked


@pytest.fixture
def misfit(stocked: Path) -> Path:
    """The stocked account, with fills in its journal that a replay skips or cannot apply."""
    with open_test_desk(stocked) as desk:
        workspace = desk.accounts.require()
        first = desk.journal.events(where=EventFilter(types=("ORDER_FILLED",), after=0), limit=1)[0]
    with raw(stocked) as around:
        (trigger_free,) = around.execute("SELECT count(*) FROM sqlite_master WHERE name = ?", (ORDER_INDEX,)).fetchone()
        assert trigger_free == 1
        around.execute(f"DROP INDEX {ORDER_INDEX}")
        for (name,) in around.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            around.execute(f"DROP TRIGGER {name}")
    key = str(workspace.id)
    again = fill(1, workspace_id=key, order_id=str(first.order_id))
    sale = fill(2, workspace_id=key, side=-1, symbol="[b]NONE[/b]")
    with SqliteStore(stocked) as store:
        append(store, again, sale)
    return stocked


@SIZES
async def test_it_looks_as_it_did(drifted: Path, size: tuple[int, int]) -> None:
    async with dashboard(drifted, size=size) as (app, pilot):
        await press(app, pilot, "4")
        matches(app, f"reconciliation-{size[0]}x{size[1]}")


async def test_an_account_that_has_not_drifted_says_so(stocked: Path) -> None:
    before = types(stocked)
    async with dashboard(stocked) as (app, pilot):
        await press(app, pilot, "4")
        text = screen_text(app)
        assert "never reconciled" in text
        assert "13 fills replayed, no drift, as of 12:00:00" in text
        assert "No differences" in text
        assert shown(row_of(app, "account", "cash")) == ("3,390.00", "3,390.00", None)
        assert not any(row.differs for row in screen(app).table.items)
    assert types(stocked) == before  # a dry run writes nothing


async def test_what_differs_is_marked_and_comes_first(drifted: Path) -> None:
    async with dashboard(drifted) as (app, pilot):
        await press(app, pilot, "4")
        rows = screen(app).table.items
        count = sum(row.differs for row in rows)
        assert [row.differs for row in rows] == [True] * count + [False] * (len(rows) - count)
        assert shown(row_of(app, "account", "cash")) == ("3,377.50", "3,390.00", "+12.50")
        assert shown(row_of(app, "account", "orders")) == ("14", "13", "-1")
        assert shown(row_of(app, "GOOG", "average price")) == ("719.50", "720.00", "+0.50")
        assert shown(row_of(app, "ODD", "quantity")) == ("1", None, "removed")
        assert f"≠ {count} fields differ" in screen_text(app)
        assert screen(app).table.get_row_at(0)[0].plain.strip() == "≠"


async def test_the_drift_is_on_screen_beside_a_long_symbol_and_times(drifted: Path) -> None:
    long = "A-SYMBOL-OF-THIRTY-TWO-LETTERS-X"
    with raw(drifted) as around:
        around.execute("UPDATE account_symbols SET symbol = ? WHERE symbol = 'ODD'", (long,))
        around.execute("UPDATE account_symbols SET opened_at = opened_at + 1000000 WHERE symbol = 'GOOG'")
    async with dashboard(drifted) as (app, pilot):
        await press(app, pilot, "4")
        lines = [line.split() for line in screen_text(app).splitlines()]
        (opened,) = (line for line in lines if line[:3] == ["≠", "GOOG", "opened"])
        assert (opened[3], opened[5], opened[-1]) == ("12-08", "12-08", "another")
        assert opened[4] != opened[6], "to the second"
        assert sum(line[:2] == ["≠", "A-SYMBOL-OF…"] and line[-1] == "removed" for line in lines) == 4


async def test_after_a_reset_every_count_is_the_same_and_the_largest_drift_is_at_the_top(stocked: Path) -> None:
    async with dashboard(stocked, size=(120, 40)) as (app, pilot):
        await press(app, pilot, "4", "G")
        with open_test_desk(stocked) as desk:
            desk.accounts.reset(confirmed=True)
        await refreshed(app, pilot)
        table = screen(app).table
        count = sum(row.differs for row in table.items)
        assert count > 10
        assert screen_text(app).count(f"≠ {count} fields differ") == 2
        changes = [abs(row.difference.rank[1]) for row in table.items if row.difference and not row.difference.rank[0]]
        assert changes == sorted(changes, reverse=True)
        assert table.cursor_row == 0
        await press(app, pilot, "a", "y")
        assert f"{count} fields had drifted" in toasts(app)[-1]
        assert f"{count} fields had drifted" in screen_text(app)
        await press(app, pilot, "p")
        (done, _) = app.screen.query_one("#past", TablePane).table.items
        column = next(each for each in COLUMNS if each.key == "fields")
        assert column.value(done) == count


async def test_a_long_line_goes_on_below_itself(stocked: Path) -> None:
    async with dashboard(stocked) as (app, pilot):
        with open_test_desk(stocked) as desk:
            desk.accounts.reset(confirmed=True)
            desk.accounts.reconcile()
            desk.accounts.reset(confirmed=True)
        await press(app, pilot, "4")
        lines = screen_text(app).splitlines()
        place = next(number for number, line in enumerate(lines) if "last done" in line)
        value = lines[place].index(lines[place].split("last done", 1)[1].strip())
        assert lines[place + 1][:value].strip() == ""
        assert "reset" in lines[place + 1][value:]


async def test_applying_asks_once_and_is_journaled(drifted: Path) -> None:
    async with dashboard(drifted, size=(120, 40)) as (app, pilot):
        await press(app, pilot, "4", "a")
        assert isinstance(app.screen, Confirm)
        asked = screen_text(app)
        assert "3,377.50 → 3,390.00" in asked
        assert "3 → 2" in asked
        await press(app, pilot, "enter")  # `no` has the focus
        assert "never reconciled" in screen_text(app)
        await press(app, pilot, "a", "y")
        assert "reconciled from 13 fills: 7 fields had drifted, cash by +12.50" in toasts(app)[-1]
        text = screen_text(app)
        assert "13 fills replayed, no drift" in text
        assert "7 fields had drifted, cash by +12.50 (13 fills)" in text
    assert types(drifted)[0] == "STATE_RECONCILED"
    with open_test_desk(drifted) as desk:
        assert desk.accounts.compare().report.drift == {}
        assert desk.accounts.state().cash == 3390.0


async def test_what_does_not_fit_is_listed_with_its_seq(misfit: Path) -> None:
    with open_test_desk(misfit) as desk:
        head = desk.journal.head()
    async with dashboard(misfit, size=(120, 40)) as (app, pilot):
        await press(app, pilot, "4")
        text = screen_text(app)
        assert "1 duplicate skipped, 1 fill cannot be applied" in text
        lines = text.splitlines()
        assert any(f"{head - 1} skipped" in line and "a duplicate" in line for line in lines)
        assert any(f"{head} cannot be applied" in line and "a sale of [b]NONE[/b]" in line for line in lines)
        await press(app, pilot, "a")
        assert "1 fill cannot be applied" in screen_text(app)


async def test_a_trade_of_another_process_is_compared_anew(stocked: Path) -> None:
    async with dashboard(stocked) as (app, pilot):
        await press(app, pilot, "4")
        with open_test_desk(stocked) as other:
            other.trading.order(BUY, "AAPL", 1, 50.0)
        await refreshed(app, pilot)
        assert "14 fills replayed, no drift" in screen_text(app)
        assert shown(row_of(app, "AAPL", "average price")) == ("50.00", "50.00", None)


async def test_a_long_journal_is_replayed_anew_when_it_is_asked_for(
    stocked: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconciliation, "AT_ONCE", 5)
    async with dashboard(stocked, size=(120, 40)) as (app, pilot):
        await press(app, pilot, "4")
        assert "13 fills replayed" in screen_text(app)
        with open_test_desk(stocked) as other:
            other.trading.order(BUY, "AAPL", 1, 50.0)
        await refreshed(app, pilot)
        assert "13 fills replayed, no drift, as of 12:00:00; the account has changed since: d" in screen_text(app)
        await press(app, pilot, "d")
        assert "14 fills replayed, no drift, as of 12:00:00" in screen_text(app)
        assert "has changed since" not in screen_text(app)


async def test_it_says_how_far_it_is_and_escape_ends_it(stocked: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with dashboard(stocked, size=(120, 40)) as (app, pilot):
        await press(app, pilot, "4")
        assert app.desk is not None
        honest, told = app.desk.accounts.compare, []

        def slow(ref: UUID, *, watch: Watch) -> Comparison:
            watch.advance(400_000, 1_000_000)
            while not watch.stopped():
                app.call_from_thread(lambda: told.append(screen_text(app)))
                if any("400,000 of 1,000,000" in text for text in told):
                    app.call_from_thread(screen(app).action_stop)
            return honest(ref, watch=watch)

        monkeypatch.setattr(app.desk.accounts, "compare", slow)
        await press(app, pilot, "d")
        assert "replaying ████████░░░░░░░░░░░░  40 %  400,000 of 1,000,000, esc stops" in told[-1]
        assert "error CANCELLED: the reconciliation was stopped; nothing was changed" in toasts(app)[-1]
        asked = len(told)
        with open_test_desk(stocked) as other:
            other.trading.order(BUY, "AAPL", 1, 50.0)
        await refreshed(app, pilot)
        assert len(told) == asked  # what was stopped is not begun again by itself
        assert "the account has changed since: d" in screen_text(app)


async def test_an_answer_while_a_replay_is_under_way_waits(stocked: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with dashboard(stocked) as (app, pilot):
        await press(app, pilot, "4")
        monkeypatch.setattr(ReconciliationScreen, "_is_busy", property(lambda _: True))
        await press(app, pilot, "a")
        assert "a replay is under way" in toasts(app)[-1]


@pytest.mark.parametrize(("down", "state"), [(1, TradingState.REDUCING), (2, TradingState.HALTED)])
async def test_the_trading_state_is_chosen_and_asked_for(stocked: Path, down: int, state: TradingState) -> None:
    async with dashboard(stocked) as (app, pilot):
        await press(app, pilot, "4", "t")
        assert isinstance(app.screen, TradingStateDialog)
        await press(app, pilot, *["down"] * down, "enter")
        assert isinstance(app.screen, Confirm)
        assert f"● ACTIVE → {state.value}" in screen_text(app).replace("▼ ", "").replace("■ ", "")
        assert "2 positions stay open" in screen_text(app)
        await press(app, pilot, "y")
        assert f"default is {state.value}" in toasts(app)[-1]
        assert state.value in screen_text(app).splitlines()[0]
        await press(app, pilot, "t")
        assert app.screen.query_one(OptionList).highlighted == down
        await press(app, pilot, "enter")  # the one there is: nothing to do
        assert isinstance(app.screen, ReconciliationScreen)
    with open_test_desk(stocked) as desk:
        assert desk.accounts.require().trading_state is state


async def test_the_kill_switch(stocked: Path) -> None:
    async with dashboard(stocked) as (app, pilot):
        await press(app, pilot, "4", "x")
        assert "Halt trading? Every order is refused, exits too." in screen_text(app)
        await press(app, pilot, "n")
        assert "● ACTIVE" in screen_text(app)
        await press(app, pilot, "x", "y")
        assert "■ HALTED" in screen_text(app).splitlines()[0]
        assert "■ HALTED: every order is refused, exits too" in screen_text(app)
        await press(app, pilot, "x")
        assert "default is HALTED already" in toasts(app)[-1]
    assert types(stocked)[0] == "TRADING_STATE_CHANGED"


async def test_a_reset_asks_and_a_reconciliation_undoes_it(stocked: Path) -> None:
    async with dashboard(stocked, size=(120, 40)) as (app, pilot):
        await press(app, pilot, "4", "R")
        asked = screen_text(app)
        assert "3,390.00 → 10,000.00" in asked
        assert "ids executed stay executed" in asked
        await press(app, pilot, "y")
        assert "default is back at 10,000.00; its journal stays" in toasts(app)[-1]
        text = screen_text(app)
        assert "never reconciled; reset 20" in text
        assert "≠" in text
        assert shown(row_of(app, "IBM", "quantity")) == (None, "20", "added")
        await press(app, pilot, "a", "y")
        assert "13 fills replayed, no drift" in screen_text(app)
        await press(app, pilot, "p")
        assert isinstance(app.screen, PastDialog)
        past = screen_text(app)
        assert "2 events" in past
        assert past.index("reconciled  ") < past.index("reset  ")
        assert "▼ -6,610.00" in past


async def test_in_production_a_reset_is_refused_with_the_command_line_s_message(stocked: Path) -> None:
    world = World.of(stocked)
    settings = Settings(db=stocked, environment="production")
    app = DashboardApp(lambda: settings, replace(world.surroundings), None)
    try:
        async with app.run_test(notifications=True) as pilot:
            await settled(app, pilot)
            await press(app, pilot, "4", "R")
            assert isinstance(app.screen, ReconciliationScreen)
            assert toasts(app)[-1].startswith("error FORBIDDEN_IN_PRODUCTION: reset is refused")
    finally:
        app.close()
    with open_test_desk(stocked) as desk:
        assert desk.accounts.state().orders_count == 13


async def test_another_workspace_is_another_comparison(stocked: Path) -> None:
    with open_test_desk(stocked) as desk:
        other = desk.accounts.create("second", 77_000.0)
    async with dashboard(stocked) as (app, pilot):
        await press(app, pilot, "4")
        app.show_workspace(other.id)
        await settled(app, pilot)
        assert "0 fills replayed, no drift" in screen_text(app)
        assert shown(row_of(app, "account", "cash")) == ("77,000.00", "77,000.00", None)


async def test_enter_on_a_position_tells_its_story(stocked: Path) -> None:
    async with dashboard(stocked) as (app, pilot):
        await press(app, pilot, "4", "enter")
        assert app.screen is screen(app)  # the account has none
        await press(app, pilot, "G", "enter")
        assert isinstance(app.screen, StoryDialog)


async def test_the_order_is_by_a_column_and_is_remembered(drifted: Path) -> None:
    world = World.of(drifted)
    async with dashboard(world) as (app, pilot):
        await press(app, pilot, "4", "l", "s")
        things = [row.thing for row in screen(app).table.items]
        ordered = [screen(app).table.get_row_at(at)[1].plain.strip() for at in range(len(things))]
        assert ordered == sorted(ordered)
    async with dashboard(world) as (app, pilot):
        await press(app, pilot, "4")
        assert str(screen(app).table.order) == "thing"


async def test_every_column_can_be_ordered_by(drifted: Path) -> None:
    async with dashboard(drifted) as (app, pilot):
        await press(app, pilot, "4")
        for _ in range(6):
            await press(app, pilot, "s", "s", "l")
        assert app.is_running
        assert not toasts(app)


def compared(**changes: Any) -> Comparison:
    """Two states that are apart in the last bits of the cash, and in nothing else."""
    by_key = ("positions", "realized_by_session", "equity_by_session", "exposed_by_session", "last_closed_at")
    stored = {"cash": 0.1 + 0.2, **{name: {} for name in by_key}, **changes}
    with memory_desk() as desk:
        report = desk.accounts.reconcile(dry_run=True)
    return Comparison(report, stored, {**stored, "cash": 0.3}, (), 0)


def test_a_difference_in_the_last_bits_is_seen() -> None:
    (row,) = field_rows(compared())
    assert shown(row) == ("0.30000000000000004", "0.3", "-5.6e-17")


@pytest.mark.parametrize(
    ("rebuilt", "briefly"),
    [("2024-03-02T10:00:07+00:00", ["03-01 10:00:05", "03-02 10:00:07"]), ("2023-03-02T10:00:07+00:00", ["", ""])],
)
def test_a_time_leaves_out_a_year_that_both_have(rebuilt: str, briefly: list[str]) -> None:
    found = compared(last_closed_at={"GOOG": "2024-03-01T10:00:05+00:00"})
    found.rebuilt["last_closed_at"] = {"GOOG": rebuilt}
    row = field_rows(found)[-1]
    assert [each.brief for each in (row.stored, row.rebuilt) if each] == briefly


def test_rows_of_equity_that_differ_are_rows() -> None:
    found = compared(equity_by_session={"2024-01-02": 5.0, "2024-01-03": 1.0}, exposed_by_session={"2024-01-02": True})
    found.rebuilt["equity_by_session"] = {"2024-01-02": 5.0, "2024-01-03": 2.5}
    found.rebuilt["exposed_by_session"] = {"2024-01-02": False}
    rows = {(row.thing, row.field): shown(row) for row in field_rows(found)}
    assert rows["2024-01-03", "equity"] == ("1.00", "2.50", "+1.50")
    assert rows["2024-01-02", "exposed"] == ("yes", "no", "another")
    assert left_out(found) == 1


def test_days_that_differ_are_rows_and_the_others_are_counted() -> None:
    found = compared(realized_by_session={"2024-01-02": 5.0, "2024-01-03": 1.0})
    found.rebuilt["realized_by_session"] = {"2024-01-02": 5.0, "2024-01-03": 2.5}
    day = field_rows(found)[0]
    assert (day.thing, day.field, *shown(day)) == ("2024-01-03", "realized P&L", "1.00", "2.50", "+1.50")
    assert left_out(found) == 1


def test_progress_is_told_even_of_nothing() -> None:
    assert progress_text("replaying", 0, 0).plain == f"replaying {'░' * 20}   0 %  0 of 0"
    assert not Unwatched().stopped()
