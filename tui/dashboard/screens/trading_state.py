"""The trading state: what an account may do, and the choice of another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from engine.vocabulary import TradingState
from tui.dashboard.widgets.dialog import DeskDialog
from tui.dashboard.widgets.header import STATES
from tui.shared import figures

if TYPE_CHECKING:
    from engine.policy.workspace import Workspace
    from tui.dashboard.widgets.dialog import Facts

STATE_SAYS = {
    TradingState.ACTIVE: "entries and exits are executed",
    TradingState.REDUCING: "exits are executed, entries are refused",
    TradingState.HALTED: "every order is refused, exits too",
}


class TradingStateDialog(DeskDialog[TradingState]):
    """Closes with the chosen state; the screen then applies it."""

    def __init__(self, current: TradingState) -> None:
        super().__init__()
        self._current = current

    def compose(self) -> ComposeResult:
        """The three states, with the current one marked."""
        with Vertical(classes="dialog"):
            yield Static(Text("Trading state", "bold"), classes="dialog-title")
            yield OptionList(*(Option(self._line(state)) for state in STATE_SAYS), markup=False)

    def on_mount(self) -> None:
        """Put the cursor on the current state, so that Enter alone changes nothing."""
        self.query_one(OptionList).highlighted = list(STATE_SAYS).index(self._current)

    @on(OptionList.OptionSelected)
    def _choose(self, event: OptionList.OptionSelected) -> None:
        chosen = list(STATE_SAYS)[event.option_index]
        self.dismiss(None if chosen is self._current else chosen)

    def _line(self, state: TradingState) -> Text:
        now = "  (now)" if state is self._current else ""
        return Text.assemble((f"{sign_of(state):<12}", "bold"), (STATE_SAYS[state], "dim"), now)


def sign_of(state: TradingState) -> str:
    """`■ HALTED`: a sign and a word."""
    return f"{STATES[state.value][0]} {state.value}"


def change_facts(workspace: Workspace, state: TradingState, held: int) -> Facts:
    """The consequences of another trading state, as facts for a question."""
    stay = "stay open" if held != 1 else "stays open"
    return [
        ("workspace", workspace.name),
        ("trading", f"{sign_of(workspace.trading_state)} → {sign_of(state)}"),
        ("held", f"{figures.counted(held, 'position')} {stay}; nothing is sold"),
        ("whom", "everybody who trades in this account: dashboards, commands, the service"),
        ("journal", "TRADING_STATE_CHANGED is added"),
    ]
