"""Execution: a ticket, the policy's verdict on it, its outcome, and earlier orders."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar
from uuid import UUID

from rich.console import RenderableType
from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.widgets import Static

from engine.errors import PapertapeError
from tui.dashboard.colours import Palette
from tui.dashboard.keys import bound
from tui.dashboard.screens.base import DeskScreen
from tui.dashboard.screens.execution.orders import COLUMNS, KINDS, OrderLine, order_lines
from tui.dashboard.screens.execution.outcome import Outcome, flow, preview, refused, submit, to_fill_in, told, verdict
from tui.dashboard.screens.execution.ticket import IntentLine, Ticket, Typed
from tui.dashboard.widgets.event_pane import EventPane
from tui.dashboard.widgets.table import DeskTable

if TYPE_CHECKING:
    from engine.desk import Desk
    from engine.desk.accounts import Overview

PANE = "orders"
TABLE = f"{PANE}-table"
EMPTY = "No order yet.   i fills in the ticket above; ctrl+s submits it. Refusals are listed here too."


class ExecutionScreen(DeskScreen):
    """The ticket with its verdict, over the latest orders and refusals."""

    NAME = "execution"
    CSS_PATH = "execution.tcss"
    AUTO_FOCUS = "DeskTable"
    BINDINGS: ClassVar[list[BindingType]] = [
        bound(
            "i", "ticket", "ticket", "fill in an order; its verdict shows as you type", "execution.ticket", show=True
        ),
        bound("ctrl+s", "submit", "submit", "execute the ticket as it is", "execution.submit", show=True),
        bound(
            "ctrl+n",
            "renew",
            "new id",
            "another order: the same id is never executed twice",
            "execution.new_id",
            show=True,
        ),
        bound("ctrl+l", "keep", "keep id", "the id stays when the ticket changes after a fill", "execution.keep_id"),
        bound("t", "trace", "trace", "the order's whole way, from signal to fill", "execution.trace", show=True),
        bound("escape", "leave", "back", "out of the ticket, to the orders", "execution.back", show=True),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._workspace: UUID | None = None
        self._outcome: Outcome | None = None
        self._lacked = False

    def compose_body(self) -> ComposeResult:
        """Ticket and verdict, the id and the flow, the orders."""
        with Horizontal(id="asking"):
            yield Ticket()
            with VerticalScroll(id="verdict-pane"):
                yield Static("", id="verdict", markup=False)
        yield IntentLine()
        yield Static("", id="flow", markup=False)
        yield Static("", id="outcome", markup=False)
        yield EventPane(
            COLUMNS,
            order_lines,
            noun="outcome",
            empty=EMPTY,
            order=self.remembered_order(TABLE),
            id=PANE,
        )

    def on_mount(self) -> None:
        """An id for the first order."""
        self.intent.renew()

    @property
    def table(self) -> DeskTable[OrderLine]:
        """The table of filled and refused orders."""
        return self.query_one(f"#{TABLE}", DeskTable)

    @property
    def _pane(self) -> EventPane[OrderLine]:
        return self.query_one(f"#{PANE}", EventPane)

    @property
    def ticket(self) -> Ticket:
        """The widget with the input fields."""
        return self.query_one(Ticket)

    @property
    def intent(self) -> IntentLine:
        """The id that the ticket is executed under."""
        return self.query_one(IntentLine)

    def account_changed(self, overview: Overview) -> None:
        """Preview again; in another workspace read other orders."""
        from engine.ports import EventFilter

        workspace = overview.workspace
        self.ticket.know(overview.state, workspace.limits.allow_symbols or ())
        if workspace.id != self._workspace:
            self._workspace = workspace.id
            self._pane.expect(EMPTY)
            self._pane.read(EventFilter(workspace.id, KINDS), overview.journal_head)
            self._show_outcome(None)
        self._preview()

    def show_again(self) -> None:
        """Redraw the id and the steps too: the theme may have changed."""
        self.intent.paint()
        self._show_outcome(self._outcome)
        super().show_again()

    def on_resize(self) -> None:
        """Draw the steps of the order again: they are shortened to the width."""
        self._show_outcome(self._outcome)

    def action_ticket(self) -> None:
        """Focus the ticket's first empty field."""
        self.ticket.enter()

    def action_leave(self) -> None:
        """Leave the ticket, so that the screen's keys work again."""
        self.set_focus(self.table if self.table.display else None)

    def action_renew(self) -> None:
        """A new id, for another order."""
        self.intent.renew()
        self._show_outcome(None)
        self._preview()

    def action_keep(self) -> None:
        """Keep the id even when the ticket changes, or stop keeping it."""
        self.intent.keep()

    @on(Ticket.Submitted)
    def action_submit(self) -> None:
        """Execute what the ticket says."""
        overview, typed = self.overview, self.ticket.typed
        if overview is None or self._loader.is_loading("submit"):
            return
        held = self._held(typed)
        missing = typed.missing(held)
        if missing:
            self._lacked = True
            self._say(Text(f"Nothing is submitted: {', '.join(missing)} still to be filled in", "bold"))
            self.ticket.enter()
            return
        try:
            asked = typed.asked(held)
        except PapertapeError as error:
            self._refused(error)
            return
        self._say(Text("working…"))
        call = partial(submit, asked, overview.workspace.id, self.intent.intent_id)
        self.load(lambda desk, _: call(desk), self._was_submitted, group="submit", failed=self._refused, acts=True)

    def action_trace(self) -> None:
        """Show the tree of events of the order under the cursor."""
        row = self.table.current
        if row is not None:
            self._open_trace(row)

    @on(DeskTable.Chosen, f"#{TABLE}")
    def _choose(self, event: DeskTable.Chosen) -> None:
        self._open_trace(event.row)

    @on(Ticket.Changed)
    def _typed(self) -> None:
        self.intent.ticket_changed()
        if self.overview is not None:
            self.ticket.explain(self.overview.state)
        if self._lacked:  # what is said to lack may be there now
            self._show_outcome(self._outcome)
        self._preview()

    def _preview(self) -> None:
        """Preview what is typed now; a later preview replaces it."""
        overview, typed = self.overview, self.ticket.typed
        if overview is None:
            return
        held, palette = self._held(typed), Palette.of(self.app)
        missing = typed.missing(held)
        if missing:
            self.load(lambda _desk, _watch: to_fill_in(missing, palette), self._show_verdict, group="preview")
            return
        workspace, intent_id = overview.workspace.id, self.intent.intent_id

        def seen(desk: Desk) -> RenderableType:
            return verdict(preview(typed.asked(held), workspace, intent_id, desk), palette)

        self.load(lambda desk, _: seen(desk), self._show_verdict, group="preview", failed=self._cannot)

    def _held(self, typed: Typed) -> float | None:
        position = self.overview.state.positions.get(typed.symbol) if self.overview else None
        return position.quantity if position else None

    def _show_verdict(self, shown: RenderableType) -> None:
        self.query_one("#verdict", Static).update(shown)

    def _cannot(self, error: PapertapeError) -> None:
        self._show_verdict(refused(error, is_done=self.intent.is_spent))

    def _was_submitted(self, outcome: Outcome) -> None:
        if outcome.result is not None and outcome.result.success:
            self.intent.spend()
        self._show_outcome(outcome)
        self._preview()
        self.app.refresh_now()

    def _refused(self, error: PapertapeError) -> None:
        self._show_outcome(Outcome(None, error, []))

    def _show_outcome(self, outcome: Outcome | None) -> None:
        """What came of it, and the steps that the journal has of it."""
        self._outcome, self._lacked = outcome, False
        events = outcome.events if outcome else []
        self.query_one("#flow", Static).update(flow(events, Palette.of(self.app), max(self.size.width - 2, 1)))
        self._say(Text() if outcome is None else told(outcome))

    def _say(self, text: Text) -> None:
        outcome = self.query_one("#outcome", Static)
        outcome.update(text)
        outcome.display = bool(text)

    def _open_trace(self, row: OrderLine) -> None:
        from tui.dashboard.screens.trace import TraceDialog

        if row.correlation_id is not None:
            self.app.push_screen(TraceDialog(row.correlation_id))
