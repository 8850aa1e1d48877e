"""A connection, and what it remembers from one write transaction to the next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from engine.account.state import Account
from engine.policy.workspace import Workspace
from storage.driver import sqlite


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
