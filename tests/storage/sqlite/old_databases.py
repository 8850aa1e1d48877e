"""Databases as earlier versions of the program left them."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from alembic import command
from sqlalchemy import NullPool, create_engine

from storage.sqlite.connection.driver import sqlite
from storage.sqlite.connection.opening import APPLICATION_ID
from storage.sqlite.connection.upgrading import alembic_config
from storage.sqlite.schema import SHIPPED
from storage.sqlite.statements import columns_of
from tests.storage.sqlite.rows import KEY, event, fill

EVENTS = [fill(1), event(2), fill(3, side=-1, price=12.0, session=19_001), fill(4, lots=2**53)]


def migrated(path: Path, revision: str) -> None:
    """A database that the migrations alone took to a revision, empty of rows."""
    engine = create_engine(f"sqlite:///{path}", poolclass=NullPool)
    with engine.begin() as connection:
        config = alembic_config(SHIPPED)
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def old_database(path: Path, revision: str) -> None:
    """What the program of that revision left: an account with fills, its state, a run's progress."""
    migrated(path, revision)
    with closing(sqlite.connect(path, isolation_level=None)) as driver:
        driver.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        driver.execute(f"PRAGMA user_version = {SHIPPED.revisions.index(revision) + 1}")
        driver.execute("PRAGMA journal_mode = WAL")
        driver.execute("INSERT INTO workspaces VALUES (?, 'first', 10000.0, 'account', 'ACTIVE', '{}', 5)", (KEY,))
        names = ", ".join(columns_of("trade_events"))
        for seq, row in enumerate(EVENTS, 1):
            marks = ", ".join("?" * (len(row) + 1))
            driver.execute(f"INSERT INTO trade_events ({names}) VALUES ({marks})", (seq, *row))
        driver.execute("INSERT INTO account_states VALUES (?, 123.5, -6.5, 10000.0, 3, 1, 4, 1004, NULL)", (KEY,))
        columns = ", ".join(columns_of("run_progress")[:7])  # those of the first revision
        values = "?, 'key', 7, 'daily', 'untimed', '{}', '{\"X\": 3}'"
        driver.execute(f"INSERT INTO run_progress ({columns}) VALUES ({values})", (KEY,))
