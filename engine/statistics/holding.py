"""Buying and holding on a run's clock, and what a run's returns owe to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from engine.market.bars import Bars, FloatArray, IntArray
from engine.statistics.columns import blocks, means, sums, varies
from engine.statistics.sessions import SessionFigures, figures_of_one, returns_of, sessions_a_year


class Window(NamedTuple):
    """One symbol's bars with the rows that are traded: from `start` to `stop`, exclusive. Those before are history."""

    bars: Bars
    start: int
    stop: int

    @property
    def bought_at(self) -> int | None:
        """The row whose close buys and holds: the window's first that is not the symbol's very first; None without."""
        row = max(self.start, 1)
        return row if row < self.stop else None


class Benchmark(NamedTuple):
    """Buying and holding: `equity` has T + 1 points, `returns` T; percentages are of the starting equity."""

    equity: FloatArray
    returns: FloatArray
    return_pct: float
    figures: SessionFigures


class Exposure(NamedTuple):
    """A column's dependence on the benchmark, and what is left of a year without it, in percent."""

    beta: float
    alpha_annual_pct: float


def clock(windows: Sequence[Window]) -> IntArray:
    """The sessions (day numbers, rising) on which any of the symbols has a bar in its window."""
    traded = [window.bars.session[window.start : window.stop] for window in windows]
    days: IntArray = np.unique(np.concatenate(traded)) if traded else np.zeros(0, dtype=np.int64)
    return days


def last_closes(window: Window, days: IntArray) -> FloatArray:
    """The symbol's last close up to the end of each session, shape (T,); NaN before its window's first bar."""
    traded = window.bars.slice(window.start, window.stop)
    closes = np.concatenate([[np.nan], traded.close])
    latest: FloatArray = closes[np.searchsorted(traded.session, days, side="right")]
    return latest


def buy_and_hold(starting_equity: float, windows: Sequence[Window], days: IntArray) -> Benchmark:
    """The starting equity in equal parts, a part for each symbol, without costs and in fractions.

    A part is spent at the close of `Window.bought_at` and stays cash where there is none. Each session's equity is the
    cash and then the symbols' values, added in the code-point order of their names.
    """
    ordered = sorted(windows, key=lambda window: window.bars.symbol)
    part = starting_equity / max(len(ordered), 1)
    firsts = [_first_session(window, days) for window in ordered]
    unspent = len(ordered) - sum((np.arange(len(days)) >= first).astype(np.float64) for first in firsts)
    equity = np.where(unspent == len(ordered), starting_equity, unspent * part)
    for window, first in zip(ordered, firsts, strict=True):
        if window.bought_at is not None:
            quantity = part / float(window.bars.close[window.bought_at])
            equity[first:] += quantity * last_closes(window, days)[first:]
    return benchmark_of(np.concatenate([[starting_equity], equity]), sessions_a_year(days))


def benchmark_of(equity: FloatArray, a_year: float | None) -> Benchmark:
    """The figures of the curve of buying and holding, E_0 to E_T."""
    gain = float((equity[-1] / equity[0] - 1) * 100)
    return Benchmark(equity, returns_of(equity), gain, figures_of_one(equity, a_year))


def betas(returns: FloatArray, benchmark: FloatArray) -> FloatArray:
    """The slope of each column (shape (T, variants)) on the benchmark's returns; zeros where those do not vary."""
    if not len(benchmark) or not varies(benchmark):
        return np.zeros(returns.shape[1])
    moved = (benchmark - means(benchmark))[:, np.newaxis]
    slopes: FloatArray = sums((returns - means(returns)) * moved) / sums(moved * moved)
    return slopes


def beyond(returns: FloatArray, benchmark: FloatArray) -> FloatArray:
    """What each column's returns are beyond the market's own: r - beta·b."""
    left: FloatArray = returns - betas(returns, benchmark) * benchmark[:, np.newaxis]
    return left


def exposures(equity: FloatArray, benchmark: FloatArray, a_year: float | None) -> list[Exposure | None]:
    """Beta and alpha of each column of `equity` (T + 1 rows); None with an equity at or below zero, or T below 2."""
    if a_year is None:
        return [None] * equity.shape[1]
    return [found for block in blocks(equity) for found in _exposures(block, benchmark, a_year)]


def _exposures(equity: FloatArray, benchmark: FloatArray, a_year: float) -> list[Exposure | None]:
    alive = np.all(equity > 0, axis=0)
    returns = returns_of(np.where(alive, equity, 1.0))
    slopes = betas(returns, benchmark)
    alphas = means(returns - slopes * benchmark[:, np.newaxis]) * a_year * 100
    rows = zip(alive.tolist(), slopes.tolist(), alphas.tolist(), strict=True)
    return [Exposure(beta, alpha) if lives else None for lives, beta, alpha in rows]


def _first_session(window: Window, days: IntArray) -> int:
    """The place on the clock at which the symbol is held; the clock's end when it never is."""
    if window.bought_at is None:
        return len(days)
    return int(np.searchsorted(days, window.bars.session[window.bought_at]))
