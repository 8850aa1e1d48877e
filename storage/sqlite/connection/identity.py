"""Is a database ours, and of which revision? Looked at in one snapshot, and never changed."""

from __future__ import annotations

from pathlib import Path

from engine.errors import SystemFault
from storage.sqlite.connection.driver import sqlite
from storage.sqlite.tables import Base

APPLICATION_ID = 0x50544150
"""`PTAP`, in the file's header from the moment there is anything in it."""


def check_ours(path: Path, driver: sqlite.Connection, generation: int) -> None:
    """DATABASE_NOT_OURS; `generation` is what `user_version` is at today's revision."""
    # one snapshot: another process may be making the database between two reads
    within = driver.in_transaction
    if not within:
        driver.execute("BEGIN")
    try:
        (application,) = driver.execute("PRAGMA application_id").fetchone()
        foreign = application != APPLICATION_ID and (application != 0 or count_tables(driver) > 0)
        unmarked = foreign and application == 0 and _has_our_tables(driver)
    finally:
        if not within and driver.in_transaction:  # a full disk ends it by itself
            driver.execute("ROLLBACK")
    if unmarked:
        raise SystemFault(
            "DATABASE_NOT_OURS",
            f"{path} has papertape's tables, but not its mark: a dump leaves it out",
            hint="copy a database with .backup or VACUUM INTO, or say in this one"
            f" PRAGMA application_id = {APPLICATION_ID} and PRAGMA user_version = {generation}",
        )
    if foreign:
        raise not_ours(path, "it is the database of another program")


def count_tables(driver: sqlite.Connection) -> int:
    """Tables, indexes and triggers: none in a database that nobody has made anything in."""
    return int(driver.execute("SELECT count(*) FROM sqlite_master").fetchone()[0])


def _has_our_tables(driver: sqlite.Connection) -> bool:
    names = {name for (name,) in driver.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    return names >= {"alembic_version", *Base.metadata.tables}


def revision_of(path: Path, driver: sqlite.Connection, known: tuple[str, ...]) -> str:
    """The revision of a database that is ours, one of those known; DATABASE_NOT_OURS, DATABASE_TOO_NEW."""
    if not driver.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone():
        raise not_ours(path, "it does not say which revision it is at")
    found = driver.execute("SELECT version_num FROM alembic_version").fetchall()
    if len(found) != 1:
        raise not_ours(path, "it does not say which revision it is at")
    (revision,) = found[0]
    if revision not in known:
        raise too_new(path, f"revision {revision}, while this program knows {known[-1]}")
    return str(revision)


def too_new(path: Path, what: str) -> SystemFault:
    """The database was taken further by a newer papertape."""
    return SystemFault(
        "DATABASE_TOO_NEW",
        f"{path} was written by a newer papertape ({what})",
        hint="install that version, or name another file with --db",
    )


def not_ours(path: Path, why: str) -> SystemFault:
    """The DATABASE_NOT_OURS error for a file, with `why` as the reason it gives."""
    return SystemFault(
        "DATABASE_NOT_OURS",
        f"{path} is not a papertape database: {why}",
        hint="name another file with --db or PAPERTAPE_DB; this one was left as it is",
    )
