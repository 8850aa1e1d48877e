"""Journals that earlier versions wrote: upgraded at once, with the same events and states, and trading on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from engine.account.ledger import Ledger
from engine.account.state import Account
from engine.intents import MAX_LOTS
from engine.vocabulary import EventType
from storage.sqlite.connection.driver import sqlite as sqlite3
from storage.sqlite.schema import SHIPPED
from storage.sqlite.unit_of_work import SqliteStore
from tests.storage.sqlite.old_databases import old_database
from tests.storage.sqlite.rows import KEY, WORKSPACE, append, event, fill, raw

OLD = SHIPPED.revisions[:-1]


@pytest.fixture(params=OLD)
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "papertape.db"
    old_database(path, request.param)
    return path


def test_an_old_journal_has_the_same_events_and_states_afterwards(old: Path) -> None:
    with SqliteStore(old) as store, store.read() as views:
        fills = [tuple(each) for each in views.fills(WORKSPACE.id)]
        account = views.account(WORKSPACE)
        progress = views.progress(WORKSPACE.id, "key")
        assert views.head() == 4
    assert [each[:4] for each in fills] == [
        (1, "AAPL", 1, 100_000_000),
        (3, "AAPL", -1, 100_000_000),
        (4, "AAPL", 1, 2**53),
    ]
    assert (account.ledger.cash, account.ledger.realized_pnl, account.ledger.last_seq) == (123.5, -6.5, 4)
    assert progress is not None
    assert (progress.ts, progress.first_ts, progress.strategy_sha256, progress.settled) == (7, {"X": 3}, "", {})
    with raw(old) as client:
        assert client.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_an_old_journal_takes_new_types_and_more_lots(old: Path) -> None:
    with SqliteStore(old) as store:
        append(store, event(5, "HISTORY_ACCEPTED"), fill(6, lots=MAX_LOTS))
        with store.write() as unit:
            unit.replace(Account(WORKSPACE.id, Ledger.fresh(10_000.0)))
            unit.commit()
    with raw(old, ignore_check_constraints="ON") as client:
        assert client.execute("SELECT lots FROM trade_events WHERE seq = 6").fetchone() == (2**62,)
        with pytest.raises(sqlite3.DatabaseError, match="no such type"):
            client.execute(
                "INSERT INTO trade_events SELECT 7, 'e', workspace_id, 'NOVEL', ts, recorded_at,"
                " NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{}' FROM trade_events LIMIT 1"
            )
        client.execute("INSERT INTO event_types VALUES ('NOVEL')")  # all that a later version has to do
        client.execute(
            "INSERT INTO trade_events SELECT 7, 'e', workspace_id, 'NOVEL', ts, recorded_at,"
            " NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{}' FROM trade_events LIMIT 1"
        )


def test_older_runs_are_listed_as_not_countable(tmp_path: Path) -> None:
    path = tmp_path / "papertape.db"
    old_database(path, "0002")  # the last revision that counted no trials
    started = '{"strategy_id": "sma_cross", "base": {"symbols": ["IBM", "GOOG"]}}'
    columns = "event_id, workspace_id, event_type, ts, recorded_at, correlation_id, symbol, payload"
    with raw(path) as client:
        client.execute("INSERT INTO workspaces VALUES ('hidden', NULL, 10000.0, 'closed', 'ACTIVE', '{}', 5)")
        for values in (
            ("plan", KEY, "RUN_STARTED", 1, 2, "run-1", None, started),
            ("order", "hidden", "INTENT_EMITTED", 1, 2, None, "AAPL", "{}"),
        ):
            client.execute(f"INSERT INTO trade_events ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values)
    with SqliteStore(path) as store, store.read() as views:
        found = {trial.kind: trial for trial in views.trials()}
    assert [trial.is_countable for trial in found.values()] == [False] * 3
    assert {kind: set(trial.bars) for kind, trial in found.items()} == {
        "plan": {"IBM", "GOOG"},
        "backtest": {"AAPL"},
        "forward": {"X"},
    }
    assert (found["plan"].run_id, found["plan"].strategy_id, found["backtest"].run_id) == (
        "run-1",
        "sma_cross",
        "hidden",
    )


def test_types_are_for_good(store: SqliteStore, path: Path) -> None:
    with raw(path, recursive_triggers="OFF") as client:
        for statement in ("DELETE FROM event_types", "UPDATE event_types SET name = 'x' WHERE name = 'ORDER_FILLED'"):
            with pytest.raises(sqlite3.DatabaseError, match="a type is for good"):
                client.execute(statement)
        client.execute("INSERT OR REPLACE INTO event_types VALUES ('ORDER_FILLED')")
        assert client.execute("SELECT count(*) FROM event_types").fetchone() == (len(EventType),)


def test_a_program_that_has_the_old_journal_open_writes_nothing_more(tmp_path: Path) -> None:
    path = tmp_path / "papertape.db"
    old_database(path, OLD[-1])
    with closing(sqlite3.connect(path, isolation_level=None)) as older:
        older.execute("SELECT count(*) FROM trade_events").fetchone()
        SqliteStore(path).close()
        # what every transaction of the older program looks at first
        assert older.execute("PRAGMA user_version").fetchone() == (SHIPPED.generation,)
        with pytest.raises(sqlite3.DatabaseError):
            older.execute("INSERT INTO trade_events (event_id) VALUES ('late')")
        assert older.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
