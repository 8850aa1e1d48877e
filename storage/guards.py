"""Does a database still have the guards that it was made with? Its owner may have dropped a trigger or an index."""

from __future__ import annotations

from sqlalchemy import create_engine

from engine.vocabulary import EventType
from storage.driver import sqlite
from storage.opening import create_schema

Schema = dict[str, tuple[str, str]]
"""A name to what it is (`table`, `index`, `trigger`) and how it was written, without white space."""


def missing_guards(driver: sqlite.Connection) -> list[str]:
    """What today's schema has and a database has not, or otherwise, each as `trigger NAME`."""
    there, expected = _schema_of(driver), _expected()
    missing = [f"{kind} {name}" for name, (kind, sql) in expected.items() if there.get(name) != (kind, sql)]
    if "table event_types" in missing:
        return missing
    types = {name for (name,) in driver.execute("SELECT name FROM event_types")}
    return missing + [f"event type {kind}" for kind in EventType if kind.value not in types]


def _expected() -> Schema:
    engine = create_engine("sqlite://", module=sqlite)
    with engine.begin() as connection:
        create_schema(connection)
        driver = connection.connection.driver_connection
        assert isinstance(driver, sqlite.Connection)  # noqa: S101 - for the type checker
        return _schema_of(driver)


def _schema_of(driver: sqlite.Connection) -> Schema:
    rows = driver.execute("SELECT name, type, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY type, name")
    return {name: (kind, "".join(sql.split())) for name, kind, sql in rows}
