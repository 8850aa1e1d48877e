"""Write transactions: all or nothing, in order, seen by all, and dead after an error."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest

from engine.account.ledger import Ledger
from engine.account.state import Account
from engine.errors import ConflictError, NotFoundError, PapertapeError, SystemFault
from engine.policy.limits import Limits
from engine.policy.workspace import Workspace, WorkspaceKind
from engine.ports import EventFilter, Progress, Store
from engine.vocabulary import TradingState
from storage.sqlite.connection.driver import sqlite as sqlite3
from storage.sqlite.connection.faults import RetryPolicy
from storage.sqlite.unit_of_work import SqliteStore, SqliteUnitOfWork
from tests.storage.sqlite.rows import HIDDEN, KEY, OTHER, WORKSPACE, add, append, event, fill, raw

NEWEST = "SELECT workspace_id, last_seq, last_event_at FROM account_states ORDER BY workspace_id"


def test_it_is_the_store_that_the_engine_asks_for(store: SqliteStore) -> None:
    port: Store = store
    assert port.data_version() > 0


def test_what_is_not_committed_never_happened(store: SqliteStore) -> None:
    with store.write() as unit:
        unit.add_workspace(HIDDEN)
        unit.append([event(1)])
        unit.put_trading_state(WORKSPACE.id, TradingState.HALTED)
    with store.read() as views:
        assert views.workspace(HIDDEN.id) is None
        assert views.head() == 0
        assert views.workspace("first") == WORKSPACE


def append_then_raise(store: SqliteStore, error: BaseException) -> None:
    with store.write() as unit:
        unit.append([event(1)])
        raise error


def test_an_exception_in_the_body_rolls_back_and_comes_out_as_it_is(store: SqliteStore) -> None:
    with pytest.raises(ZeroDivisionError):
        append_then_raise(store, ZeroDivisionError())
    with store.read() as views:
        assert views.head() == 0


def test_nobody_sees_an_account_that_was_changed_before_a_rollback(store: SqliteStore) -> None:
    with store.write() as unit:
        account = unit.account(WORKSPACE)
        account.ledger.cash = 1.0
        account.marks["AAPL"] = 2.0
        unit.save(account, ["AAPL"], [])
    with store.write() as unit:
        again = unit.account(WORKSPACE)
        assert (again.ledger, again.marks) == (Ledger.fresh(10_000.0), {})


def test_seqs_are_consecutive_and_states_follow(store: SqliteStore, path: Path) -> None:
    with store.write() as unit:
        account = unit.account(WORKSPACE)
        assert unit.append([event(1), event(2, workspace_id=str(OTHER.id)), event(3)]) == 3
        assert (account.ledger.last_seq, account.ledger.last_event_at) == (3, 1_003)
        assert unit.append([event(4, workspace_id=str(OTHER.id))]) == 4
        assert unit.append([]) == 4
        assert account.ledger.last_seq == 3
        unit.commit()
    with raw(path) as client:
        assert client.execute(NEWEST).fetchall() == [(KEY, 3, 1_003), (str(OTHER.id), 4, 1_004)]
        assert client.execute("SELECT seq FROM trade_events").fetchall() == [(1,), (2,), (3,), (4,)]


@pytest.mark.parametrize("count", [1, 2, 49, 50, 51, 107])
def test_however_many_rows_are_appended_they_are_as_they_were_given(store: SqliteStore, count: int) -> None:
    rows = [(fill if number % 2 else event)(number) for number in range(1, count + 1)]
    append(store, event(0))
    assert append(store, *rows) == count + 1
    with store.read() as views:
        found = views.events(EventFilter(after=1), limit=None)
    assert [(each.seq, each.row) for each in found] == list(enumerate(rows, 2))


def test_a_bad_row_among_many_leaves_none(store: SqliteStore) -> None:
    rows = [fill(number) for number in range(1, 100)]
    with store.write() as unit:
        with pytest.raises(SystemFault, match="this order is filled"):
            unit.append([*rows, fill(100, order_id="order-60"), fill(101)])
        with pytest.raises(SystemFault, match="cannot go on"):
            unit.commit()
    with store.read() as views:
        assert views.head() == 0


def test_a_state_that_is_read_after_an_append_is_as_of_it(store: SqliteStore) -> None:
    with store.write() as unit:
        unit.append([event(1), event(2)])
        ledger = unit.account(WORKSPACE).ledger
        assert (ledger.last_seq, ledger.last_event_at) == (2, 1_002)


def test_a_state_saved_later_does_not_fall_behind_the_journal(store: SqliteStore, path: Path) -> None:
    stale = Account(WORKSPACE.id, Ledger.fresh(10_000.0))
    append(store, event(1))
    with store.write() as unit:
        unit.replace(stale)
        unit.commit()
    with raw(path) as client:
        assert client.execute(NEWEST).fetchone() == (KEY, 1, 1_001)


def test_two_stores_append_in_turn(store: SqliteStore, path: Path) -> None:
    with SqliteStore(path) as other:
        assert [append(store, event(1)), append(other, event(2)), append(store, event(3))] == [1, 2, 3]
        with other.read() as views:
            assert [each.row.event_id for each in views.events(EventFilter(), limit=None)] == [
                "event-1",
                "event-2",
                "event-3",
            ]


def test_a_reader_keeps_its_snapshot(store: SqliteStore, path: Path) -> None:
    with SqliteStore(path) as other, other.read() as views:
        append(store, event(1))
        assert views.head() == 0
    with store.read() as views:
        assert views.head() == 1


def test_a_writer_sees_its_own_writes(store: SqliteStore) -> None:
    with store.write() as unit:
        unit.append([fill(1)])
        prior = unit.prior_fill(WORKSPACE.id, UUID(int=9), "paper")
        assert prior is None
        unit.append([fill(2, intent_id=str(UUID(int=9)), side=-1)])
        prior = unit.prior_fill(WORKSPACE.id, UUID(int=9), "paper")
        assert prior == ("order-2", "correlation-2", "CLOSE_LONG", "AAPL", 100_000_000)
        assert unit.prior_fill(WORKSPACE.id, UUID(int=9), "live") is None
        assert unit.prior_fill(OTHER.id, UUID(int=9), "paper") is None


def test_other_threads_use_it_too(store: SqliteStore) -> None:
    faults: list[BaseException] = []

    def work(thread: int) -> None:
        try:
            for number in range(20):
                append(store, event(100 * thread + number))
                with store.read() as views:
                    assert views.head() > 0
                store.data_version()
        except BaseException as error:
            faults.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    with store.read() as views:
        assert views.head() == 80


def test_the_data_version_changes_with_every_commit_of_anybody(store: SqliteStore, path: Path) -> None:
    first = store.data_version()
    assert store.data_version() == first
    append(store, event(1))
    second = store.data_version()
    with raw(path) as client:
        client.execute("UPDATE workspaces SET created_at = created_at, limits = '{ }'")
    third = store.data_version()
    assert len({first, second, third}) == 3
    with store.write() as unit:
        unit.append([event(2)])
    assert store.data_version() == third


class Holder:
    """Somebody who holds the write lock, and lets go when we have paused so many times."""

    def __init__(self, path: Path, until: int) -> None:
        self.client = sqlite3.connect(path, isolation_level=None)
        self.client.execute("BEGIN IMMEDIATE")
        self.pauses: list[float] = []
        self.until = until

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        if len(self.pauses) == self.until:
            self.client.execute("COMMIT")


def test_a_writer_waits_with_jitter_for_another(store: SqliteStore, path: Path) -> None:
    holder = Holder(path, until=3)
    jitter = iter([0.25, 0.5, 0.75])
    retry = RetryPolicy(wait_ms=1, attempts=9, pause=0.02, sleep=holder.pause, jitter=lambda: next(jitter))
    with SqliteStore(path, retry=retry) as other:
        append(other, event(1))
    assert holder.pauses == [0.005, 0.01, 0.015]
    holder.client.close()


def test_retries_end(store: SqliteStore, path: Path) -> None:
    holder = Holder(path, until=99)
    with SqliteStore(path, retry=RetryPolicy(wait_ms=1, attempts=4, sleep=holder.pause)) as other:
        with pytest.raises(SystemFault) as caught, other.write():
            pytest.fail("the lock is held")
        assert caught.value.code == "DATABASE_BUSY"
        assert len(holder.pauses) == 3
        with other.read() as views:
            assert views.head() == 0
    holder.client.close()


def failure(message: str, code: int) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError(message)
    error.sqlite_errorcode = code
    return error


def test_a_body_is_never_run_again_and_no_error_of_the_driver_comes_out(store: SqliteStore) -> None:
    with pytest.raises(SystemFault) as caught:
        append_then_raise(store, failure("database is locked", sqlite3.SQLITE_BUSY))
    assert caught.value.code == "DATABASE_BUSY"
    with store.read() as views:
        assert views.head() == 0


def test_after_an_error_the_transaction_is_dead(store: SqliteStore) -> None:
    append(store, fill(1))
    with store.write() as unit:
        unit.append([event(2)])
        with pytest.raises(SystemFault, match="this order is filled"):
            unit.append([fill(3, order_id="order-1")])
        for attempt in (
            unit.commit,
            unit.head,
            lambda: unit.append([event(4)]),
            lambda: unit.put_limits(WORKSPACE.id, Limits()),
        ):
            with pytest.raises(SystemFault, match="cannot go on: it failed before"):
                attempt()
    with store.read() as views:
        assert views.head() == 1


def test_a_value_that_sqlite_cannot_hold_kills_it_too(store: SqliteStore) -> None:
    for changes in ({"ts": 2**63}, {"symbol": "\ud800"}):
        with store.write() as unit:
            with pytest.raises(SystemFault):
                unit.append([event(1, **changes)])
            with pytest.raises(SystemFault, match="cannot go on"):
                unit.commit()


def test_a_transaction_that_sqlite_rolled_back_is_noticed(store: SqliteStore) -> None:
    with store.write() as unit:
        unit.append([event(1)])
        unit._driver.execute("ROLLBACK")
        with pytest.raises(SystemFault, match="rolled it back"):
            unit.append([event(2)])
        with pytest.raises(SystemFault):
            unit.commit()
    with store.read() as views:
        assert views.head() == 0


def test_after_the_commit_it_is_over(store: SqliteStore) -> None:
    with store.write() as unit:
        unit.append([event(1)])
        unit.commit()
        with pytest.raises(SystemFault, match="it was committed"):
            unit.append([event(2)])
    with pytest.raises(SystemFault, match="it was committed"):
        unit.head()
    with store.read() as views:
        assert views.head() == 1
    with pytest.raises(SystemFault, match="it is over"):
        views.head()


class BadDisk:
    """A connection whose disk fails when it is to be written to for good."""

    def __init__(self, driver: sqlite3.Connection) -> None:
        self._driver = driver

    def __getattr__(self, name: str) -> object:
        return getattr(self._driver, name)

    def execute(self, statement: str, *values: object) -> object:
        if statement == "COMMIT":
            raise failure("disk I/O error", sqlite3.SQLITE_IOERR)
        return self._driver.execute(statement, *values)


def test_a_commit_that_fails_is_not_success(store: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    with store.write() as unit:
        unit.append([event(1)])
        monkeypatch.setattr(unit, "_driver", BadDisk(unit._driver))
        with pytest.raises(SystemFault) as caught:
            unit.commit()
        assert "not certain" in caught.value.hint
    with store.read() as views:
        assert views.head() == 0


def test_a_name_or_id_is_taken_once(store: SqliteStore) -> None:
    taken = [replace(WORKSPACE, id=UUID(int=77)), replace(WORKSPACE, name="third"), replace(HIDDEN, id=WORKSPACE.id)]
    for workspace in taken:
        with store.write() as unit:
            with pytest.raises(ConflictError) as caught:
                unit.add_workspace(workspace)
            assert caught.value.code == "WORKSPACE_EXISTS"
            unit.append([event(1)])  # a refusal of ours is no database error


def test_workspaces_are_found_by_name_and_id_and_hidden_ones_are_not_listed(store: SqliteStore, path: Path) -> None:
    variant = Workspace(UUID(int=4), "whatever", 1.0, 8, WorkspaceKind.VARIANT)
    odd = Workspace(UUID(int=5), 'O\'Brien "é" %_', 2.5, 9, limits=Limits(max_positions=3, allow_symbols=("A", "é")))
    add(store, HIDDEN, variant, odd)
    with store.read() as views:
        assert views.workspaces() == [odd, WORKSPACE, OTHER]
        assert views.workspace(odd.name) == views.workspace(odd.id) == views.workspace(str(odd.id).upper()) == odd
        assert views.workspace(variant.id) == replace(variant, name=str(variant.id))
        assert views.workspace(HIDDEN.id.hex) == HIDDEN
        assert views.workspace("whatever") is None
        assert views.workspace("\udcff") is None
    with raw(path) as client:
        assert client.execute("SELECT count(*) FROM workspaces WHERE name IS NULL").fetchone() == (2,)


def test_limits_and_trading_state_are_replaced(store: SqliteStore) -> None:
    limits = Limits(max_daily_loss=0.1, session_tz="America/New_York", deny_symbols=("X",))
    with store.write() as unit:
        unit.put_limits(WORKSPACE.id, limits)
        unit.put_trading_state(WORKSPACE.id, TradingState.REDUCING)
        with pytest.raises(NotFoundError):
            unit.put_limits(UUID(int=99), limits)
        unit.commit()
    with store.read() as views:
        assert views.workspace("first") == replace(WORKSPACE, limits=limits, trading_state=TradingState.REDUCING)
        assert views.workspace("second") == OTHER


def test_limits_of_a_newer_papertape_are_a_fault_that_is_told(store: SqliteStore, path: Path) -> None:
    with raw(path) as client:
        client.execute("""UPDATE workspaces SET limits = '{"leverage": 2}' WHERE name = 'first'""")
    with store.read() as views, pytest.raises(PapertapeError, match="limits cannot be read: leverage"):
        views.workspace("first")


def test_progress_is_kept_by_spec(store: SqliteStore) -> None:
    first = Progress("k2", 5, "1h", "untimed", {"A": True}, {"A": 1, "é": 2})
    second = Progress("k1", 6, "daily", "untimed")
    with store.write() as unit:
        unit.save_progress(WORKSPACE.id, first)
        unit.save_progress(WORKSPACE.id, second)
        unit.save_progress(WORKSPACE.id, replace(first, ts=7))
        unit.commit()
    with store.read() as views:
        assert views.progress(WORKSPACE.id, "k2") == replace(first, ts=7)
        assert views.progress(WORKSPACE.id, "k1") == second
        assert views.progress(OTHER.id, "k1") is None
        assert views.first_timeframe(WORKSPACE.id, "untimed") == "1h"
        assert views.first_timeframe(WORKSPACE.id, "other") is None


def test_connections_are_as_they_should_be(store: SqliteStore) -> None:
    expected = {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "recursive_triggers": 1,
        "trusted_schema": 0,
        "cache_size": -65536,
        "busy_timeout": 100,
    }
    with store.write() as unit:
        assert {name: _pragma(unit, name) for name in expected} == expected


def _pragma(unit: SqliteUnitOfWork, name: str) -> object:
    return unit._driver.execute(f"PRAGMA {name}").fetchone()[0]
