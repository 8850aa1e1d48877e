"""An event as a line of the journal, and in full beside it."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from rich.console import RenderableType
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, VerticalScroll
from textual.widgets import Static

from engine.errors import PapertapeError
from tui.dashboard.keys import bound
from tui.dashboard.widgets.columns import COUNTS, IDS, TELLING, WORDS, Column
from tui.dashboard.widgets.dialog import fact_lines
from tui.dashboard.widgets.event_pane import SECONDS, SEQ
from tui.shared import figures
from tui.shared.text import safe_text

if TYPE_CHECKING:
    from engine.desk import Desk
    from engine.ports import JournalEvent


LONG = 4_096
"""Characters of a payload from which on a line shows its beginning: a run plan's holds all of its variants."""
READABLE = 65_536
"""Characters of a payload up to which it is laid out; of a longer one the beginning is shown as it is."""
_JSON_KEY = re.compile(r'^ *"[^"\n]*":', re.MULTILINE)
SHOWN = 20_000
"""Characters of a payload that are shown at most."""


@dataclass(frozen=True, slots=True)
class InFull:
    """All that the journal has of an event: what stands in its columns, and its payload."""

    facts: RenderableType
    payload: Text


@dataclass(frozen=True, slots=True)
class EventLine:
    """What the table shows of an event; `words` say what happened."""

    seq: int
    ts: datetime
    kind: str
    symbol: str | None
    words: str
    workspace: str
    correlation_id: str | None


COLUMNS: tuple[Column[EventLine], ...] = (
    Column(SEQ, "seq", COUNTS, lambda row: row.seq, "its place in the journal, of all workspaces"),
    Column("time", "time (UTC)", SECONDS, lambda row: row.ts, "trading time"),
    Column("event", "event", TELLING, lambda row: row.kind, "what happened"),
    Column("symbol", "symbol", WORDS, lambda row: row.symbol, "in which symbol", widest=12),
    Column("said", "what", WORDS, lambda row: row.words, "what the event says; all of it is beside", widest=64),
    Column("workspace", "workspace", WORDS, lambda row: row.workspace, "whose event it is", widest=38),
    Column("trace", "correlation", IDS, lambda row: row.correlation_id, "leads from signal to fill", widest=38),
)


def event_lines(desk: Desk, events: Sequence[JournalEvent]) -> list[EventLine]:
    """Lines of events; blocks on the database for the workspaces' names."""
    names = {str(workspace.id): workspace.name for workspace in desk.accounts.all()}
    return [_line(event, names.get(event.row.workspace_id, event.row.workspace_id)) for event in events]


def event_in_full(desk: Desk, seq: int) -> InFull:
    """Everything that the journal has of an event; blocks on the database."""
    from engine.market.sessions import from_micros
    from engine.ports import EventFilter

    ((_, row),) = desk.journal.page(EventFilter(after=seq - 1, before=seq + 1), limit=1)
    known = {str(workspace.id): workspace.name for workspace in desk.accounts.all()}
    ids = [("correlation", row.correlation_id), ("intent", row.intent_id), ("order", row.order_id)]
    facts = [
        (f"seq {figures.whole(seq)}", row.event_type),
        ("time", f"{from_micros(row.ts):%Y-%m-%d %H:%M:%S} UTC"),
        ("recorded", f"{from_micros(row.recorded_at):%Y-%m-%d %H:%M:%S} UTC"),
        ("workspace", known.get(row.workspace_id, row.workspace_id)),
        *((label, value) for label, value in [("symbol", row.symbol), *ids] if value is not None),
        ("event id", row.event_id),
    ]
    return InFull(fact_lines(facts), payload_text(row.payload, row.event_type, seq))


def payload_text(payload: str, event_type: str, seq: int) -> Text:
    """The payload laid out; of a long one the beginning and how much there is, of a damaged one what is wrong too."""
    shown = payload
    if len(payload) <= READABLE:
        content = _read(payload, event_type, seq)
        shown = (
            f"{content}\n\n{payload}" if isinstance(content, str) else json.dumps(content, indent=2, ensure_ascii=False)
        )
    text = Text("\n").join(Text(safe_text(line)) for line in shown[:SHOWN].splitlines())
    text.highlight_regex(_JSON_KEY, "dim")
    if len(shown) > SHOWN:
        all_of_it = f"{len(payload):,} characters; `papertape events --json` has all of them"
        text.append(f"\n\n… the first {SHOWN:,} of {all_of_it}", "dim")
    return text


def in_words(payload: dict[str, Any]) -> str:
    """What a payload says at its top, one after the other; what is null or has parts of its own is left out."""
    plain = {key: value for key, value in payload.items() if value is not None and not isinstance(value, (dict, list))}
    return ", ".join(f"{key} {value}" for key, value in plain.items()) or json.dumps(payload, ensure_ascii=False)


def _line(event: JournalEvent, workspace: str) -> EventLine:
    from engine.market.sessions import from_micros

    row = event.row
    if len(row.payload) > LONG:
        words = f"{len(row.payload):,} characters: {row.payload[:80]}"
    elif row.intent_id is None:
        read = _read(row.payload, row.event_type, event.seq)
        words = read if isinstance(read, str) else in_words(read)
    else:
        words = _said(event)
    return EventLine(event.seq, from_micros(row.ts), row.event_type, row.symbol, words, workspace, row.correlation_id)


def _said(event: JournalEvent) -> str:
    """What an event of an intent says; of a damaged one what is wrong: the others are shown all the same."""
    from engine.desk.journal import EventView
    from tui.shared.words import said_by

    try:
        return said_by(EventView.of(event))
    except PapertapeError as error:
        return error.message


def _read(payload: str, event_type: str, seq: int) -> dict[str, Any] | str:
    """The payload, or what is wrong with it."""
    from engine.payloads import read_payload

    try:
        return read_payload(payload, event_type, seq)
    except PapertapeError as error:
        return error.message


class DetailPane(VerticalScroll, can_focus=True):
    """An event's columns and its payload."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bound("j,down", "scroll_down", "down", "further down in the event", "detail.down"),
        bound("k,up", "scroll_up", "up", "back up", "detail.up"),
        bound("g,home", "scroll_home", "top", "its beginning", "detail.top"),
        bound("G,end", "scroll_end", "end", "its end", "detail.bottom"),
    ]

    def compose(self) -> ComposeResult:
        """Beside each other, or below each other in a narrow column."""
        with Container(id="detail-parts"):
            yield Static("", id="facts", markup=False)
            yield Static("", id="payload", markup=False)

    def show(self, event: InFull) -> None:
        """Show an event from its beginning."""
        self.query_one("#facts", Static).update(event.facts)
        self.query_one("#payload", Static).update(event.payload)
        self.scroll_home(animate=False)
