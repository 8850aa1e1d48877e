"""Bars in columns: one symbol's (`Bars`), a data file's (`Dataset`), several symbols' on one time axis (`Panel`)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Literal

import numpy as np
import numpy.typing as npt

from engine.market.sessions import date_to_day, iso, session_days, to_micros

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

Bound = date | datetime
"""Where bars begin or end: a date stands for the session of that day, a datetime for an instant (naive: in UTC)."""


SHOWN = 5
"""Symbols that a dataset's one line names."""


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

    def __repr__(self) -> str:
        span = f", {iso(int(self.ts[0]))} to {iso(int(self.ts[-1]))}" if len(self) else ""
        return f"<Bars of {self.symbol!r}: {len(self):,}{span}>"

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

    def rows_before(self, start: Bound) -> int:
        """The number of bars before a bound, which is the row of the first bar that is not."""
        return self._place(start, "left")

    def rows_through(self, end: Bound) -> int:
        """The number of bars at or before a bound, which is the row of the first bar after it."""
        return self._place(end, "right")

    def _place(self, bound: Bound, side: Literal["left", "right"]) -> int:
        if isinstance(bound, datetime):
            return int(np.searchsorted(self.ts, to_micros(bound), side=side))
        return int(np.searchsorted(self.session, date_to_day(bound), side=side))


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
    """The bars of one data file or several, by symbol, in the order in which the symbols first appear.

    `sha256` is that of the files' bytes and part of a plan's fingerprint; `warnings` are sentences for a person.
    `first_rows` says where a window begins: the row from which a symbol is traded, 0 for a symbol not in it. The rows
    before are the symbol's history, which strategies see and in which nothing is decided or held.
    """

    bars: Mapping[str, Bars]
    session_tz: str = "UTC"
    sha256: str = ""
    sources: tuple[str, ...] = ()
    warnings: tuple[str, ...] = field(default=())
    first_rows: Mapping[str, int] = field(default_factory=dict)
    _taken: list[str] = field(default_factory=list, init=False, repr=False, compare=False)
    _taken_of: dict[str, str] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __repr__(self) -> str:
        names = ", ".join(map(repr, self.symbols[:SHOWN])) + (", ..." if len(self.symbols) > SHOWN else "")
        held = (
            f"{self.bar_count:,} bars of {len(self.symbols):,} symbol{'' if len(self.symbols) == 1 else 's'} ({names})"
        )
        return f"<Dataset: {held}, {self.history_bars:,} of history, session_tz={self.session_tz!r}>"

    @property
    def digest(self) -> str:
        """The files' sha256, or that of the columns if there are no files. Computed once, since both are read-only."""
        if self.sha256:
            return self.sha256
        if not self._taken:
            self._taken.append(_columns_sha256(self.bars))
        return self._taken[0]

    @property
    def columns_sha256(self) -> str:
        """The sha256 (hex) of the bars themselves, whatever files they came from."""
        return self.digest if not self.sha256 else _columns_sha256(self.bars)

    def bars_sha256(self, symbol: str) -> str:
        """The sha256 (hex) of a symbol's bars, history included, without its name. Computed once."""
        if symbol not in self._taken_of:
            digest = hashlib.sha256()
            _digest_columns(digest, self.bars[symbol])
            self._taken_of[symbol] = digest.hexdigest()
        return self._taken_of[symbol]

    @property
    def bar_count(self) -> int:
        """The number of bars that are traded, of all symbols together, without history."""
        return sum(map(len, self.bars.values())) - self.history_bars

    @property
    def history_bars(self) -> int:
        """The number of bars before the window, of all symbols together."""
        return sum(min(self.first_row(symbol), len(bars)) for symbol, bars in self.bars.items())

    @property
    def symbols(self) -> tuple[str, ...]:
        """The symbols, in the order they first appear in the data."""
        return tuple(self.bars)

    def first_row(self, symbol: str) -> int:
        """The row from which a symbol is traded; `len(bars)` if none of its bars lies in the window."""
        return self.first_rows.get(symbol, 0)

    def first_decision(self, symbol: str) -> int:
        """The first row that may decide anything: not before the window, nor before the symbol's second bar."""
        return max(1, self.first_row(symbol))

    def traded(self, symbol: str) -> Bars:
        """The symbol's bars in the window, as views on the same columns."""
        bars = self.bars[symbol]
        return bars.slice(self.first_row(symbol), len(bars))

    def history(self, symbol: str) -> Bars:
        """The symbol's bars before the window, as views on the same columns."""
        return self.bars[symbol].slice(0, self.first_row(symbol))

    def window(self, start: Bound | None = None, end: Bound | None = None) -> Dataset:
        """These data up to `end`, traded from `start`, both inclusive; None leaves that side unchanged.

        Bars after `end` are dropped, bars before `start` stay as history. A symbol with no bar in the window is not
        traded, and `untraded` reports it. A window of a window is what both have in common.
        """
        bars = {
            symbol: one if end is None else one.slice(0, one.rows_through(end)) for symbol, one in self.bars.items()
        }
        first_rows = {}
        for symbol, one in bars.items():
            before = 0 if start is None else one.rows_before(start)
            first_rows[symbol] = max(before, min(self.first_row(symbol), len(one)))
        return replace(self, bars=bars, first_rows={symbol: row for symbol, row in first_rows.items() if row})

    def traded_from(self, rows: Mapping[str, int]) -> Dataset:
        """These data with the named symbols traded from a row on; earlier rows are history."""
        return replace(self, first_rows={**self.first_rows, **rows})

    def untraded(self, symbols: Iterable[str]) -> list[str]:
        """A sentence for each of these symbols that has no bar in the window."""
        without = ((symbol, self.bars[symbol]) for symbol in symbols if not len(self.traded(symbol)))
        return [f"{symbol!r} has no bar in the window: {_where(bars)}" for symbol, bars in without]


def _where(bars: Bars) -> str:
    return f"its {len(bars):,} bars end at {iso(int(bars.ts[-1]))}" if len(bars) else "its bars begin after the end"


def _columns_sha256(bars: Mapping[str, Bars]) -> str:
    """The sha256 of the bars. Sessions are left out: they follow from the times and the zone."""
    digest = hashlib.sha256()
    for symbol, one in sorted(bars.items()):
        digest.update(f"{symbol}\0{len(one)}\0".encode())
        _digest_columns(digest, one)
    return digest.hexdigest()


def _digest_columns(digest: hashlib._Hash, bars: Bars) -> None:
    for column in (bars.ts, bars.open, bars.high, bars.low, bars.close, bars.volume):
        digest.update(np.ascontiguousarray(column).data)


@dataclass(frozen=True, slots=True)
class Panel:
    """The bars of all of a spec's symbols on the union of their timestamps, oldest first; columns are read-only.

    `symbols` are in the order of the spec. `ts` (UTC microseconds) and `session` (days since 1970-01-01 in the data's
    session zone) have shape (n,). `open`, `high`, `low`, `close` and `volume` have shape (n, symbols), with NaN where
    a symbol has no bar; `present`, of the same shape, says where it has one.
    """

    symbols: tuple[str, ...]
    ts: IntArray
    session: IntArray
    open: FloatArray
    high: FloatArray
    low: FloatArray
    close: FloatArray
    volume: FloatArray
    present: BoolArray

    @classmethod
    def of(cls, bars: Sequence[Bars]) -> Panel:
        """Lay bars side by side; each belongs to another symbol."""
        ts = np.sort(np.concatenate([one.ts for one in bars]), kind="stable")  # many times as fast as numpy.unique
        ts = ts[np.concatenate(([True], ts[1:] != ts[:-1]))[: len(ts)]]
        shape = (len(ts), len(bars))
        session, present = np.zeros(len(ts), dtype=np.int64), np.zeros(shape, dtype=np.bool_)
        prices = {name: np.full(shape, np.nan) for name in ("open", "high", "low", "close", "volume")}
        for column, one in enumerate(bars):
            rows = np.searchsorted(ts, one.ts)
            session[rows], present[rows, column] = one.session, True
            for name, laid in prices.items():
                laid[rows, column] = getattr(one, name)
        for array in (ts, session, present, *prices.values()):
            array.flags.writeable = False
        return cls(tuple(one.symbol for one in bars), ts, session, present=present, **prices)

    def __len__(self) -> int:
        return len(self.ts)

    def rows(self, symbol: str) -> IntArray:
        """The rows on which a symbol has a bar, rising."""
        return np.flatnonzero(self.present[:, self.symbols.index(symbol)])
