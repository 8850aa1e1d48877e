"""Results of a list of trades, on the trade-equity curve: the starting equity, then equity at cost after each trade."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

from engine.account.arithmetic import total
from engine.account.ledger import Trade
from engine.validation import StrictModel


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
    curve = [starting_equity, *(trade.equity for trade in trades)]
    gross_profit = total(trade.pnl for trade in trades if trade.pnl > 0)
    gross_loss = total(-trade.pnl for trade in trades if trade.pnl < 0)
    wins = sum(1 for trade in trades if trade.pnl > 0)
    return Metrics(
        trade_count=len(trades),
        starting_equity=starting_equity,
        ending_equity=curve[-1],
        return_pct=(curve[-1] / starting_equity - 1) * 100,
        max_drawdown_pct=max_drawdown_pct(curve),
        win_rate=wins / len(trades) if trades else None,
        profit_factor=gross_profit / gross_loss if gross_loss > 0 else None,
        gross_profit=gross_profit,
        gross_loss=gross_loss,
        sharpe=sharpe(curve),
    )


def max_drawdown_pct(curve: Sequence[float]) -> float:
    """The greatest fall from a peak of the curve, as a positive percentage of the peak."""
    peak, worst = curve[0], 0.0
    for point in curve:
        peak = max(peak, point)
        worst = max(worst, (peak - point) / peak * 100)
    return worst


def sharpe(curve: Sequence[float]) -> float | None:
    """mean(r) / std(r) of the relative changes r along the curve, with the population standard deviation.

    None with fewer than two trades, a deviation of zero, or a point of the curve at or below zero. William F. Sharpe,
    The Sharpe Ratio, 1994, with a risk-free rate of zero and one trade as the period.
    """
    if len(curve) < 3 or min(curve) <= 0:
        return None
    changes = [later / earlier - 1 for earlier, later in itertools.pairwise(curve)]
    mean = total(changes) / len(changes)
    variance = total((change - mean) * (change - mean) for change in changes) / len(changes)
    deviation = math.sqrt(variance)
    return mean / deviation if deviation > 0 else None
