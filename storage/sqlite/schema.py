"""The schema: what a new database gets, and what an upgraded one ends with.

`storage.sqlite.tables` has the tables and indexes, `storage.sqlite.triggers` the triggers, `engine.vocabulary` the
types of events. A new database is made from these. An old one is taken through the migrations, which are history and
refer to none of them; then its triggers are made again and the types it lacks are added, so that no new migration has
to repeat either.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, create_engine
from sqlalchemy.schema import CreateIndex, CreateTable

from engine.vocabulary import EventType
from storage.sqlite.connection.driver import sqlite
from storage.sqlite.tables import Base
from storage.sqlite.triggers import TRIGGERS

Definitions = dict[str, tuple[str, str]]
"""The name of a table, index or trigger to its type (`table`, `index`, `trigger`) and its SQL without white space."""

_ALEMBIC_TABLE = (
    "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL,"
    " CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
)


@dataclass(frozen=True, slots=True)
class Schema:
    """The revisions that lead to today's tables, oldest first, and where Alembic finds them.

    `PRAGMA user_version` is the number of revisions applied.
    """

    revisions: tuple[str, ...]
    scripts: str

    @property
    def head(self) -> str:
        """The name of the newest revision."""
        return self.revisions[-1]

    @property
    def generation(self) -> int:
        """What `user_version` is at the newest revision."""
        return len(self.revisions)


SHIPPED = Schema(("0001", "0002", "0003"), "storage:migrations")


def create_schema(connection: Connection) -> None:
    """Make everything in an empty database, without Alembic: importing it takes longer than this."""
    for table in Base.metadata.sorted_tables:
        connection.execute(CreateTable(table))
        for index in sorted(table.indexes, key=lambda index: str(index.name)):
            connection.execute(CreateIndex(index))
    connection.exec_driver_sql(_ALEMBIC_TABLE)
    renew_triggers_and_types(connection)


def renew_triggers_and_types(connection: Connection) -> None:
    """Make each of `TRIGGERS` again in today's words, and add the event types that are missing.

    Triggers that somebody else added stay. One that papertape gives up has to be dropped by a migration.
    """
    for trigger in TRIGGERS:
        name = trigger.split()[2]  # CREATE TRIGGER name ...
        connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {name}")
        connection.exec_driver_sql(trigger)
    for event_type in EventType:
        connection.exec_driver_sql("INSERT OR IGNORE INTO event_types VALUES (?)", (event_type.value,))


def definitions_of(driver: sqlite.Connection) -> Definitions:
    """What a database has of tables, indexes and triggers; SQLite's automatic indexes have no SQL and are left out."""
    rows = driver.execute("SELECT name, type, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY type, name")
    return {name: (kind, "".join(sql.split())) for name, kind, sql in rows}


def expected_definitions() -> Definitions:
    """What a new database has, made in memory."""
    engine = create_engine("sqlite://", module=sqlite)
    with engine.begin() as connection:
        create_schema(connection)
        driver = connection.connection.driver_connection
        assert isinstance(driver, sqlite.Connection)  # noqa: S101 - for the type checker
        return definitions_of(driver)
