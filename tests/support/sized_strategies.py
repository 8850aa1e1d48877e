"""Strategies for tests that say how much to buy, where to leave, and which symbol goes first.

`tests.oracles.signals` has each of them again as plain loops.
"""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
from pydantic import Field

from engine.market.bars import Bars
from engine.strategies.base import Params, Signals, Strategy, Window
from engine.strategies.registry import BUILTIN, Registry


class AtrParams(Params):
    """`period` is bars; the others are multiples of the average true range."""

    period: Annotated[int, Field(ge=1)] = 3
    stop_ranges: float = 1.0
    target_ranges: float = 2.0
    fickle: bool = False


class AtrBreakout(Strategy[AtrParams]):
    """Buys a rise; stop and target are multiples of the average true range away.

    A fickle one gives no target on a bar that closes at its high, no stop on one that closes where it opened, and a
    stop below nothing on one that closes lower.
    """

    key = "atr_breakout"
    params = AtrParams
    has_exit = True
    default_exit = "none"

    def signals(self, bars: Bars, params: AtrParams) -> Signals:
        """Entry: close above the one before. Exit: close below the last `period` closes before it."""
        n, period = len(bars), params.period
        atr, least = np.full(n, np.nan), np.full(n, np.nan)
        before = bars.close[:-1]
        ranges = np.maximum(bars.high[1:], before) - np.minimum(bars.low[1:], before)
        total = np.zeros(max(n - period, 0))
        low = np.full(max(n - period, 0), np.inf)
        for offset in range(period):
            total = total + ranges[offset : offset + len(total)]
            low = np.minimum(low, bars.close[offset : offset + len(low)])
        atr[period:], least[period:] = total / period, low
        known = np.arange(n) >= period
        rises, falls = np.zeros(n, dtype=bool), np.zeros(n, dtype=bool)
        rises[1:] = bars.close[1:] > before
        falls[period:] = bars.close[period:] < least[period:]
        stop, target = atr * params.stop_ranges, atr * params.target_ranges
        if params.fickle:
            stop = np.where(bars.close == bars.open, np.nan, np.where(bars.close < bars.open, -stop, stop))
            target = np.where(bars.close == bars.high, np.nan, target)
        return Signals(entry=rises & known, exit=falls, stop_distance=stop, target_distance=target)

    def window(self, params: AtrParams) -> Window:
        """The true ranges of `period` bars, the first of which looks at the close before it."""
        return Window(bars=params.period + 1)


class MovesParams(Params):
    """`steps`: how many grades of score a doubling has, so few that symbols often have the same."""

    steps: Annotated[int, Field(ge=1)] = 10
    sized: bool = True


class ScoredMoves(Strategy[MovesParams]):
    """Buys what did not fall, the greatest rise first; how much depends on the bar's shape."""

    key = "scored_moves"
    params = MovesParams
    has_exit = True
    default_exit = "signal"

    def signals(self, bars: Bars, params: MovesParams) -> Signals:
        """Unmoved: no score. Sizes of -1, 0, NaN, 3, 0.5 and 1."""
        before = np.concatenate((bars.close[:1], bars.close[:-1]))
        score = np.where(bars.close == before, np.nan, np.floor((bars.close / before - 1) * params.steps))
        falls = bars.close < before
        entry = ~falls
        entry[:1] = False
        return Signals(entry=entry, exit=falls, size=sizes(bars) if params.sized else None, score=score)

    def window(self, params: MovesParams) -> Window:
        """The close before."""
        return Window(bars=2)


def sizes(bars: Bars) -> Any:
    """By where in its bar a price lies, the first that holds; shape (n,)."""
    conditions = [
        bars.high == bars.low,
        bars.open == bars.low,
        bars.open == bars.high,
        bars.close == bars.high,
        bars.close == bars.low,
    ]
    return np.select(conditions, [-1.0, 0.0, np.nan, 3.0, 0.5], 1.0)


class StrongestParams(Params):
    """`lookback` is timestamps of the panel; `places` is how many symbols may be held for their rank."""

    lookback: Annotated[int, Field(ge=1)] = 2
    places: Annotated[int, Field(ge=1)] = 1


class Strongest(Strategy[StrongestParams]):
    """Holds the symbols that rose most since `lookback` timestamps ago, of those that have a bar then and now."""

    key = "strongest"
    params = StrongestParams
    has_exit = True
    default_exit = "signal"

    def signals_all(self, panel: Any, params: StrongestParams) -> dict[str, Signals]:
        """Entry: fewer than `places` symbols rose more. Exit: so many did."""
        k = params.lookback
        gain = np.full(panel.close.shape, np.nan)
        gain[k:] = panel.close[k:] / panel.close[:-k] - 1
        assert not np.any(np.isfinite(panel.close) & ~panel.present)
        known = np.isfinite(gain)
        with np.errstate(invalid="ignore"):
            better = np.stack([(gain > gain[:, [j]]).sum(axis=1) for j in range(gain.shape[1])], axis=1)
        first = known & (better < params.places)
        size = 1 / (1 + known.sum(axis=1))
        reach = panel.high - panel.low
        return {
            symbol: Signals(
                entry=first[:, j],
                exit=known[:, j] & ~first[:, j],
                size=size,
                stop_distance=reach[:, j],
                score=gain[:, j],
            )
            for j, symbol in enumerate(panel.symbols)
        }

    def window(self, params: StrongestParams) -> Window:
        """So many timestamps."""
        return Window(bars=params.lookback + 1)


OWN: tuple[type[Strategy[Any]], ...] = (AtrBreakout, ScoredMoves, Strongest)


def sized_registry() -> Registry:
    """The built-in strategies and these."""
    return Registry((*BUILTIN, *OWN))
