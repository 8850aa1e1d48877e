"""What readers and writers share: one transaction on one connection, dead after its first database error."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Concatenate, NamedTuple, ParamSpec, TypeVar

from engine.account.state import Account
from engine.errors import SystemFault
from engine.policy.workspace import Workspace
from storage.sqlite.connection.driver import sqlite
from storage.sqlite.connection.faults import DATABASE_ERRORS, VALUE_ERRORS, fault_of

Self = TypeVar("Self", bound="Transaction")
Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


class Transaction:
    """A connection with a transaction under way, and what became of it."""

    def __init__(self, driver: sqlite.Connection, path: Path) -> None:
        self._driver, self._path = driver, path
        self._cursors: list[sqlite.Cursor] = []
        self._over: str | None = None

    def ask(self, look: Callable[[sqlite.Connection], Result]) -> Result:
        """What `look` finds on the connection itself."""
        self._check_alive()
        return look(self._driver)

    def finish(self) -> None:
        """Nothing more can be asked of it."""
        self._over = self._over or "it is over"
        for cursor in self._cursors:
            cursor.close()  # a SELECT under way would keep its snapshot beyond the transaction

    def _check_alive(self) -> None:
        """An error may have made SQLite roll back by itself: what follows would be committed one by one."""
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
    """A method that works in a live transaction only, kills it by any database error, and lets none out."""

    @wraps(method)
    def call(self: Self, /, *args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        self._check_alive()
        try:
            return method(self, *args, **kwargs)
        except (*DATABASE_ERRORS, *VALUE_ERRORS) as error:
            raise self._die(error) from error

    return call


class Stored(NamedTuple):
    """A workspace and its account, as they are in the database."""

    workspace: Workspace
    account: Account


@dataclass(slots=True)
class Known:
    """A workspace as a write transaction found it, with the account it was given and whether it has stored that."""

    workspace: Workspace
    account: Account | None = None
    is_stored: bool = False

    @property
    def stored(self) -> Stored | None:
        """What the database has once the transaction is committed."""
        return Stored(self.workspace, self.account) if self.account is not None and self.is_stored else None


@dataclass(slots=True)
class Link:
    """A connection. What its last write transaction stored is what the next one finds, unless somebody else wrote.

    `PRAGMA data_version` tells: SQLite changes it on a connection when any other one has committed, and while a write
    transaction is under way nobody else commits.
    """

    driver: sqlite.Connection
    stored: Stored | None = None
    version: int | None = None

    def recall(self) -> Stored | None:
        """At the beginning of a write transaction: what is still true. Given away; a commit says what holds then."""
        (version,) = self.driver.execute("PRAGMA data_version").fetchone()
        stored = self.stored if version == self.version else None
        self.stored, self.version = None, version
        return stored
