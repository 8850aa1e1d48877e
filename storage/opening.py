"""Opening a database file: made when it is not there, upgraded when it is old, refused when it is not ours or newer.

Two processes may open the same file at once: whatever is changed is looked at again under SQLite's write lock. The file
is never opened but through SQLite, since closing any other descriptor of it drops the locks this process holds on it.
"""

from __future__ import annotations

import os
import stat
import threading
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, NullPool, create_engine
from sqlalchemy.schema import CreateIndex, CreateTable

from engine.errors import SystemFault
from engine.vocabulary import EventType
from storage.driver import sqlite
from storage.faults import DATABASE_ERRORS, fault_of, is_not_a_database, unwritable
from storage.patience import Patience
from storage.tables import Base
from storage.triggers import TRIGGERS

APPLICATION_ID = 0x50544150
"""`PTAP`, in the file's header from the moment there is anything in it."""

ALEMBIC_TABLE = (
    "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL,"
    " CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
)

_ONE_AT_A_TIME = threading.Lock()


@dataclass(frozen=True, slots=True)
class Schema:
    """The revisions that lead to today's tables, oldest first, and where Alembic finds them.

    `PRAGMA user_version` is the number of revisions applied.
    """

    revisions: tuple[str, ...]
    scripts: str

    @property
    def head(self) -> str:
        """The newest revision."""
        return self.revisions[-1]

    @property
    def generation(self) -> int:
        """What `user_version` is at the newest revision."""
        return len(self.revisions)


SHIPPED = Schema(("0001", "0002", "0003"), "storage:migrations")


def prepare(path: Path, patience: Patience, schema: Schema = SHIPPED) -> None:
    """See that `path` is a database at the schema's head. Raises `SystemFault`; a foreign file stays untouched."""
    with _ONE_AT_A_TIME:
        try:
            _make_place(path)
            patience.persist(lambda: _refuse_foreign(path, patience))
            if not patience.persist(lambda: _is_at_head(path, patience, schema)):
                # nothing in it is done twice: it looks at the file again under the lock
                patience.persist(lambda: _bring_up(path, patience, schema))
            _keep_private(path)
        except DATABASE_ERRORS as error:
            if is_not_a_database(error):
                raise _not_ours(path, "it is not an SQLite database") from error
            raise fault_of(error, path) from error
        except OSError as error:
            raise unwritable(path, error.strerror or str(error)) from error


def too_new(path: Path, what: str) -> SystemFault:
    """The database was taken further by a newer papertape."""
    return SystemFault(
        "DATABASE_TOO_NEW",
        f"{path} was written by a newer papertape ({what})",
        hint="install that version, or name another file with --db",
    )


def create_schema(connection: Connection) -> None:
    """Today's tables, as the revisions make them, without Alembic: importing it takes longer than this."""
    for table in Base.metadata.sorted_tables:
        connection.execute(CreateTable(table))
        for index in sorted(table.indexes, key=lambda index: str(index.name)):
            connection.execute(CreateIndex(index))
    for kind in EventType:
        connection.exec_driver_sql("INSERT INTO event_types VALUES (?)", (kind.value,))
    for statement in (*TRIGGERS, ALEMBIC_TABLE):
        connection.exec_driver_sql(statement)


def _make_place(path: Path) -> None:
    """The directory, and a file that only we may read, unless they are there."""
    if not path.parent.is_dir():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:
        if not stat.S_ISREG(path.stat().st_mode):
            kind = "a directory" if path.is_dir() else "not a regular file"
            raise SystemFault(
                "DATABASE_ERROR", f"{path} is {kind}", hint="name a file with --db or PAPERTAPE_DB"
            ) from None


def _refuse_foreign(path: Path, patience: Patience) -> None:
    """Look before anything may change the file: a crash or another process can have left it in the middle of a write.

    With a rollback journal beside it SQLite mends it first, whosever it is. With a -wal beside it the file alone is
    not the database, so a reader that takes the locks has to look; it changes nothing.
    """
    if _beside(path, "-journal").exists():
        return
    if not _beside(path, "-wal").exists() and _looks_ours(path):
        return
    with closing(_opened(f"{path.as_uri()}?mode=ro", patience, uri=True)) as driver:
        _check_ours(path, driver)


def _looks_ours(path: Path) -> bool:
    """A look at the file alone: no locks, no -wal or -shm made beside it. False when somebody wrote meanwhile."""
    before = _traces(path)
    try:
        with closing(sqlite.connect(f"{path.as_uri()}?immutable=1", isolation_level=None, uri=True)) as driver:
            _check_ours(path, driver)
    except (*DATABASE_ERRORS, SystemFault):
        if _traces(path) == before:
            raise
        return False
    return True


def _traces(path: Path) -> tuple[object, ...]:
    """What changes when a writer is at the file."""
    seen = path.stat()
    return seen.st_mtime_ns, seen.st_size, _beside(path, "-wal").exists(), _beside(path, "-journal").exists()


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _check_ours(path: Path, driver: sqlite.Connection) -> None:
    # one snapshot: another process may be making the database between two reads
    within = driver.in_transaction
    if not within:
        driver.execute("BEGIN")
    try:
        (application,) = driver.execute("PRAGMA application_id").fetchone()
        foreign = application != APPLICATION_ID and (application != 0 or _count_tables(driver) > 0)
        unmarked = foreign and application == 0 and _has_our_tables(driver)
    finally:
        if not within and driver.in_transaction:  # a full disk ends it by itself
            driver.execute("ROLLBACK")
    if unmarked:
        raise SystemFault(
            "DATABASE_NOT_OURS",
            f"{path} has papertape's tables, but not its mark: a dump leaves it out",
            hint="copy a database with .backup or VACUUM INTO, or say in this one"
            f" PRAGMA application_id = {APPLICATION_ID} and PRAGMA user_version = {SHIPPED.generation}",
        )
    if foreign:
        raise _not_ours(path, "it is the database of another program")


def _is_at_head(path: Path, patience: Patience, schema: Schema) -> bool:
    with closing(_plain(path, patience)) as driver:
        _check_ours(path, driver)
        return _count_tables(driver) > 0 and _revision(path, driver, schema) == schema.head


def _bring_up(path: Path, patience: Patience, schema: Schema) -> None:
    """Create or upgrade, in one transaction that nobody else can write beside."""
    engine = create_engine("sqlite://", module=sqlite, poolclass=NullPool, creator=lambda: _plain(path, patience))
    with engine.begin() as connection:  # which tells Alembic that somebody else commits
        driver = connection.connection.driver_connection
        assert isinstance(driver, sqlite.Connection)  # noqa: S101 - for the type checker
        driver.execute("BEGIN IMMEDIATE")
        _check_ours(path, driver)
        if not _count_tables(driver):
            create_schema(connection)
            driver.execute("INSERT INTO alembic_version VALUES (?)", (schema.head,))
            driver.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        elif (revision := _revision(path, driver, schema)) != schema.head:
            from storage.upgrading import upgrade  # noqa: PLC0415 - Alembic, only when it is needed

            upgrade(path, connection, revision, schema)
        driver.execute(f"PRAGMA user_version = {schema.generation}")


def _plain(path: Path, patience: Patience) -> sqlite.Connection:
    """A connection that leaves the journal mode as it is: the first commit is to reach the file itself."""
    return _opened(str(path), patience)


def _opened(name: str, patience: Patience, *, uri: bool = False) -> sqlite.Connection:
    return sqlite.connect(name, isolation_level=None, timeout=patience.wait_ms / 1000, uri=uri)


def _count_tables(driver: sqlite.Connection) -> int:
    return int(driver.execute("SELECT count(*) FROM sqlite_master").fetchone()[0])


def _has_our_tables(driver: sqlite.Connection) -> bool:
    names = {name for (name,) in driver.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    return names >= {"alembic_version", *Base.metadata.tables}


def _revision(path: Path, driver: sqlite.Connection, schema: Schema) -> str:
    """The revision of a database that is ours; refused when this program does not know it."""
    if not driver.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone():
        raise _not_ours(path, "it does not say which revision it is at")
    found = driver.execute("SELECT version_num FROM alembic_version").fetchall()
    if len(found) != 1:
        raise _not_ours(path, "it does not say which revision it is at")
    (revision,) = found[0]
    if revision not in schema.revisions:
        raise too_new(path, f"revision {revision}, while this program knows {schema.head}")
    return str(revision)


def _keep_private(path: Path) -> None:
    """Mode 0600, for the files beside it too; SQLite gives new ones the database's mode."""
    for each in (path, _beside(path, "-wal"), _beside(path, "-shm")):
        with suppress(FileNotFoundError, PermissionError):  # not there, or another's
            if each.stat().st_mode & 0o077:
                each.chmod(0o600)


def _not_ours(path: Path, why: str) -> SystemFault:
    return SystemFault(
        "DATABASE_NOT_OURS",
        f"{path} is not a papertape database: {why}",
        hint="name another file with --db or PAPERTAPE_DB; this one was left as it is",
    )
