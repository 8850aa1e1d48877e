"""Hold what rose most: at each month's beginning the strongest of many symbols, those above their own average."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import numpy as np
from pydantic import Field

from engine.market.bars import FloatArray, IntArray, Panel
from engine.strategies.base import Params, Signals, Strategy, Window


class MomentumRotationParams(Params):
    """Periods are timestamps at which any symbol has a bar: on daily bars, trading days."""

    lookback_period: Annotated[int, Field(ge=1, description="bars over which the return is taken")] = 126
    average_period: Annotated[int, Field(ge=1, description="bars of the average that a close must be above")] = 100
    hold: Annotated[int, Field(ge=1, description="how many of the strongest symbols are held")] = 3


class MomentumRotation(Strategy[MomentumRotationParams]):
    """Long only; decides on the first bar of each month, and on no other."""

    key = "momentum_rotation"
    summary = "Holds the symbols that rose most, those above their own average, and chooses anew each month."
    params = MomentumRotationParams
    has_exit = True
    default_exit = "signal"
    code_sha256 = "179eddc68c683e0e54fecb776af7ebabc5f5d28677d9acac555715c2a930c23c"

    def signals_all(self, panel: Panel, params: MomentumRotationParams) -> Mapping[str, Signals]:
        """Entry, on a month's first bar: one of the `hold` best returns, above its average. Exit: neither, or below it.

        The first bar is that of any symbol; one that has no bar then is not ranked, and what is held of it stays.
        """
        needed = max(params.lookback_period, params.average_period - 1)
        decides = month_starts(panel.session)
        decides = decides[decides >= needed]
        gain, average = np.full((2, *panel.close.shape), np.nan)
        for row in decides:
            gain[row] = gains(panel.close[row - params.lookback_period : row + 1])
            average[row] = means(panel.close[row - params.average_period + 1 : row + 1])
        entry, leave = np.zeros((2, *panel.close.shape), dtype=np.bool_)
        best = ranks(gain[decides]) < params.hold
        with np.errstate(invalid="ignore"):
            entry[decides] = best & (panel.close[decides] > average[decides])
            leave[decides] = ~best | (panel.close[decides] < average[decides])
        history = np.arange(len(panel), dtype=np.int64)
        return {
            symbol: Signals(
                entry=entry[:, i],
                exit=leave[:, i],
                levels={"gain": gain[:, i], "average": average[:, i]},
                history=history,
                needed=needed,
                score=gain[:, i],
            )
            for i, symbol in enumerate(panel.symbols)
        }

    def window(self, params: MomentumRotationParams) -> Window:
        """The longer of the two periods; what month the bar before was in lies within it."""
        return Window(bars=max(params.lookback_period + 1, params.average_period))


def month_starts(session: IntArray) -> IntArray:
    """The rows on which a month begins after another one: the data's first row is none; shape (n,) to (m,)."""
    months = session.astype("datetime64[D]").astype("datetime64[M]")
    return np.flatnonzero(months[1:] != months[:-1]) + 1


def gains(close: FloatArray) -> FloatArray:
    """Each symbol's last close over its first in these rows, less 1; NaN without a bar on the last row, or with bars on
    no more than half of them; shape (n, symbols) to (symbols,).
    """
    present = ~np.isnan(close)
    first = close[present.argmax(axis=0), np.arange(close.shape[1])]
    with np.errstate(over="ignore"):
        gain = close[-1] / first - 1
    return np.where(2 * present.sum(axis=0) > len(close), gain, np.nan)


def means(close: FloatArray) -> FloatArray:
    """Each symbol's mean over the rows on which it has a bar, NaN without any; shape (n, symbols) to (symbols,).

    A cumulative sum adds one after the other: `numpy.sum` would give other last digits beside other symbols.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        mean: FloatArray = np.nancumsum(close, axis=0)[-1] / (~np.isnan(close)).sum(axis=0)
    return mean


def ranks(gain: FloatArray) -> FloatArray:
    """Each symbol's place in its row: 0 for the greatest, of equal ones the first; NaN where it has no gain."""
    places = np.argsort(np.argsort(-gain, axis=1, kind="stable"), axis=1)
    return np.where(np.isnan(gain), np.nan, places)
