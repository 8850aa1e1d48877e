"""Connections to one database file, and the transactions on them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from engine.errors import SystemFault
from storage.sqlite.connection.driver import sqlite
from storage.sqlite.connection.faults import DATABASE_ERRORS, busy, fault_of, moved, read_only, translated
from storage.sqlite.connection.files import identity
from storage.sqlite.connection.identity import too_new
from storage.sqlite.connection.read_only import ReadOnlyFile
from storage.sqlite.connection.retry import RetryPolicy
from storage.sqlite.connection.transaction import Link, Transaction

Entered = TypeVar("Entered", bound=Transaction)

_PRAGMAS = (
    "synchronous = FULL",  # in WAL mode, NORMAL may lose the last commits when the power fails
    "foreign_keys = ON",  # off by default, on each connection
    "recursive_triggers = ON",  # else INSERT OR REPLACE deletes rows without firing the delete triggers
    "trusted_schema = OFF",  # a file from elsewhere must not call unsafe functions from its triggers
    "wal_autocheckpoint = 4000",  # pages: 16 MB; checkpoints are what the slowest executions wait for
    "cache_size = -65536",  # KiB: 64 MB
)
_KEPT = 4
"""How many idle connections are kept for the next transaction; any more are closed after use."""


class Database:
    """A pool of connections; each transaction has one for itself, so any thread may ask for one.

    `generation` is the schema's, as `PRAGMA user_version` has it: a transaction is refused once another program has
    taken the database further, and while another file, or none, is where the one that was opened was: what is written
    to a file that was moved away would be lost to everybody who looks for it at its path. With `reading` it is one
    that cannot be written, and the file is read as that says.
    """

    def __init__(self, path: Path, generation: int, retry: RetryPolicy, reading: ReadOnlyFile | None = None) -> None:
        self.path, self.reading = path, reading
        self._generation, self._retry = generation, retry
        self._identity = identity(path)
        self._idle: list[Link] = []  # the one used last is at the end, and taken first
        self._watcher: sqlite.Connection | None = None
        self._watching = threading.Lock()

    @contextmanager
    def transaction(self, enter: Callable[[Link], Entered], *, writing: bool) -> Iterator[Entered]:
        """A transaction, rolled back at the end unless it was committed; of a reader: a snapshot.

        `enter` makes of the connection what the body works with. Waits for other writers as long as `RetryPolicy` says,
        then DATABASE_BUSY. Every database error, the body's too, comes out as a `SystemFault`.
        """
        try:
            link = self._retry.run(lambda: self._begin(writing=writing))
            try:
                entered = enter(link)
                try:
                    yield entered
                finally:
                    entered.finish()
                if self.reading is not None and self.reading.has_moved_on():
                    raise busy(self.path)
            finally:
                self._end(link)
        except DATABASE_ERRORS as error:
            raise fault_of(error, self.path) from error

    def data_version(self) -> int:
        """Changes when anybody commits, other connections of this process included."""
        with translated(self.path), self._watching:
            self._check_in_place()
            if self.reading is not None and not self.reading.is_shared:
                self._catch_up(self.reading)
                return self.reading.version
            if self._watcher is None:
                self._watcher = self._retry.run(self._connected)
            return int(self._watcher.execute("PRAGMA data_version").fetchone()[0])

    def close(self) -> None:
        """Let go of every connection that is not in use."""
        with translated(self.path), self._watching:
            if self._watcher is not None:
                self._watcher.close()
                self._watcher = None
            self._let_go()
            if self.reading is not None:
                self.reading.close()

    def _begin(self, *, writing: bool) -> Link:
        """Begin for good: a writer takes the lock at once, a reader its snapshot."""
        self._check_in_place()  # first: a connection to a path without a file makes an empty one
        if self.reading is not None:
            if writing:
                raise read_only(self.path)
            self._catch_up(self.reading)
        link = self._taken()
        try:
            link.driver.execute("BEGIN IMMEDIATE" if writing else "BEGIN")
            (found,) = link.driver.execute("PRAGMA user_version").fetchone()
            if found > self._generation:
                raise too_new(self.path, f"schema {found}, while this program knows {self._generation}")
            if found < self._generation:
                raise self._unmarked(found)
        except BaseException:
            self._end(link)
            raise
        return link

    def _check_in_place(self) -> None:
        if identity(self.path) != self._identity:
            raise moved(self.path)

    def _unmarked(self, found: int) -> SystemFault:
        """Opening looked at the revision: whoever copied the database left its mark out."""
        return SystemFault(
            "DATABASE_NOT_OURS",
            f"{self.path} says schema {found} where its tables are of schema {self._generation}: a dump leaves it out",
            hint=f"copy a database with .backup or VACUUM INTO, or say PRAGMA user_version = {self._generation} in it",
        )

    def _taken(self) -> Link:
        try:
            return self._idle.pop()
        except IndexError:
            return Link(self._connected())

    def _connected(self) -> sqlite.Connection:
        return _connect(self.path, self._retry) if self.reading is None else _set_up(self.reading.connect())

    def _catch_up(self, reading: ReadOnlyFile) -> None:
        """Connections to what was there before somebody wrote are of no use."""
        if reading.catch_up():
            self._let_go()

    def _let_go(self) -> None:
        while self._idle:
            self._idle.pop().driver.close()

    def _end(self, link: Link) -> None:
        try:
            link.driver.rollback()  # nothing is left to roll back after a commit
        except DATABASE_ERRORS:  # nobody gets this one again
            link.driver.close()
            return
        if len(self._idle) < _KEPT:
            self._idle.append(link)
        else:
            link.driver.close()


def _connect(path: Path, retry: RetryPolicy) -> sqlite.Connection:
    """A connection as every one of ours is; the transaction statements are all our own (isolation_level None)."""
    connection = sqlite.connect(str(path), isolation_level=None, timeout=retry.wait_ms / 1000, check_same_thread=False)
    try:
        (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
        if mode != "wal":
            raise SystemFault(
                "DATABASE_ERROR",
                f"{path} lies where SQLite cannot share it between processes (journal mode {mode})",
                hint="keep it on a local disk, or name another file with --db",
            )
    except BaseException:
        connection.close()
        raise
    return _set_up(connection)


def _set_up(connection: sqlite.Connection) -> sqlite.Connection:
    try:
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
    except BaseException:
        connection.close()
        raise
    return connection
