"""Journal: every event, newest first; narrowed by filters, in full beside, and followed as it grows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container

from tui.dashboard.keys import bound
from tui.dashboard.screens.base import DeskScreen
from tui.dashboard.screens.journal.filter import FilterBar, JournalQuery
from tui.dashboard.screens.journal.lines import COLUMNS, DetailPane, EventLine, InFull, event_in_full, event_lines
from tui.dashboard.widgets.event_pane import SEQ, EventPane
from tui.dashboard.widgets.table import DeskTable, Order

if TYPE_CHECKING:
    from engine.desk.accounts import Overview

PANE = "journal"
TABLE = f"{PANE}-table"
EMPTY = (
    "No event of this workspace is in the journal.\n\n"
    "An order makes some:   2, or papertape execute --action OPEN_LONG --symbol GOOG --quantity 1 --fill-price 100\n"
    "All workspaces:        a"
)
NO_MATCH = "No event matches the filter.\n\nWithout it:       esc\nAll workspaces:   a"
WIDE = 140
"""Columns from which the event in full fits beside the table."""


class JournalScreen(DeskScreen):
    """Filters over the events, and one of them in full."""

    NAME = "journal"
    CSS_PATH = "journal.tcss"
    AUTO_FOCUS = "DeskTable"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (WIDE, "-wide")]  # noqa: RUF012 - as Textual declares it
    BINDINGS: ClassVar[list[BindingType]] = [
        bound(
            "slash",
            "filter",
            "filter",
            "by text; tab goes on to type, symbol, correlation",
            "journal.filter",
            show=True,
        ),
        bound(
            "t", "trace", "trace", "everything of this correlation id, from signal to fill", "journal.trace", show=True
        ),
        bound("f", "follow", "follow", "whether new events come in by themselves", "journal.follow"),
        bound("a", "everywhere", "all", "the events of all workspaces, or of this one", "journal.all", show=True),
        bound("e", "only('types')", "this type", "only events of this one's type; again: of all", "journal.type"),
        bound("m", "only('symbol')", "this symbol", "only this market's events; again: of all", "journal.symbol"),
        bound(
            "c", "only('correlation')", "this correlation", "only what belongs to it; again: all", "journal.correlation"
        ),
        bound("o", "other_end", "oldest", "the oldest event at the top; again: the newest", "journal.oldest"),
        bound("d", "detail", "detail", "show or hide the event in full", "journal.detail"),
        bound(
            "escape",
            "back",
            "back",
            "out of a field; then without a filter",
            "journal.back",
            show=True,
        ),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._workspace: UUID | None = None
        self._detailed: int | None = None

    def compose_body(self) -> ComposeResult:
        """The filter, the events, and the one under the cursor."""
        yield FilterBar()
        with Container(id="journal-body"):
            yield EventPane(
                COLUMNS,
                event_lines,
                noun="event",
                empty=EMPTY,
                order=self.remembered_order(TABLE),
                id=PANE,
            )
            yield DetailPane(id="detail")

    @property
    def table(self) -> DeskTable[EventLine]:
        """The table of events, whose rows are paged in as they are wanted."""
        return self._pane.table

    @property
    def filter_bar(self) -> FilterBar:
        """The widget with the input fields."""
        return self.query_one(FilterBar)

    @property
    def _pane(self) -> EventPane[EventLine]:
        return self.query_one(f"#{PANE}", EventPane)

    def account_changed(self, overview: Overview) -> None:
        """Read another workspace's events; new events of the same one come through `journal_grew`."""
        self.filter_bar.say_whose(overview.workspace.name)
        if overview.workspace.id != self._workspace:
            self._workspace = overview.workspace.id
            self._read()

    def action_filter(self) -> None:
        """Focus the first field of the filter."""
        self.filter_bar.enter()

    def action_back(self) -> None:
        """Focus the table; from the table, remove the filter."""
        if self.focused is not self.table and self.table.display:
            self.table.focus()
        else:  # nothing is shown that it could go to: out of the field, and without the filter that left nothing
            self.set_focus(None)
            self.filter_bar.want(JournalQuery(everywhere=self.filter_bar.wanted.everywhere))

    def action_only(self, field: str) -> None:
        """Filter by a field of the row under the cursor; again: remove that filter."""
        row, wanted = self.table.current, self.filter_bar.wanted
        if row is None:
            return
        value = {"types": row.kind, "symbol": row.symbol, "correlation": row.correlation_id}[field] or ""
        if not value:
            self.app.warn(f"this event has no {field}")
        changed: dict[str, Any] = {field: "" if getattr(wanted, field) == value else value}
        self.filter_bar.want(replace(wanted, **changed))

    def action_everywhere(self) -> None:
        """Show the events of all workspaces, or of this one."""
        wanted = self.filter_bar.wanted
        self.filter_bar.want(replace(wanted, everywhere=not wanted.everywhere))

    def action_follow(self) -> None:
        """Start or stop taking in new events."""
        self._pane.set_follow(not self._pane.follow)

    def action_other_end(self) -> None:
        """Show the journal from its other end."""
        self.table.ask_order(Order(SEQ, descending=not self._pane.newest_first))

    def action_detail(self) -> None:
        """Show or hide the event in full."""
        detail = self.query_one(DetailPane)
        detail.display = not detail.display
        self._show_detail()

    def action_trace(self) -> None:
        """Show the tree of events with the correlation id under the cursor."""
        from tui.dashboard.screens.trace import TraceDialog

        row = self.table.current
        if row is None:
            return
        if row.correlation_id is None:
            self.app.warn(f"{row.kind} has no correlation id: it belongs to the account as a whole")
        else:
            self.app.push_screen(TraceDialog(row.correlation_id))

    @on(FilterBar.Changed)
    def _filter(self) -> None:
        if self.overview is not None:
            self.filter_bar.say_whose(self.overview.workspace.name)
        self._read()

    @on(FilterBar.Left)
    def _to_table(self) -> None:
        if self.table.display:
            self.table.focus()

    @on(DeskTable.Chosen, f"#{TABLE}")
    def _open(self) -> None:
        detail = self.query_one(DetailPane)
        detail.display = True
        self._show_detail()
        detail.focus()

    def _read(self) -> None:
        overview, wanted = self.overview, self.filter_bar.wanted
        if overview is None or self._workspace is None:
            return
        self._detailed = None
        unknown = wanted.unknown()
        if unknown:
            self._pane.stop()
            self._pane.say(f"No event type contains {' or '.join(map(repr, unknown))}.\n\nWithout the filter:   esc")
            self._pane.show([])
            return
        self._pane.expect(NO_MATCH if wanted.is_narrowed else EMPTY)
        self._pane.read(wanted.where(self._workspace), overview.journal_head)

    @on(EventPane.Moved)
    def _show_detail(self) -> None:
        detail, row = self.query_one(DetailPane), self.table.current
        seq = row.seq if row is not None and detail.display else None
        if seq != self._detailed:
            self._detailed = seq
            if seq is None:
                detail.show(InFull(Text(), Text()))
            else:
                self.load(lambda desk, _: event_in_full(desk, seq), detail.show, group="detail")
