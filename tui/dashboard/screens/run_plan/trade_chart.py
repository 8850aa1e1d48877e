"""A round trip on its price chart: the bars around it, where it was entered and left, and at what prices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar
from uuid import UUID

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.widgets import Static

from tui.dashboard.colours import Palette, gain
from tui.dashboard.drawing.candles import Across, Candles, Signed
from tui.dashboard.keys import bound
from tui.dashboard.sweeps import load_told
from tui.dashboard.widgets.dialog import DeskDialog
from tui.dashboard.widgets.price_chart import PriceChart
from tui.shared import figures
from tui.shared.failures import lines_of
from tui.shared.text import safe_text

if TYPE_CHECKING:
    from engine.desk.accounts import TradeView
    from engine.errors import PapertapeError
    from engine.market.bars import Bars, Dataset

LEAST_AROUND = 20
"""Bars before the entry and after the exit; half the trade's own length where that is more."""


class TradeDialog(DeskDialog[None]):
    """The trades of a variant, one at a time, each on the bars that it was traded on."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bound("j,down", "turn(1)", "next trade", "the next one of the list", "trade.next", show=True),
        bound("k,up", "turn(-1)", "trade before", "the one before in the list", "trade.before", show=True),
    ]

    def __init__(self, run_plan_id: UUID, trades: Sequence[tuple[int, TradeView]], at: int) -> None:
        super().__init__()
        self._run_plan_id, self._trades, self._at = run_plan_id, trades, at
        self._dataset: Dataset | None = None

    def compose(self) -> ComposeResult:
        """What the trade was, over its chart."""
        with Vertical(classes="dialog trade-chart"):
            yield Static("", classes="dialog-title", markup=False)
            yield PriceChart(id="trade-prices")

    def on_mount(self) -> None:
        """Load the bars off the event loop."""
        self._show()
        run_plan_id = self._run_plan_id
        self.loader.load(lambda desk, _: desk.plans.dataset(run_plan_id, load_told), self._loaded, failed=self._cannot)

    def action_turn(self, by: int) -> None:
        """Show another trade of the list."""
        self._at = min(len(self._trades) - 1, max(0, self._at + by))
        self._show()

    def _loaded(self, dataset: Dataset) -> None:
        self._dataset = dataset
        self._show()

    def _cannot(self, error: PapertapeError) -> None:
        self.query_one(PriceChart).say(Text(safe_text("\n".join(lines_of(error)))))

    def _show(self) -> None:
        number, trade = self._trades[self._at]
        palette, chart = Palette.of(self.app), self.query_one(PriceChart)
        self.query_one(".dialog-title", Static).update(_said(number, len(self._trades), trade, palette))
        if self._dataset is None:
            chart.say(Text("reading…", palette.muted))
        else:
            chart.show(around(self._dataset.bars[trade.symbol], trade, palette))


def around(bars: Bars, trade: TradeView, palette: Palette) -> Candles:
    """The bars of a trade with some before and after it, its entry and exit, and its two prices as lines."""
    entry, left = (int(bars.ts.searchsorted(round(ts.timestamp() * 1e6))) for ts in (trade.entry_ts, trade.exit_ts))
    room = max(LEAST_AROUND, (left - entry) // 2)
    start, stop = max(0, entry - room), min(len(bars), left + room + 1)
    lines = [Across(trade.entry_price, "entry", palette.muted)]
    if trade.exit_price != trade.entry_price:
        lines.append(Across(trade.exit_price, "exit", palette.gain if trade.pnl > 0 else palette.loss))
    fills = [Signed(entry - start, is_entry=True), Signed(left - start, is_entry=False)]
    return Candles(bars.slice(start, stop), fills=fills, across=lines)


def _said(number: int, count: int, trade: TradeView, palette: Palette) -> Text:
    """`trade 3 of 12  GOOG  5 at 179.78 on 2004-12-15, sold at 188.55 on 2005-01-06  ▲ +48.78`."""
    entered, left = figures.moments([trade.entry_ts, trade.exit_ts])
    said = Text.assemble((f"trade {number:,} of {count:,}  {safe_text(trade.symbol)}", "bold"))
    bought = f"{figures.quantity(trade.quantity)} at {figures.price(trade.entry_price)} on {entered}"
    said.append(f"  {bought}, sold at {figures.price(trade.exit_price)} on {left}  ")
    return said.append_text(gain(trade.pnl, palette))
