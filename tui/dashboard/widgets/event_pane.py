"""A table of events: read a page at a time from the database, counted, and taken in at the top as they come.

Nothing here waits on the event loop: a later `read` stops an earlier one and the counting that follows it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Protocol, TypeVar

from rich.text import Text
from textual import on
from textual.message import Message

from tui.dashboard.colours import Palette
from tui.dashboard.loading import Loader, is_outage
from tui.dashboard.widgets.columns import Column, Form
from tui.dashboard.widgets.pane import TablePane
from tui.dashboard.widgets.table import PAGE, DeskTable, Order
from tui.shared import figures
from tui.shared.failures import lines_of

if TYPE_CHECKING:
    from engine.desk import Desk
    from engine.errors import PapertapeError
    from engine.ports import EventFilter, JournalEvent, Watch
    from tui.dashboard.app import DashboardApp

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
"""Times in UTC to the second, all of the same width: a page that comes later widens no column."""


@dataclass(slots=True)
class _Reading:
    """What is shown: the events that match `where` up to `head`. `total` is None while they are being counted,
    `arrived` how many came into the table since they were read, `waiting` how many are not in it yet."""

    where: EventFilter
    head: int
    total: int | None = None
    arrived: int = 0
    waiting: int = 0
    is_read: bool = False


class EventPane(TablePane[Line]):
    """`read` fills it with the events of a filter; more pages follow as the cursor comes to the last row.

    `lines` makes rows of events in a thread. `grew` counts what came since, or takes it in at the top with `follow`.
    """

    app: DashboardApp
    IS_WHOLE = False

    class Moved(Message):
        """The cursor is on another row; one message for all the moves of a turn of the loop."""

    def __init__(
        self,
        columns: Sequence[Column[Line]],
        lines: Callable[[Desk, Sequence[JournalEvent]], list[Line]],
        *,
        noun: str,
        empty: str,
        order: Order | None,
        id: str,  # noqa: A002 - as Textual names it
    ) -> None:
        order = order or NEWEST_FIRST
        super().__init__(columns, lambda row: str(row.seq), noun=noun, empty=empty, order=order, id=id)
        self._loader, self._lines = Loader(self), lines
        self._reading: _Reading | None = None
        self._latest = 0
        self._newest_first = order != Order(SEQ)
        self._progress = ""
        self._is_moving = False
        self.follow = True

    def on_mount(self) -> None:
        """New events are taken in while the first row is shown, so every move may take some in."""
        self.watch(self.table, "cursor_coordinate", self._cursor_moved, init=False)
        self.watch(self.table, "scroll_y", self._cursor_moved, init=False)

    @property
    def newest_first(self) -> bool:
        """Whether the newest event is at the top, else the oldest."""
        return self._newest_first

    @property
    def waiting(self) -> int:
        """How many new events match and are not in the table."""
        return self._reading.waiting if self._reading else 0

    @property
    def counted(self) -> str:
        """`500 of 12,345 events`; `500+ events` until they are counted."""
        if self._reading is None or self._reading.total is not None:
            return super().counted
        return f"{figures.whole(len(self.table.items))}+ {self._noun}s"

    def show(
        self, rows: Sequence[Line], total: int | None = None, *, of: int | None = None, totals: Text | None = None
    ) -> None:
        """Show these rows; the note at the left of the count stays."""
        super().show(rows, total, of=of, totals=totals or self._note_text())

    def read(self, where: EventFilter, head: int, total: int | None = None) -> None:
        """Show the events of a filter up to `head`, the journal's newest `seq`; `total` where it is known."""
        self._latest = max(head, self._latest)
        reading = self._reading = _Reading(where, head, total)
        bounded, newest_first = replace(where, before=head + 1), self._newest_first
        self._loader.load(
            lambda desk, watch: self._page(desk, bounded, watch, newest_first=newest_first),
            lambda lines: self._was_read(reading, lines),
            group="page",
            failed=self._failed,
            advanced=lambda done, all_of_it: self._searching("looking", done, all_of_it),
        )

    def stop(self) -> None:
        """Drop what was asked for: no filter is read any more."""
        self._reading, self._progress = None, ""
        self._loader.load(lambda _desk, _watch: None, lambda _: None, group="page")

    def read_again(self, *, newest_first: bool | None = None) -> None:
        """Read the same filter from the start, with all events that have come since."""
        if newest_first is not None:
            self._newest_first = newest_first
        reading = self._reading
        if reading is not None:
            known = reading.is_read and reading.total is not None and self._latest == reading.head
            self.read(reading.where, self._latest, (reading.total or 0) + reading.waiting if known else None)

    def grew(self, head: int) -> None:
        """The journal's newest `seq` is `head` now: count the new events that match, or take them in at the top."""
        self._latest, reading = head, self._reading
        if reading is None or not reading.is_read or head <= reading.head:
            return
        where = replace(reading.where, after=reading.head, before=head + 1)
        if self._takes_in and not reading.waiting:
            self._loader.load(
                lambda desk, watch: self._page(desk, where, watch, newest_first=True),
                lambda lines: self._take_in(reading, head, lines),
                group="new",
            )
        else:
            self._loader.load(
                lambda desk, watch: desk.journal.count(where, watch),
                lambda count: self._keep_waiting(reading, head, count),
                group="new",
            )

    def set_follow(self, follow: bool) -> None:
        """Whether new events come in by themselves."""
        self.follow = follow
        self._show_note()
        self.catch_up()

    def catch_up(self) -> None:
        """Take in the events that wait, once the top of the table is shown."""
        if self.waiting and self._takes_in:
            self.read_again()

    @on(DeskTable.MoreWanted)
    def _read_more(self, event: DeskTable.MoreWanted) -> None:
        event.stop()
        reading = self._reading
        if reading is None or not reading.is_read or not self.table.items:
            return
        last, newest_first = self.table.items[-1].seq, self._newest_first
        before = last if newest_first else reading.head + 1
        where = replace(reading.where, before=before, after=reading.where.after if newest_first else last)
        self._loader.load(
            lambda desk, watch: self._page(desk, where, watch, newest_first=newest_first),
            lambda lines: self._append(reading, last, lines),
            group="more",
            in_turn=True,
        )

    @on(DeskTable.Ordered)
    def _reorder(self, event: DeskTable.Ordered) -> None:
        if event.order.column == SEQ:
            self.read_again(newest_first=event.order.descending)
            return
        event.stop()  # the screen would remember the order
        self.table.order = Order(SEQ, descending=self._newest_first)
        self.append((), self.table.total)
        self.app.warn(f"{self._noun}s are ordered by seq: newest first or oldest first")

    def _cursor_moved(self) -> None:
        if not self._is_moving:  # each row that is added moves it
            self._is_moving = True
            self.call_later(self._settle_cursor)

    def _settle_cursor(self) -> None:
        self._is_moving = False
        if self.is_attached:
            self.catch_up()
            self.post_message(self.Moved())

    @property
    def _takes_in(self) -> bool:
        is_at_top = self.table.cursor_row <= 0 and self.table.scroll_y < 1
        return self.follow and self._newest_first and is_at_top

    def _page(self, desk: Desk, where: EventFilter, watch: Watch, *, newest_first: bool) -> list[Line]:
        return self._lines(desk, desk.journal.page(where, limit=PAGE, newest_first=newest_first, watch=watch))

    def _was_read(self, reading: _Reading, lines: list[Line]) -> None:
        reading.is_read, self._progress = True, ""
        if len(lines) < PAGE:
            reading.total = len(lines)
        self.table.order = Order(SEQ, descending=self._newest_first)
        self._show_lines(reading, lines)
        if reading.total is None:
            self._start_counting(reading)
        if self._latest > reading.head:
            self.grew(self._latest)

    def _start_counting(self, reading: _Reading) -> None:
        where = replace(reading.where, before=reading.head + 1)
        self._loader.load(
            lambda desk, watch: desk.journal.count(where, watch),
            lambda count: self._was_counted(reading, count),
            group="page",
            failed=self._failed,
            advanced=lambda done, all_of_it: self._searching("counting", done, all_of_it),
        )

    def _was_counted(self, reading: _Reading, count: int) -> None:
        reading.total, self._progress = count + reading.arrived, ""
        self._append_lines(reading, ())

    def _append(self, reading: _Reading, last: int, lines: list[Line]) -> None:
        items = self.table.items
        if reading is self._reading and items and items[-1].seq == last:
            if len(lines) < PAGE and reading.total is None:  # these were the last
                reading.total = len(items) + len(lines)
            self._append_lines(reading, lines)

    def _take_in(self, reading: _Reading, head: int, lines: list[Line]) -> None:
        if reading is not self._reading:
            return
        if len(lines) == PAGE or not self._takes_in:
            self.read_again() if self._takes_in else self.grew(head)
            return
        reading.head = head
        if lines:
            self._arrive(reading, len(lines))
            self._show_lines(reading, [*lines, *self.table.items][:PAGE])

    def _keep_waiting(self, reading: _Reading, head: int, count: int) -> None:
        if reading is not self._reading:
            return
        reading.head = head
        if self._newest_first:
            reading.waiting += count
            self._show_note()
            self.catch_up()
        else:
            self._arrive(reading, count)
            self._append_lines(reading, ())

    @staticmethod
    def _arrive(reading: _Reading, count: int) -> None:
        reading.arrived += count
        reading.total = None if reading.total is None else reading.total + count

    def _show_lines(self, reading: _Reading, lines: Sequence[Line]) -> None:
        self.show(lines, len(lines) + 1 if reading.total is None else reading.total)
        self.table.move_cursor(row=0, animate=False, scroll=True)

    def _append_lines(self, reading: _Reading, lines: Sequence[Line]) -> None:
        self._show_note()
        here = len(self.table.items) + len(lines)
        self.append(lines, here + 1 if reading.total is None else reading.total)

    def _searching(self, doing: str, done: int, all_of_it: int) -> None:
        self._progress = f"{doing}… {figures.decimals(done / max(1, all_of_it) * 100, 0)} %"
        self._show_note()

    def _failed(self, error: PapertapeError) -> None:
        self._progress = ""
        self._show_note()
        if not is_outage(error):
            self.give_up("\n".join(lines_of(error)))
        self.app.tell(error)

    def _show_note(self) -> None:
        self._totals.update(self._note_text())

    def _note_text(self) -> Text:
        palette = Palette.of(self.app)
        if self._progress:
            return Text(self._progress, palette.muted)
        if self.waiting and self._newest_first:
            key = "g shows them" if self.follow else "f takes them in"
            return Text.assemble((f" {self.waiting:,} new ", "reverse bold"), (f" {key}", palette.muted))
        if not self._newest_first:
            return Text("oldest first", palette.muted)
        return Text("● following new ones" if self.follow else "○ holding still, f follows", palette.muted)
