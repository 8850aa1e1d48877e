"""Positions: what is held and what it is worth, and the equity curve that led here."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, ClassVar
from uuid import UUID

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType

from engine.account.arithmetic import total
from engine.symbols import readable
from tui.dashboard.colours import Palette, gain
from tui.dashboard.keys import bound
from tui.dashboard.screens.base import DeskScreen
from tui.dashboard.widgets.chart import EquityChart
from tui.dashboard.widgets.columns import GAINS, MINUTES, MONEY, PERCENT, PRICES, QUANTITIES, RATES, WORDS, Column
from tui.dashboard.widgets.dialog import Field, FormDialog
from tui.dashboard.widgets.fields import parse_price
from tui.dashboard.widgets.pane import TablePane
from tui.dashboard.widgets.table import PAGE, DeskTable
from tui.shared import figures
from tui.shared.text import safe_text

if TYPE_CHECKING:
    from engine.account.state import PaperPosition, PaperState
    from engine.broker.execute import ExecutionResult
    from engine.desk import Desk
    from engine.desk.accounts import EquityPoint, Overview, SessionPoint

TABLE = "positions-table"


@dataclass(frozen=True, slots=True)
class HeldRow:
    """A position as the table shows it; `gain_pct` is of its cost, `share_pct` of the account's equity."""

    position: PaperPosition
    gain_pct: float | None
    share_pct: float | None


COLUMNS: tuple[Column[HeldRow], ...] = (
    Column(
        "symbol",
        "symbol",
        WORDS,
        lambda row: readable(row.position.symbol),
        "what is held",
        widest=18,
        tight_widest=12,
    ),
    Column("quantity", "quantity", QUANTITIES, lambda row: row.position.quantity, "units held"),
    Column("avg", "avg", PRICES, lambda row: row.position.avg_price, "average price paid, before fees"),
    Column("mark", "mark", PRICES, lambda row: row.position.mark, "the last fill's price, or what `m` set"),
    Column("value", "value", MONEY, lambda row: row.position.market_value, "quantity at the mark"),
    Column("gain", "P&L", GAINS, lambda row: row.position.unrealized_pnl, "unrealized, at the mark"),
    Column("gain_pct", "P&L%", RATES, lambda row: row.gain_pct, "unrealized P&L in percent of the cost"),
    Column(
        "opened",
        "opened",
        MINUTES,
        lambda row: row.position.opened_at,
        "since when, trading time, UTC",
        tight_detail=0,
    ),
    Column("share", "share%", PERCENT, lambda row: row.share_pct, "of the account's equity"),
)


class PositionsScreen(DeskScreen):
    """The table of positions over the equity curve."""

    NAME = "positions"
    CSS_PATH = "positions.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        bound("c", "close", "close", "sell the whole position; a ticket asks first", "positions.close", show=True),
        bound("m", "mark", "mark", "set its current price", "positions.mark", show=True),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._held: list[HeldRow] = []
        self._shown = PAGE
        self._curve_of: tuple[object, ...] = ()
        self._drawn_at_cost: tuple[UUID, int] | None = None
        """Of which account and after how many trades the curve at cost on screen is"""

    def compose_body(self) -> ComposeResult:
        """The table of positions over the equity curve."""
        yield TablePane(
            COLUMNS,
            lambda row: row.position.symbol,
            noun="position",
            empty="",
            order=self.remembered_order(TABLE),
            id="positions",
        )
        yield EquityChart()

    @property
    def table(self) -> DeskTable[HeldRow]:
        """The table of positions."""
        return self._pane.table

    @property
    def _pane(self) -> TablePane[HeldRow]:
        return self.query_one("#positions", TablePane)

    def account_changed(self, overview: Overview) -> None:
        """The positions now; the curve when it has changed since it was drawn."""
        self._held = held_rows(overview.state)
        self._pane.say(nothing_held(shlex.quote(safe_text(overview.workspace.name))))
        self._fill()
        self._read_curve(overview)

    def show_again(self) -> None:
        """Redraw the curve too: the theme may have changed."""
        self._curve_of, self._drawn_at_cost = (), None
        super().show_again()

    def action_close(self) -> None:
        """Open a ticket that sells the whole position at its mark."""
        from tui.dashboard.screens.positions.close import close_dialog

        overview, row = self.overview, self.table.current
        if overview is None or row is None:
            return
        dialog = close_dialog(overview.workspace, row.position, self.app.surroundings.new_id(), Palette.of(self.app))
        self.app.push_screen(dialog, partial(self._sold, row.position))

    def action_mark(self) -> None:
        """Open a form for the mark of the position under the cursor."""
        overview, row = self.overview, self.table.current
        if overview is None or row is None:
            return
        symbol = row.position.symbol
        facts = [("mark now", figures.price(row.position.mark)), ("workspace", overview.workspace.name)]
        price = Field("price", "mark", f"{row.position.mark!r}", "what one unit is worth now")
        work = partial(set_mark, overview.workspace.id, symbol)
        self.app.push_screen(FormDialog(f"Mark {readable(symbol)}", facts, [price], "Set mark", work), self._marked)

    @on(DeskTable.Chosen, f"#{TABLE}")
    def _open_story(self, event: DeskTable.Chosen) -> None:
        from tui.dashboard.screens.story import StoryDialog

        if self.overview is not None:
            self.app.push_screen(StoryDialog(self.overview.workspace.id, event.row.position))

    @on(DeskTable.Ordered, f"#{TABLE}")
    @on(DeskTable.MoreWanted, f"#{TABLE}")
    def _arrange(self, event: DeskTable.Ordered | DeskTable.MoreWanted) -> None:
        if isinstance(event, DeskTable.MoreWanted):
            self._shown += PAGE
        self._fill()

    def _fill(self) -> None:
        rows = self.table.in_order(self._held)
        palette = Palette.of(self.app)
        self._pane.show(rows[: self._shown], len(rows), totals=totals(self._held, palette))

    def _read_curve(self, overview: Overview) -> None:
        state = overview.state
        wanted = (state.workspace_id, state.trades_count, state.equity, state.last_seq)
        if wanted == self._curve_of:
            return
        self._curve_of = wanted
        of_trades = (state.workspace_id, state.trades_count)
        is_drawn = of_trades == self._drawn_at_cost
        self.load(
            lambda desk, _: read_curve(desk, state, is_drawn=is_drawn),
            lambda curve: self._show_curve(curve, of_trades),
            group="curve",
            in_turn=True,
        )

    def _show_curve(self, curve: Curve | None, of_trades: tuple[UUID, int]) -> None:
        if curve is None:
            return
        marked, at_cost = curve
        self._drawn_at_cost = None if marked else of_trades
        self.set_class(not marked and len(at_cost) < 2, "-curveless")  # the start alone: the room is the positions'
        if marked:
            self.query_one(EquityChart).show_marked(marked)
        else:
            self.query_one(EquityChart).show(at_cost)

    def _sold(self, held: PaperPosition, result: ExecutionResult | None) -> None:
        from tui.dashboard.screens.positions.close import sold

        if result is not None:
            self.app.say(sold(result, held))
        self.app.refresh_now()

    def _marked(self, state: PaperState | None) -> None:
        if state is not None:
            self.app.say("the mark is set")
        self.app.refresh_now()


Curve = tuple[list["SessionPoint"], list["EquityPoint"]]
"""Equity at marks by session, or, where there is none, at cost by trade; the other is empty."""


def read_curve(desk: Desk, state: PaperState, *, is_drawn: bool) -> Curve | None:
    """The account's curve; None of one at cost that is drawn as it is: it is read from all fills."""
    marked = desk.accounts.equity_by_session(state.workspace_id)
    if marked:
        return marked, []
    return None if is_drawn else ([], desk.accounts.equity(state.workspace_id))


def held_rows(state: PaperState) -> list[HeldRow]:
    """The account's positions, as the table shows them."""
    return [_held(position, state.equity) for position in state.positions.values()]


def totals(rows: Sequence[HeldRow], palette: Palette) -> Text:
    """The totals of the positions."""
    if not rows:
        return Text()
    value = total(row.position.market_value for row in rows)
    won = total(row.position.unrealized_pnl for row in rows)
    share = total(row.share_pct or 0.0 for row in rows)
    cost = value - won
    percent = Text.assemble(" ", gain(won / cost * 100, palette, unit=" %", arrow=False)) if cost > 0 else Text()
    parts = Text.assemble(("value ", palette.muted), figures.money(value), ("  P&L ", palette.muted))
    parts.append_text(gain(won, palette)).append_text(percent)
    return parts.append("  share ", palette.muted).append(f"{figures.decimals(share, 1)} %")


def nothing_held(workspace: str) -> str:
    """A text that says what to do in an account without positions."""
    return (
        "Nothing is held.\n\n"
        "An order opens a position:   2, and i for the ticket; or\n"
        f"  papertape execute -w {workspace} --action OPEN_LONG --symbol GOOG --quantity 1 --fill-price 100\n"
        "Run a strategy on it:        7; or\n"
        f"  papertape run -w {workspace} --strategy sma_cross --symbol GOOG --data sample:GOOG\n"
        "Another workspace:           w"
    )


def set_mark(workspace: UUID, symbol: str, desk: Desk, values: Mapping[str, str]) -> PaperState:
    """Value the position at another price."""
    return desk.accounts.mark(symbol, parse_price(values["price"], "INVALID_PRICE"), workspace)


def _held(position: PaperPosition, equity: float) -> HeldRow:
    cost = position.avg_price * position.quantity
    return HeldRow(
        position,
        position.unrealized_pnl / cost * 100 if cost > 0 else None,
        position.market_value / equity * 100 if equity > 0 else None,
    )
