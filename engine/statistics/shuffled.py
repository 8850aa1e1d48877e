"""A market without its order: each symbol's sessions, their gaps and their shapes dealt out anew.

Timothy Masters, Permutation and Randomization Tests for Trading System Development, 2020, by ratios and products in
place of logarithms. What is shuffled has the returns of the real market, overnight and within sessions, and no pattern
that leads from one session to the next: a strategy that does as well on it has found none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np

from engine.errors import DataError
from engine.market.bars import Bars, Dataset, FloatArray, IntArray
from engine.market.sessions import day_to_date, is_intraday, to_micros, zone
from engine.statistics.draws import generator
from engine.statistics.orders import permutation


@dataclass(frozen=True, slots=True)
class Deal:
    """One draw: for each day of a `Shuffle` the place of the day whose gap it gets, and of the one whose shape."""

    gaps: IntArray
    shapes: IntArray


class Shuffle:
    """The bars of a dataset's window, ready to be dealt out; made once for all draws.

    What moves is a session: a daily bar, or all bars that an intraday symbol has in a day. Its gap is its open over the
    close before it; its shape is its prices over its open, with its volume. Gaps and shapes are permuted apart. Days on
    which the same symbols have a session are permuted among themselves, for all these symbols alike. A symbol's first
    session in the window stays, and so does all before it.
    """

    def __init__(self, dataset: Dataset, symbols: Sequence[str]) -> None:
        self._dataset = dataset
        windows = [_Window(dataset.bars[symbol], dataset.first_row(symbol)) for symbol in symbols]
        self._days = np.unique(np.concatenate([window.days for window in windows]))
        has_times = any(window.is_intraday for window in windows)
        midnights = [_midnight(int(day) + one, dataset.session_tz) for one in (0, 1) for day in self._days if has_times]
        begin_end = np.array(midnights, dtype=np.int64).reshape(2, -1)
        self._series = [_Series(window, self._days, begin_end) for window in windows]

    def deals(self, draws: int) -> Iterator[Deal]:
        """The draws in their order, from one stream of words: of many the first ones are those of a few.

        Group after group of days, by their first days: the permutation of the gaps, then that of the shapes.
        """
        words = generator("noise", self._dataset.columns_sha256)
        alike = self._alike()
        for _ in range(draws):
            gaps, shapes = np.arange(len(self._days)), np.arange(len(self._days))
            for places in alike:
                gaps[places] = places[permutation(words, len(places))]
                shapes[places] = places[permutation(words, len(places))]
            yield Deal(gaps, shapes)

    def dataset(self, deal: Deal) -> Dataset:
        """The data of one draw. INVALID_DATA where a price leaves the range of floats."""
        dealt = {one.symbol: one.dealt(deal) for one in self._series}
        return replace(self._dataset, bars={**self._dataset.bars, **dealt}, sha256="", sources=(), warnings=())

    def _alike(self) -> list[IntArray]:
        """The places of days on which the same symbols have a session that moves, by the first of them."""
        has = np.zeros((len(self._days), len(self._series)), dtype=np.bool_)
        for column, one in enumerate(self._series):
            has[one.places, column] = True
        by_symbols: dict[bytes, list[int]] = {}
        for place, symbols in enumerate(has):
            by_symbols.setdefault(symbols.tobytes(), []).append(place)
        return [np.array(places) for places in by_symbols.values()]


class _Window:
    """The sessions of a symbol's window: `starts` has the row at which each begins, and the end of the last."""

    def __init__(self, bars: Bars, first: int) -> None:
        self.bars, self.first = bars, first
        session = bars.session[first:]
        begins = first + np.flatnonzero(np.diff(session, prepend=session[:1] - 1))
        self.starts = np.append(begins, len(bars))
        self.days: IntArray = bars.session[begins[1:]]
        """Of the sessions that move: all but the first"""
        self.is_intraday = is_intraday(bars.session)


class _Series:
    """One symbol's gaps and shapes. What moves is counted from its second session, in sessions and in rows."""

    def __init__(self, window: _Window, days: IntArray, begin_end: IntArray) -> None:
        bars, starts = window.bars, window.starts
        self.symbol, self._bars = bars.symbol, bars
        self.places = np.searchsorted(days, window.days)
        """Where the days of the sessions that move are among all days, rising"""
        self._nth = np.zeros(len(days), dtype=np.int64)
        self._nth[self.places] = np.arange(len(self.places))
        self._stays = int(starts[1]) if len(starts) > 1 else len(bars)
        opens, ends = starts[1:-1], starts[2:]
        self._begins, self._lengths = opens - self._stays, ends - opens
        with np.errstate(all="ignore"):  # `dealt` looks at what comes of it
            self._gaps = bars.open[opens] / bars.close[opens - 1]
            self._changes = bars.close[ends - 1] / bars.open[opens]
            opened = np.repeat(bars.open[opens], self._lengths)
            self._prices = [getattr(bars, name)[self._stays :] / opened for name in _PRICES]
        self._day = days[self.places]
        self._times: tuple[IntArray, IntArray, IntArray, IntArray] | None = None
        if window.is_intraday:
            begin, end = begin_end[:, self.places]
            after_midnight = bars.ts[self._stays :] - np.repeat(begin, self._lengths)
            to_end = np.repeat(ends - self._stays, self._lengths) - np.arange(len(after_midnight))
            self._times = begin, end, after_midnight, to_end

    def dealt(self, deal: Deal) -> Bars:
        """The symbol's bars in one draw."""
        bars, stays = self._bars, self._stays
        if stays == len(bars):
            return bars
        gap, shape = (self._nth[of[self.places]] for of in (deal.gaps, deal.shapes))
        chain = np.empty(2 * len(gap) + 1)
        chain[0], chain[1::2], chain[2::2] = bars.close[stays - 1], self._gaps[gap], self._changes[shape]
        lengths = self._lengths[shape]
        rows = np.arange(len(bars) - stays) + np.repeat(self._begins[shape] - (np.cumsum(lengths) - lengths), lengths)
        with np.errstate(all="ignore"):
            np.multiply.accumulate(chain, out=chain)  # from close to open to close, one after the other
            opened = np.repeat(chain[1::2], lengths)
            opens, highs, lows, closes = (opened * prices[rows] for prices in self._prices)
        highs = np.maximum(highs, np.maximum(opens, closes))
        lows = np.minimum(lows, np.minimum(opens, closes))
        _check(bars.symbol, lows, highs)
        moved: dict[str, Any] = {
            "ts": self._timed(rows, lengths),
            **dict(zip(_PRICES, (opens, highs, lows, closes), strict=True)),
            "volume": bars.volume[stays:][rows],
            "session": np.repeat(self._day, lengths),
        }
        for name, column in moved.items():
            moved[name] = np.concatenate([getattr(bars, name)[:stays], column])
        return replace(bars, **moved)

    def _timed(self, rows: IntArray, lengths: IntArray) -> IntArray:
        """The times of bars in their new places: a daily bar's are those of the place, others are brought along.

        These are as long after midnight as before. What a shorter day has no room for, when clocks are put forward,
        comes at its very end, a microsecond apart.
        """
        if self._times is None:
            return self._bars.ts[self._stays :]
        begin, end, after_midnight, to_end = self._times
        at = np.repeat(begin, lengths) + after_midnight[rows]
        in_day: IntArray = np.minimum(at, np.repeat(end, lengths) - to_end[rows])
        return in_day


_PRICES = ("open", "high", "low", "close")


def _check(symbol: str, lows: FloatArray, highs: FloatArray) -> None:
    if not (np.all(lows > 0) and np.all(np.isfinite(highs))):
        raise DataError(
            f"the bars of {symbol!r} cannot be shuffled: their prices lie too far apart for products of their ratios"
        )


def _midnight(day: int, session_tz: str) -> int:
    """When a day begins in a zone, in UTC microseconds."""
    return to_micros(datetime.combine(day_to_date(day), datetime.min.time(), zone(session_tz)))
