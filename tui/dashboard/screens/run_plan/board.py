"""The leaderboard: every variant with all its metrics, by any of them, narrowed by words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.widgets import Input

from tui.dashboard.screens.run_plan.part import Part
from tui.dashboard.screens.run_plan.view import ABLATION, BASELINE, PlanView
from tui.dashboard.widgets.columns import COUNTS, RATES, WORDS, Column, Form, fixed
from tui.dashboard.widgets.money import Palette
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


@dataclass(slots=True)
class BoardRow:
    """A variant of a run plan."""

    view: PlanView
    result: VariantResult
    rank: int | None
    label: str
    _text: str = ""

    @property
    def sign(self) -> str:
        """`1*`: the place among the marked ones, and whether it is the best, the baseline or an ablation."""
        variant_id, tags = self.result.variant_id, self.result.tags
        place = str(self.view.marked.index(variant_id) + 1) if variant_id in self.view.marked else " "
        best = BEST if variant_id == self.view.detail.best_variant_id else ""
        base = BASE if BASELINE in tags else ABLATED if ABLATION in tags else ""
        return f"{place}{best}{base}".rstrip()

    @property
    def why(self) -> str | None:
        """Why it has no result, or why it traded little."""
        return self.result.error or self.result.skip_reason or ". ".join(self.view.reasons(self.result)) or None

    @property
    def refused(self) -> int | None:
        """Orders refused; None without a result."""
        return sum(self.result.refusals.values()) if self.result.metrics else None

    @property
    def held_back(self) -> int | None:
        """Entries that were signalled and held back; None where nobody counted."""
        return dropped_of(self.result)

    def holds(self, words: list[str]) -> bool:
        """Whether every word is somewhere in its label, tags, status, id or reason; the words in lower case."""
        if not self._text:
            result = self.result
            parts = (self.label, result.label, *result.tags, result.status, result.variant_id, self.why or "")
            self._text = " ".join(parts).casefold()
        return all(word in self._text for word in words)


STATUS = Form(lambda status, _, palette: Text(status, "" if status == "succeeded" else palette.loss), right=False)

_ESSENTIAL = ("return_pct", "max_drawdown_marked_pct", "sharpe_annual", "trade_count")


def _first_on_a_narrow_screen(figure: Figure) -> int:
    """What a narrow screen has room for comes first; the rest keep their order."""
    return _ESSENTIAL.index(figure.key) if figure.key in _ESSENTIAL else len(_ESSENTIAL)


def _column(figure: Figure) -> Column[BoardRow]:
    metric = figure.metric
    form = RATES if metric.is_gain else fixed(metric.digits)
    why = metric.short or metric.meaning
    return Column(figure.key, metric.title.replace(" %", "%"), form, lambda row: figure.of(row.result), why)


COLUMNS: tuple[Column[BoardRow], ...] = (
    Column("sign", "", WORDS, lambda row: row.sign, LEGEND, 5),
    Column("rank", "rank", COUNTS, lambda row: row.rank, "by the objective"),
    Column("variant", "variant", WORDS, lambda row: row.label, "what it has otherwise than the base spec", 60),
    _column(SCORE),
    *map(_column, sorted(FIGURES, key=_first_on_a_narrow_screen)),
    Column("status", "status", STATUS, lambda row: row.result.status, "failed ones have an error of their own", 12),
    Column("id", "id", WORDS, lambda row: row.result.variant_id, "as commands take it", 18),
    Column("why", "why", WORDS, lambda row: row.why, "why it failed, was skipped or traded little", 60),
    Column("refused", "refused", COUNTS, lambda row: row.refused, "orders that policy or broker refused"),
    Column("held", "held back", COUNTS, lambda row: row.held_back, "entries that were dropped before they were orders"),
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
        self._rows: list[BoardRow] = []
        self._wanted: list[BoardRow] = []
        self._drawn: tuple[PlanView, Palette] | None = None

    def compose(self) -> ComposeResult:
        """A table, and a line to narrow it by that is hidden while it is empty."""
        narrowing = Narrowing(placeholder="words of the variant, its status or id", id="board-filter", compact=True)
        narrowing.display = False
        yield narrowing
        yield TablePane(
            COLUMNS,
            lambda row: row.result.variant_id,
            noun="variant",
            empty="No variant holds these words. Esc takes them away.",
            order=Order.parse(self.app.prefs.get("order", TABLE)),
            frozen=FROZEN,
            id="board",
        )

    @property
    def table(self) -> DeskTable[BoardRow]:
        """The table of variants."""
        return self._pane.table

    @property
    def _pane(self) -> TablePane[BoardRow]:
        return self.query_one("#board", TablePane)

    def focused_first(self) -> Widget | None:
        """The table; where no variant holds the words, the words: Esc there takes them away."""
        return self.table if self.table.display else self.query_one(Narrowing)

    def take(self, view: PlanView) -> None:
        """The variants as they are now, the cursor on the one that is looked at."""
        drawn = (view, Palette.of(self.app))
        if drawn != self._drawn:
            self._rows, self._view, self._drawn = board_rows(view), view, drawn
            self._fill(max(PAGE, len(self.table.items)))
        places = [row.result.variant_id for row in self.table.items]
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
        signs = COLUMNS[0].cells(self.table.items, 0, Palette.of(self.app))
        for row, cell in zip(self.table.items, signs, strict=True):
            if self.table.get_cell(row.result.variant_id, "sign") != cell:
                self.table.update_cell(row.result.variant_id, "sign", cell)

    def look(self) -> None:
        """The variant under the cursor is the one that the other parts look at."""
        row = self.table.current
        if row is not None and self._view is not None:
            self._view.current = row.result.variant_id

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
        kept = [row for row in self._rows if row.holds(words)] if words else self._rows
        self._wanted = self.table.in_order(kept)
        self._pane.show(self._wanted[:most], len(self._wanted), of=len(self._rows), totals=self._legend())

    def _legend(self) -> Text:
        palette = Palette.of(self.app)
        legend = Text(LEGEND, palette.muted)
        without = sum(1 for row in self._rows if row.result.metrics is None)
        return legend.append(f"  {figures.whole(without)} without a result") if without else legend


def board_rows(view: PlanView) -> list[BoardRow]:
    """The ranked variants best first, then those without a result in plan order."""
    rest = [result for result in view.detail.results if result.variant_id not in view.ranks]
    ordered = [(result, view.ranks.get(result.variant_id)) for result in [*view.ordered, *rest]]
    return [BoardRow(view, result, rank, view.labels[result.variant_id]) for result, rank in ordered]
