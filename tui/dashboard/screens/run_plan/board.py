"""The leaderboard: every variant with all its metrics, by any of them, narrowed by words."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.widgets import Input

from tui.dashboard.colours import Palette
from tui.dashboard.screens.run_plan.view import ABLATION, BASELINE, Part, PlanView
from tui.dashboard.widgets.columns import COUNTS, IDS, RATES, WORDS, Column, Form, fixed
from tui.dashboard.widgets.pane import TablePane
from tui.dashboard.widgets.table import DeskTable, Order
from tui.shared import figures
from tui.shared.leaderboard import dropped_of
from tui.shared.metrics import FIGURES, SCORE, Figure

if TYPE_CHECKING:
    from textual.widget import Widget

    from engine.sweeps.results import VariantResult

TABLE = "board-table"
PAGE = 100
"""Rows that are put in at once: with so many columns, more would be felt."""
FROZEN = 3
"""Columns that stay when the metrics scroll: sign, rank and variant."""
BEST, BASE, ABLATED = "*", "b", "~"
LEGEND = "* best  b baseline  ~ ablation  1-4 marked"


STATUS = Form(lambda status, _, palette: Text(status, "" if status == "succeeded" else palette.loss), right=False)

_ESSENTIAL = ("return_pct", "max_drawdown_marked_pct", "sharpe_annual", "trade_count")


def _first_on_a_narrow_screen(figure: Figure) -> int:
    """What a narrow screen has room for comes first; the rest keep their order."""
    return _ESSENTIAL.index(figure.key) if figure.key in _ESSENTIAL else len(_ESSENTIAL)


def _column(figure: Figure) -> Column[VariantResult]:
    metric = figure.metric
    form = RATES if metric.is_gain else fixed(metric.digits)
    return Column(figure.key, metric.title.replace(" %", "%"), form, figure.of, metric.short or metric.meaning)


def sign(view: PlanView, result: VariantResult) -> str:
    """`1*`: the place among the marked ones, and whether it is the best, the baseline or an ablation."""
    variant_id, tags = result.variant_id, result.tags
    place = str(view.marked.index(variant_id) + 1) if variant_id in view.marked else " "
    best = BEST if variant_id == view.detail.best_variant_id else ""
    base = BASE if BASELINE in tags else ABLATED if ABLATION in tags else ""
    return f"{place}{best}{base}".rstrip()


def refused(result: VariantResult) -> int | None:
    """Orders refused; None without a result."""
    return sum(result.refusals.values()) if result.metrics else None


def board_columns(view: Callable[[], PlanView]) -> tuple[Column[VariantResult], ...]:
    """The columns of the board. A row is a variant's result; what only the plan knows of it comes from `view`."""

    def label(result: VariantResult) -> str:
        return view().labels[result.variant_id]

    def rank(result: VariantResult) -> int | None:
        return view().ranks.get(result.variant_id)

    def why(result: VariantResult) -> str | None:
        return view().why(result)

    def above_baseline(result: VariantResult) -> float | None:
        own, base = result.metrics, view().baseline.metrics
        return None if own is None or base is None else own.return_pct - base.return_pct

    first, *others = map(_column, sorted(FIGURES, key=_first_on_a_narrow_screen))
    return (
        Column("sign", "", WORDS, lambda result: sign(view(), result), LEGEND, 5),
        Column("rank", "rank", COUNTS, rank, "by the objective"),
        Column("variant", "variant", WORDS, label, "what it has otherwise than the base spec", 60),
        _column(SCORE),
        first,
        Column("vs_baseline", "vs base", RATES, above_baseline, "return above the baseline's, in percentage points"),
        *others,
        Column("status", "status", STATUS, lambda result: result.status, "failed ones have an error of their own", 12),
        Column("id", "id", IDS, lambda result: result.variant_id, "as commands take it", 18),
        Column("why", "why", WORDS, why, "why it failed, was skipped or traded little", 60),
        Column("refused", "refused", COUNTS, refused, "orders that policy or broker refused"),
        Column("held", "held back", COUNTS, dropped_of, "entries that were dropped before they were orders"),
    )


class Narrowing(Input):
    """The words that rows must hold; Esc and Enter go back to the table."""

    def on_key(self, event: events.Key) -> None:
        """Esc also clears the words."""
        if event.key == "escape":
            event.stop()
            self.value = ""
            self.post_message(self.Submitted(self, ""))


class BoardPart(Part):
    """The table, and a line to narrow it by."""

    def __init__(self) -> None:
        super().__init__()
        self._view: PlanView | None = None
        self._rows: list[VariantResult] = []
        self._wanted: list[VariantResult] = []
        self._searched: dict[str, str] = {}
        self._drawn: tuple[PlanView, Palette] | None = None

    def compose(self) -> ComposeResult:
        """A table, and a line to narrow it by that is hidden while it is empty."""
        narrowing = Narrowing(placeholder="filter: fast=10, skipped, id", id="board-filter", compact=True)
        narrowing.display = False
        yield narrowing
        yield TablePane(
            board_columns(self._looked_at),
            lambda result: result.variant_id,
            noun="variant",
            empty="No variant matches the filter. Esc removes it.",
            order=Order.parse(self.app.prefs.get("order", TABLE)),
            frozen=FROZEN,
            id="board",
        )

    @property
    def table(self) -> DeskTable[VariantResult]:
        """The table of variants, a row each, by the chosen order."""
        return self._pane.table

    @property
    def _pane(self) -> TablePane[VariantResult]:
        return self.query_one("#board", TablePane)

    def focused_first(self) -> Widget | None:
        """The table; where no variant holds the words, the words: Esc there takes them away."""
        return self.table if self.table.display else self.query_one(Narrowing)

    def take(self, view: PlanView) -> None:
        """The variants as they are now, the cursor on the one that is looked at."""
        drawn = (view, Palette.of(self.app))
        if drawn != self._drawn:
            self._rows, self._view, self._drawn = board_rows(view), view, drawn
            self._searched.clear()
            self._fill(max(PAGE, len(self.table.items)))
        places = [result.variant_id for result in self.table.items]
        if view.current in places:
            self.table.move_cursor(row=places.index(view.current))

    def narrow(self) -> None:
        """Focus the line that narrows the rows."""
        narrowing = self.query_one(Narrowing)
        narrowing.display = True
        self.screen.set_focus(narrowing)  # at once: `focus` waits its turn behind letters that are typed already

    def signs_changed(self) -> None:
        """Update the signs: other variants are marked."""
        self.table.put_all()
        signs = board_columns(self._looked_at)[0].cells(self.table.items, 0, Palette.of(self.app))
        for result, cell in zip(self.table.items, signs, strict=True):
            if self.table.get_cell(result.variant_id, "sign") != cell:
                self.table.update_cell(result.variant_id, "sign", cell)

    def look(self) -> None:
        """The variant under the cursor is the one that the other parts look at."""
        result = self.table.current
        if result is not None and self._view is not None:
            self._view.current = result.variant_id

    def _looked_at(self) -> PlanView:
        assert self._view is not None  # noqa: S101 - for the type checker: there are rows of a view alone
        return self._view

    def _holds(self, result: VariantResult, words: list[str]) -> bool:
        """Whether every word is somewhere in a variant's label, tags, status, id or reason; words in lower case."""
        view, known_as = self._looked_at(), result.variant_id
        if known_as not in self._searched:
            parts = (view.labels[known_as], result.label, *result.tags, result.status, known_as, view.why(result) or "")
            self._searched[known_as] = " ".join(parts).casefold()
        return all(word in self._searched[known_as] for word in words)

    @on(DeskTable.Ordered, f"#{TABLE}")
    def _arrange(self) -> None:
        self._fill(PAGE)

    @on(DeskTable.MoreWanted, f"#{TABLE}")
    def _show_more(self) -> None:
        here = len(self.table.items)
        self._pane.append(self._wanted[here : here + PAGE], len(self._wanted))

    @on(Input.Changed, "#board-filter")
    def _narrowed(self) -> None:
        self._fill(PAGE)

    @on(Input.Submitted, "#board-filter")
    def _typed(self) -> None:
        narrowing = self.query_one(Narrowing)
        narrowing.display = bool(narrowing.value.strip())
        first = self.focused_first()
        if first is not None:
            first.focus()

    def _fill(self, most: int) -> None:
        words = self.query_one(Narrowing).value.casefold().split()
        kept = [result for result in self._rows if self._holds(result, words)] if words else self._rows
        self._wanted = self.table.in_order(kept)
        self._pane.show(self._wanted[:most], len(self._wanted), of=len(self._rows), totals=self._legend())

    def _legend(self) -> Text:
        palette = Palette.of(self.app)
        legend = Text(LEGEND, palette.muted)
        without = sum(1 for result in self._rows if result.metrics is None)
        return legend.append(f"  {figures.whole(without)} without a result") if without else legend


def board_rows(view: PlanView) -> list[VariantResult]:
    """The ranked variants best first, then those without a result in plan order."""
    return [*view.ordered, *(result for result in view.detail.results if result.variant_id not in view.ranks)]
