"""Two variants side by side: a figure of each, and how far the one is from the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.text import Text
from textual.app import ComposeResult
from textual.widgets import Static

from engine.numerals import value_text
from tui.dashboard.screens.run_plan.view import Part
from tui.dashboard.widgets.columns import WORDS, Column, Form
from tui.dashboard.widgets.pane import TablePane, nothing
from tui.shared import figures
from tui.shared.metrics import COMPARED
from tui.shared.text import safe_text

if TYPE_CHECKING:
    from textual.widget import Widget

    from engine.sweeps.results import VariantResult
    from tui.dashboard.screens.run_plan.view import PlanView


def difference(first: float | None, second: float | None) -> float | None:
    """How much `first` is above `second`; None where either does not exist."""
    return None if first is None or second is None else first - second


def signed(digits: int) -> Form:
    """Differences, with their sign and no colour: less may be better."""
    return Form(lambda amount, decimals, _: Text(figures.signed(amount, decimals)), lambda _: digits)


OTHERWISE = "≠"
RIGHT = Form(lambda words, _, __: Text(safe_text(words)))


@dataclass(frozen=True, slots=True)
class Pair:
    """One line of the comparison, as it is said; `apart` is how far the second is above the first."""

    name: str
    one: str
    other: str
    apart: str = ""

    @property
    def sign(self) -> str:
        """A sign where the two values differ."""
        return OTHERWISE if self.one != self.other else ""


COLUMNS: tuple[Column[Pair], ...] = (
    Column("name", "", WORDS, lambda row: row.name, "a parameter, or a metric", 34),
    Column("sign", "", WORDS, lambda row: row.sign, "marked where the two differ"),
    Column("one", "A", RIGHT, lambda row: row.one, "the first of the two", 30),
    Column("other", "B", RIGHT, lambda row: row.other, "the second of the two", 30),
    Column("apart", "B - A", RIGHT, lambda row: row.apart, "the difference", 20),
)


class ComparePart(Part):
    """The first two marked variants; with one, it and the one that is looked at, else the baseline."""

    def compose(self) -> ComposeResult:
        """The names of the two variants, and the table."""
        yield Static("", classes="part-title", markup=False)
        yield TablePane(COLUMNS, lambda row: row.name, noun="line", empty="", opens=nothing, id="pairs")

    def focused_first(self) -> Widget | None:
        """The table has the focus first."""
        return self._pane.table

    @property
    def _pane(self) -> TablePane[Pair]:
        return self.query_one("#pairs", TablePane)

    def take(self, view: PlanView) -> None:
        """Compare the two variants; both were read before."""
        first, second = two_of(view)
        names = [
            Text.assemble((f"{side}  ", "bold"), safe_text(view.named(variant.variant_id)))
            for side, variant in (("A", first), ("B", second))
        ]
        if len(view.marked) < 2:
            names[1].append("   space on the board marks two others", "dim")
        self.query_one(".part-title", Static).update(Text("\n").join(names))
        rows = self._pane.table.in_order(pairs(view, first, second))
        apart = sum(1 for row in rows if row.sign)
        self._pane.show(rows, totals=Text(f"{figures.whole(apart)} differ"))


def two_of(view: PlanView) -> tuple[VariantResult, VariantResult]:
    """The two that are compared."""
    wanted = [*view.marked[:2], view.current, view.baseline.variant_id, *view.by_id]
    first = wanted[0]
    second = next((variant_id for variant_id in wanted if variant_id != first), first)
    return view.by_id[first], view.by_id[second]


def pairs(view: PlanView, first: VariantResult, second: VariantResult) -> list[Pair]:
    """Swept values first, then status, metrics and refusals."""
    values = [
        Pair(path, value_text(view.value(first, path)), value_text(view.value(second, path))) for path in view.paths
    ]
    return [*values, Pair("status", first.status, second.status), *_metrics(first, second), *_refusals(first, second)]


def _metrics(first: VariantResult, second: VariantResult) -> Iterator[Pair]:
    for figure in COMPARED:
        left, right = figure.of(first), figure.of(second)
        apart = difference(right, left)
        shown = "" if not apart else figures.signed(apart, figure.metric.digits)
        yield Pair(figure.metric.label, figure.text(first), figure.text(second), shown)


def _refusals(first: VariantResult, second: VariantResult) -> Iterator[Pair]:
    for rule in sorted({*first.refusals, *second.refusals}):
        left, right = first.refusals.get(rule, 0), second.refusals.get(rule, 0)
        yield Pair(f"refused: {rule}", figures.whole(left), figures.whole(right), figures.signed(right - left, 0))
