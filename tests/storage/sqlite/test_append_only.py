"""What the database itself enforces, attempted by a client that is not ours, under every relevant pragma."""

from __future__ import annotations

import itertools
import math
from pathlib import Path
from typing import Any

import pytest

from engine.events import EventRow, EventType
from engine.market.sessions import FIRST_MICROS, LAST_MICROS
from storage.sqlite.connection.driver import sqlite as sqlite3
from storage.sqlite.unit_of_work import SqliteStore
from tests.storage.sqlite.rows import KEY, OTHER, append, event, fill, raw

SWITCHES = ("recursive_triggers", "ignore_check_constraints", "foreign_keys", "trusted_schema", "defer_foreign_keys")
PRAGMAS = [
    dict(zip(SWITCHES, values, strict=True)) for values in itertools.product(("OFF", "ON"), repeat=len(SWITCHES))
]
NAMES = ("seq", *EventRow._fields)
COLUMNS = ", ".join(NAMES)
MARKS = ", ".join("?" * len(NAMES))


def inserted(how: str, seq: Any, row: EventRow, tail: str = "", key: str = "seq") -> tuple[str, tuple[Any, ...]]:
    columns = COLUMNS.replace("seq", key, 1)
    return f"{how} INTO trade_events ({columns}) VALUES ({MARKS}) {tail}", (seq, *row)


# the journal holds: 1 a POLICY_CHANGED, 2 and 3 fills
ATTEMPTS: dict[str, tuple[str, tuple[Any, ...]]] = {
    "update": ("UPDATE trade_events SET payload = '{}'", ()),
    "update of nothing": ("UPDATE trade_events SET seq = seq", ()),
    "update or ignore": ("UPDATE OR IGNORE trade_events SET price = 1.0 WHERE seq = 2", ()),
    "update or replace of a seq": ("UPDATE OR REPLACE trade_events SET seq = 3 WHERE seq = 2", ()),
    "update or replace of an order": ("UPDATE OR REPLACE trade_events SET order_id = 'order-3' WHERE seq = 2", ()),
    "delete of one": ("DELETE FROM trade_events WHERE seq = 1", ()),
    "delete of all": ("DELETE FROM trade_events", ()),
    "replace by seq": inserted("REPLACE", 2, fill(9)),
    "replace by rowid": inserted("INSERT OR REPLACE", 2, fill(9), key="rowid"),
    "replace by oid": inserted("INSERT OR REPLACE", 2, fill(9), key="oid"),
    "replace by a seq that is text": inserted("INSERT OR REPLACE", "2", fill(9)),
    "replace by a seq that is a float": inserted("INSERT OR REPLACE", 2.0, fill(9)),
    "replace by event id": inserted("INSERT OR REPLACE", 9, event(1)),
    "replace by event id, without a seq": inserted("INSERT OR REPLACE", None, event(2)),
    "replace by order": inserted("INSERT OR REPLACE", 9, fill(9, order_id="order-2")),
    "replace by intent": inserted("INSERT OR REPLACE", None, fill(9, intent_id="intent-2")),
    "replace by selection": (f"INSERT OR REPLACE INTO trade_events SELECT {COLUMNS} FROM trade_events", ()),
    "ignore of an event id": inserted("INSERT OR IGNORE", 9, event(1)),
    "upsert by seq": inserted("INSERT", 2, fill(9), "ON CONFLICT (seq) DO UPDATE SET price = 1.0"),
    "upsert by event id": inserted("INSERT", 9, event(1), "ON CONFLICT (event_id) DO UPDATE SET payload = '[]'"),
    "upsert by order": inserted("INSERT", 9, fill(9, order_id="order-2"), "ON CONFLICT DO UPDATE SET price = 1.0"),
    "upsert that does nothing": inserted("INSERT", 9, event(1), "ON CONFLICT DO NOTHING"),
    "a second fill of an order": inserted("INSERT", 9, fill(9, order_id="order-2")),
    "a second fill of an intent": inserted("INSERT", 9, fill(9, intent_id="intent-2")),
    "a seq in the past": inserted("INSERT", 0, event(9)),
    "a seq below all": inserted("INSERT", -7, event(9)),
    "an unknown workspace": inserted("INSERT", 9, event(9, workspace_id="nobody")),
    "a workspace deleted": ("DELETE FROM workspaces WHERE id = ?", (KEY,)),
    "a workspace replaced by id": (
        "REPLACE INTO workspaces SELECT id, 'x', 1.0, kind, 'ACTIVE', '{}', 0 FROM workspaces",
        (),
    ),
    "a workspace replaced by name": (
        "INSERT OR REPLACE INTO workspaces SELECT 'new', name, 1.0, kind, 'ACTIVE', '{}', 0 FROM workspaces",
        (),
    ),
    "a workspace replaced by renaming": ("UPDATE OR REPLACE workspaces SET name = 'first' WHERE name = 'second'", ()),
    "a workspace's start": ("UPDATE workspaces SET starting_equity = 1.0", ()),
    "a workspace's id": ("UPDATE OR REPLACE workspaces SET id = ? WHERE id = ?", (str(OTHER.id), KEY)),
}


@pytest.fixture
def journal(store: SqliteStore, path: Path) -> Path:
    append(store, event(1), fill(2), fill(3))
    return path


def refused(client: sqlite3.Connection, statement: str, values: tuple[Any, ...]) -> bool:
    try:
        client.execute(statement, values)
    except sqlite3.IntegrityError:
        return True
    return False


def dump(client: sqlite3.Connection) -> list[Any]:
    events = client.execute("SELECT * FROM trade_events NOT INDEXED ORDER BY seq").fetchall()
    return [*events, *client.execute("SELECT * FROM workspaces ORDER BY id")]


@pytest.mark.parametrize(
    "pragmas", PRAGMAS, ids=lambda pragmas: "".join("1" if on == "ON" else "0" for on in pragmas.values())
)
def test_no_client_changes_removes_or_repeats_an_event(journal: Path, pragmas: dict[str, str]) -> None:
    with raw(journal, **pragmas) as client:
        before = dump(client)
        for name, (statement, values) in ATTEMPTS.items():
            assert refused(client, statement, values), name
            assert dump(client) == before, name
        assert client.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_a_negative_seq_that_slipped_past_the_checks_is_not_replaced_either(journal: Path) -> None:
    with raw(journal, ignore_check_constraints="ON", recursive_triggers="OFF") as client:
        client.execute(*inserted("REPLACE", -1, event(8)))
        assert refused(client, *inserted("REPLACE", -1, event(9)))
        assert client.execute("SELECT event_id FROM trade_events WHERE seq < 1").fetchall() == [("event-8",)]


def test_rows_of_one_statement_are_held_against_each_other(journal: Path) -> None:
    with raw(journal, recursive_triggers="OFF") as client:
        one, values = inserted("INSERT OR REPLACE", 10, fill(9))
        two = f"{one}, ({MARKS})"
        client.execute("BEGIN")
        with pytest.raises(sqlite3.IntegrityError, match="order is filled"):
            client.execute(two, (*values, 11, *fill(10, order_id="order-9")))
        client.execute("ROLLBACK")
        assert client.execute("SELECT max(seq) FROM trade_events").fetchone() == (3,)


def test_another_client_may_append(journal: Path) -> None:
    with raw(journal) as client:
        client.execute(*inserted("INSERT", None, fill(4)))
        client.execute(*inserted("INSERT OR REPLACE", 7, fill(5, mode="live", intent_id="intent-4")))
        assert client.execute("SELECT seq FROM trade_events").fetchall() == [(1,), (2,), (3,), (4,), (7,)]


BAD_FILLS: list[dict[str, Any]] = [
    {"side": None},
    {"side": 0},
    {"side": 2},
    {"lots": None},
    {"lots": 0},
    {"lots": -1},
    {"lots": 2**62 + 1},
    {"lots": 1.5},
    {"price": None},
    {"price": 0.0},
    {"price": -1.0},
    {"price": math.inf},
    {"price": math.nan},
    {"price": "cheap"},
    {"fees": None},
    {"fees": -0.01},
    {"fees": math.inf},
    {"fees": math.nan},
    {"symbol": None},
    {"intent_id": None},
    {"order_id": None},
    {"order_id": b"order"},
    {"mode": None},
    {"session": None},
    {"session": "today"},
]


@pytest.mark.parametrize("checks", ["OFF", "ON"])
def test_a_fill_has_a_side_a_positive_quantity_and_price_and_fees(journal: Path, checks: str) -> None:
    with raw(journal, ignore_check_constraints=checks) as client:
        for number, changes in enumerate(BAD_FILLS, 10):
            assert refused(client, *inserted("INSERT", None, fill(number, **changes))), changes
        for number, changes in enumerate([{"side": -1}, {"lots": 1}, {"lots": 2**62}, {"fees": 0.0}], 50):
            client.execute(*inserted("INSERT", None, fill(number, **changes)))


@pytest.mark.parametrize("checks", ["OFF", "ON"])
def test_event_types_and_times_are_known_and_texts_are_texts(journal: Path, checks: str) -> None:
    with raw(journal, ignore_check_constraints=checks) as client:
        for changes in (
            {"event_type": "ORDER_FILED"},
            {"event_type": "order_filled"},
            {"ts": FIRST_MICROS - 1},
            {"ts": LAST_MICROS + 1},
            {"recorded_at": 2**63 - 1},
            {"recorded_at": -(2**63)},
            {"event_id": None},
            {"payload": None},
            {"payload": b"{}"},
            {"ts": "now"},
        ):
            assert refused(client, *inserted("INSERT", None, event(9, **changes))), changes
        for number, kind in enumerate(EventType):
            ends = {"ts": FIRST_MICROS, "recorded_at": LAST_MICROS}
            if kind is not EventType.ORDER_FILLED:
                client.execute(*inserted("INSERT", None, event(20 + number, kind.value, **ends)))


def test_an_empty_workspace_can_be_deleted(journal: Path) -> None:
    with raw(journal) as client:
        assert client.execute("DELETE FROM workspaces WHERE name = 'second'").rowcount == 1
