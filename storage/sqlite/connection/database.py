"""Connections to one database file, and the transactions on them, each unusable after its first database error."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Concatenate, NamedTuple, ParamSpec, TypeVar

from engine.account.state import Account
from engine.errors import SystemFault
from engine.policy.workspace import Workspace
from storage.sqlite.connection.driver import sqlite
from storage.sqlite.connection.faults import (
    DATABASE_ERRORS,
    VALUE_ERRORS,
    RetryPolicy,
    busy,
    fault_of,
    moved,
    read_only,
    translated,
)
from storage.sqlite.connection.files import identity
from storage.sqlite.connection.opening import too_new
from storage.sqlite.connection.read_only import ReadOnlyFile

Self = TypeVar("Self", bound="Transaction")
Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")
Entered = TypeVar("Entered", bound="Transaction")


class Transaction:
    """A connection with an open transaction, and why the transaction ended once it has."""

    def __init__(self, driver: sqlite.Connection, path: Path) -> None:
        self._driver, self._path = driver, path
        self._cursors: list[sqlite.Cursor] = []
        self._over: str | None = None

    def ask(self, look: Callable[[sqlite.Connection], Result]) -> Result:
        """The result of `look`, called with the connection itself. Raises DATABASE_ERROR if the transaction is over."""
        self._check_alive()
        return look(self._driver)

    def finish(self) -> None:
        """End the transaction: every later call raises DATABASE_ERROR."""
        self._over = self._over or "it is over"
        for cursor in self._cursors:
            cursor.close()  # an unfinished SELECT would keep its snapshot after the transaction

    def _check_alive(self) -> None:
        """Raise DATABASE_ERROR if the transaction is over.

        An error may have made SQLite roll back by itself; statements that followed would each be committed on their
        own.
        """
        if self._over is None and not self._driver.in_transaction:
            self._over = "the database rolled it back"
        if self._over is not None:
            raise SystemFault("DATABASE_ERROR", f"the transaction cannot go on: {self._over}", hint="begin another one")

    def _die(self, error: BaseException) -> SystemFault:
        fault = fault_of(error, self._path)
        self._over = f"it failed before ({fault.message})"
        return fault


def guarded(
    method: Callable[Concatenate[Self, Arguments], Result],
) -> Callable[Concatenate[Self, Arguments], Result]:
    """Make a method work only in a live transaction, end the transaction on a database error, and raise a
    `SystemFault`.
    """

    @wraps(method)
    def call(self: Self, /, *args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        self._check_alive()
        try:
            return method(self, *args, **kwargs)
        except (*DATABASE_ERRORS, *VALUE_ERRORS) as error:
            raise self._die(error) from error

    return call


class Stored(NamedTuple):
    """A workspace and its account, as the database has them."""

    workspace: Workspace
    account: Account


@dataclass(slots=True)
class Known:
    """A workspace that a write transaction has read, the account it was given, and whether it has stored that."""

    workspace: Workspace
    account: Account | None = None
    is_stored: bool = False

    @property
    def stored(self) -> Stored | None:
        """What the database will hold once the transaction is committed; None if the account was not stored."""
        return Stored(self.workspace, self.account) if self.account is not None and self.is_stored else None


@dataclass(slots=True)
class Link:
    """A connection, and what its last write transaction stored, which the next one need not read again (decision 22).

    `PRAGMA data_version` tells whether that is still true: SQLite changes it on a connection when any other one has
    committed, and while a write transaction is open nobody else commits.
    """

    driver: sqlite.Connection
    stored: Stored | None = None
    version: int | None = None

    def recall(self) -> Stored | None:
        """What the last write transaction stored, if nobody has written since; called when a write transaction begins.

        It is forgotten here and noted again by the commit, so a rollback or a failed commit leaves nothing outdated.
        """
        (version,) = self.driver.execute("PRAGMA data_version").fetchone()
        stored = self.stored if version == self.version else None
        self.stored, self.version = None, version
        return stored


_PRAGMAS = (
    "synchronous = FULL",  # in WAL mode, NORMAL may lose the last commits when the power fails
    "foreign_keys = ON",  # off by default, on each connection
    "recursive_triggers = ON",  # else INSERT OR REPLACE deletes rows without firing the delete triggers
    "trusted_schema = OFF",  # a file from elsewhere must not call unsafe functions from its triggers
    "wal_autocheckpoint = 4000",  # pages, 16 MB: the executions that run a checkpoint are the slowest ones
    "cache_size = -65536",  # KiB: 64 MB
)
_KEPT = 4
"""How many idle connections are kept for the next transaction; any more are closed after use."""


class Database:
    """A pool of connections to one file. Each transaction has a connection to itself, so any thread may ask for one.

    A transaction is refused if another program has upgraded the schema beyond `generation` (the value of `PRAGMA
    user_version`), and if the file at `path` is no longer the one that was opened: nobody would look for what is
    written to a file that was moved away. `reading` is set for a database that cannot be written, and says how it is
    read.
    """

    def __init__(self, path: Path, generation: int, retry: RetryPolicy, reading: ReadOnlyFile | None = None) -> None:
        self.path, self.reading = path, reading
        self._generation, self._retry = generation, retry
        self._identity = identity(path)
        self._idle: list[Link] = []  # used as a stack: the last one used has the warmest cache
        self._watcher: sqlite.Connection | None = None
        self._watching = threading.Lock()

    @contextmanager
    def transaction(self, enter: Callable[[Link], Entered], *, writing: bool) -> Iterator[Entered]:
        """A transaction for a writer, rolled back at the end unless the body commits, or a snapshot for a reader.

        `enter` makes the object that the body works with from the connection. While another process writes, the start
        is retried as `RetryPolicy` says; then it raises DATABASE_BUSY. Every database error, in the body too, is raised
        as a `SystemFault`.
        """
        try:
            link = self._retry.run(lambda: self._begin(writing=writing))
            try:
                entered = enter(link)
                try:
                    yield entered
                finally:
                    entered.finish()  # before the rollback: an open SELECT would outlive the transaction
                if self.reading is not None and self.reading.has_moved_on():
                    raise busy(self.path)
            finally:
                self._end(link)
        except DATABASE_ERRORS as error:
            raise fault_of(error, self.path) from error

    def data_version(self) -> int:
        """A number that changes with every commit, including those of other connections of this process."""
        with translated(self.path), self._watching:
            self._check_in_place()
            if self.reading is not None and not self.reading.is_shared:
                self._catch_up(self.reading)
                return self.reading.version
            # asked on a connection that never writes: SQLite does not count a connection's own commits
            if self._watcher is None:
                self._watcher = self._retry.run(self._connected)
            return int(self._watcher.execute("PRAGMA data_version").fetchone()[0])

    def close(self) -> None:
        """Close every connection that is idle."""
        with translated(self.path), self._watching:
            if self._watcher is not None:
                self._watcher.close()
                self._watcher = None
            self._let_go()
            if self.reading is not None:
                self.reading.close()

    def _begin(self, *, writing: bool) -> Link:
        """Start the transaction at once: a writer takes the lock, a reader its snapshot."""
        self._check_in_place()  # before connecting: SQLite would create an empty file at a path that has none
        if self.reading is not None:
            if writing:
                raise read_only(self.path)
            self._catch_up(self.reading)
        link = self._taken()
        try:
            # IMMEDIATE takes the write lock now: a transaction that read first could not be retried without losing
            # what it had read. A plain BEGIN takes its snapshot with the first read, which is the next line.
            link.driver.execute("BEGIN IMMEDIATE" if writing else "BEGIN")
            (generation,) = link.driver.execute("PRAGMA user_version").fetchone()
            if generation > self._generation:
                raise too_new(self.path, f"schema {generation}, while this program knows {self._generation}")
            if generation < self._generation:
                raise self._unmarked(generation)
        except BaseException:
            self._end(link)
            raise
        return link

    def _check_in_place(self) -> None:
        if identity(self.path) != self._identity:
            raise moved(self.path)

    def _unmarked(self, actual: int) -> SystemFault:
        """The error for a database with today's tables but another `user_version`: a copy by dump loses it."""
        return SystemFault(
            "DATABASE_NOT_OURS",
            f"{self.path} says schema {actual} where its tables are of schema {self._generation}: a dump omits it",
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
        """Close connections that still read the file as it was before somebody wrote to it."""
        if reading.catch_up():
            self._let_go()

    def _let_go(self) -> None:
        while self._idle:
            self._idle.pop().driver.close()

    def _end(self, link: Link) -> None:
        try:
            link.driver.rollback()  # does nothing after a commit
        except DATABASE_ERRORS:  # a connection that cannot roll back is not used again
            link.driver.close()
            return
        if len(self._idle) < _KEPT:
            self._idle.append(link)
        else:
            link.driver.close()


def _connect(path: Path, retry: RetryPolicy) -> sqlite.Connection:
    """A connection in WAL mode. `isolation_level=None`: the driver begins no transactions, this package does."""
    # check_same_thread: a pooled connection may serve several threads, one transaction at a time
    connection = sqlite.connect(str(path), isolation_level=None, timeout=retry.wait_ms / 1000, check_same_thread=False)
    try:
        (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
        if mode != "wal":  # a network disk, or one without shared memory
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
