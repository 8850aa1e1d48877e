"""Buy weakness: an oversold RSI, sold when it has recovered."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field

from engine.market.bars import Bars, FloatArray
from engine.strategies.base import Params, Signals, Strategy, Window

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

    def signals(self, bars: Bars, params: RsiReversionParams) -> Signals:
        """Entry: RSI below `buy_below`. Exit: RSI above `sell_above`."""
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

    def window(self, params: RsiReversionParams) -> Window:
        """Wilder's averages never forget: a row depends on every bar since the first."""
        return Window(anchored=True)


def wilder_rsi(closes: FloatArray, period: int) -> FloatArray:
    """Wilder's relative strength index of closes (J. Welles Wilder, New Concepts in Technical Trading Systems, 1978).

    The first value, at bar `period`, is from the means of the first `period` gains and losses; then
    `avg = (avg*(n-1) + x)/n`, `rsi = 100 - 100/(1 + gain/loss)`; 100 without a loss, 50 without any move. Shape (n,).
    """
    rsi = np.full(len(closes), np.nan)
    if len(closes) <= period:
        return rsi
    moves = np.diff(closes).tolist()
    gain = loss = 0.0
    for move in moves[:period]:
        gain += max(move, 0.0)
        loss += max(-move, 0.0)
    gain, loss = gain / period, loss / period
    values = [_rsi(gain, loss)]
    for move in moves[period:]:
        gain = (gain * (period - 1) + max(move, 0.0)) / period
        loss = (loss * (period - 1) + max(-move, 0.0)) / period
        values.append(_rsi(gain, loss))
    rsi[period:] = values
    return rsi


def _rsi(gain: float, loss: float) -> float:
    if loss == 0.0:
        return 50.0 if gain == 0.0 else 100.0
    return 100 - 100 / (1 + gain / loss)
