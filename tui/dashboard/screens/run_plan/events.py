"""The run's events: what the journal says of it, newest first, paged from the database."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.widgets import Static

from tui.dashboard.screens.run_plan.view import Part
from tui.dashboard.widgets.columns import COUNTS, TIMES, WORDS, Column
from tui.dashboard.widgets.dialog import DeskDialog, fact_lines
from tui.dashboard.widgets.pane import TablePane
from tui.dashboard.widgets.table import DeskTable
from tui.shared.text import safe_text

if TYPE_CHECKING:
    from textual.widget import Widget

    from engine.desk.journal import EventView
    from tui.dashboard.screens.run_plan.view import PlanView

TABLE = "run-events-table"
PAGE = 200
MOST_SHOWN = 20_000
"""Characters of a payload that a dialog shows: a start holds every variant of the plan."""
_SAID = ("status", "objective_score", "strategy_id", "done", "failed", "skipped", "best_score", "error")


@dataclass(frozen=True, slots=True)
class EventRow:
    """An event, and the label of the variant that it is about."""

    event: EventView
    label: str

    @property
    def what(self) -> str:
        """The most telling parts of the payload, in one line."""
        values = ((name, self.event.payload.get(name)) for name in _SAID)
        parts = [f"{name} {_shown(value)}" for name, value in values if value not in (None, 0)]
        return ", ".join([self.label, *parts] if self.label else parts)


def _shown(value: Any) -> str:
    return f"{value:,.4f}" if isinstance(value, float) else str(value)


COLUMNS: tuple[Column[EventRow], ...] = (
    Column("seq", "seq", COUNTS, lambda row: row.event.seq, "its place in the journal"),
    Column("recorded", "recorded", TIMES, lambda row: row.event.recorded_at, "when it was written, UTC"),
    Column("type", "event", WORDS, lambda row: row.event.event_type.value, "what happened", 24),
    Column("what", "what", WORDS, lambda row: row.what, "the most telling parts of its payload; Enter shows all", 120),
)


class EventsPart(Part):
    """A table of the run's events, read a page at a time."""

    def __init__(self) -> None:
        super().__init__()
        self._view: PlanView | None = None

    def compose(self) -> ComposeResult:
        """A table of the run's events."""
        yield TablePane(COLUMNS, lambda row: str(row.event.seq), noun="event", empty="", id="run-events")

    def focused_first(self) -> Widget | None:
        """The table has the focus first."""
        return self._pane.table

    @property
    def _pane(self) -> TablePane[EventRow]:
        return self.query_one("#run-events", TablePane)

    def take(self, view: PlanView) -> None:
        """The newest events, as many as were shown before."""
        self._view = view
        run_plan_id, most = view.detail.run_plan_id, max(PAGE, len(self._pane.table.items))
        self.loader.load(
            lambda desk, _: (
                desk.plans.events(run_plan_id, limit=most, newest_first=True),
                desk.plans.event_count(run_plan_id),
            ),
            lambda events_and_count: self._show(run_plan_id, *events_and_count),
            in_turn=True,
        )

    @on(DeskTable.MoreWanted, f"#{TABLE}")
    def _read_more(self) -> None:
        if self._view is None:
            return
        run_plan_id, last = self._view.detail.run_plan_id, self._pane.table.items[-1].event.seq
        self.loader.load(
            lambda desk, _: desk.plans.events(run_plan_id, limit=PAGE, newest_first=True, before=last),
            lambda events: self._pane.append(self._rows(events), self._pane.table.total),
            in_turn=True,
        )

    @on(DeskTable.Ordered, f"#{TABLE}")
    def _arrange(self) -> None:
        table = self._pane.table
        self._pane.show(table.in_order(table.items), table.total)

    @on(DeskTable.Chosen, f"#{TABLE}")
    def _open(self, event: DeskTable.Chosen) -> None:
        event.stop()
        self.app.push_screen(EventDialog(event.row.event))

    def _rows(self, events: list[EventView]) -> list[EventRow]:
        known = {} if self._view is None else self._view.by_id
        ids = [str(event.payload.get("variant_id")) for event in events]
        return [
            EventRow(event, known[variant_id].label if variant_id in known else "")
            for event, variant_id in zip(events, ids, strict=True)
        ]

    def _show(self, run_plan_id: UUID, events: list[EventView], total: int) -> None:
        if self._view is not None and self._view.detail.run_plan_id == run_plan_id:
            self._pane.show(self._pane.table.in_order(self._rows(events)), total)


class EventDialog(DeskDialog[None]):
    """One event with its payload."""

    def __init__(self, event: EventView) -> None:
        super().__init__()
        self._event = event

    def compose(self) -> ComposeResult:
        """When and what, then the payload as JSON."""
        event = self._event
        facts = [("seq", f"{event.seq:,}"), ("recorded", f"{event.recorded_at:%Y-%m-%d %H:%M:%S} UTC")]
        facts += [("event id", event.event_id), ("workspace", event.workspace_id)]
        with Vertical(classes="dialog wide"):
            yield Static(Text(event.event_type.value, "bold"), classes="dialog-title")
            yield Static(fact_lines(facts), classes="facts")
            with VerticalScroll(classes="payload"):
                yield Static(payload_page(event.payload))

    def on_mount(self) -> None:
        """The keys scroll the payload."""
        self.query_one(VerticalScroll).focus()


def payload_page(payload: dict[str, Any]) -> Text:
    """The payload over several lines, each made safe; the beginning of a long one, and how much that is."""
    written = json.dumps(payload, indent=1, ensure_ascii=False)
    lines = [safe_text(line) for line in written[:MOST_SHOWN].split("\n")]
    if len(written) > MOST_SHOWN:
        lines.append(f"… the first {MOST_SHOWN:,} of {len(written):,} characters")
    return Text("\n".join(lines))
