"""What the forms of a sweep and of a replay share: long ones, so that leaving one that was filled in is asked about."""

from __future__ import annotations

from typing import TypeVar

from rich.text import Text
from textual.widgets import Checkbox, Input, Select

from tui.dashboard.widgets.dialog import Confirm, DeskDialog

Result = TypeVar("Result")
READING = ""
"""The strategy that is chosen while the strategies are being read."""


class FilledIn(DeskDialog[Result]):
    """A form that knows what it offered: it calls `was_offered` whenever it has filled fields in by itself."""

    def __init__(self) -> None:
        super().__init__()
        self._offered: list[object] | None = None

    def was_offered(self) -> None:
        """The first time: what the fields hold now is nobody's work."""
        if self._offered is None:
            self._offered = self._values()

    def action_leave(self) -> None:
        """Without anything done; what was typed is not thrown away unasked."""
        if self._offered in (None, self._values()):
            self.dismiss(None)
        else:
            question = Confirm("Leave the form?", [("lost", "what was filled in")], yes="Leave")
            self.app.push_screen(question, lambda yes: self.dismiss(None) if yes else None)

    def _values(self) -> list[object]:
        return [
            each.value for each in self.query("Input, Select, Checkbox") if isinstance(each, Input | Select | Checkbox)
        ]


def strategy_select() -> Select[str]:
    """The choice of a strategy, before it is known which there are."""
    return Select([(Text("reading…"), READING)], id="strategy", compact=True, allow_blank=False)
