"""Rows and workspaces for the tests of the store, and a raw client beside it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

from engine.events import EventRow
from engine.policy.workspace import Workspace, WorkspaceKind
from storage.sqlite.connection.driver import sqlite as sqlite3
from storage.sqlite.unit_of_work import SqliteStore

WORKSPACE = Workspace(UUID(int=1), "first", 10_000.0, 5)
OTHER = Workspace(UUID(int=2), "second", 500.0, 6)
HIDDEN = Workspace(UUID(int=3), str(UUID(int=3)), 500.0, 7, WorkspaceKind.CLOSED)
KEY = str(WORKSPACE.id)


def event(number: int, kind: str = "POLICY_CHANGED", **changes: Any) -> EventRow:
    row = EventRow(f"event-{number}", KEY, kind, 1_000 + number, 2_000 + number, f"correlation-{number}")
    return row._replace(**changes)


def fill(number: int, **changes: Any) -> EventRow:
    row = event(number, "ORDER_FILLED", intent_id=f"intent-{number}", order_id=f"order-{number}", mode="paper")
    row = row._replace(symbol="AAPL", side=1, lots=100_000_000, price=10.5, fees=0.25, session=19_000)
    return row._replace(**changes)


def add(store: SqliteStore, *workspaces: Workspace) -> None:
    with store.write() as unit:
        for workspace in workspaces:
            unit.add_workspace(workspace)
        unit.commit()


def append(store: SqliteStore, *events: EventRow) -> int:
    with store.write() as unit:
        last = unit.append(events)
        unit.commit()
    return last


@contextmanager
def raw(path: Path, **pragmas: str) -> Iterator[sqlite3.Connection]:
    """Somebody else's connection, in autocommit."""
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        for name, value in pragmas.items():
            connection.execute(f"PRAGMA {name} = {value}")
        yield connection
    finally:
        connection.close()
