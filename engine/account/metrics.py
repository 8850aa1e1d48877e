"""Results of a list of trades, on the trade-equity curve: the starting equity, then equity at cost after each trade."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from engine.account.ledger import Trade
from engine.compiled import Kernel
from engine.validation import StrictModel, trusted

Measured = tuple[float, float, float, int, float, float]


class Metrics(StrictModel):
    """`sharpe` is per trade and not annualised; percentages are of equity; a figure that does not exist is null."""

    trade_count: int
    starting_equity: float
    ending_equity: float
    return_pct: float
    max_drawdown_pct: float
    win_rate: float | None
    profit_factor: float | None
    gross_profit: float
    gross_loss: float
    sharpe: float | None


def metrics_of(starting_equity: float, trades: Sequence[Trade]) -> Metrics:
    """The metrics of closed trades in the order of their closing; every sum is plain additions from left to right."""
    equity, pnl = [trade.equity for trade in trades], [trade.pnl for trade in trades]
    return figures_of(starting_equity, len(trades), measure(starting_equity, equity, pnl, len(trades)))


def figures_of(starting_equity: float, trade_count: int, measured: Sequence[float]) -> Metrics:
    """What `measure` found, as metrics. No model validates them: a sweep makes thousands, and they are floats."""
    ending_equity, gross_profit, gross_loss, wins, drawdown, ratio = measured
    values = {
        "trade_count": trade_count,
        "starting_equity": starting_equity,
        "ending_equity": ending_equity,
        "return_pct": (ending_equity / starting_equity - 1) * 100,
        "max_drawdown_pct": drawdown,
        "win_rate": wins / trade_count if trade_count else None,
        "profit_factor": gross_profit / gross_loss if gross_loss > 0 else None,
        "gross_profit": gross_profit,
        "gross_loss": gross_loss,
        "sharpe": None if math.isnan(ratio) else ratio,
    }
    return trusted(Metrics, values)


def measure(starting_equity: float, equity: Any, pnl: Any, count: int) -> Measured:
    """Ending equity, gross profit, gross loss, wins, greatest fall from a peak in percent, Sharpe ratio (NaN: none).

    `equity` and `pnl` hold `count` values, one a trade; anything that can be indexed, so that numba can compile it.

    The Sharpe ratio is mean(r) / std(r) of the relative changes r along the curve, with the population standard
    deviation (William F. Sharpe, The Sharpe Ratio, 1994, with a risk-free rate of zero and one trade as the period);
    none with fewer than two trades, a deviation of zero, or a point of the curve at or below zero.
    """
    gross_profit = gross_loss = worst = changes = squares = 0.0
    wins = 0
    peak = before = least = starting_equity
    for trade in range(count):
        gain, point = pnl[trade], equity[trade]
        if gain > 0:
            gross_profit += gain
            wins += 1
        elif gain < 0:
            gross_loss += -gain
        peak = max(peak, point)
        fall = (peak - point) / peak * 100
        worst = max(worst, fall)
        least = min(least, point)
        if least > 0:
            changes += point / before - 1
        before = point
    if count < 2 or least <= 0:
        return before, gross_profit, gross_loss, wins, worst, math.nan
    mean = changes / count
    before = starting_equity
    for trade in range(count):
        deviation = equity[trade] / before - 1 - mean
        squares += deviation * deviation
        before = equity[trade]
    spread = math.sqrt(squares / count)
    return before, gross_profit, gross_loss, wins, worst, mean / spread if spread > 0 else math.nan


MEASURE = Kernel(measure)
