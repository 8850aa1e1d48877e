"""The form of a strategy over data, which the forms of a sweep and of a replay extend."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from rich.text import Text
from textual import on
from textual.containers import Horizontal, Vertical
from textual.widget import Widget
from textual.widgets import Button, Checkbox, Input, Label, Select, Static

from engine.errors import PapertapeError
from tui.dashboard.screens.run_plans.new_sweep_entries import Parameter, parameters, symbols_in
from tui.dashboard.screens.typed import BASE, TRIED, FieldError
from tui.dashboard.widgets.dialog import Confirm, DeskDialog
from tui.shared.failures import lines_of
from tui.shared.text import safe_text

if TYPE_CHECKING:
    from engine.strategies.base import Strategy

Result = TypeVar("Result")
FIRST_STRATEGY, FIRST_DATA = "sma_cross", "sample:GOOG"
"""What a form begins with."""
FROM = "trade from this date on, earlier bars are history; empty: from the first bar"
WRONG = "-wrong"
"""The class of a field that cannot be taken as it is."""
READING = ""
"""The strategy that is chosen while the strategies are being read."""


class StrategyForm(DeskDialog[Result]):
    """A form that asks for a strategy with its parameters, and for data.

    It has the fields of `data_lines`, the container `PARAMETERS` with a line for each parameter, and `#problem` for
    what is wrong. It calls `was_offered` whenever it has filled fields in by itself, so that leaving it asks only about
    what a person filled in.
    """

    PARAMETERS: ClassVar[str]
    COLUMNS: ClassVar[dict[str, str]] = {BASE: BASE, TRIED: TRIED}
    """With what the ids of a parameter's fields begin."""

    def __init__(self) -> None:
        super().__init__()
        self._strategies: dict[str, Strategy[Any]] = {}
        self._parameters: list[Parameter] = []
        self._offered: list[object] | None = None
        self._suggested = ""

    def parameter_line(self, place: int, parameter: Parameter) -> Horizontal:
        """The fields of a parameter; their ids have its place, since a path is no identifier."""
        raise NotImplementedError

    def data_lines(self) -> Iterator[Horizontal]:
        """Data, symbols, and the dates to trade in."""
        data = entry("data", FIRST_DATA, "files, and samples such as sample:GOOG; SYMBOL=file names a symbol")
        yield line("data", data, Button("choose…", id="choose", compact=True))
        yield line("symbols", entry("symbols", "", "those of the data to trade, in their order"))
        start = entry("start", "", FROM, "first bar")
        yield line("from, to", start, entry("end", "", "up to this date; empty: to the last bar", "last bar"))

    def action_choose_data(self) -> None:
        """Open a file picker; the chosen file is added to the data."""
        from tui.dashboard.widgets.pickers import FilePicker

        self.app.push_screen(FilePicker(), self._add_data)

    @on(Button.Pressed, "#choose")
    def _choose(self) -> None:
        self.action_choose_data()

    @on(Button.Pressed, "#cancel")
    def _cancel(self) -> None:
        self.action_leave()

    @on(Input.Changed, "#data")
    def _data_changed(self) -> None:
        self._suggest_symbols()

    @on(Select.Changed, "#strategy")
    async def _choose_strategy(self, event: Select.Changed) -> None:
        strategy = self._strategies.get(str(event.value))
        if strategy is None or event.value != event.select.value:  # another was chosen meanwhile
            return
        self._parameters = parameters(strategy)
        lines = self.query_one(self.PARAMETERS, Vertical)
        await lines.remove_children()
        await lines.mount_all([self.parameter_line(*numbered) for numbered in enumerate(self._parameters)])
        self.was_offered()
        self.strategy_chosen()

    def strategy_chosen(self) -> None:
        """The parameters of another strategy are shown; subclasses override it."""

    def was_offered(self) -> None:
        """What the fields hold now, nobody has typed; only the first call counts."""
        if self._offered is None:
            self._offered = self._values()

    def action_leave(self) -> None:
        """Leave without doing anything; ask first when something was filled in."""
        if self._offered in (None, self._values()):
            self.dismiss(None)
        else:
            question = Confirm("Leave the form?", [("lost", "what was filled in")], yes="Leave")

            def left(yes: bool | None) -> None:
                if yes:
                    self.dismiss(None)

            self.app.push_screen(question, left)

    def _offer_strategies(self, strategies: Iterable[Strategy[Any]]) -> None:
        self._strategies = {strategy.key: strategy for strategy in strategies}
        keys = list(self._strategies)
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
        """Say what is wrong; where a field is to blame, mark it and bring it into view."""
        said = [safe_text(error.sentence)] if isinstance(error, FieldError) else lines_of(error)
        self.query_one("#problem", Static).update("\n".join(said))
        blamed = self._blamed(error)
        for field in self.query(Input):
            field.set_class(field is blamed, WRONG)
        if blamed is not None:
            blamed.scroll_visible(animate=False)

    def _blamed(self, error: PapertapeError) -> Input | None:
        """The field that an error is about."""
        if not isinstance(error, FieldError):
            return None
        if not error.column:
            return self.query_one(f"#{error.field}", Input)
        places = [parameter.path for parameter in self._parameters]
        return self.query_one(f"#{self.COLUMNS[error.column]}-{places.index(error.field)}", Input)

    @on(Input.Changed)
    def _mended(self, event: Input.Changed) -> None:
        event.input.remove_class(WRONG)

    def _values(self) -> list[object]:
        return [
            field.value
            for field in self.query("Input, Select, Checkbox")
            if isinstance(field, Input | Select | Checkbox)
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
