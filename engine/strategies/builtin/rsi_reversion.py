"""Buy weakness: an oversold RSI, sold when it has recovered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from engine.compiled import Kernel
from engine.market.bars import Bars, FloatArray
from engine.shared import Shared
from engine.strategies.base import Candidates, History, Params, Signals, Strategy, Window

KEPT_BYTES = 256 * 2**20

Threshold = Annotated[float, Field(ge=0, le=100)]


class RsiReversionParams(Params):
    """The period is bars; thresholds are RSI points, 0 to 100."""

    period: Annotated[int, Field(ge=1, description="bars of Wilder's averages")] = 14
    buy_below: Annotated[Threshold, Field(description="enter while the RSI is below")] = 30.0
    sell_above: Annotated[Threshold, Field(description="leave while the RSI is above")] = 55.0


class RsiReversion(Strategy[RsiReversionParams]):
    """Long only; leaves when the RSI is above `sell_above`."""

    key = "rsi_reversion"
    summary = "Buys when Wilder's RSI is below buy_below, sells when it is above sell_above."
    params = RsiReversionParams
    has_exit = True
    default_exit = "signal"
    code_sha256 = "1e792e24400860bec645e289cb944392927f21968cee419f7309f98bcc99cf5d"

    def signals(self, bars: Bars, params: RsiReversionParams) -> Signals:
        """Entry: Wilder's RSI of `period` bars is below `buy_below`. Exit: it is above `sell_above`."""
        rsi = wilder_rsi(bars.close, params.period)
        with np.errstate(invalid="ignore"):
            entry, leave = rsi < params.buy_below, rsi > params.sell_above
        return Signals(
            entry=entry,
            exit=leave,
            levels={"rsi": rsi},
            history=np.arange(len(bars), dtype=np.int64),
            needed=params.period,
        )

    def prepare(self, bars: Bars) -> Callable[[RsiReversionParams], Candidates]:
        """Variants share the index of a period; their thresholds are comparisons."""
        indexes: Shared[FloatArray] = Shared(KEPT_BYTES, lambda index: index.nbytes)
        history = History(np.arange(len(bars), dtype=np.int64))

        def candidates(params: RsiReversionParams) -> Candidates:
            rsi = indexes.get(params.period, lambda: wilder_rsi(bars.close, params.period))
            with np.errstate(invalid="ignore"):
                enters, leaves = np.flatnonzero(rsi < params.buy_below), rsi > params.sell_above
            return Candidates(enters, leaves, history, params.period)

        return candidates

    def window(self, params: RsiReversionParams) -> Window:
        """Wilder's averages never forget: a row depends on every bar since the first."""
        return Window(anchored=True)


def wilder_rsi(closes: FloatArray, period: int) -> FloatArray:
    """Wilder's relative strength index of closes (J. Welles Wilder, New Concepts in Technical Trading Systems, 1978).

    The first value, at bar `period`, is from the means of the first `period` gains and losses; then
    `avg = (avg*(n-1) + x)/n`, `rsi = 100 - 100/(1 + gain/loss)`; 100 without a loss, 50 without any move. Shape (n,).
    """
    rsi = np.full(len(closes), np.nan)
    if len(closes) > period:
        if FILL.compiled is not None:
            FILL.compiled(closes, period, rsi)
        else:
            values = rsi.tolist()
            FILL.plain(closes.tolist(), period, values)
            rsi[:] = values
    return rsi


def fill_rsi(closes: Any, period: int, rsi: Any) -> None:
    """Write `rsi` from row `period` on; anything that can be indexed, so that numba can compile it."""
    gain = loss = 0.0
    for row in range(1, period + 1):
        move = closes[row] - closes[row - 1]
        gain += max(move, 0.0)
        loss += max(-move, 0.0)
    gain, loss = gain / period, loss / period
    for row in range(period, len(closes)):
        if row > period:
            move = closes[row] - closes[row - 1]
            gain = (gain * (period - 1) + max(move, 0.0)) / period
            loss = (loss * (period - 1) + max(-move, 0.0)) / period
        if loss > 0.0:
            rsi[row] = 100 - 100 / (1 + gain / loss)
        else:
            rsi[row] = 50.0 if gain == 0.0 else 100.0


FILL = Kernel(fill_rsi)
