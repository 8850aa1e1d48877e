"""Run plans: every sweep, how it stands and what came of it; new ones, stopped and resumed."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar, cast
from uuid import UUID

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.widgets import Static

from tui.dashboard.colours import Palette
from tui.dashboard.keys import bound
from tui.dashboard.screens.base import DeskScreen
from tui.dashboard.screens.run_plans.preview import preview_of
from tui.dashboard.screens.run_plans.rows import ALL, COLUMNS, PlanRow, counts, plan_rows, status_line
from tui.dashboard.sweeps import SHORT, SweepAdvanced, resume
from tui.dashboard.widgets.pane import TablePane
from tui.dashboard.widgets.table import DeskTable
from tui.shared.failures import lines_of
from tui.shared.text import safe_text

if TYPE_CHECKING:
    from engine.desk.accounts import Overview
    from engine.errors import PapertapeError
    from engine.sweeps.results import PlanSummary
    from tui.dashboard.screens.run_plan.screen import RunPlanScreen
    from tui.dashboard.screens.run_plans.new_sweep_entries import Prepared

TABLE = "run-plans-table"
WIDE = 120
"""Columns from which there is room for the preview."""
PAGE = 100
"""Rows that are put in at once: so many are not felt."""
DETAIL = "run_plan"
EMPTY = (
    "There is no run plan yet.\n\n"
    "A new sweep:                 n\n"
    "On the command line:         papertape plan run --strategy sma_cross --symbol GOOG --data sample:GOOG"
    " --sweep entry.fast_period=5:25:5\n"
    "Sweeps to look at:           papertape demo"
)
NONE_STANDS_SO = "No run plan stands so now. f shows others."


class RunPlansScreen(DeskScreen):
    """The table of run plans, under a line of counts by status."""

    NAME = "run_plans"
    CSS_PATH = "run_plans.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        bound("n", "new_sweep", "new sweep", "a strategy's parameters, many values, one table", "plans.new", show=True),
        bound("r", "resume", "resume", "resume a stopped sweep; what is done is kept", "plans.resume", show=True),
        bound("x", "cancel", "cancel", "ask it to stop, whichever process runs it", "plans.cancel", show=True),
        bound("f", "next_status", "filter", "by status: running, completed …", "plans.filter", show=True),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._found: list[PlanSummary] | None = None
        self._rows: list[PlanRow] = []
        self._shown = PAGE
        self._status = ALL
        self._previewed: tuple[PlanSummary, Palette] | None = None
        self._begun: UUID | None = None
        """A sweep that was begun here; the cursor goes to it as soon as it is listed."""

    def compose_body(self) -> ComposeResult:
        """The line of statuses over the table, and beside it a preview of the run plan under the cursor."""
        yield Static("", id="plan-statuses", markup=False)
        with Horizontal(id="plans-body"):
            yield TablePane(
                COLUMNS,
                lambda row: str(row.summary.run_plan_id),
                noun="run plan",
                empty=EMPTY,
                order=self.remembered_order(TABLE),
                id="run-plans",
            )
            with VerticalScroll(id="plan-preview", can_focus=False):
                yield Static("", id="plan-preview-text", markup=False)

    def on_mount(self) -> None:
        """The preview follows the cursor."""
        self.watch(self.table, "cursor_coordinate", self._preview, init=False)

    def on_resize(self) -> None:
        """There may be room for the preview now."""
        self._preview()

    @property
    def table(self) -> DeskTable[PlanRow]:
        """The table of run plans."""
        return self._pane.table

    @property
    def _pane(self) -> TablePane[PlanRow]:
        return self.query_one("#run-plans", TablePane)

    def account_changed(self, overview: Overview) -> None:
        """Redraw: the theme may have changed."""
        self._fill()

    def journal_grew(self, head: int) -> None:
        """Read again: a sweep may have been started, stopped or finished."""
        self._read()

    def catch_up(self) -> None:
        """Read again while a plan is running: when its process dies, no event says so."""
        super().catch_up()
        if self.app.live.fault is None and any(row.is_running for row in self._rows):
            self._read()

    def action_next_status(self) -> None:
        """Show the plans with the next status; after the last status, all of them."""
        there = list(counts(self._rows))  # `all` among them, whatever there is
        after = there.index(self._status) + 1 if self._status in there else 0
        self.action_show_status(there[after % len(there)])

    def action_show_status(self, status: str) -> None:
        """Only plans with this status."""
        self._status, self._shown = status, PAGE
        self._fill()

    def action_new_sweep(self) -> None:
        """Open the form of a new sweep."""
        from tui.dashboard.screens.run_plans.new_sweep import NewSweepDialog

        if self.overview is not None:
            self.app.push_screen(NewSweepDialog(self.overview.workspace), self._begin)

    def action_resume(self) -> None:
        """Resume the run plan under the cursor in this process."""
        row = self.table.current
        if row is not None:
            run_plan_id = row.summary.run_plan_id
            self.app.sweeps.execute(run_plan_id, partial(resume, run_plan_id, self.app.warn_from_thread))

    def action_cancel(self) -> None:
        """Ask the run plan under the cursor to stop, whichever process runs it."""
        row = self.table.current
        if row is not None:
            cancel(self, row.summary.run_plan_id)

    @on(DeskTable.Chosen, f"#{TABLE}")
    async def _open(self, event: DeskTable.Chosen) -> None:
        await self.app.action_show_screen(DETAIL)
        cast("RunPlanScreen", self.app.desk_screen).show_plan(event.row.summary)

    @on(DeskTable.Ordered, f"#{TABLE}")
    @on(DeskTable.MoreWanted, f"#{TABLE}")
    def _arrange(self, event: DeskTable.Ordered | DeskTable.MoreWanted) -> None:
        if isinstance(event, DeskTable.MoreWanted):
            self._shown += PAGE
        self._fill()

    @on(SweepAdvanced)
    def _come_further(self) -> None:
        self._fill()

    def _begin(self, prepared: Prepared | None) -> None:
        if prepared is not None:
            self.app.say(f"run plan {str(prepared.run_plan_id)[:SHORT]} started; it runs in the background")
            for note in prepared.notes:
                self.app.warn(note)
            self._begun, self._status = prepared.run_plan_id, ALL
            self.app.sweeps.execute(prepared.run_plan_id, prepared.work)

    def _read(self) -> None:
        self.load(lambda desk, _: desk.plans.all(), self._show, group="plans", in_turn=True)

    def _show(self, plans: list[PlanSummary]) -> None:
        self._found = plans
        self._fill()

    def _fill(self) -> None:
        if self._found is None:
            return  # nothing was read yet
        self._rows = plan_rows(self._found, self.app.sweeps)
        wanted = [row for row in self._rows if self._status in (ALL, row.stands)]
        line = status_line(counts(self._rows), self._status, Palette.of(self.app)) if self._rows else Text()
        self.query_one("#plan-statuses", Static).update(line)
        self._pane.say(NONE_STANDS_SO if self._rows else EMPTY)
        self._pane.show(self.table.in_order(wanted)[: self._shown], len(wanted), of=len(self._rows))
        self._go_to_the_begun()
        self._preview()

    def _preview(self) -> None:
        """Show the run plan under the cursor, unless it is shown already as it stands."""
        row, palette = self.table.current, Palette.of(self.app)
        has_room = self.size.width >= WIDE and row is not None
        self.query_one("#plan-preview").display = has_room
        if row is None or not has_room:
            self._previewed = None
            return
        wanted = (row.summary, palette)
        if wanted != self._previewed:
            self._previewed = wanted
            known_as, warning = row.summary.run_plan_id, self.app.theme_variables["warning"]
            self.load(
                lambda desk, _: preview_of(desk, known_as, palette, warning),
                self.query_one("#plan-preview-text", Static).update,
                group="preview",
                failed=self._cannot_preview,
                in_turn=True,
            )

    def _cannot_preview(self, error: PapertapeError) -> None:
        self.query_one("#plan-preview-text", Static).update(Text(safe_text("\n".join(lines_of(error)))))

    def _go_to_the_begun(self) -> None:
        here = [row.summary.run_plan_id for row in self.table.items]
        if self._begun in here:
            self.table.move_cursor(row=here.index(self._begun), animate=False)
            self._begun = None


def cancel(screen: DeskScreen, run_plan_id: UUID, goes_on: str = "r resumes it") -> None:
    """Ask a run plan to stop and show a notification."""
    sentence = f"run plan {str(run_plan_id)[:SHORT]} was asked to stop; {goes_on}"

    def asked(_: None) -> None:
        screen.app.say(sentence)
        screen.app.refresh_now()

    screen.load(lambda desk, _: desk.plans.cancel(run_plan_id), asked, group="cancel", acts=True)
