"""The form of a replay: strategy or spec file, data, parameters, and the workspace that it trades in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widgets import Button, Input, Select, Static

from tui.dashboard.keys import bound
from tui.dashboard.screens.forms import FIRST_DATA, FilledIn, entry, line, strategy_select
from tui.dashboard.screens.replay.begin import Begun, Wanted, begin, free_name
from tui.dashboard.screens.run_plans.new_sweep_entries import Entries, Parameter, parameters
from tui.shared.text import safe_text

if TYPE_CHECKING:
    from engine.desk import Desk
    from engine.policy.workspace import Workspace
    from engine.strategies.base import Strategy

READ = "read"
NEW = "a new account; it is made when the replay begins"
EXISTING = "! there already: it trades onward in it"


class NewReplayDialog(FilledIn[Begun]):
    """Leaves with a replay whose data were read and whose workspace is there; nothing is traded here."""

    CSS_PATH = "new_replay.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        bound("ctrl+o", "choose_data", "choose data", "a file, or a bundled sample", "replay.data", show=True),
        bound("ctrl+s", "begin", "begin", "read the data, make the workspace", "replay.begin", show=True),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._strategies: dict[str, Strategy[Any]] = {}
        self._parameters: list[Parameter] = []
        self._taken: set[str] = set()

    def compose(self) -> ComposeResult:
        """The fields scroll; what is wrong and the buttons stay in sight."""
        with Vertical(classes="dialog wide", id="new-replay"):
            yield Static(Text("New replay", "bold"))
            with VerticalScroll(id="replay-fields", can_focus=False):
                yield line("strategy", strategy_select())
                yield line("or spec file", entry("spec", "", "TOML or JSON, in place of strategy and values", "none"))
                data = entry("data", FIRST_DATA, "files, and samples such as sample:GOOG; SYMBOL=file names a symbol")
                yield line("data", data, Button("choose…", id="choose", compact=True))
                yield line("symbols", entry("symbols", "", "those of the data to trade, in their order"))
                why = "trade from this date on, earlier bars are history; empty: from the first bar"
                start = entry("start", "", why, "first bar")
                end = entry("end", "", "up to this date; empty: to the last bar", "last bar")
                yield line("from, to", start, end)
                yield line("workspace", entry("workspace", "", "where it trades: a new account, or one there is"))
                yield Static("", id="which", markup=False)
                yield line("starting equity", entry("equity", "10,000", "of a new account, in cash"))
                yield line("slippage bps", entry("slippage_bps", "0", "what every fill loses, in basis points"))
                yield Vertical(id="replay-parameters")
            yield Static("", id="problem", markup=False)
            with Horizontal(classes="buttons"):
                yield Button("Cancel", id="cancel", compact=True)
                yield Button("Begin", id="submit", variant="primary", compact=True)

    def on_mount(self) -> None:
        """Strategies and workspaces, read off the loop."""
        self._suggest_symbols()
        self.loader.load(lambda desk, _: _known(desk), lambda found: self._show_known(*found), group="known")

    def action_choose_data(self) -> None:
        """A file picker; what it brings is added to the data."""
        from tui.dashboard.widgets.pickers import FilePicker

        self.app.push_screen(FilePicker(), self._add_data)

    @on(Button.Pressed, "#submit")
    def action_begin(self) -> None:
        """Read the data; leave when nothing is wrong."""
        if self.loader.is_loading(READ):
            return
        wanted = self._wanted()
        self.query_one("#problem", Static).update("reading the data…")
        self.loader.load(
            lambda desk, watch: begin(desk, wanted, watch), self._begun, group=READ, failed=self._refused, acts=True
        )

    @on(Button.Pressed, "#choose")
    def _choose(self) -> None:
        self.action_choose_data()

    @on(Button.Pressed, "#cancel")
    def _cancel(self) -> None:
        self.action_leave()

    @on(Input.Changed, "#data")
    def _data_changed(self) -> None:
        self._suggest_symbols()

    @on(Input.Changed, "#workspace")
    def _say_which(self, event: Input.Changed) -> None:
        is_there = event.value.strip() in self._taken
        which = self.query_one("#which", Static)
        which.update(EXISTING if is_there else NEW)
        which.set_class(is_there, "-warns")
        self.query_one("#equity", Input).disabled = is_there

    @on(Select.Changed, "#strategy")
    async def _choose_strategy(self, event: Select.Changed) -> None:
        strategy = self._strategies.get(str(event.value))
        if strategy is None or event.value != event.select.value:  # another was chosen meanwhile
            return
        self._parameters = parameters(strategy)
        lines = self.query_one("#replay-parameters", Vertical)
        await lines.remove_children()
        await lines.mount_all([_parameter_line(place, each) for place, each in enumerate(self._parameters)])
        self.was_offered()

    def _wanted(self) -> Wanted:
        """What is typed now."""
        text = {
            name: self.query_one(f"#{name}", Input).value
            for name in ("data", "symbols", "start", "end", "slippage_bps", "spec", "workspace", "equity")
        }
        values = {
            each.path: self.query_one(f"#value-{place}", Input).value.strip()
            for place, each in enumerate(self._parameters)
        }
        changed = {each.path: values[each.path] for each in self._parameters if values[each.path] != each.default}
        entries = Entries(
            strategy=str(self.query_one("#strategy", Select).value),
            base={path: value for path, value in changed.items() if value},
            data=text["data"],
            symbols=text["symbols"],
            start=text["start"],
            end=text["end"],
            slippage_bps=text["slippage_bps"],
        )
        return Wanted(entries, text["spec"], text["workspace"], text["equity"])

    def _show_known(self, strategies: list[Strategy[Any]], workspaces: list[Workspace]) -> None:
        self._strategies = {each.key: each for each in strategies}
        self._taken = {each.name for each in workspaces}
        self._offer_strategies(list(self._strategies))
        self.query_one("#workspace", Input).value = free_name(self._taken)

    def _begun(self, begun: Begun) -> None:
        self.dismiss(begun)


def _known(desk: Desk) -> tuple[list[Strategy[Any]], list[Workspace]]:
    return [each.strategy for each in desk.research.registry.all()], desk.accounts.all()


def _parameter_line(place: int, parameter: Parameter) -> Horizontal:
    """By its place, since a path is no identifier."""
    return line(
        safe_text(parameter.path), entry(f"value-{place}", parameter.default, safe_text(parameter.why), parameter.kind)
    )
