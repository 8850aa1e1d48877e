"""Follow a breakout with a stop that knows how far prices usually move: so many average true ranges away."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field

from engine.market.bars import Bars, FloatArray
from engine.strategies.base import Params, Signals, Strategy, Window
from engine.strategies.builtin.breakout_52w_high import highest_before
from engine.strategies.builtin.sma_cross import moving_average


class AtrTrendParams(Params):
    """Periods are bars."""

    entry_period: Annotated[int, Field(ge=1, description="bars before whose highs a close must exceed to enter")] = 20
    exit_period: Annotated[int, Field(ge=1, description="bars before below whose lows a close leaves")] = 10
    atr_period: Annotated[int, Field(ge=1, description="bars of the average true range")] = 20
    stop_ranges: Annotated[float, Field(gt=0, description="average true ranges from the price to the stop")] = 2.0


class AtrTrend(Strategy[AtrTrendParams]):
    """Long only; `exit.trail` lets the stop rise with the highest high, `risk.size = "risk"` sizes an entry by it."""

    key = "atr_trend"
    summary = "Buys a channel breakout, with a stop at a multiple of the average true range."
    params = AtrTrendParams
    has_exit = True
    default_exit = "signal"
    code_sha256 = "9faa711d12b932960c8c63f271a49fbb366ec73d70a3dd2873ffca8f6b997f85"

    def signals(self, bars: Bars, params: AtrTrendParams) -> Signals:
        """Entry: the close is above the highs of `entry_period` bars before. Exit: below the lows of `exit_period`.

        The stop is `stop_ranges` average true ranges below the price paid, or with `exit.trail` below the highest high.
        """
        upper, lower = highest_before(bars.high, params.entry_period), -highest_before(-bars.low, params.exit_period)
        atr = moving_average(true_ranges(bars), params.atr_period)
        history = np.arange(len(bars), dtype=np.int64)
        with np.errstate(invalid="ignore", over="ignore"):
            entry, leave = bars.close > upper, (bars.close < lower) & (history >= params.exit_period)
            stop_distance = params.stop_ranges * atr
        return Signals(
            entry=entry,
            exit=leave,
            levels={"upper": upper, "lower": lower, "atr": atr},
            history=history,
            needed=max(params.entry_period, params.atr_period),
            stop_distance=stop_distance,
        )

    def window(self, params: AtrTrendParams) -> Window:
        """The longest of the periods and this bar; the first true range looks at the close before it."""
        return Window(bars=max(params.entry_period, params.exit_period, params.atr_period) + 1)


def true_ranges(bars: Bars) -> FloatArray:
    """How far each bar reached, the close before it included (Wilder's true range); NaN for the first; shape (n,)."""
    before = np.concatenate(([np.nan], bars.close[:-1]))
    return np.maximum(bars.high, before) - np.minimum(bars.low, before)
