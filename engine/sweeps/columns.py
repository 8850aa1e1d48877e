"""A dataset as the kernel reads it: all symbols' bars laid end to end, in the order of the spec's symbols."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

from engine.market.bars import Bars, BoolArray, Dataset, FloatArray, IntArray
from engine.market.sessions import is_intraday, session_ends
from engine.sweeps.kernel import BLOCK


class Columns:
    """Rows of every symbol in turn; a row's number is its place in them. Built once for a sweep, then only read."""

    def __init__(self, dataset: Dataset, symbols: Sequence[str]) -> None:
        self.symbols = tuple(symbols)
        self.bars = [dataset.bars[symbol] for symbol in symbols]
        lengths = [len(bars) for bars in self.bars]
        self.begins = np.cumsum([0, *lengths[:-1]]).tolist()
        self.rows = sum(lengths)
        self.ts = self._laid("ts")
        self.session = self._laid("session")
        self.first_decisions = [dataset.first_decision(symbol) for symbol in symbols]
        self.last_row = [begin + length - 1 for begin, length in zip(self.begins, lengths, strict=True)]
        self.intraday = [int(is_intraday(bars.session)) for bars in self.bars]
        in_order = sorted(symbols)
        self.text_order = [in_order.index(symbol) for symbol in symbols]

    @cached_property
    def arrays(self) -> tuple[Any, ...]:
        """What `kernel.simulate` calls `columns`, as arrays."""
        prices = (self._laid(name) for name in ("open", "high", "low", "close"))
        return (self.ts, *prices, self._session_end, self._symbol, self.rank, self._day, *self._blocks)

    @cached_property
    def views(self) -> tuple[Any, ...]:
        """The same as memory views: their items are plain Python numbers."""
        return tuple(view_of(column) for column in self.arrays)

    @cached_property
    def rank(self) -> IntArray:
        """Each row's place in the order of the walk: by time, then by the order of the symbols."""
        if len(self.bars) == 1:
            return np.arange(self.rows)
        rank = np.empty(self.rows, dtype=np.int64)
        rank[np.lexsort((self._symbol, self.ts))] = np.arange(self.rows)
        return rank

    @property
    def days(self) -> int:
        """How many trading days the rows lie in, from the first to the last."""
        return int(self._day.max(initial=-1)) + 1

    def in_order(self, rows: Sequence[IntArray]) -> IntArray:
        """Each symbol's own row numbers, as rows in the order of the walk.

        Those that decide nothing are left out: the first row of a symbol, and its history.
        """
        laid = [
            mine[mine >= first] + begin
            for mine, begin, first in zip(rows, self.begins, self.first_decisions, strict=True)
        ]
        if len(laid) == 1:
            only: IntArray = laid[0]
            return only
        together = np.concatenate(laid)
        sorted_rows: IntArray = together[np.argsort(self.rank[together], kind="stable")]
        return sorted_rows

    @cached_property
    def _blocks(self) -> tuple[FloatArray, FloatArray]:
        """The lowest low and the highest high of every block of rows, whichever symbols they are of."""
        starts = np.arange(0, self.rows, BLOCK)
        return np.minimum.reduceat(self._laid("low"), starts), np.maximum.reduceat(self._laid("high"), starts)

    @cached_property
    def _symbol(self) -> IntArray:
        return np.repeat(np.arange(len(self.bars)), [len(bars) for bars in self.bars])

    @cached_property
    def _day(self) -> IntArray:
        day: IntArray = self.session - (self.session.min() if self.rows else 0)
        return day

    @cached_property
    def _session_end(self) -> IntArray:
        """The last row of each row's session."""
        return np.concatenate([_ends(bars) + begin for bars, begin in zip(self.bars, self.begins, strict=True)])

    def _laid(self, name: str) -> Any:
        if len(self.bars) == 1:
            return getattr(self.bars[0], name)
        return np.concatenate([getattr(bars, name) for bars in self.bars])


def own_exits(columns: Sequence[BoolArray]) -> tuple[Any, Any]:
    """Where strategies' own exits fire, laid end to end: a byte a row, and a word a block of them."""
    rows = sum(map(len, columns))
    padded = np.zeros(-(-rows // BLOCK) * BLOCK, dtype=np.uint8)
    np.concatenate(columns, out=padded[:rows].view(np.bool_))
    return padded, padded.view(np.uint64)


def _ends(bars: Bars) -> IntArray:
    lasts = np.flatnonzero(session_ends(bars.session))
    return np.repeat(lasts, np.diff(lasts, prepend=-1))


def view_of(column: Any) -> memoryview:
    """A column whose items are plain Python numbers, without a copy when it lies in one piece."""
    in_one_piece: Any = np.ascontiguousarray(column)  # numpy's stubs do not call an array a buffer
    return memoryview(in_one_piece)
