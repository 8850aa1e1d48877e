"""What the runs that are counted trade: markets that share bars, and sweeps whose tries are a plain set."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from engine.market.bars import Bars, Dataset, make_bars
from engine.market.sessions import MICROS_PER_DAY
from engine.strategies.spec import ExecutionSpec, parse_spec


class Market(NamedTuple):
    """Daily bars of a few symbols on the same days; rows before `start` are history."""

    symbols: tuple[str, ...]
    first: int
    length: int
    start: int = 0

    @property
    def days(self) -> tuple[int, int]:
        """The first and the last day that is traded; a symbol's very first bar is not."""
        return self.first + max(1, self.start), self.first + self.length - 1

    def has_tries_of(self, other: Market) -> bool:
        """Whether it trades a symbol of the other's, by name or by its bars, at the same time."""
        (begins, ends), (others_begin, others_end) = self.days, other.days
        if begins > others_end or others_begin > ends:
            return False
        return not self._known_by().isdisjoint(other._known_by())

    def _known_by(self) -> set[object]:
        return {*self.symbols, *((_PATHS[symbol], self.first, self.length) for symbol in self.symbols)}


_PATHS = {"A": 0, "B": 1, "C": 2, "COPY": 0}
MARKETS = (
    Market(("A",), 0, 40),
    Market(("A",), 0, 40, 20),
    Market(("A",), 0, 21),  # its last day is the first of the one before
    Market(("A",), 0, 20),  # and this ends on the day before that
    Market(("A",), 100, 40),
    Market(("B",), 10, 40),
    Market(("A", "B"), 5, 40),
    Market(("COPY",), 0, 40),
    Market(("COPY",), 0, 39),
    Market(("COPY",), 0, 40, 30),
    Market(("C",), 30, 40),
    Market(("B", "C"), 30, 40, 5),
)


class Setting(NamedTuple):
    """All that the specs of these runs differ in, beside their symbols."""

    lookback_days: int
    max_bars: int
    dollars: float

    @property
    def is_valid(self) -> bool:
        """Whether it can be traded."""
        return self.max_bars > 0


_PARTS = {"entry.lookback_days": "lookback_days", "exit.max_bars": "max_bars", "risk.dollars_per_trade": "dollars"}


class Try(NamedTuple):
    """A spec and a strategy's code."""

    symbols: tuple[str, ...]
    setting: Setting
    code: str


@dataclass(frozen=True)
class Sweep:
    """A sweep to run."""

    market: Market
    base: Setting
    values: dict[str, list[Any]]
    code: str

    @property
    def tries(self) -> set[Try]:
        """The base, the grid, and its first variant with each parameter written back."""
        axes = [self.values.get(path, [of_base]) for path, of_base in zip(_PARTS, self.base, strict=True)]
        grid = [Setting(*values) for values in product(*axes)]
        back = [grid[0]._replace(**{name: getattr(self.base, name)}) for name in _PARTS.values()]
        return {self._try(setting) for setting in (self.base, *grid, *back) if setting.is_valid}

    def try_of(self, overrides: dict[str, Any]) -> Try:
        """The base with a variant's overrides."""
        return self._try(self.base._replace(**{_PARTS[path]: value for path, value in overrides.items()}))

    def _try(self, setting: Setting) -> Try:
        return Try(self.market.symbols, setting, self.code)


def spec_of(market: Market, setting: Setting) -> ExecutionSpec:
    """The base spec of a run."""
    return parse_spec(
        {
            "strategy_id": "breakout_52w_high",
            "symbols": list(market.symbols),
            "entry": {"lookback_days": setting.lookback_days},
            "exit": {"type": "none", "max_bars": setting.max_bars},
            "risk": {"dollars_per_trade": setting.dollars},
        }
    )


@cache
def data_of(market: Market) -> Dataset:
    """Its bars: a symbol's close of a day is the same in every market, and in that of its copy."""
    data = Dataset({symbol: _bars(symbol, market) for symbol in market.symbols})
    return data.traded_from(dict.fromkeys(market.symbols, market.start)) if market.start else data


def _bars(symbol: str, market: Market) -> Bars:
    days = np.arange(market.first, market.first + market.length, dtype=np.int64)
    close = 100.0 + 20 * _PATHS[symbol] + (days * 7) % 13 + days / 10
    return make_bars(symbol, days * MICROS_PER_DAY, close, close + 1, close - 1, close, np.ones(len(days)))
