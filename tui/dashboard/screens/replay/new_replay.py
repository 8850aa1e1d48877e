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
from tui.dashboard.screens.forms import StrategyForm, entry, line, strategy_select
from tui.dashboard.screens.replay.begin import ReadyReplay, ReplayRequest, begin, free_name
from tui.dashboard.screens.run_plans.new_sweep_entries import Entries, Parameter
from tui.shared.text import safe_text

if TYPE_CHECKING:
    from engine.desk import Desk
    from engine.policy.workspace import Workspace
    from engine.strategies.base import Strategy

READ = "read"
NEW = "a new account; it is made when the replay begins"
EXISTING = "! exists: the replay continues in it"


class NewReplayDialog(StrategyForm[ReadyReplay]):
    """Closes with a replay whose data were read and whose workspace exists; nothing is traded yet."""

    CSS_PATH = "new_replay.tcss"
    PARAMETERS = "#replay-parameters"
    BINDINGS: ClassVar[list[BindingType]] = [
        bound("ctrl+o", "choose_data", "choose data", "a file, or a bundled sample", "replay.data", show=True),
        bound("ctrl+s", "begin", "begin", "read the data, make the workspace", "replay.begin", show=True),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._taken: set[str] = set()

    def compose(self) -> ComposeResult:
        """The fields scroll; errors and buttons stay visible."""
        with Vertical(classes="dialog wide", id="new-replay"):
            yield Static(Text("New replay", "bold"))
            with VerticalScroll(id="replay-fields", can_focus=False):
                yield line("strategy", strategy_select())
                yield line("or spec file", entry("spec", "", "TOML or JSON, in place of strategy and values", "none"))
                yield from self.data_lines()
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
        """Read the strategies and workspaces off the event loop."""
        self._suggest_symbols()
        self.loader.load(lambda desk, _: _known(desk), lambda known: self._show_known(*known), group="known")

    @on(Button.Pressed, "#submit")
    def action_begin(self) -> None:
        """Read the data, then close the form if nothing is wrong."""
        if self.loader.is_loading(READ):
            return
        wanted = self._wanted()
        self.query_one("#problem", Static).update("reading the data…")
        self.loader.load(
            lambda desk, watch: begin(desk, wanted, watch), self._begun, group=READ, failed=self._refused, acts=True
        )

    @on(Input.Changed, "#workspace")
    def _say_which(self, event: Input.Changed) -> None:
        is_there = event.value.strip() in self._taken
        which = self.query_one("#which", Static)
        which.update(EXISTING if is_there else NEW)
        which.set_class(is_there, "-warns")
        self.query_one("#equity", Input).disabled = is_there

    def parameter_line(self, place: int, parameter: Parameter) -> Horizontal:
        """Its path, and a field for its value."""
        why = safe_text(parameter.why)
        return line(safe_text(parameter.path), entry(f"value-{place}", parameter.default, why, parameter.kind))

    def _wanted(self) -> ReplayRequest:
        """The values of the form as they are typed now."""
        text = {
            name: self.query_one(f"#{name}", Input).value
            for name in ("data", "symbols", "start", "end", "slippage_bps", "spec", "workspace", "equity")
        }
        changed = {}
        for place, parameter in enumerate(self._parameters):
            value = self.query_one(f"#value-{place}", Input).value.strip()
            if value != parameter.default:
                changed[parameter.path] = value
        entries = Entries(
            strategy=str(self.query_one("#strategy", Select).value),
            base={path: value for path, value in changed.items() if value},
            data=text["data"],
            symbols=text["symbols"],
            start=text["start"],
            end=text["end"],
            slippage_bps=text["slippage_bps"],
        )
        return ReplayRequest(entries, text["spec"], text["workspace"], text["equity"])

    def _show_known(self, strategies: list[Strategy[Any]], workspaces: list[Workspace]) -> None:
        self._taken = {workspace.name for workspace in workspaces}
        self._offer_strategies(strategies)
        self.query_one("#workspace", Input).value = free_name(self._taken)

    def _begun(self, begun: ReadyReplay) -> None:
        self.dismiss(begun)


def _known(desk: Desk) -> tuple[list[Strategy[Any]], list[Workspace]]:
    return [registered.strategy for registered in desk.research.registry.all()], desk.accounts.all()
