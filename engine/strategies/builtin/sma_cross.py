"""Follow the trend: buy when the fast average crosses above the slow one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import numpy as np
from pydantic import Field, model_validator

from engine.compiled import Kernel
from engine.market.bars import Bars, BoolArray, FloatArray
from engine.shared import Shared
from engine.strategies.base import Candidates, History, Params, Signals, Strategy, Window

BLOCK = 4096
"""Values that stay in the processor's cache while each is added `period` times."""
KEPT_BYTES = 256 * 2**20


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
    code_sha256 = "d5cd9cae88565662f7b4b9ffc9cabdf4528ca9751d025fa2d2547d292a04b42e"

    def signals(self, bars: Bars, params: SmaCrossParams) -> Signals:
        """Entry: the mean of `fast_period` closes crosses above that of `slow_period`. Exit: it is below.

        To cross is to be above on this bar and not on the one before.
        """
        fast, slow = moving_average(bars.close, params.fast_period), moving_average(bars.close, params.slow_period)
        entry, below = crossings(fast, slow, params.slow_period)
        return Signals(
            entry=entry,
            exit=below,
            levels={"fast": fast, "slow": slow},
            history=np.arange(len(bars), dtype=np.int64),
            needed=params.slow_period,
        )

    def prepare(self, bars: Bars) -> Callable[[SmaCrossParams], Candidates]:
        """Variants share the averages that they have in common."""
        averages: Shared[FloatArray] = Shared(KEPT_BYTES, lambda average: average.nbytes)
        history = History(np.arange(len(bars), dtype=np.int64))

        def average(period: int) -> FloatArray:
            return averages.get(period, lambda: moving_average(bars.close, period))

        def candidates(params: SmaCrossParams) -> Candidates:
            fast, slow = average(params.fast_period), average(params.slow_period)
            entry, below = crossings(fast, slow, params.slow_period)
            return Candidates(np.flatnonzero(entry), below, history, params.slow_period)

        return candidates

    def window(self, params: SmaCrossParams) -> Window:
        """The slow average of this bar and of the one before."""
        return Window(bars=params.slow_period + 1)


def crossings(fast: FloatArray, slow: FloatArray, slow_period: int) -> tuple[BoolArray, BoolArray]:
    """Where `fast` comes to lie above `slow`, both known on the bar before too, and where it lies below; shape (n,)."""
    with np.errstate(invalid="ignore"):
        above, below = fast > slow, fast < slow
    entry = np.zeros_like(above)
    np.greater(above[1:], above[:-1], out=entry[1:])
    entry[:slow_period] = False
    return entry, below


def moving_average(values: FloatArray, period: int) -> FloatArray:
    """The mean of the last `period` values, the current one included, NaN before there are so many; shape (n,).

    Summed oldest to newest, one addition at a time: a running sum would carry the past in its last bits. In blocks
    that stay in the processor's cache, since each value is read `period` times.
    """
    result = np.full(len(values), np.nan)
    if AVERAGE.compiled is not None:
        AVERAGE.compiled(values, period, result)
        return result
    with np.errstate(over="ignore"):  # the compiled form says nothing of it either
        for start in range(period - 1, len(values), BLOCK):
            total = result[start : start + BLOCK]
            for offset in range(1 - period, 1):
                part = values[start + offset : start + offset + len(total)]
                np.add(total, part, out=total) if offset > 1 - period else np.copyto(total, part)
            total /= period
    return result


def fill_average(values: Any, period: int, result: Any) -> None:
    """The same for numba, four additions at a time: it makes one pass over the block of them, still one by one."""
    for start in range(period - 1, len(values), BLOCK):
        total = result[start : start + BLOCK]
        count, at = len(total), start - period + 1
        total[:] = values[at : at + count]
        while at + 4 <= start:
            first, second = values[at + 1 : at + 1 + count], values[at + 2 : at + 2 + count]
            third, fourth = values[at + 3 : at + 3 + count], values[at + 4 : at + 4 + count]
            for row in range(count):
                total[row] = total[row] + first[row] + second[row] + third[row] + fourth[row]
            at += 4
        while at < start:
            at += 1
            for row in range(count):
                total[row] += values[at + row]
        for row in range(count):
            total[row] /= period


AVERAGE = Kernel(fill_average)
