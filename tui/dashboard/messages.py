"""What has happened, told to the screen that is shown. Of several that wait, a screen gets the newest alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from engine.desk.accounts import Overview


class AccountChanged(Message, bubble=False):
    """The account is not as the screen saw it last: a fill, a mark, another trading state, another workspace."""

    def __init__(self, overview: Overview) -> None:
        super().__init__()
        self.overview = overview

    def can_replace(self, message: Message) -> bool:
        """A newer one takes the place of one that waits."""
        return isinstance(message, AccountChanged)


class JournalGrew(Message, bubble=False):
    """Events were appended, to this workspace or to another; `head` is the newest event's `seq`."""

    def __init__(self, head: int) -> None:
        super().__init__()
        self.head = head

    def can_replace(self, message: Message) -> bool:
        """A newer one takes the place of one that waits."""
        return isinstance(message, JournalGrew)
