"""What the forms of a sweep and of a replay share: long ones, so that leaving one that was filled in is asked about."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from rich.text import Text
from textual.containers import Horizontal
from textual.widget import Widget
from textual.widgets import Checkbox, Input, Label, Select, Static

from engine.errors import PapertapeError
from tui.dashboard.screens.run_plans.new_sweep_entries import symbols_in
from tui.dashboard.widgets.dialog import Confirm, DeskDialog
from tui.shared.failures import lines_of

Result = TypeVar("Result")
FIRST_STRATEGY, FIRST_DATA = "sma_cross", "sample:GOOG"
"""What a form begins with."""
READING = ""
"""The strategy that is chosen while the strategies are being read."""


class FilledIn(DeskDialog[Result]):
    """A form that knows what it offered: it calls `was_offered` whenever it has filled fields in by itself.

    It has the fields `#strategy`, `#data` and `#symbols`, and a line `#problem` for what is wrong.
    """

    def __init__(self) -> None:
        super().__init__()
        self._offered: list[object] | None = None
        self._suggested = ""

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

    def _offer_strategies(self, keys: Sequence[str]) -> None:
        select = self.query_one("#strategy", Select)
        select.set_options([(Text(key), key) for key in keys])
        select.value = FIRST_STRATEGY if FIRST_STRATEGY in keys else keys[0]
        select.focus()

    def _suggest_symbols(self) -> None:
        """The symbols that the data suggest, unless other ones were typed."""
        symbols, suggested = self.query_one("#symbols", Input), symbols_in(self.query_one("#data", Input).value)
        if symbols.value == self._suggested:
            symbols.value = suggested
        self._suggested = suggested

    def _add_data(self, chosen: str | None) -> None:
        data = self.query_one("#data", Input)
        if chosen:
            data.value = chosen if data.value.strip() in ("", FIRST_DATA) else f"{data.value.strip()} {chosen}"

    def _refused(self, error: PapertapeError) -> None:
        self.query_one("#problem", Static).update("\n".join(lines_of(error)))

    def _values(self) -> list[object]:
        return [
            each.value for each in self.query("Input, Select, Checkbox") if isinstance(each, Input | Select | Checkbox)
        ]


def strategy_select() -> Select[str]:
    """The choice of a strategy, before it is known which there are."""
    return Select([(Text("reading…"), READING)], id="strategy", compact=True, allow_blank=False)


def line(label: str, *widgets: Widget) -> Horizontal:
    """A label with what belongs to it beside it."""
    return Horizontal(Label(label, markup=False), *widgets, classes="line")


def entry(name: str, value: str, why: str, empty: str = "") -> Input:
    """A field of this id; `why` is its tooltip, `empty` what it shows while nothing is typed."""
    field = Input(value, placeholder=empty, id=name, compact=True)
    field.tooltip = Text(why) if why else None
    return field
