"""Opening a database file: created if missing, upgraded if old, refused if it is another program's or newer.

Two processes may open the same file at once, so everything that is about to be changed is checked again under SQLite's
write lock. The file is opened only through SQLite, since closing any other descriptor of it releases the locks that
this process holds on it.
"""

from __future__ import annotations

import errno
import os
import stat
import threading
from contextlib import closing
from pathlib import Path

from sqlalchemy import NullPool, create_engine

from engine.errors import SystemFault
from storage.sqlite.connection.driver import sqlite
from storage.sqlite.connection.faults import (
    COPY_IT,
    DATABASE_ERRORS,
    RetryPolicy,
    fault_of,
    fault_of_system,
    is_not_a_database,
    read_only,
)
from storage.sqlite.connection.files import JOURNAL, WAL, beside, keep_private, may_write, traces
from storage.sqlite.connection.read_only import ReadOnlyFile
from storage.sqlite.schema import SHIPPED, Schema, create_schema, renew_triggers_and_types
from storage.sqlite.tables import Base
from storage.system import FOR_A_DATABASE, make_private, require_descriptors

_ONE_AT_A_TIME = threading.Lock()
"""Threads that open the same new file: SQLite's locks keep processes apart, this one the steps around them."""
APPLICATION_ID = 0x50544150
"""`PTAP`, in the file's header from the moment there is anything in it."""


def file_behind(path: Path | str) -> Path:
    """The absolute path behind a name, with links followed. Raises DATABASE_ERROR if the links form a circle."""
    named = Path(path).expanduser()
    real = Path(os.path.realpath(named))  # `Path.resolve` raises different errors in different versions of Python
    try:
        real.stat()
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise fault_of_system(error, named) from error
    return real


def prepare(path: Path, retry: RetryPolicy, schema: Schema = SHIPPED) -> None:
    """Create or upgrade the database at `path` so that it is at the schema's head.

    Raises `SystemFault`; another program's file is left untouched. For an existing database that cannot be written it
    is a `ReadOnlyFault`, and `read_only_file` may be able to read it.
    """
    require_descriptors(FOR_A_DATABASE)
    with _ONE_AT_A_TIME:
        try:
            _make_place(path)
            if not may_write(path):  # before connecting: even a reader creates a -shm beside a file that has a -wal
                raise read_only(path)
            retry.run(lambda: _refuse_foreign(path, retry, schema))
            if not retry.run(lambda: _is_at_head(path, retry, schema)):
                # safe to retry: it checks the file again under the lock
                retry.run(lambda: _bring_up(path, retry, schema))
            keep_private(path)
        except DATABASE_ERRORS as error:
            if is_not_a_database(error):
                raise not_ours(path, "it is not an SQLite database") from error
            raise fault_of(error, path) from error
        except OSError as error:
            raise fault_of_system(error, path) from error


def read_only_file(path: Path, retry: RetryPolicy, schema: Schema = SHIPPED) -> ReadOnlyFile:
    """A way to read a database that cannot be written. Raises `SystemFault`, also if it would need an upgrade."""

    def check(driver: sqlite.Connection) -> None:
        try:
            check_ours(path, driver, schema.generation)
            revision = revision_of(path, driver, schema.revisions) if count_tables(driver) else "none"
        except DATABASE_ERRORS as error:
            if is_not_a_database(error):
                raise not_ours(path, "it is not an SQLite database") from error
            raise
        if revision != schema.head:
            raise _not_upgradable(path, revision, schema)

    return ReadOnlyFile(path, retry, check)


def _make_place(path: Path) -> None:
    """Create the directory and an empty file that only its owner may read, unless they exist."""
    make_private(path.parent)
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:
        if not stat.S_ISREG(path.stat().st_mode):
            kind = "a directory" if path.is_dir() else "not a regular file"
            raise SystemFault(
                "DATABASE_ERROR", f"{path} is {kind}", hint="name a file with --db or PAPERTAPE_DB"
            ) from None


def _refuse_foreign(path: Path, retry: RetryPolicy, schema: Schema) -> None:
    """Refuse another program's file before anything can change it, even if a crash or a writer left it mid-write.

    With a rollback journal beside it the next connection repairs the file, whichever program made it, so the check is
    left to the lock. With a -wal beside it the file alone is not the whole database, so a reader that takes the locks
    has to look; it changes nothing.
    """
    if beside(path, JOURNAL).exists():
        return
    if not beside(path, WAL).exists() and _looks_ours(path, schema):
        return
    with closing(_opened(f"{path.as_uri()}?mode=ro", retry, uri=True)) as driver:
        check_ours(path, driver, schema.generation)


def _looks_ours(path: Path, schema: Schema) -> bool:
    """Check the file alone, without locks and without creating a -wal or -shm. False if somebody wrote meanwhile."""
    before = traces(path)
    try:
        with closing(sqlite.connect(f"{path.as_uri()}?immutable=1", isolation_level=None, uri=True)) as driver:
            check_ours(path, driver, schema.generation)
    except (*DATABASE_ERRORS, SystemFault):
        if traces(path) == before:
            raise
        return False
    return True


def _is_at_head(path: Path, retry: RetryPolicy, schema: Schema) -> bool:
    with closing(_plain(path, retry)) as driver:
        check_ours(path, driver, schema.generation)
        return count_tables(driver) > 0 and revision_of(path, driver, schema.revisions) == schema.head


def _bring_up(path: Path, retry: RetryPolicy, schema: Schema) -> None:
    """Create or upgrade the schema in one transaction, with every other writer locked out."""
    engine = create_engine("sqlite://", module=sqlite, poolclass=NullPool, creator=lambda: _plain(path, retry))
    with engine.begin() as connection:  # a transaction of the caller: Alembic does not commit
        driver = connection.connection.driver_connection
        assert isinstance(driver, sqlite.Connection)  # noqa: S101 - for the type checker
        driver.execute("BEGIN IMMEDIATE")
        check_ours(path, driver, schema.generation)
        if not count_tables(driver):
            create_schema(connection)
            driver.execute("INSERT INTO alembic_version VALUES (?)", (schema.head,))
            driver.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        elif (revision := revision_of(path, driver, schema.revisions)) != schema.head:
            from storage.sqlite.connection.upgrading import upgrade  # noqa: PLC0415 - Alembic, only when it is needed

            upgrade(path, connection, revision, schema)
            renew_triggers_and_types(connection)
        driver.execute(f"PRAGMA user_version = {schema.generation}")


def _plain(path: Path, retry: RetryPolicy) -> sqlite.Connection:
    """A connection that does not switch to WAL: the commit that creates the schema then goes to the file itself."""
    return _opened(str(path), retry)


def _opened(name: str, retry: RetryPolicy, *, uri: bool = False) -> sqlite.Connection:
    return sqlite.connect(name, isolation_level=None, timeout=retry.wait_ms / 1000, uri=uri)


def _not_upgradable(path: Path, revision: str, schema: Schema) -> SystemFault:
    what = (
        "is empty" if revision == "none" else f"is of an older schema ({revision}, and this program's is {schema.head})"
    )
    return SystemFault(
        "DATABASE_ERROR",
        f"{path} {what}, and read-only: it cannot be upgraded where it is",
        hint=COPY_IT,
    )


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
