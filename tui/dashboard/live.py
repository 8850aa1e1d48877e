"""The newest reading of the account, how fresh it is, and the messages that tell a screen of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from textual.message import Message

if TYPE_CHECKING:
    from engine.desk import Desk
    from engine.desk.accounts import Overview
    from engine.errors import PapertapeError


STALE_AFTER = timedelta(seconds=3)
"""A reading that nobody confirmed for so long may no longer be true."""


@dataclass(frozen=True, slots=True)
class Reading:
    """An account as it was at a version of the database."""

    version: int
    overview: Overview


@dataclass(slots=True)
class Live:
    """What all screens show: the newest reading, when it was last found true, and why it could not be read since."""

    reading: Reading | None = None
    as_of: datetime | None = None
    fault: PapertapeError | None = None

    def confirm(self, reading: Reading, now: datetime) -> None:
        """Note that the reading is up to date: it was read just now, or nobody has written since."""
        self.reading, self.as_of, self.fault = reading, now, None

    def is_stale(self, now: datetime) -> bool:
        """Whether the reading that is shown may be out of date."""
        return self.fault is not None or (self.as_of is not None and now - self.as_of > STALE_AFTER)


def read_account(desk: Desk, workspace: UUID, before: Reading | None) -> Reading:
    """The account now; `before` itself while nobody has written. Blocks on the database."""
    version = desk.journal.data_version()  # first: what is written between the two calls is seen the next time
    if before is not None and before.version == version and before.overview.workspace.id == workspace:
        return before
    return Reading(version, desk.accounts.overview(workspace))


class AccountChanged(Message, bubble=False):
    """The account has changed since the screen saw it: a fill, a mark, another trading state, another workspace."""

    def __init__(self, overview: Overview) -> None:
        super().__init__()
        self.overview = overview

    def can_replace(self, message: Message) -> bool:
        """A newer message replaces one that waits."""
        return isinstance(message, AccountChanged)


class JournalGrew(Message, bubble=False):
    """Events were appended, to this workspace or to another; `head` is the newest event's `seq`."""

    def __init__(self, head: int) -> None:
        super().__init__()
        self.head = head

    def can_replace(self, message: Message) -> bool:
        """A newer message replaces one that waits."""
        return isinstance(message, JournalGrew)
