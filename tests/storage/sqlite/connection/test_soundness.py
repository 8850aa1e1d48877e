"""Damage below the rows: what SQLite finds of it, and what readers say of a row or a schema that is not as it was."""

from __future__ import annotations

import struct
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from engine.audit.walk import audit
from engine.broker.replay import replayed
from engine.errors import DamageFault, SystemFault
from engine.ports import EventFilter
from storage.sqlite.connection.driver import sqlite
from storage.sqlite.connection.soundness import missing_guards, soundness
from storage.sqlite.unit_of_work import SqliteStore
from tests.storage.sqlite.rows import KEY, WORKSPACE, append, event, fill

PRICE = 123456.78125
"""Of eight bytes that stand nowhere else"""


def checkpointed(path: Path) -> bytes:
    with closing(sqlite.connect(path)) as client:
        client.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path.read_bytes()


def priced(store: SqliteStore, path: Path) -> bytes:
    """A fill at the price, in the table and in the index from which a replay reads."""
    append(store, fill(1), fill(2, price=PRICE), fill(3))
    store.close()
    content = checkpointed(path)
    assert content.count(struct.pack(">d", PRICE)) == 2
    return content


@pytest.mark.parametrize("copy", [0, 1])
@pytest.mark.parametrize("bit", range(0, 48, 7))
def test_a_price_that_differs_between_table_and_index_is_found(
    store: SqliteStore, path: Path, copy: int, bit: int
) -> None:
    content = bytearray(priced(store, path))
    needle = struct.pack(">d", PRICE)
    place = content.index(needle)
    if copy:
        place = content.index(needle, place + 1)
    content[place + 7 - bit // 8] ^= 1 << bit % 8
    path.write_bytes(content)
    with SqliteStore(path) as damaged:
        with damaged.read() as views:
            (told,) = (each.row.price for each in views.events(EventFilter(after=1, before=3), limit=None))
            (replay,) = (each[4] for each in views.fills(WORKSPACE.id) if each[0] == 2)
        assert told != replay
        assert PRICE in (told, replay)
        assert soundness(damaged).faults == ["row 2 missing from index trade_events_replay"]


def test_a_sound_database_is_sound(store: SqliteStore) -> None:
    append(store, event(1), fill(2))
    found = soundness(store)
    assert (found.faults, found.missing) == ([], [])


def test_a_row_of_nobody_is_found(store: SqliteStore, path: Path) -> None:
    with closing(sqlite.connect(path, isolation_level=None)) as client:
        client.execute("INSERT INTO account_sessions VALUES ('nobody', 1, 2.0)")
    assert soundness(store).faults == ["a row of account_sessions has no row of workspaces"]


def test_a_guard_that_is_gone_is_found(store: SqliteStore, path: Path) -> None:
    with closing(sqlite.connect(path, isolation_level=None)) as client:
        client.execute("DROP INDEX trade_events_correlation")
        assert missing_guards(client) == ["index trade_events_correlation"]
    assert soundness(store).missing == ["index trade_events_correlation"]


class Impatient:
    """Stops at the first look."""

    def advance(self, done: int, total: int) -> None:
        assert (done, total) == (0, 0)

    def stopped(self) -> bool:
        return True


def test_it_is_stopped(store: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.sqlite.connection.soundness._STEPS", 1)
    with pytest.raises(SystemFault) as caught:
        soundness(store, Impatient())
    assert caught.value.code == "CANCELLED"
    assert soundness(store).faults == []


def tampered(path: Path, *statements: str) -> None:
    """Somebody writes around the guards, types and all."""
    with closing(sqlite.connect(path, isolation_level=None)) as client:
        client.execute("PRAGMA writable_schema = ON")
        client.execute("DROP TRIGGER trade_events_not_updated")
        for strict, loose in ((",\n STRICT", ""), ("\n STRICT", "")):
            client.execute("UPDATE sqlite_master SET sql = replace(sql, ?, ?) WHERE type = 'table'", (strict, loose))
        (version,) = client.execute("PRAGMA schema_version").fetchone()
        client.execute(f"PRAGMA schema_version = {version + 1}")
    with closing(sqlite.connect(path, isolation_level=None)) as client:
        client.execute("PRAGMA ignore_check_constraints = ON")
        for statement in statements:
            client.execute(statement)


def read_events(store: SqliteStore) -> object:
    with store.read() as views:
        return views.events(EventFilter(), limit=None)


def replay(store: SqliteStore) -> object:
    with store.read() as views:
        return replayed(views, WORKSPACE)


def read_account(store: SqliteStore) -> object:
    with store.read() as views:
        return views.account(WORKSPACE).state()


def read_workspaces(store: SqliteStore) -> object:
    with store.read() as views:
        return views.workspaces()


def read_progress(store: SqliteStore) -> object:
    with store.read() as views:
        return views.progress(WORKSPACE.id, "spec")


PROGRESS = (
    "INSERT INTO run_progress VALUES ('{key}', 'spec', {ts}, 'daily', '', '{intraday}', '{{}}', '', '{{}}', NULL, NULL)"
)
ROWS: dict[str, tuple[str, Callable[[SqliteStore], object], str]] = {
    "a time that is a text": (
        "UPDATE trade_events SET ts = 'noon' WHERE seq = 2",
        read_events,
        "event 2 of the journal (ORDER_FILLED) is damaged: its ts is 'noon'",
    ),
    "a payload that is a number": (
        "UPDATE trade_events SET payload = x'80' WHERE seq = 1",
        read_events,
        "event 1 of the journal (POLICY_CHANGED) is damaged: its payload is b'\\x80'",
    ),
    "a payload that is no UTF-8": (
        "UPDATE trade_events SET payload = CAST(x'7b80' AS TEXT) WHERE seq = 1",
        read_events,
        "event 1 of the journal is damaged: its payload is not text: b'{\\x80'",
    ),
    "a fill without a price": (
        "UPDATE trade_events SET price = NULL WHERE seq = 2",
        read_events,
        "event 2 of the journal (ORDER_FILLED) is damaged: its price is None",
    ),
    "a price that is a text": (
        "UPDATE trade_events SET price = 'dear' WHERE seq = 2",
        replay,
        "event 2 of the journal (ORDER_FILLED) is damaged: its price is 'dear'",
    ),
    "a symbol that is no UTF-8": (
        "UPDATE trade_events SET symbol = CAST(x'4180' AS TEXT) WHERE seq = 2",
        replay,
        "event 2 of the journal is damaged: its symbol is not text: b'A\\x80'",
    ),
    "a day that is none": (
        "UPDATE trade_events SET session = 99999999 WHERE seq = 2",
        read_events,
        "event 2 of the journal (ORDER_FILLED) is damaged: session 99999999 is not a calendar day",
    ),
    "cash that is a text": (
        "UPDATE account_states SET cash = 'much'",
        read_account,
        f"the stored state of workspace {KEY} is damaged: its cash is 'much'",
    ),
    "a stored day that is none": (
        f"INSERT INTO account_sessions VALUES ('{KEY}', 99999999, 1.0)",
        read_account,
        f"the stored state of workspace {KEY} is damaged: session 99999999 is not a calendar day",
    ),
    "a kind that is none": (
        "DROP TRIGGER workspaces_keep_their_start; UPDATE workspaces SET kind = 'odd', name = 'x' WHERE id LIKE '%1'",
        read_workspaces,
        f"workspace {KEY} is damaged: 'odd' is not a valid WorkspaceKind",
    ),
    "an id that is none": (
        "DROP TRIGGER workspaces_keep_their_start; UPDATE workspaces SET id = 'x' WHERE id LIKE '%1'",
        read_workspaces,
        "workspace x is damaged: badly formed hexadecimal UUID string",
    ),
    "progress that is a text": (
        PROGRESS.format(key=KEY, ts="'soon'", intraday="{}"),
        read_progress,
        f"the progress of a run in workspace {KEY} is damaged: its ts is 'soon'",
    ),
    "progress that is no JSON": (
        PROGRESS.format(key=KEY, ts=1, intraday='{"A":1}'),
        read_progress,
        f"the progress of a run in workspace {KEY} is damaged: what it says.A is 1",
    ),
}


@pytest.mark.parametrize(("statement", "read", "said"), ROWS.values(), ids=ROWS)
def test_a_damaged_row_is_named(
    store: SqliteStore, path: Path, statement: str, read: Callable[[SqliteStore], object], said: str
) -> None:
    append(store, event(1), fill(2), fill(3))
    tampered(path, *statement.split("; "))
    with SqliteStore(path) as damaged:
        with pytest.raises(DamageFault) as caught:
            read(damaged)
        assert (caught.value.code, caught.value.message) == ("DATABASE_ERROR", said)
        assert soundness(damaged).missing


SCHEMAS: dict[str, tuple[str, Callable[[SqliteStore], object], str]] = {
    "a table is gone": ("DROP TABLE account_symbols", read_account, "no such table: account_symbols"),
    "a column is gone": ("ALTER TABLE account_states RENAME COLUMN cash TO gold", read_account, "no such column: cash"),
    "a column of the journal": (
        "ALTER TABLE trade_events RENAME COLUMN recorded_at TO noted",
        read_events,
        "no such column: recorded_at",
    ),
}


@pytest.mark.parametrize(("statement", "read", "said"), SCHEMAS.values(), ids=SCHEMAS)
def test_a_damaged_schema_is_said(
    store: SqliteStore, path: Path, statement: str, read: Callable[[SqliteStore], object], said: str
) -> None:
    append(store, event(1))
    with closing(sqlite.connect(path, isolation_level=None)) as client:
        client.execute(statement)
    with SqliteStore(path) as damaged, pytest.raises(SystemFault) as caught:
        read(damaged)
    assert caught.value.code == "DATABASE_ERROR"
    assert caught.value.message == f"{path} is damaged ({said})"
    assert "papertape doctor" in caught.value.hint


def test_a_schema_that_is_no_text_is_said(store: SqliteStore, path: Path) -> None:
    """SQLite's own message quotes it, and the driver cannot even read the message."""
    store.close()
    content = checkpointed(path)
    path.write_bytes(content.replace(b"payload TEXT NOT NULL", b"payload T\xc5XT NOT NULL"))
    with pytest.raises(SystemFault, match="is damaged") as caught:
        SqliteStore(path)
    assert caught.value.code == "DATABASE_ERROR"


def test_the_audit_goes_on_beyond_a_damaged_row(store: SqliteStore, path: Path) -> None:
    append(store, event(1), event(2), event(3))
    tampered(path, "UPDATE trade_events SET ts = 'noon' WHERE seq = 2", "UPDATE account_states SET peak_equity = 'x'")
    with SqliteStore(path) as damaged:
        found = audit(damaged)
    assert found.journal.first == ["event 2 of the journal (POLICY_CHANGED) is damaged: its ts is 'noon'"]
    assert [each.partition(" is damaged: ")[2] for each in found.projection.first] == ["its peak_equity is 'x'"] * 2


def test_events_that_are_missing_are_named(store: SqliteStore, path: Path) -> None:
    append(store, *(event(number) for number in range(1, 6)))
    with closing(sqlite.connect(path, isolation_level=None)) as client:
        client.execute("DROP TRIGGER trade_events_not_deleted")
        client.execute("DELETE FROM trade_events WHERE seq IN (2, 3)")
    assert audit(store).journal.first == ["events 2 to 3 of the journal are missing"]


def test_an_event_type_that_is_gone_is_found(store: SqliteStore, path: Path) -> None:
    """No event of the type could be appended."""
    with closing(sqlite.connect(path, isolation_level=None)) as client:
        query = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'event_types'"
        guards = client.execute(query).fetchall()
        for name, _ in guards:
            client.execute(f"DROP TRIGGER {name}")
        client.execute("UPDATE event_types SET name = 'ORDER_FILLEE' WHERE name = 'ORDER_FILLED'")
        for _, sql in guards:
            client.execute(sql)
    assert soundness(store).missing == ["event type ORDER_FILLED"]
