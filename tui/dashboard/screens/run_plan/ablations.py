"""What each ablation changed: the metrics' distance from the grid's first variant, one value put back at a time."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from rich.text import Text
from textual.app import ComposeResult
from textual.widgets import Static

from engine.numerals import value_text
from tui.dashboard.screens.run_plan.compare import difference, differences
from tui.dashboard.screens.run_plan.view import Part
from tui.dashboard.widgets.columns import WORDS, Column
from tui.dashboard.widgets.pane import TablePane, nothing
from tui.shared.metrics import COMPARED, Figure
from tui.shared.text import safe_text

if TYPE_CHECKING:
    from textual.widget import Widget

    from engine.sweeps.results import VariantResult
    from tui.dashboard.screens.run_plan.view import PlanView

EMPTY = "Nothing was swept: there is the base spec alone, and nothing to put back."
SHOWN = tuple(figure for figure in COMPARED if figure.metric.spared is not None)


@dataclass(frozen=True, slots=True)
class AblationRow:
    """A swept parameter: the grid's first value, the base spec's, and the variant that has it, if there is one."""

    path: str
    first: Any
    base: Any
    variant: VariantResult | None
    against: VariantResult

    @property
    def change(self) -> str:
        """The change of the value, such as `5 → 20`."""
        return f"{value_text(self.first)} → {value_text(self.base)}"

    @property
    def status(self) -> str:
        """Why there is nothing to compare; the variant's status where there is."""
        if self.first == self.base:
            return "no change: it had the base value"
        if self.variant is None:
            return "not among the variants"
        return self.variant.skip_reason or self.variant.error or self.variant.status

    def distance(self, figure: Figure) -> float | None:
        """How far a figure is above the grid's first variant's."""
        return None if self.variant is None else difference(figure.of(self.variant), figure.of(self.against))


def _column(figure: Figure) -> Column[AblationRow]:
    title = f"Δ {figure.metric.title}".replace("max dd", "dd").replace(" %", "%")
    value = partial(_distance, figure)
    return Column(figure.key, title, differences(figure.metric), value, f"{figure.metric.label}: after less before")


def _distance(figure: Figure, row: AblationRow) -> float | None:
    return row.distance(figure)


COLUMNS: tuple[Column[AblationRow], ...] = (
    Column("path", "put back", WORDS, lambda row: row.path, "the parameter", 30),
    Column("change", "from → to", WORDS, lambda row: row.change, "from the grid's first value to the base spec's", 24),
    *map(_column, SHOWN),
    Column("status", "", WORDS, lambda row: row.status, "whether there is something to compare", 60),
)


class AblationsPart(Part):
    """A table with a row for each swept parameter."""

    def compose(self) -> ComposeResult:
        """What they are measured against, and the table."""
        yield Static("", classes="part-title", markup=False)
        yield TablePane(COLUMNS, lambda row: row.path, noun="parameter", empty=EMPTY, opens=nothing, id="ablations")

    def focused_first(self) -> Widget | None:
        """The table has the focus first."""
        return self._pane.table

    @property
    def _pane(self) -> TablePane[AblationRow]:
        return self.query_one("#ablations", TablePane)

    def take(self, view: PlanView) -> None:
        """Show the differences; all variants were read before."""
        first = view.first_of_grid
        rows = [] if first is None else ablation_rows(view, first)
        self.query_one(".part-title", Static).update(Text() if first is None else _heading(first))
        self._pane.show(self._pane.table.in_order(rows))


def ablation_rows(view: PlanView, first: VariantResult) -> list[AblationRow]:
    """Where the base value is among a parameter's values, the grid has the ablation's variant already."""
    by_overrides = {_key(result.overrides): result for result in view.detail.results}
    rows = []
    for path in view.paths:
        base = view.base_value(path)
        variant = by_overrides.get(_key({**first.overrides, path: base}))
        rows.append(AblationRow(path, first.overrides[path], base, variant, first))
    return rows


def _key(overrides: dict[str, Any]) -> tuple[Any, ...]:
    return tuple((path, type(value), value) for path, value in sorted(overrides.items()))


def _heading(first: VariantResult) -> Text:
    line = Text.assemble(("against the grid's first: ", "dim"), (safe_text(first.label), "bold"))
    shown = (f"{figure.metric.label} {figure.text(first)}" for figure in SHOWN[:3])
    return line.append(f"   {'   '.join(shown)}", "dim")
