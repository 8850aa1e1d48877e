"""The models, the migrations and the direct route to a new database say the same."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, NullPool, create_engine

from engine.account.ledger import Fill
from engine.events import EventRow, EventType
from storage.sqlite import statements
from storage.sqlite.connection.driver import sqlite as sqlite3
from storage.sqlite.connection.opening import ALEMBIC_TABLE, APPLICATION_ID, SHIPPED, create_schema
from storage.sqlite.connection.upgrading import alembic_config
from storage.sqlite.tables import Base
from storage.sqlite.unit_of_work import SqliteStore


def schema_of(driver: sqlite3.Connection) -> dict[str, str]:
    """Every table, index and trigger as it was written, without its white space."""
    rows = driver.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name").fetchall()
    return {name: "".join(sql.split()) for name, sql in rows}


def migrated(connection: Connection) -> None:
    config = alembic_config(SHIPPED)
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def driver_of(connection: Connection) -> Any:
    return connection.connection.driver_connection


def test_the_migrations_and_the_models_make_the_same_schema(tmp_path: Path) -> None:
    schemas = []
    for number, make in enumerate((create_schema, migrated)):
        engine = create_engine(f"sqlite:///{tmp_path / str(number)}.db", poolclass=NullPool)
        with engine.begin() as connection:
            make(connection)
            schemas.append(schema_of(driver_of(connection)))
    assert schemas[0] == schemas[1]
    assert len([name for name in schemas[0] if schemas[0][name].startswith("CREATETRIGGER")]) == 8


def test_alembic_finds_no_difference(store: SqliteStore, path: Path) -> None:
    with create_engine(f"sqlite:///{path}", poolclass=NullPool).connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, Base.metadata) == []


def test_the_known_revisions_are_those_of_the_scripts() -> None:
    scripts = ScriptDirectory.from_config(alembic_config(SHIPPED))
    shipped = [script.revision for script in scripts.walk_revisions()]
    assert tuple(reversed(shipped)) == SHIPPED.revisions
    assert scripts.get_heads() == [SHIPPED.head]


def test_a_new_database_says_what_it_is(store: SqliteStore, path: Path) -> None:
    with closing(sqlite3.connect(path)) as driver:
        assert driver.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
        assert driver.execute("PRAGMA user_version").fetchone() == (len(SHIPPED.revisions),)
        assert driver.execute("SELECT version_num FROM alembic_version").fetchall() == [(SHIPPED.head,)]
        tables = driver.execute("SELECT name, strict FROM pragma_table_list WHERE schema = 'main' AND type = 'table'")
        strict = dict(tables.fetchall())
    assert {name for name, on in strict.items() if on} == set(Base.metadata.tables)
    assert "".join(ALEMBIC_TABLE.split()).startswith("CREATETABLEalembic_version")


def test_the_journal_has_the_columns_of_an_event() -> None:
    assert statements.columns_of("trade_events") == ("seq", *EventRow._fields)
    assert set(Fill._fields) <= {"seq", *EventRow._fields}


def test_every_event_type_is_known_to_the_journal(store: SqliteStore, path: Path, tmp_path: Path) -> None:
    with create_engine(f"sqlite:///{tmp_path / 'migrated.db'}", poolclass=NullPool).begin() as connection:
        migrated(connection)
    for each in (path, tmp_path / "migrated.db"):
        with closing(sqlite3.connect(each)) as driver:
            names = {name for (name,) in driver.execute("SELECT name FROM event_types")}
        assert names == {kind.value for kind in EventType}
