"""`state`, `positions`, `trades`, `equity`, `report`: an account to look at."""

from __future__ import annotations

from datetime import UTC, datetime, time
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engine.errors import UsageError
from tui.commands.calls import Call, command
from tui.shared import figures
from tui.shared.output import Table, gain_tone, put_positions, put_trades

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.account.metrics import Metrics
    from engine.account.state import PaperPosition, PaperState
    from engine.desk.accounts import EquityPoint, SessionPoint, TradeView
    from engine.policy.workspace import Workspace
    from tui.shared.output import Field, Page


PANEL = "Look"

app = typer.Typer()


@command(app, "state", example="papertape state -w default", panel=PANEL)
def state(call: Call) -> None:
    """The account now: cash, equity, P&L, positions."""
    with call.desk() as desk:
        workspace, account = desk.accounts.require(), desk.accounts.state()
        metrics = desk.accounts.metrics() if not call.json and desk.accounts.equity_by_session() else None
    call.answer(account, lambda page: show_state(page, workspace, account, metrics))


@command(app, "positions", example="papertape positions --json", panel=PANEL)
def positions(call: Call) -> None:
    """What is held, valued at the marks."""
    with call.desk() as desk:
        held = list(desk.accounts.state().positions.values())
    call.answer(held, lambda page: show_positions(page, held))


@command(app, "trades", example="papertape trades -w default", panel=PANEL)
def trades(call: Call) -> None:
    """The round trips, in the order of closing."""
    with call.desk() as desk:
        closed = desk.accounts.trades()
    call.answer(closed, lambda page: show_trades(page, closed))


@command(app, "report", example="papertape report -w default --to account.html", panel=PANEL)
def report(
    call: Call,
    to: Annotated[str, typer.Option("--to", metavar="FILE", help="A .html or a .md file.", show_default=False)],
    force: Annotated[bool, typer.Option("--force", help="Replace a file that exists.")] = False,
) -> None:
    """An account as one file to send.

    Its figures, equity and trades. With -w the id of a backtest, too. The file needs nothing else and loads nothing.
    HTML has charts to hover over and to zoom, and needs the extra `report`; Markdown has their figures as tables.
    """
    from tui.report.account import account_report
    from tui.report.files import encoder_for
    from tui.shared.files import write_whole

    path = Path(to)
    encode = encoder_for(path)
    with call.desk() as desk:
        workspace = desk.accounts.require()
        made = account_report(desk, workspace.id)
    content = encode(made)
    write_whole(path, content, force=force)
    document = {"success": True, "workspace_id": workspace.id, "path": path, "bytes": len(content)}
    call.answer(document, lambda page: page.line(f"{path} written, {len(content):,} bytes"))


def show_state(page: Page, workspace: Workspace, account: PaperState, metrics: Metrics | None = None) -> None:
    """Print the account's figures, those of its sessions where it has any (`metrics`), then its positions."""
    page.heading(f"{workspace.name}  {workspace.trading_state.value}")
    today = f" on {account.session}" if account.session else ""
    page.fields(
        [
            ("equity", f"{figures.money(account.equity)} at marks, {figures.money(account.equity_at_cost)} at cost"),
            ("cash", figures.money(account.cash)),
            ("realized P&L", figures.signed(account.realized_pnl), gain_tone(account.realized_pnl)),
            ("unrealized P&L", figures.signed(account.unrealized_pnl), gain_tone(account.unrealized_pnl)),
            ("last session", figures.signed(account.realized_today) + today, gain_tone(account.realized_today)),
            ("peak equity", figures.money(account.peak_equity)),
            ("started with", figures.money(account.starting_equity)),
            ("orders", f"{figures.whole(account.orders_count)}, trades closed {figures.whole(account.trades_count)}"),
            ("last event", f"{figures.moment(account.last_event_at)}, seq {figures.whole(account.last_seq)}"),
            ("reconciled", "never" if account.reconciled_at is None else f"{account.reconciled_at:%Y-%m-%d %H:%M:%S}"),
            *([] if metrics is None else session_fields(metrics)),
        ]
    )
    if account.positions:
        page.line()
        show_positions(page, list(account.positions.values()))


def session_fields(metrics: Metrics) -> list[Field]:
    """The main figures of an account's sessions, labelled."""
    return [field for field in metric_fields(metrics) if field[0] in _OF_SESSIONS]


def show_positions(page: Page, held: Sequence[PaperPosition]) -> None:
    """Print the open positions, valued at their marks."""
    if not held:
        page.line("no open positions")
        return
    from engine.symbols import readable

    table = Table().text("symbol", [readable(position.symbol) for position in held], shrinks=True)
    page.table(put_positions(table, held))


def show_trades(page: Page, closed: Sequence[TradeView]) -> None:
    """Print the round trips and their P&L."""
    if not closed:
        page.line("no closed trades")
        return
    table = Table().text("symbol", [trade.symbol for trade in closed], shrinks=True)
    page.table(put_trades(table, closed))
    total = 0.0
    for trade in closed:
        total += trade.pnl
    page.line()
    page.line(f"{figures.counted(len(closed), 'trade')}, P&L {figures.signed(total)}")


@command(app, "equity", example="papertape equity -w default", panel=PANEL)
def equity(
    call: Call,
    by_session: Annotated[
        bool, typer.Option("--by-session", help="With --json: the points at marks, one for each session.")
    ] = False,
) -> None:
    """The equity curve, drawn in the terminal.

    At marks at the end of each session of an account that `run -w` trades, else at cost after each closed trade; with
    --json the points at cost, the starting equity first, or with --by-session those at marks."""
    if by_session and not call.json:
        raise UsageError("USAGE", "--by-session without --json", hint="the chart has the sessions where there are any")
    with call.desk() as desk:
        points, marked = desk.accounts.equity(), desk.accounts.equity_by_session()
        metrics = None if call.json else desk.accounts.metrics()
    call.answer(marked if by_session else points, lambda page: show_curve(page, points, marked, metrics))


def show_curve(
    page: Page, points: Sequence[EquityPoint], marked: Sequence[SessionPoint], metrics: Metrics | None
) -> None:
    """Print the curve and its figures."""
    draw(page, points, marked)
    if metrics is not None and (metrics.trade_count or marked):
        page.fields(metric_fields(metrics))


def draw(page: Page, points: Sequence[EquityPoint], marked: Sequence[SessionPoint] = ()) -> None:
    """Draw the curve at marks, else that at cost, or print a sentence when there is none yet."""
    from tui.shared.charts import step_chart

    closed = [(point.ts, point.equity) for point in points if point.ts is not None]
    if marked:
        days = [datetime.combine(point.session, time(), UTC) for point in marked if point.session]
        page.line(f"at marks, at the end of {figures.counted(len(set(days)), 'session')}")
        times, values = [days[0], *days], [point.equity for point in marked]
    elif closed:
        page.line(f"at cost, after {figures.counted(len(closed), 'trade')}")
        # in the journal's order: a trade of older data, run later, is drawn where the curve has come to
        times = list(accumulate([closed[0][0], *(ts for ts, _ in closed)], max))
        values = [points[0].equity, *(value for _, value in closed)]
    else:
        page.line(f"no trade is closed yet; equity {figures.money(points[0].equity)}")
        return
    page.raw(step_chart(times, values, page.width, colour=page.colour, unicode=page.unicode))


_OF_SESSIONS = ("growth a year", "Sharpe, annual", "max drawdown", "exposure")

_LINES: Mapping[str, str] = {
    "equity": "{starting_equity} to {ending_equity}",
    "return": "{return_pct} %",
    "growth a year": "{cagr_pct} %",
    "Sharpe, annual": "{sharpe_annual}",
    "max drawdown": "{max_drawdown_marked_pct} %",
    "exposure": "{exposure_pct} %",
    "trades": "{trade_count}, {win_rate} % won",
    "profit factor": "{profit_factor}",
    "gross profit, loss": "{gross_profit}, {gross_loss}",
}
"""Lines that hold more than their metric; every other metric has a line of its own below them."""


def metric_fields(metrics: Metrics) -> list[Field]:
    """The metrics, labelled; a figure that does not exist is a dash.

    Those of sessions are left out of an account that was not valued session by session.
    """
    from engine.account.metrics import OF_SESSIONS
    from tui.shared.metrics import ALL

    values = {figure.key: figure.in_words(metrics) for figure in ALL}
    has_sessions = any(getattr(metrics, name) is not None for name in OF_SESSIONS)
    absent = () if has_sessions else (*OF_SESSIONS, "avg_bars_held")
    lines = {label: line for label, line in _LINES.items() if not any(f"{{{name}}}" in line for name in absent)}
    fields: list[Field] = [(label, line.format(**values)) for label, line in lines.items()]
    fields[1] = ("return", fields[1][1], gain_tone(metrics.return_pct))
    said = {name for name in values if f"{{{name}}}" in "".join(_LINES.values())} | {*absent}
    return [*fields, *(figure.field(metrics) for figure in ALL if figure.key not in said)]
