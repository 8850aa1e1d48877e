"""Buy a new high: the last price above every high of the last `lookback_days` sessions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import numpy as np
from pydantic import Field

from engine.market.bars import Bars, FloatArray, IntArray
from engine.strategies.base import Candidates, History, Params, Signals, Strategy, Window


class BreakoutParams(Params):
    """`lookback_days` counts sessions before the current one."""

    lookback_days: Annotated[int, Field(ge=1, description="sessions before today's whose highs must be exceeded")] = 252


class Breakout52wHigh(Strategy[BreakoutParams]):
    """Long only; leaves at the session's end unless the spec says otherwise."""

    key = "breakout_52w_high"
    summary = "Buys a close above the highest high of the last lookback_days sessions."
    params = BreakoutParams
    entry_code = "breakout_entry"
    code_sha256 = "61034fbde6aa3e72d16dea3532efef99a8a4c1ae43111b77afb1ba69567995df"

    def signals(self, bars: Bars, params: BreakoutParams) -> Signals:
        """Entry: the close is above the highest high of `lookback_days` sessions and of today's earlier bars.

        A close at that high is no entry. There is none before the data has `lookback_days` earlier sessions.
        """
        starts = np.flatnonzero(np.r_[True, bars.session[1:] != bars.session[:-1]])
        ordinal = np.cumsum(np.r_[True, bars.session[1:] != bars.session[:-1]]) - 1
        session_highs = np.maximum.reduceat(bars.high, starts)
        before = highest_before(session_highs, params.lookback_days)[ordinal]
        prior_high = np.fmax(before, high_so_far(bars.high, starts))
        with np.errstate(invalid="ignore"):
            entry = bars.close > prior_high
        return Signals(
            entry=entry,
            levels={"price": bars.close, "prior_high": prior_high},
            history=ordinal.astype(np.int64),
            needed=params.lookback_days,
        )

    def prepare(self, bars: Bars) -> Callable[[BreakoutParams], Candidates]:
        """Only bars above all of their session so far can break out; each lookback is one comparison more."""
        begins = np.r_[True, bars.session[1:] != bars.session[:-1]]
        starts = np.flatnonzero(begins)
        session_highs = np.maximum.reduceat(bars.high, starts)
        rows = np.flatnonzero(~(bars.close <= high_so_far(bars.high, starts)))
        sessions = np.cumsum(begins) - 1
        ordinal, history = sessions[rows], History(sessions)
        reach = sessions_below(session_highs, ordinal, bars.close[rows])

        def candidates(params: BreakoutParams) -> Candidates:
            first = np.searchsorted(ordinal, params.lookback_days)
            found = rows[first:][reach[first:] >= params.lookback_days]
            return Candidates(found, history=history, needed=params.lookback_days)

        return candidates

    def signals_at_high(self, bars: Bars, params: BreakoutParams, high_52w: float) -> Signals:
        """The given high replaces the computed one and the history checks."""
        prior_high = np.full(len(bars), high_52w)
        return Signals(entry=bars.close > prior_high, levels={"price": bars.close, "prior_high": prior_high})

    def window(self, params: BreakoutParams) -> Window:
        """The sessions looked back on, and today's."""
        return Window(sessions=params.lookback_days)


def highest_before(highs: FloatArray, count: int) -> FloatArray:
    """For each entry the maximum of up to `count` entries before it, NaN for the first; shape (n,) to (n,).

    Blocks of `count`: running maxima from the left and from the right meet in every window (van Herk 1992, Gil and
    Werman 1993), so the cost does not grow with `count`.
    """
    n = len(highs)
    count = min(count, n)
    padded = np.full(-(-(n + count) // count) * count, -np.inf)
    padded[count : count + n] = highs
    blocks = padded.reshape(-1, count)
    from_left = np.maximum.accumulate(blocks, axis=1).ravel()
    from_right = np.maximum.accumulate(blocks[:, ::-1], axis=1)[:, ::-1].ravel()
    result = np.maximum(from_right[:n], from_left[count - 1 : count - 1 + n])
    result[0] = np.nan
    return result


def sessions_below(highs: FloatArray, ordinal: IntArray, price: FloatArray) -> IntArray:
    """How many sessions in a row before session `ordinal[i]` have highs below `price[i]`; (n,), (m,), (m,) to (m,).

    The highest highs of 1, 2, 4, ... sessions let each price jump back over them, the longest jumps first: a binary
    search on a sparse table (Bender and Farach-Colton 2000), all prices at once.
    """
    tables = [highs]  # tables[k][i]: the highest of the 2^k sessions that end with session i (or begin the data)
    while (reach := 1 << (len(tables) - 1)) < len(highs):
        longer = tables[-1].copy()
        np.maximum(longer[reach:], tables[-1][:-reach], out=longer[reach:])
        tables.append(longer)
    before = ordinal - 1  # the next session to look at; -1: all are below
    for power in range(len(tables) - 1, -1, -1):
        # a jump beyond the first session is left to shorter ones: they add up to every distance
        can = (before >= (1 << power) - 1) & (tables[power][before] < price)
        before = before - (can.astype(np.int64) << power)
    return ordinal - 1 - before


def high_so_far(highs: FloatArray, starts: np.ndarray[tuple[int], np.dtype[np.intp]]) -> FloatArray:
    """For each bar the maximum of its session's earlier highs, NaN for a session's first bar; shape (n,)."""
    result = np.full(len(highs), np.nan)
    lengths = np.diff(np.r_[starts, len(highs)])
    for length in np.unique(lengths[lengths > 1]):
        rows = starts[lengths == length][:, None] + np.arange(length)
        result[rows[:, 1:]] = np.maximum.accumulate(highs[rows[:, :-1]], axis=1)
    return result
