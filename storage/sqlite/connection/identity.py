"""Whether a database is papertape's, and at which revision: read in one snapshot, never changed."""

from __future__ import annotations

from pathlib import Path

from engine.errors import SystemFault
from storage.sqlite.connection.driver import sqlite
from storage.sqlite.tables import Base

APPLICATION_ID = 0x50544150
"""`PTAP`, in the file's header from the moment there is anything in it."""


def check_ours(path: Path, driver: sqlite.Connection, generation: int) -> None:
    """Raise DATABASE_NOT_OURS for another program's file. `generation` is today's `user_version`, for the hint."""
    # in one snapshot: another process may create the schema between two reads
    within = driver.in_transaction
    if not within:
        driver.execute("BEGIN")
    try:
        (application,) = driver.execute("PRAGMA application_id").fetchone()
        foreign = application != APPLICATION_ID and (application != 0 or count_tables(driver) > 0)
        unmarked = foreign and application == 0 and _has_our_tables(driver)
    finally:
        if not within and driver.in_transaction:  # SQLite has rolled back by itself if the disk is full
            driver.execute("ROLLBACK")
    if unmarked:
        raise SystemFault(
            "DATABASE_NOT_OURS",
            f"{path} has papertape's tables, but not its mark: a dump omits it",
            hint="copy a database with .backup or VACUUM INTO, or say in this one"
            f" PRAGMA application_id = {APPLICATION_ID} and PRAGMA user_version = {generation}",
        )
    if foreign:
        raise not_ours(path, "it is the database of another program")


def count_tables(driver: sqlite.Connection) -> int:
    """How many tables, indexes and triggers there are; 0 for a new database."""
    return int(driver.execute("SELECT count(*) FROM sqlite_master").fetchone()[0])


def _has_our_tables(driver: sqlite.Connection) -> bool:
    names = {name for (name,) in driver.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    return names >= {"alembic_version", *Base.metadata.tables}


def revision_of(path: Path, driver: sqlite.Connection, known: tuple[str, ...]) -> str:
    """The revision of a database of ours, one of `known`. Raises DATABASE_NOT_OURS or DATABASE_TOO_NEW."""
    if not driver.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone():
        raise not_ours(path, "it does not say which revision it is at")
    versions = driver.execute("SELECT version_num FROM alembic_version").fetchall()
    if len(versions) != 1:
        raise not_ours(path, "it does not say which revision it is at")
    (revision,) = versions[0]
    if revision not in known:
        raise too_new(path, f"revision {revision}, while this program knows {known[-1]}")
    return str(revision)


def too_new(path: Path, what: str) -> SystemFault:
    """DATABASE_TOO_NEW: a newer papertape has upgraded the database."""
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
