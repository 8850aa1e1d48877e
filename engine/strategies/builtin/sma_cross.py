"""Follow the trend: buy when the fast average crosses above the slow one."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field, model_validator

from engine.market.bars import Bars, FloatArray
from engine.strategies.base import Params, Signals, Strategy, Window


class SmaCrossParams(Params):
    """Periods are bars."""

    fast_period: Annotated[int, Field(ge=1, description="bars of the fast average")] = 20
    slow_period: Annotated[int, Field(ge=2, description="bars of the slow average")] = 50

    @model_validator(mode="after")
    def _fast_is_faster(self) -> SmaCrossParams:
        if self.fast_period >= self.slow_period:
            raise ValueError(f"fast_period {self.fast_period} must be less than slow_period {self.slow_period}")
        return self


class SmaCross(Strategy[SmaCrossParams]):
    """Long only; leaves when the fast average is below the slow one."""

    key = "sma_cross"
    summary = "Buys when the fast moving average crosses above the slow one, sells when it is below."
    params = SmaCrossParams
    has_exit = True
    default_exit = "signal"

    def signals(self, bars: Bars, params: SmaCrossParams) -> Signals:
        """Entry: fast above slow on this bar and not on the one before. Exit: fast below slow."""
        fast, slow = moving_average(bars.close, params.fast_period), moving_average(bars.close, params.slow_period)
        with np.errstate(invalid="ignore"):
            above = fast > slow
            known_before = np.r_[False, ~np.isnan(slow[:-1])]
            entry = above & known_before & ~np.r_[False, above[:-1]]
            below = fast < slow
        return Signals(
            entry=entry,
            exit=below,
            levels={"fast": fast, "slow": slow},
            history=np.arange(len(bars), dtype=np.int64),
            needed=params.slow_period,
        )

    def window(self, params: SmaCrossParams) -> Window:
        """The slow average of this bar and of the one before."""
        return Window(bars=params.slow_period + 1)


def moving_average(values: FloatArray, period: int) -> FloatArray:
    """The mean of the last `period` values, the current one included, NaN before there are so many; shape (n,).

    Summed oldest to newest, one addition at a time: a running sum would carry the past in its last bits.
    """
    n = len(values)
    result = np.full(n, np.nan)
    if n < period:
        return result
    total = values[: n - period + 1].copy()
    for offset in range(1, period):
        total += values[offset : n - period + 1 + offset]
    result[period - 1 :] = total / period
    return result
