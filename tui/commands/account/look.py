"""`state`, `positions`, `trades`, `equity`: an account to look at."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING

import typer

from tui.commands.calls import Call, command
from tui.shared import figures
from tui.shared.pages import Table, gain_tone

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.account.metrics import Metrics
    from engine.account.state import PaperPosition, PaperState
    from engine.desk.accounts import EquityPoint, TradeView
    from engine.policy.workspace import Workspace
    from tui.shared.pages import Field, Page


PANEL = "Look"

app = typer.Typer()


@command(app, "state", example="papertape state -w default", panel=PANEL)
def state(call: Call) -> None:
    """The account now: cash, equity, P&L, positions."""
    with call.desk() as desk:
        workspace, found = desk.accounts.get(), desk.accounts.state()
    call.answer(found, lambda page: show_state(page, workspace, found))


@command(app, "positions", example="papertape positions --json", panel=PANEL)
def positions(call: Call) -> None:
    """What is held, valued at the marks."""
    with call.desk() as desk:
        found = list(desk.accounts.state().positions.values())
    call.answer(found, lambda page: show_positions(page, found))


@command(app, "trades", example="papertape trades -w default", panel=PANEL)
def trades(call: Call) -> None:
    """The round trips, in the order of closing."""
    with call.desk() as desk:
        found = desk.accounts.trades()
    call.answer(found, lambda page: show_trades(page, found))


def show_state(page: Page, workspace: Workspace, found: PaperState) -> None:
    """An account's figures, then its positions."""
    page.heading(f"{workspace.name}  {workspace.trading_state.value}")
    today = f" on {found.session}" if found.session else ""
    page.fields(
        [
            ("equity", f"{figures.money(found.equity)} at marks, {figures.money(found.equity_at_cost)} at cost"),
            ("cash", figures.money(found.cash)),
            ("realized P&L", figures.signed(found.realized_pnl), gain_tone(found.realized_pnl)),
            ("unrealized P&L", figures.signed(found.unrealized_pnl), gain_tone(found.unrealized_pnl)),
            ("last session", figures.signed(found.realized_today) + today, gain_tone(found.realized_today)),
            ("peak equity", figures.money(found.peak_equity)),
            ("started with", figures.money(found.starting_equity)),
            ("orders", f"{figures.whole(found.orders_count)}, trades closed {figures.whole(found.trades_count)}"),
            ("last event", f"{figures.moment(found.last_event_at)}, seq {figures.whole(found.last_seq)}"),
            ("reconciled", "never" if found.reconciled_at is None else f"{found.reconciled_at:%Y-%m-%d %H:%M:%S}"),
        ]
    )
    if found.positions:
        page.line()
        show_positions(page, list(found.positions.values()))


def show_positions(page: Page, found: Sequence[PaperPosition]) -> None:
    """What is held."""
    if not found:
        page.line("no open positions")
        return
    from engine.symbols import readable

    table = Table().text("symbol", [readable(each.symbol) for each in found], shrinks=True)
    table.quantities("quantity", [each.quantity for each in found])
    table.prices("avg price", [each.avg_price for each in found])
    table.prices("mark", [each.mark for each in found])
    table.money("value", [each.market_value for each in found])
    table.gains("unrealized", [each.unrealized_pnl for each in found])
    page.table(table.times("opened", [each.opened_at for each in found]))


def show_trades(page: Page, found: Sequence[TradeView]) -> None:
    """Round trips, and what they came to."""
    if not found:
        page.line("no closed trades")
        return
    table = Table().text("symbol", [each.symbol for each in found], shrinks=True)
    table.times("entry", [each.entry_ts for each in found])
    table.times("exit", [each.exit_ts for each in found])
    table.quantities("quantity", [each.quantity for each in found])
    table.prices("in", [each.entry_price for each in found])
    table.prices("out", [each.exit_price for each in found])
    if any(each.fees for each in found):
        table.money("fees", [each.fees for each in found])
    page.table(table.gains("P&L", [each.pnl for each in found]))
    total = 0.0
    for each in found:
        total += each.pnl
    page.line()
    page.line(f"{figures.counted(len(found), 'trade')}, P&L {figures.signed(total)}")


@command(app, "equity", example="papertape equity -w default", panel=PANEL)
def equity(call: Call) -> None:
    """The equity curve, drawn in the terminal.

    Equity at cost after each closed trade, the starting equity first; with --json its points."""
    with call.desk() as desk:
        points = desk.accounts.equity()
        metrics = None if call.json else desk.accounts.metrics()
    call.answer(points, lambda page: show_curve(page, points, metrics))


def show_curve(page: Page, points: Sequence[EquityPoint], metrics: Metrics | None) -> None:
    """The curve, and the figures it comes to."""
    draw(page, points)
    if metrics is not None and metrics.trade_count:
        page.fields(metric_fields(metrics))


def draw(page: Page, points: Sequence[EquityPoint]) -> None:
    """The curve; a sentence when there is none yet."""
    from tui.shared.charts import step_chart

    closed = [(point.ts, point.equity) for point in points if point.ts is not None]
    if not closed:
        page.line(f"no trade is closed yet; equity {figures.money(points[0].equity)}")
        return
    # in the journal's order: a trade of older data, run later, is drawn where the curve has come to
    times = list(accumulate([closed[0][0], *(ts for ts, _ in closed)], max))
    values = [points[0].equity, *(value for _, value in closed)]
    page.raw(step_chart(times, values, page.width, colour=page.colour, unicode=page.unicode))


_LINES: Mapping[str, str] = {
    "equity": "{starting_equity} to {ending_equity}",
    "return": "{return_pct} %",
    "max drawdown": "{max_drawdown_pct} %",
    "Sharpe, per trade": "{sharpe}",
    "trades": "{trade_count}, {win_rate} % won",
    "profit factor": "{profit_factor}",
    "gross profit, loss": "{gross_profit}, {gross_loss}",
}
"""Lines that hold more than their metric; every other metric has a line of its own below them."""


def metric_fields(metrics: Metrics) -> list[Field]:
    """The metrics, labelled; a figure that does not exist is a dash."""
    from tui.shared.metrics import ALL

    values = {figure.key: figure.in_words(metrics) for figure in ALL}
    fields: list[Field] = [(label, line.format(**values)) for label, line in _LINES.items()]
    fields[1] = ("return", fields[1][1], gain_tone(metrics.return_pct))
    lines = "".join(_LINES.values())
    return [*fields, *(figure.field(metrics) for figure in ALL if f"{{{figure.key}}}" not in lines)]
