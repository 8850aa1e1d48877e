"""The kill switch, the trading state and the reset: actions on a whole account, each after a question."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType

from tui.dashboard.keys import bound
from tui.dashboard.screens.base import DeskScreen
from tui.dashboard.screens.reconciliation.words import reset_facts
from tui.dashboard.screens.trading_state import STATE_SAYS, TradingStateDialog, change_facts
from tui.dashboard.widgets.dialog import Confirm
from tui.shared import figures

if TYPE_CHECKING:
    from engine.policy.workspace import Workspace
    from engine.vocabulary import TradingState

HALT_WHY = "the kill switch: no trading, every order is refused; asks first"
ACT = "act"
"""The group of calls that change the account: one at a time."""


class ActingScreen(DeskScreen):
    """A screen on which the trading state is changed and the account is put back to its start."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bound("x", "halt", "halt", HALT_WHY, "account.halt", show=True),
        bound("t", "trading_state", "state", "ACTIVE, REDUCING or HALTED; asks first", "account.state", show=True),
        bound("R", "reset", "reset", "back to the start, the journal stays; asks first", "account.reset"),
    ]

    def action_halt(self) -> None:
        """Halt trading, after a question."""
        from engine.vocabulary import TradingState

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
        question = Confirm(f"{state.value}: {STATE_SAYS[state]}?", facts, yes=state.value)
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
