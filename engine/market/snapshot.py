"""The input of one evaluation: recent bars of one symbol, of which the last is the current one."""

from __future__ import annotations

import itertools
from typing import Annotated

import numpy as np
from pydantic import Field, model_validator

from engine.market.bars import Bars, FloatArray, make_bars
from engine.market.sessions import to_micros
from engine.validation import Price, ShortText, StrictModel, Symbol, UtcTime


class Bar(StrictModel):
    """One bar at `ts`; prices in the account's currency, volume in units."""

    ts: UtcTime
    open: Price
    high: Price
    low: Price
    close: Price
    volume: Annotated[float, Field(ge=0)] = 0.0

    @model_validator(mode="after")
    def _encloses(self) -> Bar:
        if self.high < max(self.open, self.close) or self.low > min(self.open, self.close):
            raise ValueError("high and low must enclose open and close")
        return self


class MarketSnapshot(StrictModel):
    """At least two bars, oldest first, none later than `ts`; the last is the current one.

    `last_price` defaults to the last close (it may be given as any number: the strategy says when it is no price).
    `high_52w`, given, replaces the computed prior high and the history checks.
    """

    symbol: Symbol
    ts: UtcTime
    timeframe: ShortText = "daily"
    bars: Annotated[list[Bar], Field(min_length=2)]
    is_eod: bool = False
    last_price: float | None = None
    high_52w: Price | None = None

    def __repr__(self) -> str:
        return f"<MarketSnapshot of {self.symbol!r}: {len(self.bars):,} bars to {self.bars[-1].ts}, {self.timeframe}>"

    @model_validator(mode="after")
    def _in_order(self) -> MarketSnapshot:
        times = [bar.ts for bar in self.bars]
        if any(later <= earlier for earlier, later in itertools.pairwise(times)):
            raise ValueError("bars must be oldest first, each time once")
        if times[-1] > self.ts:
            raise ValueError("no bar may be later than ts")
        return self

    @property
    def price(self) -> float:
        """The last price as given, else the last close."""
        return self.bars[-1].close if self.last_price is None else self.last_price

    def columns(self, session_tz: str = "UTC") -> Bars:
        """The bars as columns, with sessions in the zone `session_tz`."""

        def column(name: str) -> FloatArray:
            return np.array([getattr(bar, name) for bar in self.bars], dtype=np.float64)

        ts = np.array([to_micros(bar.ts) for bar in self.bars], dtype=np.int64)
        return make_bars(
            self.symbol,
            ts,
            open=column("open"),
            high=column("high"),
            low=column("low"),
            close=column("close"),
            volume=column("volume"),
            session_tz=session_tz,
        )
