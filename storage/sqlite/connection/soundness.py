"""Whether a database is sound as far as SQLite can tell: its pages, its indexes against its tables, its schema."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from engine.errors import SystemFault
from engine.ports import Unwatched, Watch
from engine.vocabulary import EventType
from storage.sqlite.connection.driver import sqlite
from storage.sqlite.connection.faults import DATABASE_ERRORS
from storage.sqlite.schema import definitions_of, expected_definitions
from storage.sqlite.unit_of_work import SqliteStore


def missing_guards(driver: sqlite.Connection) -> list[str]:
    """What today's schema has and the database lacks or has in another form, each as `trigger NAME`."""
    there, expected = definitions_of(driver), expected_definitions()
    missing = [f"{kind} {name}" for name, (kind, sql) in expected.items() if there.get(name) != (kind, sql)]
    if "table event_types" in missing:
        return missing
    types = {name for (name,) in driver.execute("SELECT name FROM event_types")}
    return missing + [f"event type {kind}" for kind in EventType if kind.value not in types]


_MOST = 20
"""So many of SQLite's own findings are asked for."""
_STEPS = 100_000
"""Of SQLite's machine between two looks at the watch: some milliseconds."""


@dataclass(frozen=True, slots=True)
class Soundness:
    """`faults` in SQLite's words; `missing` are tables, indexes and triggers that differ from today's schema."""

    faults: list[str]
    missing: list[str]


def soundness(store: SqliteStore, watch: Watch | None = None) -> Soundness:
    """What SQLite's own checks find, in one snapshot. Nothing is written. Raises CANCELLED if the watch stops it.

    `integrity_check` looks up every row of a table in each of its indexes, and counts the indexes' entries, so it finds
    a value that differs between the two. `quick_check` would not.
    """
    return store.inspect(lambda driver: _inspected(driver, watch or Unwatched()))


def _inspected(driver: sqlite.Connection, watch: Watch) -> Soundness:
    with _watched(driver, watch):
        faults = _said(lambda: driver.execute(f"PRAGMA integrity_check({_MOST})").fetchall())
        orphans = _said(lambda: driver.execute("PRAGMA foreign_key_check").fetchmany(_MOST))
        missing = _said(lambda: [(guard,) for guard in missing_guards(driver)])
    sentences = [str(row[0]) for row in faults if row[0] != "ok"]
    sentences += [row[0] if len(row) == 1 else f"a row of {row[0]} has no row of {row[2]}" for row in orphans]
    return Soundness(sentences, [str(row[0]) for row in missing])


def _said(ask: Callable[[], list[tuple[str, ...]]]) -> list[tuple[str, ...]]:
    """The rows that a check returns; for a database error its message, unless the watch interrupted it."""
    try:
        return ask()
    except DATABASE_ERRORS as error:
        if getattr(error, "sqlite_errorcode", 0) == sqlite.SQLITE_INTERRUPT:
            raise SystemFault("CANCELLED", "the check was stopped", hint="nothing was changed") from error
        return [(str(error),)]


@contextmanager
def _watched(driver: sqlite.Connection, watch: Watch) -> Iterator[None]:
    """Report to the watch while SQLite works, without a total: nobody knows how long a check takes."""

    def look() -> int:
        watch.advance(0, 0)
        return int(watch.stopped())

    driver.set_progress_handler(look, _STEPS)
    try:
        yield
    finally:
        driver.set_progress_handler(None, 0)
