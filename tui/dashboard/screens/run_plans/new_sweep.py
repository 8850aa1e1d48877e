"""The form of a new sweep: strategy, data, base values beside the values to try, terms, and the count."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widgets import Button, Checkbox, Input, Label, Select, Static

from engine.vocabulary import DEFAULT_OBJECTIVE, JournalMode, Objective
from tui.dashboard.keys import bound
from tui.dashboard.screens.forms import StrategyForm, entry, line, strategy_select
from tui.dashboard.screens.run_plans.new_sweep_entries import (
    Entries,
    Parameter,
    Prepared,
    count_words,
    generated,
    most_variants,
    prepare,
)
from tui.dashboard.sweeps import spare_processors
from tui.shared.text import safe_text

if TYPE_CHECKING:
    from engine.desk import Desk
    from engine.errors import PapertapeError
    from engine.policy.workspace import Workspace
    from engine.strategies.registry import Registered

TRY = "values to try: 20,55 or 20:60:20"
READ, COUNT = "read", "count"


class NewSweepDialog(StrategyForm[Prepared]):
    """Closes with a sweep whose data were read and which is ready to be executed."""

    PARAMETERS = "#sweep-parameters"
    BINDINGS: ClassVar[list[BindingType]] = [
        bound("ctrl+o", "choose_data", "choose data", "a file, or a bundled sample", "sweep.data", show=True),
        bound("ctrl+s", "start", "start", "read the data, then run it in the background", "sweep.start", show=True),
    ]

    def __init__(self, workspace: Workspace) -> None:
        super().__init__()
        self._workspace = workspace

    def compose(self) -> ComposeResult:
        """Strategy, data, a line for each parameter, and terms scroll; the count and the buttons stay visible."""
        with Vertical(classes="dialog wide", id="new-sweep"):
            yield Static(Text("New sweep", "bold"))
            with VerticalScroll(id="sweep-fields", can_focus=False):
                yield line("strategy", strategy_select())
                yield from self.data_lines()
                with Horizontal(classes="line heads"):
                    yield Label("parameter", markup=False)
                    yield Static("base", classes="half")
                    yield Static(TRY, classes="half", markup=False)
                yield Vertical(id="sweep-parameters")
                yield line("objective", Select(_options(Objective), id="objective", compact=True, allow_blank=False))
                yield line("journal", Select(_options(JournalMode), id="journal", compact=True, allow_blank=False))
                yield line("max variants", entry("max_variants", "1,000", "no more than this; the rest is dropped"))
                yield line("workers", entry("workers", f"{spare_processors()}", "how many at once"))
                yield line("slippage bps", entry("slippage_bps", "0", "what every fill loses, in basis points"))
                yield Checkbox("ablations: one value put back to the base spec's", True, id="ablations", compact=True)
            yield Static("", id="sweep-count", markup=False)
            yield Static("", id="problem", markup=False)
            with Horizontal(classes="buttons"):
                yield Button("Cancel", id="cancel", compact=True)
                yield Button("Start", id="submit", variant="primary", compact=True)

    def on_mount(self) -> None:
        """Read the strategies off the event loop: they may be files."""
        self.query_one("#objective", Select).value = DEFAULT_OBJECTIVE.value
        self._suggest_symbols()
        self.loader.load(lambda desk, _: desk.research.registry.all(), self._show_strategies, group="strategies")

    @on(Button.Pressed, "#submit")
    def action_start(self) -> None:
        """Read the data, then close the form if nothing is wrong."""
        if self.loader.is_loading(READ):
            return
        entries, workspace, run_plan_id = self.entries(), self._workspace, self.app.surroundings.new_id()
        self.query_one("#problem", Static).update("reading the data…")
        self.loader.load(
            lambda desk, watch: prepare(desk, entries, workspace, run_plan_id, watch),
            self._begin,
            group=READ,
            failed=self._refused,
            acts=True,
        )

    def entries(self) -> Entries:
        """The values of the form as they are typed now."""
        return Entries(
            strategy=str(self.query_one("#strategy", Select).value),
            base=self._typed("base", but_defaults=True),
            tried=self._typed("try", but_defaults=False),
            objective=str(self.query_one("#objective", Select).value),
            journal=str(self.query_one("#journal", Select).value),
            ablations=self.query_one("#ablations", Checkbox).value,
            **{
                name: self.query_one(f"#{name}", Input).value
                for name in ("data", "symbols", "start", "end", "workers", "max_variants", "slippage_bps")
            },
        )

    @on(Input.Changed)
    @on(Checkbox.Changed)
    def _count_again(self) -> None:
        self.query_one("#problem", Static).update("")
        self._count()

    def parameter_line(self, place: int, parameter: Parameter) -> Horizontal:
        """Its path, its base value, the values to try."""
        why = safe_text(parameter.why)
        base = entry(f"base-{place}", parameter.default, why, "off")
        tried = entry(f"try-{place}", "", why, parameter.kind)
        return Horizontal(Label(safe_text(parameter.path), markup=False), base, tried, classes="line")

    def strategy_chosen(self) -> None:
        """Count the variants again: another strategy has other parameters."""
        self._count()

    def _begin(self, prepared: Prepared) -> None:
        self.dismiss(prepared)

    def _show_strategies(self, known: list[Registered]) -> None:
        self._offer_strategies(registered.strategy for registered in known)

    def _typed(self, column: str, *, but_defaults: bool) -> dict[str, str]:
        """What is filled in for the parameters in a column of fields, by path."""
        values = {}
        for place, parameter in enumerate(self._parameters):
            text = self.query_one(f"#{column}-{place}", Input).value.strip()
            if text and not (but_defaults and text == parameter.default):
                values[parameter.path] = text
        return values

    def _count(self) -> None:
        if not self._parameters or not self.query("#sweep-parameters Input"):
            return
        entries = self.entries()

        def counted(desk: Desk) -> str:
            return count_words(generated(desk, entries), most_variants(entries))

        self.loader.load(
            lambda desk, _: counted(desk), self._show_count, group=COUNT, in_turn=True, failed=self._cannot_count
        )

    def _show_count(self, words: str) -> None:
        self.query_one("#sweep-count", Static).update(words)

    def _cannot_count(self, error: PapertapeError) -> None:
        self.query_one("#sweep-count", Static).update("")
        self._refused(error)


def _options(words: type[Objective] | type[JournalMode]) -> list[tuple[Text, str]]:
    return [(Text(word.value), word.value) for word in words]
