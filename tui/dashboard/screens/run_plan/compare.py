"""Variants side by side: a figure of each, and how far the others are from the first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from rich.text import Text
from textual.app import ComposeResult
from textual.widgets import Static

from engine.account.metrics import Better, Metric, Unit
from engine.numerals import value_text
from tui.dashboard.colours import Palette
from tui.dashboard.screens.run_plan.view import MOST_MARKED, Part
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


def difference_text(amount: float, metric: Metric, palette: Palette) -> Text:
    """A difference with its sign, coloured by whether it is for the better or for the worse."""
    said = figures.signed(amount, metric.digits)
    towards = amount * metric.better.value if said[0] in "+-" else 0  # what is rounded to nothing is neither
    return Text(said, palette.gain if towards > 0 else palette.loss if towards < 0 else "")


def differences(metric: Metric) -> Form:
    """Differences of a metric, coloured by which way is better."""
    return Form(lambda amount, _, palette: difference_text(amount, metric, palette), lambda _: metric.digits)


OTHERWISE = "≠"
RIGHT = Form(lambda words, _, __: Text(safe_text(words)))
LETTERS = "ABCD"
LEAST = 2
"""Variants that are compared at least"""
_REFUSED = Metric("refused", "refused", Unit.COUNT, 0, "orders refused", better=Better.LOWER)


@dataclass(frozen=True, slots=True, order=True)
class Apart:
    """How far a variant's figure is above the first one's; nothing is shown where that is nothing."""

    amount: float = 0.0
    metric: Metric = field(default=_REFUSED, compare=False)


APART = Form(lambda apart, _, palette: difference_text(apart.amount, apart.metric, palette) if apart.amount else Text())


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the comparison: what each variant has, and how far each but the first is above the first."""

    name: str
    values: Sequence[str]
    apart: Sequence[Apart]

    @property
    def sign(self) -> str:
        """A sign where the values differ."""
        return OTHERWISE if len(set(self.values)) > 1 else ""


def columns_for(count: int) -> tuple[Column[Line], ...]:
    """The columns of so many variants: each has its values, all but the first the difference too."""
    columns: list[Column[Line]] = [
        Column("name", "", WORDS, lambda row: row.name, "a parameter, or a metric", 34),
        Column("sign", "", WORDS, lambda row: row.sign, "marked where they differ"),
    ]
    for place, letter in enumerate(LETTERS[:count]):
        columns.append(Column(letter, letter, RIGHT, partial(_value, place), f"what {letter} has", 30))
        if place:
            title = f"{letter} - {LETTERS[0]}"
            columns.append(Column(f"apart_{letter}", title, APART, partial(_apart, place), "the difference", 20))
    return tuple(columns)


def _value(place: int, row: Line) -> str:
    return row.values[place]


def _apart(place: int, row: Line) -> Apart:
    return row.apart[place - 1]


class ComparePart(Part):
    """All marked variants; with one, it and the one that is looked at, else the baseline."""

    def __init__(self) -> None:
        super().__init__()
        self._count = LEAST

    def compose(self) -> ComposeResult:
        """The names of the variants, and a table for each number of them, of which one is shown."""
        yield Static("", classes="part-title", markup=False)
        for count in range(LEAST, MOST_MARKED + 1):
            columns, known_as = columns_for(count), _id_of(count)
            pane = TablePane(columns, lambda row: row.name, noun="line", empty="", opens=nothing, id=known_as)
            pane.display = count == self._count
            yield pane

    def focused_first(self) -> Widget | None:
        """The table has the focus first."""
        return self._pane.table

    @property
    def _pane(self) -> TablePane[Line]:
        return self.query_one(f"#{_id_of(self._count)}", TablePane)

    def take(self, view: PlanView) -> None:
        """Compare the variants; all were read before."""
        variants = compared(view)
        self._count = len(variants)
        for pane in self.query(TablePane):
            pane.display = pane is self._pane
        names = [
            Text.assemble((f"{letter}  ", "bold"), safe_text(view.named(variant.variant_id)))
            for letter, variant in zip(LETTERS, variants, strict=False)
        ]
        if len(view.marked) < LEAST:
            names[-1].append("   space on the board marks up to four", "dim")
        self.query_one(".part-title", Static).update(Text("\n").join(names))
        rows = self._pane.table.in_order(lines_of(view, variants))
        apart = sum(1 for row in rows if row.sign)
        self._pane.show(rows, totals=Text(f"{figures.whole(apart)} differ"))


def _id_of(count: int) -> str:
    return "pairs" if count == LEAST else f"compared-{count}"


def compared(view: PlanView) -> list[VariantResult]:
    """The variants that are compared: the marked ones, two at least."""
    if len(view.marked) >= LEAST:
        return [view.by_id[variant_id] for variant_id in view.marked]
    wanted = [*view.marked, view.current, view.baseline.variant_id, *view.by_id]
    first = wanted[0]
    second = next((variant_id for variant_id in wanted if variant_id != first), first)
    return [view.by_id[first], view.by_id[second]]


def lines_of(view: PlanView, variants: Sequence[VariantResult]) -> list[Line]:
    """Swept values first, then status, metrics and refusals."""
    alike = [Apart()] * (len(variants) - 1)
    values = [Line(path, [value_text(view.value(one, path)) for one in variants], alike) for path in view.paths]
    status = Line("status", [one.status for one in variants], alike)
    return [*values, status, *_metrics(variants), *_refusals(variants)]


def _metrics(variants: Sequence[VariantResult]) -> Iterator[Line]:
    for figure in COMPARED:
        first, *others = (figure.of(one) for one in variants)
        apart = [Apart(difference(other, first) or 0.0, figure.metric) for other in others]
        yield Line(figure.metric.label, [figure.text(one) for one in variants], apart)


def _refusals(variants: Sequence[VariantResult]) -> Iterator[Line]:
    for rule in sorted({rule for one in variants for rule in one.refusals}):
        first, *others = counts = [one.refusals.get(rule, 0) for one in variants]
        yield Line(f"refused: {rule}", list(map(figures.whole, counts)), [Apart(other - first) for other in others])
