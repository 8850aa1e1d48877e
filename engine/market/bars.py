"""Bars in columns: one symbol's (`Bars`) and a data file's (`Dataset`)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from engine.market.sessions import session_days

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Bars:
    """One symbol's bars, oldest first; every column has shape (n,).

    `ts` is UTC microseconds since 1970, strictly rising; prices are in the account's currency; `session` is the
    local calendar day of each bar as days since 1970-01-01. Columns are read-only.
    """

    symbol: str
    ts: IntArray
    open: FloatArray
    high: FloatArray
    low: FloatArray
    close: FloatArray
    volume: FloatArray
    session: IntArray

    def __post_init__(self) -> None:
        for column in (self.ts, self.open, self.high, self.low, self.close, self.volume, self.session):
            column.flags.writeable = False

    def __len__(self) -> int:
        return len(self.ts)

    def slice(self, start: int, stop: int) -> Bars:
        """Rows `start` to `stop` (exclusive), as views on the same columns."""
        cut = slice(start, stop)
        return Bars(
            self.symbol,
            self.ts[cut],
            self.open[cut],
            self.high[cut],
            self.low[cut],
            self.close[cut],
            self.volume[cut],
            self.session[cut],
        )


def make_bars(
    symbol: str,
    ts: IntArray,
    open: FloatArray,  # noqa: A002 - the field's own name
    high: FloatArray,
    low: FloatArray,
    close: FloatArray,
    volume: FloatArray,
    session_tz: str = "UTC",
) -> Bars:
    """Bars from plain columns (shape (n,), oldest first), their sessions taken in the zone `session_tz`."""
    return Bars(symbol, ts, open, high, low, close, volume, session_days(ts, session_tz))


@dataclass(frozen=True, slots=True)
class Dataset:
    """What a data file (or several) holds: bars by symbol, in the order the symbols first appear.

    `sha256` is of the files' bytes and decides a plan's fingerprint; `warnings` are sentences for a person.
    """

    bars: Mapping[str, Bars]
    session_tz: str = "UTC"
    sha256: str = ""
    sources: tuple[str, ...] = ()
    warnings: tuple[str, ...] = field(default=())
    _taken: list[str] = field(default_factory=list, init=False, repr=False, compare=False)

    @property
    def digest(self) -> str:
        """The files' sha256, or that of the columns when there are no files: taken once, for they are read-only."""
        if self.sha256:
            return self.sha256
        if not self._taken:
            self._taken.append(_columns_sha256(self.bars))
        return self._taken[0]

    @property
    def bar_count(self) -> int:
        """Bars of all symbols together."""
        return sum(len(bars) for bars in self.bars.values())

    @property
    def symbols(self) -> tuple[str, ...]:
        """The symbols, in the order they first appear in the data."""
        return tuple(self.bars)


def _columns_sha256(bars: Mapping[str, Bars]) -> str:
    """Of the bars themselves; sessions follow from times and zone."""
    digest = hashlib.sha256()
    for symbol, one in sorted(bars.items()):
        digest.update(f"{symbol}\0{len(one)}\0".encode())
        for column in (one.ts, one.open, one.high, one.low, one.close, one.volume):
            digest.update(np.ascontiguousarray(column).data)
    return digest.hexdigest()
