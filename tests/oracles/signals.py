"""Entries and own exits of the built-in strategies and of the tests' own, bar by bar."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from tests.oracles.rows import Row


class Signal(NamedTuple):
    enters: bool
    leaves: bool
    levels: tuple[float | None, ...]
    """breakout: (prior high,); sma_cross: (fast, slow); rsi_reversion: (rsi,); atr_trend: (upper, lower, atr);
    momentum_rotation: (gain, average)"""
    size: float | None = None
    stop_distance: float | None = None
    target_distance: float | None = None
    score: float | None = None


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


def atr_trend(
    rows: list[Row], entry_period: int = 20, exit_period: int = 10, atr_period: int = 20, stop_ranges: float = 2.0
) -> list[Signal]:
    found = []
    for i, row in enumerate(rows):
        upper = max((rows[j].high for j in range(max(0, i - entry_period), i)), default=None)
        lower = min((rows[j].low for j in range(max(0, i - exit_period), i)), default=None)
        atr = None
        if i >= atr_period:
            total = 0.0
            for j in range(i - atr_period + 1, i + 1):
                before = rows[j - 1].close
                total += max(rows[j].high, before) - min(rows[j].low, before)
            atr = total / atr_period
        enters = i >= entry_period and atr is not None and row.close > upper
        leaves = i >= exit_period and row.close < lower
        distance = math.nan if atr is None else stop_ranges * atr
        found.append(Signal(enters, leaves, (upper, lower, atr), stop_distance=distance))
    return found


def momentum_rotation(
    rows: dict[str, list[Row]], lookback_period: int = 126, average_period: int = 100, hold: int = 3
) -> dict[str, list[Signal]]:
    """Over all symbols at once: each timestamp of any of them is a row, as much for those that have no bar there."""
    bars = {symbol: {row.ts: row for row in rows[symbol]} for symbol in rows}
    days = {row.ts: row.day for symbol in rows for row in rows[symbol]}
    times = sorted(days)
    found: dict[str, list[Signal]] = {symbol: [] for symbol in rows}
    for k, ts in enumerate(times):
        decides = k > 0 and (days[ts].year, days[ts].month) != (days[times[k - 1]].year, days[times[k - 1]].month)
        decides = decides and k >= lookback_period and k >= average_period - 1
        gains: dict[str, float] = {}
        for symbol in rows:
            past = [bars[symbol][each] for each in times[k - lookback_period : k + 1] if each in bars[symbol]]
            if decides and ts in bars[symbol] and 2 * len(past) > lookback_period + 1:
                gains[symbol] = past[-1].close / past[0].close - 1
        best = sorted(gains, key=lambda symbol: -gains[symbol])[:hold]
        for symbol in rows:
            if ts not in bars[symbol]:
                continue
            close, average = bars[symbol][ts].close, None
            if decides:
                closes = [
                    bars[symbol][each].close for each in times[k - average_period + 1 : k + 1] if each in bars[symbol]
                ]
                total = 0.0
                for each in closes:
                    total += each
                average = total / len(closes)
            enters = decides and symbol in best and close > average
            leaves = decides and (symbol not in best or close < average)
            gain = gains.get(symbol)
            score = math.nan if gain is None else gain
            found[symbol].append(Signal(enters, leaves, (gain, average), score=score))
    return found


def strength(gain: float, loss: float) -> float:
    if gain == 0 and loss == 0:
        return 50.0
    if loss == 0:
        return 100.0
    return 100 - 100 / (1 + gain / loss)


# the tests' own strategies: tests/support/sized_strategies.py says what they do


def atr_breakout(
    rows: list[Row], period: int = 3, stop_ranges: float = 1.0, target_ranges: float = 2.0, fickle: bool = False
) -> list[Signal]:
    found = []
    for i, row in enumerate(rows):
        if i < period:
            found.append(Signal(False, False, (), stop_distance=math.nan, target_distance=math.nan))
            continue
        total = 0.0
        for j in range(i - period + 1, i + 1):
            before = rows[j - 1].close
            total += max(rows[j].high, before) - min(rows[j].low, before)
        atr = total / period
        stop = atr * stop_ranges
        if fickle and row.close == row.open:
            stop = math.nan
        if fickle and row.close < row.open:
            stop = -stop
        target = math.nan if fickle and row.close == row.high else atr * target_ranges
        closes = [rows[j].close for j in range(i - period, i)]
        found.append(
            Signal(row.close > closes[-1], row.close < min(closes), (), stop_distance=stop, target_distance=target)
        )
    return found


def scored_moves(rows: list[Row], steps: int = 10, sized: bool = True) -> list[Signal]:
    found = []
    for i, row in enumerate(rows):
        before = rows[i - 1].close if i > 0 else row.close
        score = math.nan if row.close == before else float(math.floor((row.close / before - 1) * steps))
        leaves = i > 0 and row.close < before
        found.append(Signal(i > 0 and not leaves, leaves, (), size=size_of(row) if sized else None, score=score))
    return found


def size_of(row: Row) -> float:
    if row.high == row.low:
        return -1.0
    if row.open == row.low:
        return 0.0
    if row.open == row.high:
        return math.nan
    if row.close == row.high:
        return 3.0
    if row.close == row.low:
        return 0.5
    return 1.0


def strongest(rows: dict[str, list[Row]], lookback: int = 2, places: int = 1) -> dict[str, list[Signal]]:
    """Over all symbols at once: each timestamp of any of them is a row, as much for those that have no bar there."""
    bars = {symbol: {row.ts: row for row in rows[symbol]} for symbol in rows}
    times = sorted({ts for symbol in rows for ts in bars[symbol]})
    found: dict[str, list[Signal]] = {symbol: [] for symbol in rows}
    for k, ts in enumerate(times):
        gains = {}
        for symbol in rows:
            if k >= lookback and ts in bars[symbol] and times[k - lookback] in bars[symbol]:
                gains[symbol] = bars[symbol][ts].close / bars[symbol][times[k - lookback]].close - 1
        for symbol in rows:
            if ts not in bars[symbol]:
                continue
            better = 0
            for gain in gains.values():
                if symbol in gains and gain > gains[symbol]:
                    better += 1
            row = bars[symbol][ts]
            first = symbol in gains and better < places
            found[symbol].append(
                Signal(
                    first,
                    symbol in gains and not first,
                    (),
                    size=1 / (1 + len(gains)),
                    stop_distance=row.high - row.low,
                    score=gains.get(symbol, math.nan),
                )
            )
    return found


SIGNALS = {
    "breakout_52w_high": breakout_52w_high,
    "sma_cross": sma_cross,
    "rsi_reversion": rsi_reversion,
    "atr_trend": atr_trend,
}
SIGNALS_ALL = {"momentum_rotation": momentum_rotation}
OWN_SIGNALS = {"atr_breakout": atr_breakout, "scored_moves": scored_moves}
OWN_SIGNALS_ALL = {"strongest": strongest}
HAS_EXIT = {"sma_cross", "rsi_reversion", "atr_trend", "momentum_rotation"}
DEFAULT_EXIT = {
    "breakout_52w_high": "eod",
    "sma_cross": "signal",
    "rsi_reversion": "signal",
    "atr_trend": "signal",
    "momentum_rotation": "signal",
}
OWN_DEFAULT_EXIT = {"atr_breakout": "none", "scored_moves": "signal", "strongest": "signal"}


def signals_of(strategy: str, rows: dict[str, list[Row]], entry: dict[str, Any]) -> dict[str, list[Signal]]:
    """One signal for each of a symbol's rows."""
    every = {**SIGNALS_ALL, **OWN_SIGNALS_ALL}
    if strategy in every:
        return every[strategy](rows, **entry)
    one = {**SIGNALS, **OWN_SIGNALS}[strategy]
    return {symbol: one(rows[symbol], **entry) for symbol in rows}
