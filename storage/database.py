"""Connections to one database file, and the transactions on them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, QueuePool, create_engine, event

from engine.errors import SystemFault
from storage.driver import sqlite
from storage.faults import DATABASE_ERRORS, translated
from storage.opening import too_new
from storage.patience import Patience

_PRAGMAS = (
    "synchronous = FULL",
    "foreign_keys = ON",
    "recursive_triggers = ON",
    "trusted_schema = OFF",
    "wal_autocheckpoint = 4000",  # pages: 16 MB; checkpoints are what the slowest executions wait for
    "cache_size = -65536",  # KiB: 64 MB
)
_WRITING = "papertape_writing"


class Database:
    """A pool of connections; each transaction has one for itself, so any thread may ask for one.

    `generation` is the schema's, as `PRAGMA user_version` has it: a transaction is refused once another program has
    taken the database further.
    """

    def __init__(self, path: Path, generation: int, patience: Patience) -> None:
        self.path = path
        self._patience = patience
        self._engine = _engine(path, generation, patience)
        self._watcher: sqlite.Connection | None = None
        self._watching = threading.Lock()

    @contextmanager
    def transaction(self, *, writing: bool) -> Iterator[Connection]:
        """A transaction, rolled back at the end unless it was committed; of a reader: a snapshot.

        Waits for other writers as long as patience lasts, then DATABASE_BUSY. Every database error, the body's
        too, comes out as a `SystemFault`.
        """
        with translated(self.path):
            connection = self._patience.persist(lambda: self._begin(writing=writing))
            try:
                yield connection
            finally:
                _end(connection)

    def data_version(self) -> int:
        """Changes when anybody commits, other connections of this process included."""
        with translated(self.path), self._watching:
            if self._watcher is None:
                self._watcher = self._patience.persist(lambda: _connect(self.path, self._patience))
            return int(self._watcher.execute("PRAGMA data_version").fetchone()[0])

    def close(self) -> None:
        """Let go of every connection that is not in use."""
        with translated(self.path), self._watching:
            if self._watcher is not None:
                self._watcher.close()
                self._watcher = None
            self._engine.dispose()

    def _begin(self, *, writing: bool) -> Connection:
        connection = self._engine.connect().execution_options(**{_WRITING: writing})
        try:
            connection.begin()
        except BaseException:
            _end(connection)
            raise
        return connection


def _end(connection: Connection) -> None:
    try:
        connection.close()
    except DATABASE_ERRORS:  # it could not even roll back: nobody gets this one again
        connection.invalidate()
        connection.close()


def _engine(path: Path, generation: int, patience: Patience) -> Engine:
    engine = create_engine(
        "sqlite://",
        module=sqlite,
        poolclass=QueuePool,
        creator=lambda: _connect(path, patience),
        pool_size=4,
        max_overflow=-1,
        pool_use_lifo=True,
    )
    event.listen(engine, "begin", _beginner(generation, path))
    return engine


def _connect(path: Path, patience: Patience) -> sqlite.Connection:
    """A connection as every one of ours is; the transaction statements are all our own (isolation_level None)."""
    connection = sqlite.connect(
        str(path), isolation_level=None, timeout=patience.wait_ms / 1000, check_same_thread=False
    )
    try:
        (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
        if mode != "wal":
            raise SystemFault(
                "DATABASE_ERROR",
                f"{path} lies where SQLite cannot share it between processes (journal mode {mode})",
                hint="keep it on a local disk, or name another file with --db",
            )
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
    except BaseException:
        connection.close()
        raise
    return connection


def _beginner(generation: int, path: Path) -> Callable[[Connection], None]:
    """Begin for good: a writer takes the lock at once, a reader its snapshot."""

    def begin(connection: Connection) -> None:
        driver: Any = connection.connection.driver_connection
        driver.execute("BEGIN IMMEDIATE" if connection.get_execution_options()[_WRITING] else "BEGIN")
        (found,) = driver.execute("PRAGMA user_version").fetchone()
        if found != generation:
            raise too_new(path, f"schema {found}, while this program knows {generation}")

    return begin
