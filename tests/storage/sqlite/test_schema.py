"""A new database and an upgraded one have the same schema, and the migrations stay what they were."""

from __future__ import annotations

import ast
import hashlib
import json
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import NullPool, create_engine

import storage.migrations.versions
from engine.account.ledger import Fill
from engine.events import EventRow, EventType
from storage.sqlite import statements
from storage.sqlite.connection.driver import sqlite as sqlite3
from storage.sqlite.connection.opening import APPLICATION_ID
from storage.sqlite.connection.upgrading import alembic_config
from storage.sqlite.schema import SHIPPED, TRIGGERS, Definitions, definitions_of
from storage.sqlite.tables import Base
from storage.sqlite.unit_of_work import SqliteStore
from tests.storage.sqlite.old_databases import migrated, old_database
from tests.storage.sqlite.rows import raw

OLDER = SHIPPED.revisions[:-1]
MADE_BY = {
    "0001": "25f6cdf884c02898",
    "0002": "a941dc37ebba050e",
    "0003": "ed159768373ecfe2",
    "0004": "51565134023732a1",
}
"""The first digits of the sha256 of what each revision makes of the one before it."""


def definitions(path: Path) -> Definitions:
    with closing(sqlite3.connect(path)) as driver:
        return definitions_of(driver)


def event_types(path: Path) -> set[str]:
    with closing(sqlite3.connect(path)) as driver:
        return {name for (name,) in driver.execute("SELECT name FROM event_types")}


@pytest.mark.parametrize("revision", OLDER)
def test_an_upgraded_database_has_the_schema_of_a_new_one(
    store: SqliteStore, path: Path, tmp_path: Path, revision: str
) -> None:
    upgraded = tmp_path / "old.db"
    old_database(upgraded, revision)
    if revision == OLDER[0]:  # a later one may add nothing but an event type
        assert definitions(upgraded) != definitions(path)
    SqliteStore(upgraded).close()
    assert definitions(upgraded) == definitions(path)
    assert event_types(upgraded) == event_types(path) == {kind.value for kind in EventType}


def test_an_upgrade_ends_with_todays_triggers(store: SqliteStore, path: Path, tmp_path: Path) -> None:
    upgraded = tmp_path / "old.db"
    old_database(upgraded, OLDER[-1])
    with raw(upgraded) as client:
        client.execute("DROP TRIGGER workspaces_not_deleted")
        client.execute("CREATE TRIGGER workspaces_not_deleted BEFORE DELETE ON workspaces BEGIN SELECT 'weaker'; END")
    SqliteStore(upgraded).close()
    assert definitions(upgraded) == definitions(path)


@pytest.mark.parametrize("revision", OLDER)
def test_an_upgrade_leaves_somebody_elses_trigger(tmp_path: Path, revision: str) -> None:
    old = tmp_path / "old.db"
    old_database(old, revision)
    with raw(old) as client:
        client.execute("CREATE TRIGGER mine AFTER INSERT ON workspaces BEGIN SELECT 1; END")
    SqliteStore(old).close()
    assert "mine" in definitions(old)


def test_a_new_database_has_every_trigger(store: SqliteStore, path: Path) -> None:
    made = {sql for kind, sql in definitions(path).values() if kind == "trigger"}
    assert made == {"".join(trigger.split()) for trigger in TRIGGERS}


@pytest.mark.parametrize("revision", MADE_BY)
def test_a_revision_makes_what_it_always_made(tmp_path: Path, revision: str) -> None:
    migrated(tmp_path / "old.db", revision)
    text = json.dumps(definitions(tmp_path / "old.db"), sort_keys=True)
    assert hashlib.sha256(text.encode()).hexdigest()[:16] == MADE_BY[revision]


def test_the_migrations_import_nothing_that_changes() -> None:
    for module in Path(storage.migrations.versions.__path__[0]).glob("v*.py"):
        nodes = list(ast.walk(ast.parse(module.read_text(encoding="utf-8"))))
        imported = {str(node.module) for node in nodes if isinstance(node, ast.ImportFrom)}
        imported |= {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
        assert imported <= {"__future__", "alembic", "sqlalchemy"}, module.name


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


def test_the_journal_has_the_columns_of_an_event() -> None:
    assert statements.columns_of("trade_events") == ("seq", *EventRow._fields)
    assert set(Fill._fields) <= {"seq", *EventRow._fields}
