"""A pane of rows made of events: it may not know yet how many there are, and says what the journal is doing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol, TypeVar

from rich.text import Text

from tui.dashboard.widgets.columns import Form
from tui.dashboard.widgets.money import Palette
from tui.dashboard.widgets.pane import TablePane
from tui.dashboard.widgets.table import Order
from tui.shared import figures

SEQ = "seq"
"""The column that a table of events has, and is ordered by: a journal's order is its only index."""
NEWEST_FIRST = Order(SEQ, descending=True)


class Numbered(Protocol):
    """A row that was made of an event."""

    @property
    def seq(self) -> int:
        """The event's place in the journal."""


Line = TypeVar("Line", bound=Numbered)


def _second(value: datetime, _: int, __: Palette) -> Text:
    return Text(f"{value:%Y-%m-%d %H:%M:%S}")


SECONDS = Form(_second, right=False)
"""Times in UTC to the second, all alike: a page that comes later widens nothing."""


class EventPane(TablePane[Line]):
    """A table pane that may not know yet how many rows there are in all, and has too many to read every one."""

    IS_WHOLE = False
    is_counted = True
    _note = Text()

    @property
    def counted(self) -> str:
        """`500 of 12,345 events`; `at least 500 events` until they are counted."""
        if self.is_counted:
            return super().counted
        return f"at least {figures.counted(len(self.table.items), self._noun)}"

    def show(
        self, rows: Sequence[Line], total: int | None = None, *, of: int | None = None, totals: Text | None = None
    ) -> None:
        """These rows; what was noted stays."""
        super().show(rows, total, of=of, totals=totals or self._note)

    def note(self, text: Text) -> None:
        """Say something at the left of the count."""
        self._note = text
        self._totals.update(text)
