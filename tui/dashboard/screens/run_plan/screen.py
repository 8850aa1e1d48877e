"""One run plan: its leaderboard, and from there curves, a map, trades, ablations, differences, events."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, ClassVar
from uuid import UUID

from rich.style import Style
from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.widgets import Static

from tui.dashboard.colours import Palette
from tui.dashboard.keys import bound
from tui.dashboard.loading import keep_what_is_there
from tui.dashboard.screens.base import DeskScreen
from tui.dashboard.screens.run_plan.about import head_lines
from tui.dashboard.screens.run_plan.board import BoardPart
from tui.dashboard.screens.run_plan.view import MOST_MARKED, PARTS, RUNNING, Part, PlanView, read_view
from tui.dashboard.screens.run_plans.screen import cancel
from tui.dashboard.sweeps import SweepAdvanced, resume, test_noise
from tui.dashboard.widgets.pane import READING
from tui.dashboard.widgets.table import DeskTable

if TYPE_CHECKING:
    from engine.desk.accounts import Overview
    from engine.sweeps.results import PlanSummary
    from tui.dashboard.screens.run_plan.files import Written

BESIDE = 100
"""Columns from which a verdict's panels stand beside each other."""
VERDICT, BOARD = "verdict", "board"
ON_A_PLAN = frozenset(
    ("part", "step", "mark", "narrow", "run", "export", "report", "open_holdout", "noise", "resume", "cancel")
)
"""Actions that need a run plan."""
NONE_YET = "There is no run plan yet. 5 lists them, and n makes a new one there."


class RunPlanScreen(DeskScreen):
    """Two lines on the run plan as a whole, over one of its parts."""

    NAME = "run_plan"
    CSS_PATH = "run_plan.tcss"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (BESIDE, "-wide")]  # noqa: RUF012 - as Textual declares it
    BINDINGS: ClassVar[list[BindingType]] = [
        *(bound(part.key, f"part('{part.name}')", part.title, part.why, f"plan.{part.name}") for part in PARTS),
        bound("left_square_bracket", "step(-1)", "part before", "to the left in the line of parts", "plan.before"),
        bound("right_square_bracket", "step(1)", "next part", "to the right in the line of parts", "plan.next"),
        bound("space", "mark", "mark", "up to four, for curves and differences", "plan.mark", show=True),
        bound("slash", "narrow", "filter", "only variants that hold some words", "plan.filter", show=True),
        bound("u", "run", "run", "this variant's spec as a backtest on the same data", "plan.run", show=True),
        bound("E", "export", "export", "all variants as CSV, JSON or Parquet", "plan.export", show=True),
        bound("O", "open_holdout", "open the holdout", "trade the best on it, once; asks first", "plan.open"),
        bound("N", "noise", "noise", "the plan again on shuffled bars: is its best better than noise?", "plan.noise"),
        bound("R", "report", "report", "the run plan as one file to send: HTML or Markdown", "plan.report", show=True),
        bound("r", "resume", "resume", "resume a run that was stopped", "plan.resume"),
        bound("x", "cancel", "cancel", "ask the run to stop, whichever process executes it", "plan.cancel"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._run_plan_id: UUID | None = None
        self._view: PlanView | None = None
        self._parts: dict[str, Part] = {}
        self._shown = VERDICT
        self._is_chosen = False
        """Whether a person has chosen the part; else it is the one that says most of the run plan."""
        self._one_at_a_time = asyncio.Lock()

    def compose_body(self) -> ComposeResult:
        """The summary, the line of parts, the part that is shown."""
        yield Static(READING, id="plan-head", markup=False)
        yield Static("", id="plan-parts", markup=False)
        yield Vertical(id="plan-body")

    def account_changed(self, overview: Overview) -> None:
        """Redraw: the theme may have changed."""
        if self._view is not None:
            self._show(self._view)

    def journal_grew(self, head: int) -> None:
        """Read again: the run may have advanced."""
        self._read()

    def catch_up(self) -> None:
        """Read again while the run is going on: when its process dies, no event says so."""
        super().catch_up()
        if self.app.live.fault is None and self._view is not None and self._view.detail.status == RUNNING:
            self._read()

    def on_resize(self) -> None:
        """Shorten the lines above the parts to the new width."""
        self._show_head()

    def show_plan(self, summary: PlanSummary) -> None:
        """Show another run plan from now on."""
        if summary.run_plan_id != self._run_plan_id:
            self._run_plan_id, self._view, self._is_chosen = summary.run_plan_id, None, False
            self.query_one("#plan-head", Static).update(READING)
            self.query_one("#plan-body").display = False
        self._read()

    @property
    def part(self) -> Part | None:
        """The part that is shown."""
        return self._parts.get(self._shown)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Disable the actions on a run plan while there is none."""
        if action == "mark" and self._shown == VERDICT:
            return False  # nothing there would show it
        return self._view is not None if action in ON_A_PLAN else True

    async def action_part(self, name: str) -> None:
        """Show the part with this name."""
        self._look()
        self._shown, self._is_chosen = name, True
        await self._show_part()

    async def action_step(self, by: int) -> None:
        """Show the next or the previous part."""
        names = [part.name for part in PARTS]
        await self.action_part(names[(names.index(self._shown) + by) % len(names)])

    def action_mark(self) -> None:
        """Mark or unmark the current variant."""
        view = self._looked_at()
        if not view.mark(view.current):
            self.app.warn(f"{MOST_MARKED} variants are marked: space on one of them unmarks it")
            return
        board, part = self._parts.get("board"), self.part
        if isinstance(board, BoardPart):
            board.signs_changed()
        if part is not None and part is not board:
            part.take(view)

    async def action_narrow(self) -> None:
        """Narrow the leaderboard by words."""
        await self.action_part("board")
        board = self._parts["board"]
        if isinstance(board, BoardPart):
            board.narrow()

    def action_run(self) -> None:
        """Run the variant's spec as a backtest of its own."""
        from tui.dashboard.screens.run_plan.dialogs import run_dialog

        self.app.push_screen(run_dialog(self._looked_at()), self._ran)

    def action_export(self) -> None:
        """Export all variants to a file."""
        from tui.dashboard.screens.run_plan.files import export_dialog

        self.app.push_screen(export_dialog(self._looked_at()), self._wrote)

    def action_report(self) -> None:
        """Write the report to a file."""
        from tui.dashboard.screens.run_plan.files import report_dialog

        self.app.push_screen(report_dialog(self._looked_at()), self._wrote)

    def action_open_holdout(self) -> None:
        """Ask, then open the holdout."""
        from tui.dashboard.screens.run_plan.dialogs import open_holdout

        open_holdout(self, self._looked_at().detail)

    def action_resume(self) -> None:
        """Resume the run in this process."""
        run_plan_id = self._looked_at().detail.run_plan_id
        self.app.sweeps.execute(run_plan_id, partial(resume, run_plan_id, self.app.warn_from_thread))

    def action_noise(self) -> None:
        """Run the plan against noise in this process; `about` shows what comes of it."""
        run_plan_id = self._looked_at().detail.run_plan_id
        self.app.sweeps.test_noise(run_plan_id, partial(test_noise, run_plan_id, self.app.warn_from_thread))

    def action_cancel(self) -> None:
        """Ask the run to stop."""
        detail = self._looked_at().detail
        cancel(self, detail.run_plan_id, "N goes on with it" if detail.status == "completed" else "r resumes it")

    @on(DeskTable.Chosen, "#board-table")
    async def _open(self) -> None:
        await self.action_part("trades")

    async def on_heat_map_opened(self) -> None:
        """A variant was chosen on the map."""
        await self.action_part("trades")

    @on(SweepAdvanced)
    def _come_further(self) -> None:
        self._show_head()

    def _read(self) -> None:
        # what is known is looked up when the call begins: of two that wait for each other, the second finds it done
        self.load(
            lambda desk, _: read_view(desk, self._run_plan_id, self._view), self._was_read, group="plan", in_turn=True
        )

    def _was_read(self, view: PlanView | None) -> None:
        if view is None:
            self.query_one("#plan-head", Static).update(NONE_YET)
        elif view is not self._view and self._run_plan_id in (None, view.detail.run_plan_id):
            view.follow(self._view)
            self._run_plan_id = view.detail.run_plan_id
            if view.detail.status != RUNNING:
                keep_what_is_there()
            self._show(view)

    def _show(self, view: PlanView) -> None:
        self._look()
        self._view = view
        if not self._is_chosen:
            self._shown, self._is_chosen = VERDICT if view.detail.statistics is not None else BOARD, True
        self.refresh_bindings()
        self._show_head()
        self.run_worker(self._show_part(), group="part")

    def _show_head(self) -> None:
        if self._view is not None:
            progress = self.app.sweeps.progress(self._view.detail.run_plan_id)
            lines = head_lines(self._view, progress, Palette.of(self.app), self.size.width)
            self.query_one("#plan-head", Static).update(lines)
            self.query_one("#plan-parts", Static).update(self._part_line())

    async def _show_part(self) -> None:
        """Show the requested part and hide the others; wait for a part that is being made."""
        async with self._one_at_a_time:
            view = self._view
            if view is None:
                return
            self.query_one("#plan-body").display = True
            part = await self._part_named(self._shown)
            for widget in self._parts.values():
                widget.display = widget is part
            part.take(view)
        self.refresh_bindings()
        first = part.focused_first()
        if first is not None and not first.has_focus and self.app.screen is self:
            first.focus()
        self._show_head()

    async def _part_named(self, name: str) -> Part:
        """The part, made if it is not there yet."""
        if name not in self._parts:
            made = next(entry for entry in PARTS if entry.name == name).make()
            await self.query_one("#plan-body").mount(made)
            self._parts[name] = made
        return self._parts[name]

    def _part_line(self) -> Text:
        palette, parts = Palette.of(self.app), []
        for entry in PARTS:
            words = Text(f"{entry.key} {entry.title}", Style(meta={"@click": f"screen.part('{entry.name}')"}))
            words.stylize("bold underline" if entry.name == self._shown else palette.muted)
            parts.append(words)
        line = Text("  ").join(parts)
        return line if line.cell_len <= self.size.width - 2 else Text(" ").join(parts)

    def _look(self) -> None:
        part = self.part
        if isinstance(part, BoardPart):
            part.look()

    def _looked_at(self) -> PlanView:
        self._look()
        assert self._view is not None  # noqa: S101 - for the type checker: check_action saw to it
        return self._view

    def _wrote(self, written: Written | None) -> None:
        if written is not None:
            self.app.say(written.sentence)
            for sentence in written.left_out:
                self.app.warn(sentence)

    def _ran(self, ran: object) -> None:
        from tui.dashboard.screens.run_plan.dialogs import Ran, RanDialog

        if isinstance(ran, Ran):
            self.app.push_screen(RanDialog(ran), lambda world: self.app.show_workspace(world) if world else None)
