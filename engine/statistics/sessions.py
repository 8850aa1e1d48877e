"""Figures of the equity at the end of each session: annual ratios, moments, and the falls between trades.

`equity` has shape (T + 1, variants): the starting equity, then the equity at the end of sessions 1 to T. The risk-free
rate is zero throughout.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from engine.compiled import Kernel
from engine.market.bars import BoolArray, FloatArray, IntArray
from engine.statistics.columns import blocks, means, sums, varies
from engine.statistics.sharpe import probabilistic_sharpe

DAYS_A_YEAR = 365.25


class SessionFigures(NamedTuple):
    """The figures of one run or variant; what does not exist is None."""

    sharpe_annual: float | None
    sortino_annual: float | None
    volatility_pct: float | None
    cagr_pct: float | None
    max_drawdown_marked_pct: float
    longest_drawdown_sessions: int
    calmar_annual: float | None
    skew: float | None
    kurtosis: float | None
    """raw: 3 for a normal distribution"""
    psr: float | None


class Moments(NamedTuple):
    """Of each column of returns, shape (variants,). `spread` is the standard deviation with ddof 1."""

    mean: FloatArray
    spread: FloatArray
    downside: FloatArray
    """the root of the mean square of the returns below zero"""
    skew: FloatArray
    kurtosis: FloatArray


def sessions_a_year(days: Sequence[int] | IntArray) -> float | None:
    """How many sessions a year has at the pace of these (day numbers, rising); None with fewer than two."""
    if len(days) < 2:
        return None
    return (len(days) - 1) / (int(days[-1] - days[0]) / DAYS_A_YEAR)


def returns_of(equity: FloatArray) -> FloatArray:
    """Each session's return, shape (T, …); of no use where an equity is at or below zero."""
    with np.errstate(all="ignore"):
        returned: FloatArray = equity[1:] / equity[:-1] - 1
    return returned


def figures_of_one(equity: Sequence[float] | FloatArray, a_year: float | None) -> SessionFigures:
    """The figures of one curve, E_0 to E_T; `a_year` as `sessions_a_year` has it."""
    return figures(np.asarray(equity, dtype=np.float64)[:, np.newaxis], a_year)[0]


def figures(equity: FloatArray, a_year: float | None) -> list[SessionFigures]:
    """The figures of each column of `equity`; the same bits for a column whatever stands beside it.

    An equity at or below zero, or fewer than two sessions: all but the drawdown's two are None. Ratios are None without
    variation, as is any figure beyond what a float64 holds.
    """
    return [found for block in blocks(equity) for found in _figures(block, a_year)]


def moments(returns: FloatArray) -> Moments:
    """Of each column of at least two returns; skew and kurtosis are population moments, NaN without variation."""
    count = len(returns)
    mean = means(returns)
    squares, cubes, fourths, falls = _powers(returns, mean)
    squares = np.where(varies(returns), squares, 0.0)
    second = squares / count
    with np.errstate(all="ignore"):
        skew = cubes / count / (second * np.sqrt(second))
        kurtosis = fourths / count / (second * second)
    return Moments(mean, np.sqrt(squares / (count - 1)), np.sqrt(falls / count), skew, kurtosis)


def _powers(returns: FloatArray, mean: FloatArray) -> FloatArray:
    """The sums of squares, cubes and fourth powers off the mean, and of the squares of losses: (4, variants)."""
    if ADD_POWERS.compiled is not None:
        added = np.zeros((4, returns.shape[1]))
        ADD_POWERS.compiled(np.ascontiguousarray(returns), mean, added)
        return added
    off = returns - mean
    squared = off * off
    down = np.minimum(returns, 0.0)
    return sums(np.stack([squared, squared * off, squared * squared, down * down], axis=1))


def add_powers(returns: Any, mean: Any, added: Any) -> None:
    """The same for numba, without what numpy keeps between two operations."""
    for row in range(len(returns)):
        for column in range(len(mean)):
            value = returns[row, column]
            off = value - mean[column]
            squared = off * off
            down = 0.0 if value >= 0.0 else value
            added[0, column] += squared
            added[1, column] += squared * off
            added[2, column] += squared * squared
            added[3, column] += down * down


ADD_POWERS = Kernel(add_powers)


def session_sharpes(returns: FloatArray) -> FloatArray:
    """The Sharpe ratio of one session, of each column of at least two returns; 0 without variation."""
    of = moments(returns)
    ratios: FloatArray = np.where(of.spread > 0, of.mean / np.where(of.spread > 0, of.spread, 1.0), 0.0)
    return ratios


def drawdowns(equity: FloatArray) -> tuple[FloatArray, IntArray]:
    """Of each column: the greatest fall from a peak in percent, and the most sessions from a peak back to its level."""
    if FOLLOW_PEAKS.compiled is not None:
        peaks, falls = np.array(equity[0]), np.zeros(equity.shape[1])
        since, longest = np.zeros((2, equity.shape[1]), dtype=np.int64)
        FOLLOW_PEAKS.compiled(np.ascontiguousarray(equity), peaks, falls, since, longest)
        return falls, longest
    peaks = np.maximum.accumulate(equity, axis=0)
    return ((peaks - equity) / peaks * 100).max(axis=0), _longest(equity >= peaks)


def follow_peaks(equity: Any, peaks: Any, falls: Any, since: Any, longest: Any) -> None:
    """The same for numba, session by session; what is no number stays none. `since` counts sessions off the peak."""
    for row in range(1, len(equity)):
        for column in range(len(peaks)):
            value = equity[row, column]
            peak = peaks[column]
            peak = peak if value <= peak or math.isnan(peak) else value
            fall = (peak - value) / peak * 100
            worst = falls[column]
            falls[column] = worst if fall <= worst or math.isnan(worst) else fall
            off = since[column] + 1
            back = value >= peak
            waited = 0 if back and off == 1 else off
            longest[column] = max(longest[column], waited)
            peaks[column], since[column] = peak, 0 if back else off


FOLLOW_PEAKS = Kernel(follow_peaks)


def _longest(at_peak: BoolArray) -> IntArray:
    """The most sessions from the last one at a peak to the next, or to the end; neighbours have no fall between."""
    rows, columns = at_peak.shape
    places = np.flatnonzero(at_peak.T)  # column after column; every column begins at its first peak
    waits = np.diff(places, append=rows * columns)
    firsts = np.searchsorted(places, np.arange(columns) * rows)
    lasts = np.append(firsts[1:], len(places)) - 1
    ends = waits[lasts] - 1
    waits[waits == 1] = 0
    waits[lasts] = ends
    longest: IntArray = np.maximum.reduceat(waits, firsts)
    return longest


def annual_ratio(name: str, equity: FloatArray, a_year: float | None) -> FloatArray:
    """One of `sharpe_annual`, `sortino_annual`, `calmar_annual` alone, of each column; NaN where `figures` has None."""
    if a_year is None or len(equity) < 3:
        return np.full(equity.shape[1], np.nan)
    found = np.concatenate([_annual_ratio(name, block, a_year) for block in blocks(equity)])
    return np.where(np.all(equity > 0, axis=0), found, np.nan)


def _annual_ratio(name: str, equity: FloatArray, a_year: float) -> FloatArray:
    if name == "calmar_annual":
        return _ratios(_annual_growths(equity, a_year), drawdowns(equity)[0])
    with np.errstate(all="ignore"):
        of = moments(returns_of(equity))
    return _ratios(of.mean, of.spread if name == "sharpe_annual" else of.downside, math.sqrt(a_year))


def _figures(equity: FloatArray, a_year: float | None) -> Iterator[SessionFigures]:
    falls, longest = drawdowns(equity)
    if a_year is None or len(equity) < 3:
        for fall, sessions in zip(falls.tolist(), longest.tolist(), strict=True):
            yield SessionFigures(None, None, None, None, fall, sessions, None, None, None, None)
        return
    root = math.sqrt(a_year)
    with np.errstate(all="ignore"):
        of = moments(returns_of(equity))
        volatility = of.spread * root * 100
    growths = _annual_growths(equity, a_year)
    ratios = _ratios(of.mean, of.spread, root), _ratios(of.mean, of.downside, root), _ratios(growths, falls)
    columns = [column.tolist() for column in (*of, volatility, growths, *ratios, falls, longest)]
    for lives, *values in zip(np.all(equity > 0, axis=0).tolist(), *columns, strict=True):
        mean, spread, _, skew, kurtosis, variation, growth, sharpe, sortino, calmar, fall, sessions = values
        if not lives:
            yield SessionFigures(None, None, None, None, fall, sessions, None, None, None, None)
            continue
        yield SessionFigures(
            sharpe_annual=_finite(sharpe),
            sortino_annual=_finite(sortino),
            volatility_pct=_finite(variation),
            cagr_pct=_finite(growth),
            max_drawdown_marked_pct=fall,
            longest_drawdown_sessions=sessions,
            calmar_annual=_finite(calmar),
            skew=_finite(skew),
            kurtosis=_finite(kurtosis),
            psr=_psr(mean, spread, skew, kurtosis, len(equity) - 1),
        )


def _psr(mean: float, spread: float, skew: float, kurtosis: float, sessions: int) -> float | None:
    sharpe = mean / spread if spread > 0 else math.nan
    if not (math.isfinite(sharpe) and math.isfinite(skew) and math.isfinite(kurtosis)):
        return None
    return probabilistic_sharpe(sharpe, skew, kurtosis, sessions)


def _annual_growths(equity: FloatArray, a_year: float) -> FloatArray:
    """Of each column, in percent a year; by Python's own powers, which no machine's vectors round otherwise."""
    years = (len(equity) - 1) / a_year
    return np.array(
        [_annual_growth(*ends, years) for ends in zip(equity[0].tolist(), equity[-1].tolist(), strict=True)]
    )


def _annual_growth(start: float, end: float, years: float) -> float:
    """NaN beyond what a float64 holds, and where there is nothing left."""
    try:
        return ((end / start) ** (1 / years) - 1) * 100 if end > 0 else math.nan
    except OverflowError:
        return math.nan


def _ratios(above: FloatArray, below: FloatArray, scale: float = 1.0) -> FloatArray:
    """NaN where `below` is not above zero."""
    with np.errstate(all="ignore"):
        ratios: FloatArray = np.where(below > 0, above / below * scale, np.nan)
    return ratios


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
