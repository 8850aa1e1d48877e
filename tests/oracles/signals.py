"""Entries and own exits of the built-in strategies, bar by bar."""

from __future__ import annotations

from typing import NamedTuple

from tests.oracles.rows import Row


class Signal(NamedTuple):
    enters: bool
    leaves: bool
    levels: tuple[float | None, ...]
    """breakout: (prior high,); sma_cross: (fast, slow); rsi_reversion: (rsi,)"""


def breakout_52w_high(rows: list[Row], lookback_days: int = 252) -> list[Signal]:
    found = []
    earlier: list[list[float]] = []  # the highs of each session before today's
    today: list[float] = []
    for i, row in enumerate(rows):
        if i > 0 and rows[i - 1].day != row.day:
            earlier.append(today)
            today = []
        highs = [high for session in earlier[-lookback_days:] for high in session] + today
        prior = max(highs) if highs else None
        enough = len(earlier) >= lookback_days
        found.append(Signal(enough and prior is not None and row.close > prior, False, (prior,)))
        today.append(row.high)
    return found


def sma_cross(rows: list[Row], fast_period: int = 20, slow_period: int = 50) -> list[Signal]:
    found = []
    for i in range(len(rows)):
        fast, slow = average(rows, i, fast_period), average(rows, i, slow_period)
        fast_before, slow_before = average(rows, i - 1, fast_period), average(rows, i - 1, slow_period)
        known = slow is not None and slow_before is not None
        enters = known and fast > slow and not fast_before > slow_before
        found.append(Signal(enters, slow is not None and fast < slow, (fast, slow)))
    return found


def average(rows: list[Row], i: int, period: int) -> float | None:
    if i - period + 1 < 0:
        return None
    total = 0.0
    for j in range(i - period + 1, i + 1):
        total += rows[j].close
    return total / period


def rsi_reversion(rows: list[Row], period: int = 14, buy_below: float = 30.0, sell_above: float = 55.0) -> list[Signal]:
    found = []
    gain = loss = 0.0
    for i in range(len(rows)):
        rsi = None
        if i > 0:
            change = rows[i].close - rows[i - 1].close
            up, down = (change, 0.0) if change > 0 else (0.0, -change)
            if i <= period:
                gain += up
                loss += down
                if i == period:
                    gain /= period
                    loss /= period
            else:
                gain = (gain * (period - 1) + up) / period
                loss = (loss * (period - 1) + down) / period
            if i >= period:
                rsi = strength(gain, loss)
        found.append(Signal(rsi is not None and rsi < buy_below, rsi is not None and rsi > sell_above, (rsi,)))
    return found


def strength(gain: float, loss: float) -> float:
    if gain == 0 and loss == 0:
        return 50.0
    if loss == 0:
        return 100.0
    return 100 - 100 / (1 + gain / loss)


SIGNALS = {"breakout_52w_high": breakout_52w_high, "sma_cross": sma_cross, "rsi_reversion": rsi_reversion}
HAS_EXIT = {"sma_cross", "rsi_reversion"}
DEFAULT_EXIT = {"breakout_52w_high": "eod", "sma_cross": "signal", "rsi_reversion": "signal"}
