"""Metrics of a list of trades, on the trade-equity curve: the starting equity, then equity at cost after each trade."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from engine.account.ledger import Trade
from engine.account.metrics import METRICS, OF_SESSIONS, Metrics, SessionFigures
from engine.compiled import Kernel
from engine.intents import to_quantity
from engine.validation import trusted


class TradeTotals(NamedTuple):
    """What `measure` finds of a list of trades.

    `fall` is the greatest fall from a peak of the trade-equity curve in percent, `ratio` the Sharpe ratio per trade or
    NaN; `pct`, `best_pct` and `worst_pct` are sum and extremes of the trades' percentages; `squares` is the sum of
    (pnl - mean pnl)^2; `bars` the sum of the bars held.
    """

    ending_equity: float
    gross_profit: float
    gross_loss: float
    wins: float
    fall: float
    ratio: float
    net: float
    squares: float
    pct: float
    best_pct: float
    worst_pct: float
    fees: float
    bars: float


def metrics_of(
    starting_equity: float,
    trades: Sequence[Trade],
    bars_held: Sequence[int] | None = None,
    sessions: SessionFigures | None = None,
) -> Metrics:
    """The metrics of closed trades in the order of their closing; every sum is plain additions from left to right.

    `bars_held` of each trade and `sessions` of the account are None where they are not known; so are their metrics.
    """
    columns = (
        [trade.equity for trade in trades],
        [trade.pnl for trade in trades],
        [to_quantity(trade.lots) * trade.entry_price for trade in trades],
        [trade.fees for trade in trades],
        [0] * len(trades) if bars_held is None else list(bars_held),
    )
    totals = measure(starting_equity, *columns, len(trades))
    return figures_of(starting_equity, len(trades), totals, sessions, knows_bars=bars_held is not None)


def figures_of(
    starting_equity: float,
    trade_count: int,
    totals: Sequence[float],
    sessions: SessionFigures | None = None,
    *,
    knows_bars: bool = True,
) -> Metrics:
    """What `measure` found, as metrics. No model validates them: a sweep makes thousands, and they are floats."""
    found = TradeTotals._make(totals)
    n, profit, loss = trade_count, found.gross_profit, found.gross_loss
    values = {
        "trade_count": n,
        "starting_equity": starting_equity,
        "ending_equity": found.ending_equity,
        "return_pct": (found.ending_equity / starting_equity - 1) * 100,
        "max_drawdown_pct": found.fall,
        "win_rate": found.wins / n if n else None,
        "profit_factor": profit / loss if loss > 0 else None,
        "gross_profit": profit,
        "gross_loss": loss,
        "sharpe": None if math.isnan(found.ratio) else found.ratio,
        **dict.fromkeys(OF_SESSIONS),
        **(sessions or {}),
        "avg_trade_pct": found.pct / n if n else None,
        "best_trade_pct": found.best_pct if n else None,
        "worst_trade_pct": found.worst_pct if n else None,
        "expectancy": found.net / n if n else None,
        "sqn": _quality(found, n),
        "fees_paid": found.fees,
        "avg_bars_held": found.bars / n if n and knows_bars else None,
    }
    return trusted(Metrics, {name: values[name] for name in METRICS})


def _quality(found: TradeTotals, n: int) -> float | None:
    """The system quality number (Van K. Tharp): sqrt(n) * mean / std of the trades' P&L."""
    if n < 2 or not found.squares > 0:
        return None
    return math.sqrt(n) * (found.net / n) / math.sqrt(found.squares / (n - 1))


def measure(starting_equity: float, equity: Any, pnl: Any, cost: Any, fees: Any, bars: Any, count: int) -> TradeTotals:
    """What the metrics are made of, from a curve and each of its trades.

    The columns hold `count` values, one a trade: equity after it, profit or loss, entry price * quantity, fees in and
    out, bars held; anything that can be indexed, so that numba can compile it.

    The Sharpe ratio is mean(r) / std(r) of the relative changes r along the curve, with the population standard
    deviation (William F. Sharpe, The Sharpe Ratio, 1994, with a risk-free rate of zero and one trade as the period);
    none with fewer than two trades, a deviation of zero, or a point of the curve at or below zero.
    """
    gross_profit = gross_loss = worst = changes = squares = net = paid = 0.0
    shares, best_share, worst_share = 0.0, -math.inf, math.inf
    wins = held = 0.0
    peak = before = least = starting_equity
    for trade in range(count):
        gain, point = pnl[trade], equity[trade]
        net += gain
        paid += fees[trade]
        held += bars[trade]
        share = gain / cost[trade] * 100
        shares += share
        best_share, worst_share = max(best_share, share), min(worst_share, share)
        if gain > 0:
            gross_profit += gain
            wins += 1
        elif gain < 0:
            gross_loss += -gain
        peak = max(peak, point)
        fall = (peak - point) / peak * 100
        worst = max(worst, fall)
        least = min(least, point)
        # a change relative to nothing, or to debt, means nothing: from there on no ratio can be had
        if least > 0:
            changes += point / before - 1
        before = point
    ratio, spread = math.nan, 0.0
    if count >= 2:
        mean_gain = net / count
        for trade in range(count):
            spread += (pnl[trade] - mean_gain) * (pnl[trade] - mean_gain)
    if count >= 2 and least > 0:
        mean, previous = changes / count, starting_equity
        for trade in range(count):
            deviation = equity[trade] / previous - 1 - mean
            squares += deviation * deviation
            previous = equity[trade]
        deviation = math.sqrt(squares / count)
        ratio = mean / deviation if deviation > 0 else math.nan
    return TradeTotals(
        before,
        gross_profit,
        gross_loss,
        wins,
        worst,
        ratio,
        net,
        spread,
        shares,
        best_share,
        worst_share,
        paid,
        held,
    )


MEASURE = Kernel(measure)
