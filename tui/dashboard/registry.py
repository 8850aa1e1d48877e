"""The screens, each imported when it is first shown. A new screen is a folder, and an entry here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from tui.dashboard.screens.base import DeskScreen


@dataclass(frozen=True, slots=True)
class ScreenEntry:
    """`kind` is the class in `tui/dashboard/screens/<name>/screen.py`; `key` is its number, `why` a word for the help.

    `short` is its title where there is little room.
    """

    key: str
    name: str
    title: str
    short: str
    kind: str
    why: str

    def load(self) -> type[DeskScreen]:
        """The screen's class, imported now."""
        module = import_module(f"tui.dashboard.screens.{self.name}.screen")
        return cast("type[DeskScreen]", getattr(module, self.kind))

    def maker(self) -> Callable[[], DeskScreen]:
        """A function that imports and makes the screen when it is first shown."""

        def make() -> DeskScreen:
            return self.load()()

        return make


SCREENS = (
    ScreenEntry(
        "1", "positions", "Positions", "Pos", "PositionsScreen", "what is held, what it is worth, the equity curve"
    ),
    ScreenEntry(
        "2", "execution", "Execution", "Exec", "ExecutionScreen", "a ticket, its verdict as you type, the orders"
    ),
    ScreenEntry("3", "journal", "Journal", "Jour", "JournalScreen", "every event, newest first; filters, traces, live"),
    ScreenEntry(
        "4",
        "reconciliation",
        "Reconcile",
        "Rec",
        "ReconciliationScreen",
        "the state beside the journal's; the kill switch",
    ),
    ScreenEntry(
        "5", "run_plans", "Run plans", "Plans", "RunPlansScreen", "every sweep, how it stands; new ones; resume, cancel"
    ),
    ScreenEntry(
        "6", "run_plan", "Run plan", "Plan", "RunPlanScreen", "one sweep: board, curves, map, trades, differences"
    ),
    ScreenEntry(
        "7", "replay", "Replay", "Replay", "ReplayScreen", "a strategy bar by bar, through policy, broker and journal"
    ),
)
