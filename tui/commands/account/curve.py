"""`equity`: the account's curve, trade by trade."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING

import typer

from tui.commands.calls import Call, command
from tui.shared import figures
from tui.shared.tables import gain_tone

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.account.metrics import Metrics
    from engine.desk.accounts import EquityPoint
    from tui.shared.pages import Field, Page

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
