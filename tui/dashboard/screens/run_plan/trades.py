"""The round trips of one variant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.widgets import Static

from engine.account.arithmetic import total
from tui.dashboard.colours import Palette, gain
from tui.dashboard.screens.run_plan.view import Part
from tui.dashboard.sweeps import load_told
from tui.dashboard.widgets.columns import COUNTS, GAINS, MONEY, PRICES, QUANTITIES, RATES, TIMES, WORDS, Column, Form
from tui.dashboard.widgets.pane import TablePane
from tui.dashboard.widgets.table import DeskTable, Order
from tui.shared import figures
from tui.shared.failures import lines_of
from tui.shared.text import safe_text

if TYPE_CHECKING:
    from textual.widget import Widget

    from engine.desk import Desk
    from engine.desk.accounts import TradeView
    from engine.errors import PapertapeError
    from engine.ports import Watch
    from tui.dashboard.screens.run_plan.view import PlanView

TABLE = "variant-trades-table"
PAGE = 200


@dataclass(frozen=True, slots=True)
class TradeRow:
    """A round trip with its place in the order of closing, from 1, and the greatest P&L of all, by amount."""

    number: int
    trade: TradeView
    greatest: float

    @property
    def share(self) -> float:
        """The P&L as a part of the greatest, from -1 to 1."""
        return self.trade.pnl / self.greatest if self.greatest else 0.0

    @property
    def gain_pct(self) -> float:
        """The gain in percent of what was paid."""
        return self.trade.pnl / (self.trade.quantity * self.trade.entry_price) * 100


SIDE = 6
"""Cells of a bar on each side of nothing."""


def pnl_bar(share: float, palette: Palette) -> Text:
    """A bar to the right for a gain, to the left for a loss; the greatest fills its side. In halves of a cell."""
    full, half = divmod(round(abs(share) * SIDE * 2), 2)
    if share >= 0:
        return Text(f"{'':{SIDE}}{('█' * full + '▌' * half):<{SIDE}}", palette.gain)
    return Text(f"{('▐' * half + '█' * full):>{SIDE}}{'':{SIDE}}", palette.loss)


BARS = Form(lambda share, _, palette: pnl_bar(share, palette), right=False)

COLUMNS: tuple[Column[TradeRow], ...] = (
    Column("number", "#", COUNTS, lambda row: row.number, "in the order of closing"),
    Column("symbol", "symbol", WORDS, lambda row: row.trade.symbol, "what was traded", 18),
    Column("entered", "entry", TIMES, lambda row: row.trade.entry_ts, "UTC"),
    Column("left", "exit", TIMES, lambda row: row.trade.exit_ts, "UTC"),
    Column("quantity", "quantity", QUANTITIES, lambda row: row.trade.quantity, "units"),
    Column("bought", "entry price", PRICES, lambda row: row.trade.entry_price, "average price paid"),
    Column("sold", "exit price", PRICES, lambda row: row.trade.exit_price, "price got"),
    Column("gain", "P&L", GAINS, lambda row: row.trade.pnl, "after fees"),
    Column("bar", "loss   gain", BARS, lambda row: row.share, "P&L beside the greatest of all", 2 * SIDE + 1),
    Column("gain_pct", "P&L%", RATES, lambda row: row.gain_pct, "of what was paid"),
    Column("fees", "fees", MONEY, lambda row: row.trade.fees, "in and out"),
)


class TradesPart(Part):
    """The trades of the variant that is looked at."""

    def __init__(self) -> None:
        super().__init__()
        self._asked: tuple[object, ...] = ()
        self._plan: UUID | None = None
        self._found: list[TradeRow] = []
        self._why: list[str] = []
        self._shown = PAGE

    def compose(self) -> ComposeResult:
        """The variant's label, and its trades."""
        yield Static("", classes="part-title", markup=False)
        order = Order.parse(self.app.prefs.get("order", TABLE))
        yield TablePane(COLUMNS, lambda row: str(row.number), noun="trade", empty="", order=order, id="variant-trades")

    @property
    def _pane(self) -> TablePane[TradeRow]:
        return self.query_one("#variant-trades", TablePane)

    def focused_first(self) -> Widget | None:
        """The table has the focus first."""
        return self._pane.table

    def take(self, view: PlanView) -> None:
        """Read the trades of the current variant, unless they are shown already."""
        wanted = (view.detail.run_plan_id, view.current, view.variant.status)
        self.query_one(".part-title", Static).update(Text(safe_text(view.named(view.current)), "bold"))
        if wanted == self._asked:
            self._fill()
            return
        self._asked, self._found, self._shown = wanted, [], PAGE
        self._why = view.reasons(view.variant)
        self._pane.show(())
        self._pane.expect("")
        run_plan_id, variant_id = view.detail.run_plan_id, view.current
        self._plan = run_plan_id

        def call(desk: Desk, _: Watch) -> list[TradeRow]:
            trades = desk.plans.trades(run_plan_id, variant_id, load_told)
            greatest = max((abs(trade.pnl) for trade in trades), default=0.0)
            return [TradeRow(number, trade, greatest) for number, trade in enumerate(trades, 1)]

        self.loader.load(call, self._show, failed=self._cannot)

    @on(DeskTable.Ordered, f"#{TABLE}")
    @on(DeskTable.MoreWanted, f"#{TABLE}")
    def _arrange(self, event: DeskTable.Ordered | DeskTable.MoreWanted) -> None:
        if isinstance(event, DeskTable.MoreWanted):
            self._shown += PAGE
        self._fill()

    @on(DeskTable.Chosen, f"#{TABLE}")
    def _open(self) -> None:
        """Show the trade under the cursor on its price chart."""
        from tui.dashboard.screens.run_plan.trade_chart import TradeDialog

        row = self._pane.table.current
        if row is None or self._plan is None:
            return
        rows = self._pane.table.in_order(self._found)
        trades = [(each.number, each.trade) for each in rows]
        self.app.push_screen(TradeDialog(self._plan, trades, rows.index(row)))

    def _show(self, trades: list[TradeRow]) -> None:
        self._found = trades
        self._pane.say(safe_text("\n".join(["It closed no trade.", *self._why])))
        self._fill()

    def _fill(self) -> None:
        rows = self._pane.table.in_order(self._found)
        self._pane.show(rows[: self._shown], len(rows), totals=_totals(self._found, Palette.of(self.app)))

    def _cannot(self, error: PapertapeError) -> None:
        self._pane.give_up("\n".join(lines_of(error)))


def _totals(rows: list[TradeRow], palette: Palette) -> Text:
    if not rows:
        return Text()
    won = sum(1 for row in rows if row.trade.pnl > 0)
    line = Text.assemble(("P&L ", palette.muted)).append_text(gain(total(row.trade.pnl for row in rows), palette))
    line.append("  fees ", palette.muted).append(figures.money(total(row.trade.fees for row in rows)))
    return line.append("  won ", palette.muted).append(f"{figures.whole(won)} of {figures.whole(len(rows))}")
