"""The form of a replay, and from it a replay that is ready: data read, workspace made, nothing traded yet."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widgets import Button, Input, Select, Static

from tui.dashboard.keys import bound
from tui.dashboard.screens.forms import StrategyForm, entry, line, strategy_select
from tui.dashboard.screens.run_plans.new_sweep_entries import Entries, Parameter, sources_of, spec_of
from tui.dashboard.screens.typed import BASE, FieldError, number
from tui.shared.inputs import unchecked
from tui.shared.text import safe_text

if TYPE_CHECKING:
    from engine.desk import Desk
    from engine.drivers.replay import Replay
    from engine.policy.workspace import Workspace
    from engine.ports import Watch
    from engine.strategies.base import Strategy
    from engine.strategies.spec import ExecutionSpec

PREFIX = "replay-"
READ = "read"
NEW = "a new account; it is made when the replay begins"
EXISTING = "! exists: the replay continues in it"


@dataclass(frozen=True, slots=True)
class ReplayRequest:
    """What the form holds: as a sweep's, or a spec file in place of strategy, symbols and values; and where to."""

    entries: Entries
    spec_file: str
    workspace: str
    equity: str


@dataclass(frozen=True, slots=True)
class ReadyReplay:
    """A replay before its first step, and what is to be said of its data and of its strategy."""

    replay: Replay
    is_new: bool
    warnings: tuple[str, ...]


def free_name(taken: Collection[str]) -> str:
    """`replay-1`, or the first number that is free."""
    return next(name for number in range(1, len(taken) + 2) if (name := f"{PREFIX}{number}") not in taken)


def begin(desk: Desk, wanted: ReplayRequest, watch: Watch | None = None) -> ReadyReplay:
    """Read the data first; a workspace is made when all else is right."""
    from engine.drivers.bar_loop import check_slippage
    from engine.drivers.beginning import OnwardTerms
    from storage.market_files import infer_timeframe, load_dataset

    spec, name = _spec(desk, wanted), wanted.workspace.strip()
    if not name:
        raise FieldError("workspace", "workspace: no workspace is named", "name a new one, or one that is there")
    slippage_bps = number(wanted.entries.slippage_bps, "slippage_bps")
    check_slippage(slippage_bps)
    known = desk.accounts.find(name)
    dataset = load_dataset(
        sources_of(wanted.entries.data, spec.symbols),
        symbols=spec.symbols,
        session_tz="UTC" if known is None else known.limits.session_tz,
        start=wanted.entries.start.strip() or None,
        end=wanted.entries.end.strip() or None,
        watch=watch,
    )
    timeframe = infer_timeframe(dataset)
    desk.research.compile(spec, timeframe)
    workspace = known or _made(desk, name, wanted.equity)
    terms = OnwardTerms(slippage_bps)
    replay = desk.research.replay(spec, dataset, workspace, timeframe=timeframe, terms=terms)
    return ReadyReplay(replay, known is None, (*dataset.warnings, *unchecked(desk.research.registry, spec.strategy_id)))


def _spec(desk: Desk, wanted: ReplayRequest) -> ExecutionSpec:
    if not wanted.spec_file.strip():
        return spec_of(desk, wanted.entries)
    from storage.spec_files import read_spec

    return read_spec(Path(wanted.spec_file.strip()).expanduser())


def _made(desk: Desk, name: str, equity: str) -> Workspace:
    return desk.accounts.create(name, number(equity, "equity"))


class NewReplayDialog(StrategyForm[ReadyReplay]):
    """Closes with a replay whose data were read and whose workspace exists; nothing is traded yet."""

    CSS_PATH = "new_replay.tcss"
    PARAMETERS = "#replay-parameters"
    COLUMNS: ClassVar[dict[str, str]] = {BASE: "value"}
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
