"""`equity`: the account's curve, trade by trade."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING

import typer

from tui.commands import figures
from tui.commands.calls import Call, command
from tui.commands.tables import gain_tone

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.account.metrics import Metrics
    from engine.desk.accounts import EquityPoint
    from tui.commands.pages import Field, Page

app = typer.Typer()


@command(app, "equity", example="papertape equity -w default", panel="Look")
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
    from tui.charts import step_chart

    closed = [(point.ts, point.equity) for point in points if point.ts is not None]
    if not closed:
        page.line(f"no trade is closed yet; equity {figures.money(points[0].equity)}")
        return
    # in the journal's order: a trade of older data, run later, is drawn where the curve has come to
    times = list(accumulate([closed[0][0], *(ts for ts, _ in closed)], max))
    values = [points[0].equity, *(value for _, value in closed)]
    page.raw(step_chart(times, values, page.width, colour=page.colour, unicode=page.unicode))


def metric_fields(metrics: Metrics) -> list[Field]:
    """The metrics, labelled; a figure that does not exist is a dash."""

    def shown(figure: float | None, digits: int = 2) -> str:
        return figures.NONE if figure is None else figures.decimals(figure, digits)

    win_rate = None if metrics.win_rate is None else metrics.win_rate * 100
    return [
        ("equity", f"{figures.money(metrics.starting_equity)} to {figures.money(metrics.ending_equity)}"),
        ("return", figures.percent(metrics.return_pct), gain_tone(metrics.return_pct)),
        ("max drawdown", f"{shown(metrics.max_drawdown_pct)} %"),
        ("Sharpe, per trade", shown(metrics.sharpe, 4)),
        ("trades", f"{figures.whole(metrics.trade_count)}, {shown(win_rate, 1)} % won"),
        ("profit factor", shown(metrics.profit_factor)),
        ("gross profit, loss", f"{figures.money(metrics.gross_profit)}, {figures.money(metrics.gross_loss)}"),
    ]
