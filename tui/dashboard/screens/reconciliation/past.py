"""Earlier reconciliations and resets of an account, newest first."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import UUID

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Static

from engine.account.state import values_apart
from engine.events import EventType
from engine.ports import EventFilter
from tui.dashboard.widgets.columns import COUNTS, GAINS, TIMES, WORDS, Column
from tui.dashboard.widgets.dialog import DeskDialog
from tui.dashboard.widgets.pane import TablePane, nothing
from tui.dashboard.widgets.table import PAGE

if TYPE_CHECKING:
    from engine.desk import Desk
    from engine.desk.journal import EventView

KINDS = (EventType.STATE_RECONCILED, EventType.STATE_RESET)
_WORDS = {EventType.STATE_RECONCILED: "reconciled", EventType.STATE_RESET: "reset"}
EMPTY = "The account was never reconciled and never reset.\n\nA dry run says whether it has drifted:   d"


def _errors(event: EventView) -> int | None:
    return len(event.payload["errors"]) if "errors" in event.payload else None


def _drifted(event: EventView) -> int | None:
    return len(list(values_apart(event.payload["drift"]))) if "drift" in event.payload else None


def _cash_drift(event: EventView) -> float | None:
    pair = event.payload.get("drift", {}).get("cash")
    return None if pair is None else pair[1] - pair[0]


COLUMNS: tuple[Column[EventView], ...] = (
    Column("time", "time", TIMES, lambda event: event.ts, "UTC"),
    Column("what", "what", WORDS, lambda event: _WORDS[event.event_type], "what was done"),
    Column("fills", "fills", COUNTS, lambda event: event.payload.get("events_replayed"), "read from the journal"),
    Column("fields", "drifted", COUNTS, _drifted, "fields that differed"),
    Column("cash", "cash", GAINS, _cash_drift, "by how much the cash had drifted"),
    Column("skipped", "dupl.", COUNTS, lambda event: event.payload.get("duplicates_skipped"), "duplicates skipped"),
    Column("errors", "errors", COUNTS, _errors, "fills that could not be applied"),
    Column("seq", "seq", COUNTS, lambda event: event.seq, "its place in the journal"),
)


class PastDialog(DeskDialog[None]):
    """The newest 500 of them."""

    def __init__(self, workspace: UUID) -> None:
        super().__init__()
        self._workspace = workspace

    def compose(self) -> ComposeResult:
        """A table of the events."""
        with Vertical(classes="dialog wide"):
            yield Static(Text("Reconciliations and resets", "bold"), classes="dialog-title")
            yield TablePane(COLUMNS, lambda event: str(event.seq), noun="event", empty=EMPTY, opens=nothing, id="past")

    def on_mount(self) -> None:
        """Read the events off the event loop."""
        self.loader.load(lambda desk, _: newest(desk, self._workspace), self._show)

    def _show(self, events_and_count: tuple[list[EventView], int]) -> None:
        self.query_one("#past", TablePane).show(*events_and_count)


def newest(desk: Desk, workspace: UUID) -> tuple[list[EventView], int]:
    """The newest reconciliations and resets, and how many there are."""
    where = EventFilter(types=KINDS)
    events = desk.journal.events(workspace, where=where, limit=PAGE, newest_first=True)
    return events, desk.journal.count(replace(where, workspace_id=workspace)) if len(events) == PAGE else len(events)


def newest_of_each(desk: Desk, workspace: UUID, after: int) -> list[EventView]:
    """The newest reconciliation and the newest reset beyond a `seq`, as far as there are any."""
    return [
        event
        for event_type in KINDS
        for event in desk.journal.events(
            workspace, where=EventFilter(types=(event_type,), after=after), limit=1, newest_first=True
        )
    ]
