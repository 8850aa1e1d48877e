"""The id that a ticket is executed under: one for each order, however often it is submitted."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from rich.text import Text
from textual.widgets import Static

from tui.dashboard.widgets.money import Palette

if TYPE_CHECKING:
    from tui.dashboard.app import DashboardApp


class IntentLine(Static):
    """`renew` gives a fresh id. After a fill the id is spent, and a change of the ticket renews it, unless it is kept.

    A refusal by the policy spends nothing: the same intent may be tried again.
    """

    app: DashboardApp

    def __init__(self) -> None:
        super().__init__("", id="intent", markup=False)
        self.intent_id = UUID(int=0)
        self.is_spent = self._is_kept = False
        self.tooltip = Text("The same id is never executed twice; ctrl+n makes another order.")

    def renew(self) -> None:
        """A fresh id, for another order."""
        self.intent_id, self.is_spent = self.app.surroundings.new_id(), False
        self._paint()

    def spend(self) -> None:
        """It was executed."""
        self.is_spent = True
        self._paint()

    def keep(self) -> None:
        """Stay whatever is changed; or no longer."""
        self._is_kept = not self._is_kept
        self._paint()

    def ticket_changed(self) -> None:
        """What is typed now is another order than the one that was executed."""
        if self.is_spent and not self._is_kept:
            self.renew()

    def _paint(self) -> None:
        state = "executed" if self.is_spent else "not executed yet"
        muted = Palette.of(self.app).muted
        kept = ", kept" if self._is_kept else ""
        self.update(Text.assemble(("intent id ", muted), str(self.intent_id), (f"  {state}{kept}", muted)))
