"""The transaction that readers and writers share: one per connection, unusable after its first database error."""

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
