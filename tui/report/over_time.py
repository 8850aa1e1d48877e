"""Sections on what became of the money: equity, the falls from its peak, months, and the trades that made it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.market.bars import FloatArray
from engine.symbols import readable
from tui.report.content import (
    Block,
    Chart,
    Mark,
    Measure,
    Months,
    PointChart,
    Role,
    Section,
    Series,
    TableBlock,
    Text,
    TimeChart,
)
from tui.report.curves import MOST_POINTS, day_of, falls, kept, months_of, year_ends
from tui.shared import figures
from tui.shared.output import Table, put_trades

if TYPE_CHECKING:
    from engine.desk.accounts import TradeView

MOST_TRADES = 500
"""Trades that are listed."""
MOST_MARKS = 3_000
"""Trades that are drawn."""


@dataclass(frozen=True, slots=True, eq=False)
class Curves:
    """Equity at the same times (ms since 1970, rising): the first series is what the report is of.

    All begin from `start`; `points` says what the times are, such as `sessions`.
    """

    times: FloatArray
    series: Sequence[Series]
    start: float
    points: str
    stepped: bool = False


def equity_section(curves: Curves, notes: Sequence[str] = ()) -> Section:
    """Equity, drawdown and months."""
    first = curves.series[0]
    years = months_of(curves.times, first.values, curves.start)
    blocks: list[Block] = [
        _equity(curves),
        _drawdown(curves),
        Months(years, f"Returns of {_the(first.name)} by month, in percent"),
        *(Text(note, aside=True) for note in notes),
    ]
    return Section("equity", "Equity over time", blocks)


def _equity(curves: Curves) -> Chart:
    names = figures.joined([series.name for series in curves.series])
    ends = ", ".join(f"{series.name} at {figures.money(float(series.values[-1]))}" for series in curves.series)
    first, last = day_of(float(curves.times[0])), day_of(float(curves.times[-1]))
    return Chart(
        "equity-chart",
        f"Equity: {names}",
        _time_chart(curves, [series.values for series in curves.series], Measure.MONEY),
        f"Lines of equity from {first} to {last}, each from {figures.money(curves.start)}: {ends}.",
        TableBlock(_by_year(curves), f"Equity at the end of each year: {names}"),
        _thinned(curves),
    )


def _drawdown(curves: Curves) -> Chart:
    below = [falls(series.values, curves.start) for series in curves.series]
    worst = ", ".join(
        f"{series.name} {figures.decimals(-float(fall.min()), 2)} %"
        for series, fall in zip(curves.series, below, strict=True)
    )
    places = year_ends(curves.times)
    table = Table().text("year", [day_of(float(curves.times[place]))[:4] for place in places])
    for series, fall in zip(curves.series, below, strict=True):
        deepest = [float(fall[begin : end + 1].min()) for begin, end in _spans(places)]
        table.money(f"{series.name} %", [-depth for depth in deepest])
    return Chart(
        "drawdown-chart",
        "Drawdown: percent below the highest equity so far",
        _time_chart(curves, below, Measure.PERCENT, filled=True),
        f"Lines of drawdown; the greatest: {worst}.",
        TableBlock(table, "Greatest drawdown in each year, in percent"),
        _thinned(curves),
    )


def _spans(ends: Sequence[int]) -> Iterator[tuple[int, int]]:
    begin = 0
    for end in ends:
        yield begin, end
        begin = end + 1


def _time_chart(curves: Curves, values: Sequence[FloatArray], measure: Measure, *, filled: bool = False) -> TimeChart:
    places = kept(curves.times, values)
    series = [Series(one.name, one.role, column[places]) for one, column in zip(curves.series, values, strict=True)]
    return TimeChart(curves.times[places], series, measure, "over-time", curves.stepped, filled)


def _thinned(curves: Curves) -> str:
    count = len(curves.times)
    if count <= MOST_POINTS:
        return ""
    return (
        f"At most {figures.whole(MOST_POINTS)} points of {figures.whole(count)} {curves.points} are drawn,"
        " the highest and the lowest among them."
    )


def _by_year(curves: Curves) -> Table:
    places = year_ends(curves.times)
    table = Table().text("end of", [day_of(float(curves.times[place])) for place in places])
    for series in curves.series:
        table.money(series.name, [float(series.values[place]) for place in places])
    return table


def trades_section(trades: Sequence[TradeView], whose: str) -> Section:
    """The round trips: drawn by the day they ended and what they brought, and the newest as a table."""
    if not trades:
        return Section("trades", "Trades", [Text(f"{whose} closed no trade.")])
    won = sum(1 for trade in trades if trade.pnl > 0)
    said = f"{whose} closed {figures.counted(len(trades), 'trade')}, {figures.whole(won)} of them with a profit."
    shown = trades[-MOST_TRADES:]
    listed = TableBlock(trades_table(shown), _newest(len(shown), len(trades)), _more(len(shown), len(trades)))
    return Section("trades", "Trades", [Text(said), _trades_chart(trades), listed])


def trades_table(trades: Sequence[TradeView]) -> Table:
    """A row a trade, in the order of closing."""
    table = Table().text("symbol", [readable(trade.symbol) for trade in trades])
    return put_trades(table, trades)


def _trades_chart(trades: Sequence[TradeView]) -> Chart:
    shown = trades[-MOST_MARKS:]
    marks = [
        Mark(f"{readable(trade.symbol)}, {trade.entry_ts:%Y-%m-%d} to {trade.exit_ts:%Y-%m-%d}", x, trade.pnl)
        for trade, x in zip(shown, milliseconds([trade.exit_ts for trade in shown]).tolist(), strict=True)
    ]
    best, worst = max(trade.pnl for trade in trades), min(trade.pnl for trade in trades)
    note = "" if len(shown) == len(trades) else f"The newest {figures.whole(len(shown))} trades are drawn."
    return Chart(
        "trades-chart",
        "Profit or loss of each trade, by the day it was closed",
        PointChart(marks, "closed", "P&L", Measure.MONEY, timed=True, zero=True),
        f"A point for each trade, from {figures.signed(worst)} to {figures.signed(best)}.",
        TableBlock(_pnl_by_year(trades), "Profit and loss by year of closing"),
        note,
    )


def _pnl_by_year(trades: Sequence[TradeView]) -> Table:
    by_year: dict[int, list[float]] = {}
    for trade in trades:
        by_year.setdefault(trade.exit_ts.year, []).append(trade.pnl)
    years = sorted(by_year)
    table = Table().text("year", [str(year) for year in years])
    table.counts("trades", [len(by_year[year]) for year in years])
    table.counts("won", [sum(1 for pnl in by_year[year] if pnl > 0) for year in years])
    return table.gains("P&L", [sum(by_year[year]) for year in years])


def milliseconds(times: Sequence[object]) -> FloatArray:
    """Times as ms since 1970."""
    found: FloatArray = np.array([time.timestamp() for time in times], dtype=np.float64) * 1000  # type: ignore[attr-defined]
    return found


def _newest(shown: int, total: int) -> str:
    if shown == total:
        return f"All {figures.counted(total, 'trade')}, in the order of closing"
    return f"The newest {figures.whole(shown)} of {figures.counted(total, 'trade')}, in the order of closing"


def _more(shown: int, total: int) -> str:
    return "" if shown == total else f"{figures.whole(total - shown)} earlier trades are not listed."


def _the(name: str) -> str:
    return f"the {name}" if name in {Role.BEST, Role.BASELINE} else name
