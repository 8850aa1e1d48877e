"""Actions on a whole account, each after a question: the kill switch, the trading state and the reset."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from engine.vocabulary import TradingState
from tui.dashboard.keys import bound
from tui.dashboard.screens.base import DeskScreen
from tui.dashboard.widgets.dialog import Confirm, DeskDialog
from tui.dashboard.widgets.header import STATES
from tui.shared import figures

if TYPE_CHECKING:
    from engine.desk.accounts import Overview
    from engine.policy.workspace import Workspace
    from tui.dashboard.widgets.dialog import Facts

STATE_SAYS = {
    TradingState.ACTIVE: "entries and exits are executed",
    TradingState.REDUCING: "exits are executed, entries are refused",
    TradingState.HALTED: "every order is refused, exits too",
}
_QUESTIONS = {
    TradingState.ACTIVE: ("Resume trading? Entries and exits are executed.", "Resume"),
    TradingState.REDUCING: ("Reduce only? Exits are executed, entries are refused.", "Reduce"),
    TradingState.HALTED: ("Halt trading? Every order is refused, exits too.", "Halt"),
}
"""What is asked before the state is set, and the word of its button."""
HALT_WHY = "the kill switch: no trading, every order is refused; asks first"
ACT = "act"
"""The group of calls that change the account: one at a time."""


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
        ("applies to", "every dashboard, command and service"),
        ("journal", "TRADING_STATE_CHANGED is added"),
    ]


def reset_facts(overview: Overview) -> Facts:
    """The consequences of a reset, as facts for a question."""
    state = overview.state
    return [
        ("cash", changed_amount(state.cash, state.starting_equity)),
        ("positions", changed_count(len(state.positions), 0)),
        ("journal", "stays: ids executed stay executed; STATE_RESET is added"),
        ("back", "a reconciliation brings the old fills back"),
        ("afresh", "`papertape workspace create` makes another account"),
    ]


def changed_amount(before: float, after: float) -> str:
    """An amount of money before and after, such as `10.00 → 12.50`."""
    if before == after:
        return f"{figures.money(after)}, unchanged"
    return f"{figures.money(before)} → {figures.money(after)}"


def changed_count(before: int, after: int) -> str:
    """A count before and after, such as `2 → 0`."""
    return f"{after:,}, unchanged" if before == after else f"{before:,} → {after:,}"


class ActingScreen(DeskScreen):
    """A screen on which the trading state is changed and the account is put back to its start."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bound("x", "halt", "halt", HALT_WHY, "account.halt", show=True),
        bound("t", "trading_state", "state", "ACTIVE, REDUCING or HALTED; asks first", "account.state", show=True),
        bound("R", "reset", "reset", "back to the start, the journal stays; asks first", "account.reset"),
    ]

    def action_halt(self) -> None:
        """Halt trading, after a question."""
        self._ask_for(TradingState.HALTED)

    def action_trading_state(self) -> None:
        """Choose one of the three trading states."""
        if self.overview is not None:
            current = self.overview.workspace.trading_state
            self.app.push_screen(TradingStateDialog(current), lambda chosen: self._ask_for(chosen) if chosen else None)

    def action_reset(self) -> None:
        """Reset the account after a question; in production it is refused without one."""
        overview, desk = self.overview, self.app.desk
        if overview is None or desk is None:
            return
        workspace = overview.workspace
        if desk.config.production:
            self._reset(workspace)  # says why not
            return
        question = Confirm(f"Reset {workspace.name}?", reset_facts(overview), yes="Reset")
        self.app.push_screen(question, lambda yes: self._reset(workspace) if yes else None)

    def acted(self, sentence: str) -> None:
        """Tell the person that the account was changed, and read it again."""
        self.app.say(sentence)
        self.app.refresh_now()

    def _ask_for(self, state: TradingState) -> None:
        if self.overview is None:
            return
        workspace = self.overview.workspace
        if workspace.trading_state is state:
            self.app.say(f"{workspace.name} is {state.value} already")
            return
        facts = change_facts(workspace, state, len(self.overview.state.positions))
        asked, yes = _QUESTIONS[state]
        question = Confirm(asked, facts, yes=yes)
        self.app.push_screen(question, lambda yes: self._set_state(workspace, state) if yes else None)

    def _set_state(self, workspace: Workspace, state: TradingState) -> None:
        self.load(
            lambda desk, _: desk.accounts.set_trading_state(state, workspace.id),
            lambda now: self.acted(f"{now.name} is {now.trading_state.value}"),
            group=ACT,
            in_turn=True,
            acts=True,
        )

    def _reset(self, workspace: Workspace) -> None:
        self.load(
            lambda desk, _: desk.accounts.reset(workspace.id, confirmed=True),
            lambda state: self.acted(f"{workspace.name} is back at {figures.money(state.cash)}; its journal stays"),
            group=ACT,
            in_turn=True,
            acts=True,
        )
