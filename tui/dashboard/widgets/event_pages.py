"""Events of a filter, a page at a time from the database; how many there are; and those that come meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from rich.text import Text

from tui.dashboard.loading import is_outage
from tui.dashboard.widgets.event_pane import SEQ, EventPane
from tui.dashboard.widgets.money import Palette
from tui.dashboard.widgets.table import PAGE, Order
from tui.shared import figures
from tui.shared.failures import lines_of

if TYPE_CHECKING:
    from engine.desk import Desk
    from engine.errors import PapertapeError
    from engine.ports import EventFilter, JournalEvent, Watch
    from tui.dashboard.screens.base import DeskScreen
    from tui.dashboard.widgets.table import DeskTable

Lines = Callable[["Desk", Sequence["JournalEvent"]], list[Any]]
"""Makes rows of events, in a thread."""


@dataclass(slots=True)
class _Reading:
    """What is shown: the events of a filter up to `head`. `total` is None while they are being counted, `arrived`
    how many came into the table since they were read, `waiting` how many are not in it yet."""

    where: EventFilter
    head: int
    total: int | None = None
    arrived: int = 0
    waiting: int = 0
    is_read: bool = False


class EventPages:
    """Fills an `EventPane`: `read` a filter, `more` of it, and what `grew`; `follow` takes new ones in at the top.

    Nothing of it waits on the event loop: a later `read` stops an earlier one, and the counting that follows it.
    """

    def __init__(self, screen: DeskScreen, pane: EventPane[Any], lines: Lines) -> None:
        self._screen, self._pane, self._lines = screen, pane, lines
        self._now: _Reading | None = None
        self._latest = 0
        self._newest_first = pane.table.order != Order(SEQ)
        self.follow = True
        self._progress = ""

    @property
    def _table(self) -> DeskTable[Any]:
        return self._pane.table

    @property
    def newest_first(self) -> bool:
        """Which end of the journal is at the top."""
        return self._newest_first

    @property
    def waiting(self) -> int:
        """How many new events match and are not in the table."""
        return self._now.waiting if self._now else 0

    @property
    def is_at_top(self) -> bool:
        """Whether new events would come in where they are seen."""
        return self._table.cursor_row <= 0 and self._table.scroll_y < 1

    def read(self, where: EventFilter, head: int, total: int | None = None) -> None:
        """The events of a filter, those up to the journal's `head`; `total` where it is known."""
        self._latest = max(head, self._latest)
        now = self._now = _Reading(where, head, total)
        bounded, newest_first = replace(where, before=head + 1), self._newest_first
        self._screen.load(
            lambda desk, watch: self._page(desk, bounded, watch, newest_first=newest_first),
            lambda lines: self._was_read(now, lines),
            group=self._group("page"),
            failed=self._failed,
            advanced=lambda done, all_of_it: self._searching("looking", done, all_of_it),
        )

    def stop(self) -> None:
        """What was asked for is no longer wanted."""
        self._now, self._progress = None, ""
        self._screen.load(lambda _desk, _watch: None, lambda _: None, group=self._group("page"))

    def read_again(self, *, newest_first: bool | None = None) -> None:
        """The same from the start, with all that has come."""
        if newest_first is not None:
            self._newest_first = newest_first
        now = self._now
        if now is not None:
            known = now.is_read and now.total is not None and self._latest == now.head
            self.read(now.where, self._latest, (now.total or 0) + now.waiting if known else None)

    def more(self) -> None:
        """A page more, after the last row that is there."""
        now = self._now
        if now is None or not now.is_read or not self._table.items:
            return
        last, newest_first = self._table.items[-1].seq, self._newest_first
        before = last if newest_first else now.head + 1
        where = replace(now.where, before=before, after=now.where.after if newest_first else last)
        self._screen.load(
            lambda desk, watch: self._page(desk, where, watch, newest_first=newest_first),
            lambda lines: self._append(now, last, lines),
            group=self._group("more"),
            in_turn=True,
        )

    def grew(self, head: int) -> None:
        """The journal goes to `head` now: count what matches, or take it in at the top."""
        self._latest, now = head, self._now
        if now is None or not now.is_read or head <= now.head:
            return
        where = replace(now.where, after=now.head, before=head + 1)
        if self._takes_in and not now.waiting:
            self._screen.load(
                lambda desk, watch: self._page(desk, where, watch, newest_first=True),
                lambda lines: self._take_in(now, head, lines),
                group=self._group("new"),
            )
        else:
            self._screen.load(
                lambda desk, watch: desk.journal.count(where, watch),
                lambda count: self._keep_waiting(now, head, count),
                group=self._group("new"),
            )

    def order(self, wanted: Order) -> bool:
        """Newest or oldest first; False, and as it was, when another column was asked for."""
        if wanted.column != SEQ:
            self._table.order = Order(SEQ, descending=self._newest_first)
            self._pane.append((), self._table.total)
            return False
        self.read_again(newest_first=wanted.descending)
        return True

    def _said(self, palette: Palette) -> Text:
        if self._progress:
            return Text(self._progress, palette.muted)
        if self.waiting and self._newest_first:
            key = "g shows them" if self.follow else "f takes them in"
            return Text.assemble((f" {self.waiting:,} new ", "reverse bold"), (f" {key}", palette.muted))
        if not self._newest_first:
            return Text("oldest first", palette.muted)
        return Text("● following new ones" if self.follow else "○ holding still, f follows", palette.muted)

    def set_follow(self, follow: bool) -> None:
        """Whether new events come in by themselves."""
        self.follow = follow
        self._note()
        self.catch_up()

    def catch_up(self) -> None:
        """Take in what waits, when it is looked at."""
        if self.waiting and self._takes_in:
            self.read_again()

    @property
    def _takes_in(self) -> bool:
        return self.follow and self._newest_first and self.is_at_top

    def _group(self, name: str) -> str:
        return f"{self._pane.id} {name}"

    def _page(self, desk: Desk, where: EventFilter, watch: Watch, *, newest_first: bool) -> list[Any]:
        return self._lines(desk, desk.journal.page(where, limit=PAGE, newest_first=newest_first, watch=watch))

    def _was_read(self, now: _Reading, lines: list[Any]) -> None:
        now.is_read, self._progress = True, ""
        if len(lines) < PAGE:
            now.total = len(lines)
        self._table.order = Order(SEQ, descending=self._newest_first)
        self._show(now, lines)
        self._table.move_cursor(row=0, animate=False, scroll=True)
        if now.total is None:
            self._count(now)
        if self._latest > now.head:
            self.grew(self._latest)

    def _count(self, now: _Reading) -> None:
        where = replace(now.where, before=now.head + 1)
        self._screen.load(
            lambda desk, watch: desk.journal.count(where, watch),
            lambda count: self._was_counted(now, count),
            group=self._group("page"),
            failed=self._failed,
            advanced=lambda done, all_of_it: self._searching("counting", done, all_of_it),
        )

    def _was_counted(self, now: _Reading, count: int) -> None:
        now.total, self._progress = count + now.arrived, ""
        self._append_to(now, ())

    def _append(self, now: _Reading, last: int, lines: list[Any]) -> None:
        items = self._table.items
        if now is self._now and items and items[-1].seq == last:
            if len(lines) < PAGE and now.total is None:  # these were the last
                now.total = len(items) + len(lines)
            self._append_to(now, lines)

    def _take_in(self, now: _Reading, head: int, lines: list[Any]) -> None:
        if now is not self._now:
            return
        if len(lines) == PAGE or not self._takes_in:
            self.read_again() if self._takes_in else self.grew(head)
            return
        now.head = head
        if lines:
            now.arrived += len(lines)
            now.total = None if now.total is None else now.total + len(lines)
            self._show(now, [*lines, *self._table.items][:PAGE])
            self._table.move_cursor(row=0, animate=False, scroll=True)

    def _keep_waiting(self, now: _Reading, head: int, count: int) -> None:
        if now is not self._now:
            return
        now.head = head
        if self._newest_first:
            now.waiting += count
            self._note()
            self.catch_up()
        else:
            now.arrived += count
            now.total = None if now.total is None else now.total + count
            self._append_to(now, ())

    def _show(self, now: _Reading, lines: Sequence[Any]) -> None:
        self._pane.is_counted = now.total is not None
        self._note()
        self._pane.show(lines, self._total(now, len(lines)))

    def _append_to(self, now: _Reading, lines: Sequence[Any]) -> None:
        self._pane.is_counted = now.total is not None
        self._note()
        self._pane.append(lines, self._total(now, len(self._table.items) + len(lines)))

    def _total(self, now: _Reading, here: int) -> int:
        return here + 1 if now.total is None else now.total

    def _searching(self, doing: str, done: int, all_of_it: int) -> None:
        self._progress = f"{doing}… {figures.decimals(done / max(1, all_of_it) * 100, 0)} %"
        self._note()

    def _failed(self, error: PapertapeError) -> None:
        self._progress = ""
        self._note()
        if not is_outage(error):
            self._pane.give_up("\n".join(lines_of(error)))
        self._screen.app.tell(error)

    def _note(self) -> None:
        self._pane.note(self._said(Palette.of(self._screen.app)))
