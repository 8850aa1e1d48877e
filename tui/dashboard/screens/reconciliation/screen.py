"""Reconciliation: the state as it is beside the one that the journal makes; and the kill switch, and the reset."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, ClassVar
from uuid import UUID

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import Static

from tui.dashboard.colours import Palette
from tui.dashboard.keys import bound
from tui.dashboard.loading import Brake, progress_text
from tui.dashboard.screens.acting import ACT, ActingScreen
from tui.dashboard.screens.reconciliation.comparison import (
    COLUMNS,
    PROBLEMS,
    FieldRow,
    Problem,
    apply_facts,
    drift_in_words,
    field_rows,
    problems,
    standing,
    totals,
    verdict,
)
from tui.dashboard.screens.reconciliation.past import PastDialog, newest_of_each
from tui.dashboard.widgets.dialog import Confirm
from tui.dashboard.widgets.pane import TablePane, nothing
from tui.dashboard.widgets.table import PAGE, DeskTable
from tui.shared import figures

if TYPE_CHECKING:
    from datetime import datetime

    from engine.broker.reconcile import Comparison, ReconcileReport
    from engine.desk import Desk
    from engine.desk.accounts import Overview
    from engine.desk.journal import EventView
    from engine.errors import PapertapeError
    from engine.policy.workspace import Workspace
    from engine.ports import Watch

TABLE = "reconciliation-table"
COMPARE, PAST = "compare", "past"
AT_ONCE = 20_000
"""Fills that are replayed anew whenever the account changes; with more, a person says when."""

EMPTY = "Nothing is compared yet.\n\nA dry run replays the journal and writes nothing:   d"


@dataclass(frozen=True, slots=True)
class Compared:
    """A dry run that came to its end, with its rows; the account as the screen had it then, and when that was."""

    comparison: Comparison
    rows: list[FieldRow]
    misfits: list[Problem]
    overview: Overview
    at: datetime


class ReconciliationScreen(ActingScreen):
    """Three lines of how things stand, over the two states field by field, over the fills that do not fit."""

    NAME = "reconciliation"
    CSS_PATH = "reconciliation.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        bound("d", "compare", "dry run", "replay the journal, compare, write nothing", "reconciliation.dry", show=True),
        bound("a", "apply", "apply", "the replayed state takes over; asks first", "reconciliation.apply", show=True),
        bound("escape", "stop", "stop", "end the replay that is under way", "reconciliation.stop"),
        bound("p", "past", "past", "earlier reconciliations and resets", "reconciliation.past"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._compared: Compared | None = None
        self._shown = PAGE
        self._pulled = threading.Event()
        self._comparing: UUID | None = None
        self._stopped: UUID | None = None
        self._past: list[EventView] | None = None
        self._past_of: tuple[UUID | None, int] = (None, 0)

    def compose_body(self) -> ComposeResult:
        """How the account stands, the comparison, and the fills that do not fit."""
        yield Static("", id="standing", markup=False)
        yield TablePane(
            COLUMNS,
            lambda row: row.key,
            noun="field",
            empty=EMPTY,
            order=self.remembered_order(TABLE),
            opens=self._is_held,
            id="reconciliation",
        )
        yield TablePane(PROBLEMS, lambda row: str(row.seq), noun="fill", empty="", opens=nothing, id="problems")

    def on_mount(self) -> None:
        """The fills that do not fit are shown when there are any."""
        self._problems.display = False

    @property
    def table(self) -> DeskTable[FieldRow]:
        """The fields of both states."""
        return self._pane.table

    @property
    def _pane(self) -> TablePane[FieldRow]:
        return self.query_one("#reconciliation", TablePane)

    @property
    def _problems(self) -> TablePane[Problem]:
        return self.query_one("#problems", TablePane)

    def account_changed(self, overview: Overview) -> None:
        """Read past reconciliations, and start a dry run unless it would take long."""
        self._read_past(overview)
        known, declined = self._known, self._stopped == overview.workspace.id
        if not declined and (known is None or known.comparison.report.events_replayed <= AT_ONCE):
            self._compare(overview)
        self._stand()

    def show_again(self) -> None:
        """Redraw the table too: the theme may have changed."""
        super().show_again()
        self._fill()

    def action_compare(self) -> None:
        """Start a dry run: the journal is replayed and compared, and nothing is written."""
        if self.overview is not None:
            self._stopped = None
            self._compare(self.overview)

    def action_stop(self) -> None:
        """Stop the dry run under way; it starts again only when asked for."""
        if self._is_busy:
            self._stopped = self._comparing
            if self._known is None:
                self._pane.show([])
            self._pulled.set()

    def action_apply(self) -> None:
        """Ask before applying, and list what changes; a dry run comes first."""
        known = self._known
        if self._is_busy:
            self.app.warn("a replay is under way: wait for it, or stop it with esc")
        elif known is None:
            self.app.warn("a dry run comes first: d")
        else:
            workspace = known.overview.workspace
            question = Confirm(f"Reconcile {workspace.name}?", apply_facts(known.comparison), yes="Apply")
            self.app.push_screen(question, lambda yes: self._apply(workspace) if yes else None)

    def action_past(self) -> None:
        """The reconciliations and resets that there were."""
        if self.overview is not None:
            self.app.push_screen(PastDialog(self.overview.workspace.id))

    def _is_held(self, row: FieldRow) -> bool:
        """Whether a row is of a position that has a story to open."""
        return self.overview is not None and row.thing in self.overview.state.positions

    @on(DeskTable.Chosen, f"#{TABLE}")
    def _open_story(self, event: DeskTable.Chosen) -> None:
        from tui.dashboard.screens.story import StoryDialog

        held = self.overview.state.positions.get(event.row.thing) if self.overview else None
        if self.overview is not None and held is not None:
            self.app.push_screen(StoryDialog(self.overview.workspace.id, held))

    @on(DeskTable.Ordered, f"#{TABLE}")
    @on(DeskTable.MoreWanted)
    def _arrange(self, event: DeskTable.Ordered | DeskTable.MoreWanted) -> None:
        if isinstance(event, DeskTable.MoreWanted):
            self._shown += PAGE
        self._fill()

    @property
    def _known(self) -> Compared | None:
        """The dry run of the account that is shown."""
        mine = self.overview.workspace.id if self.overview else None
        return self._compared if self._compared and self._compared.overview.workspace.id == mine else None

    @property
    def _is_busy(self) -> bool:
        return self._loader.is_loading(COMPARE) or self._loader.is_loading(ACT)

    def _compare(self, overview: Overview) -> None:
        workspace, same = overview.workspace.id, self._comparing == overview.workspace.id
        self._comparing, self._pulled = workspace, (pulled := threading.Event())
        clock = self.app.surroundings.clock

        def compared(desk: Desk, watch: Watch) -> Compared:
            comparison = desk.accounts.compare(workspace, watch=Brake(watch, pulled))
            return Compared(comparison, field_rows(comparison), problems(comparison), overview, clock())

        self.load(
            compared,
            self._show,
            group=COMPARE,
            failed=self._failed,
            advanced=partial(self._advanced, "replaying"),
            in_turn=same,
        )

    def _apply(self, workspace: Workspace) -> None:
        self._pulled = pulled = threading.Event()
        self.load(
            lambda desk, watch: desk.accounts.reconcile(workspace.id, watch=Brake(watch, pulled)),
            self._applied,
            group=ACT,
            failed=self._failed,
            advanced=partial(self._advanced, "reconciling"),
            acts=True,
        )

    def _applied(self, report: ReconcileReport) -> None:
        self._compared = None
        read = figures.counted(report.events_replayed, "fill")
        self.acted(f"reconciled from {read}: {drift_in_words(report.drift)}")

    def _failed(self, error: PapertapeError) -> None:
        self.app.tell(error)
        self._stand_later()

    def _advanced(self, what: str, done: int, total: int) -> None:
        self._stand(progress_text(what, done, total, "esc stops"))

    def _show(self, compared: Compared) -> None:
        before, self._compared, self._shown = self._known, compared, PAGE
        self._fill()
        if before is None or _drift(before) != _drift(compared):
            self.table.move_cursor(row=0, animate=False)  # what has drifted most is to be seen
        self._stand_later()

    def _fill(self) -> None:
        known = self._known
        if known is None:
            return
        rows, misfits = self.table.in_order(known.rows), known.misfits
        self._pane.show(rows[: self._shown], len(rows), totals=totals(known.comparison, Palette.of(self.app)))
        self._problems.display = bool(misfits)
        self._problems.show(misfits[: self._shown], len(misfits))

    def _read_past(self, overview: Overview) -> None:
        """The newest reconciliation and the newest reset: of what was appended since they were looked for."""
        workspace, head = overview.workspace.id, overview.head
        if self._past_of[0] != workspace:
            self._past, self._past_of = None, (workspace, 0)
        after = self._past_of[1]
        if head > after:
            self.load(
                lambda desk, _: newest_of_each(desk, workspace, after),
                lambda events: self._remember(workspace, head, events),
                group=PAST,
            )

    def _remember(self, workspace: UUID, head: int, events: list[EventView]) -> None:
        newer = {event.event_type for event in events}
        self._past = [*events, *(event for event in self._past or () if event.event_type not in newer)]
        self._past_of = (workspace, head)
        self._stand()

    def _stand_later(self) -> None:
        """Show how things stand after the call that has just ended."""
        self.call_after_refresh(self._stand)

    def _stand(self, under_way: Text | None = None) -> None:
        """Show the trading state, the last reconciliation, and the dry run."""
        if self.overview is not None:
            run = under_way or self._verdict(self.overview)
            shown = standing(self.overview.workspace, self._past, run, Palette.of(self.app))
            self.query_one("#standing", Static).update(shown)

    def _verdict(self, overview: Overview) -> Text:
        known = self._known
        if known is None:
            return Text("replaying…" if self._is_busy else "not done yet: d replays the journal, and writes nothing")
        line = verdict(known.comparison).append(f", as of {known.at:%H:%M:%S}")
        if known.overview.state != overview.state and not self._is_busy:
            line.append("; the account has changed since: d", "bold")
        return line


def _drift(compared: Compared) -> set[str]:
    return {row.key for row in compared.rows if row.differs}
