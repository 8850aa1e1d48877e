"""A dataset as the kernel reads it: all symbols' bars laid end to end, in the order of the spec's symbols."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any, overload

import numpy as np

from engine.account.ledger import Fill
from engine.market.bars import Bars, BoolArray, Dataset, FloatArray, IntArray
from engine.market.sessions import is_intraday, session_ends
from engine.sweeps.simulation.kernel import BLOCK, HELD_BACK, RULES


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


_COUNTED = len(RULES) + len(HELD_BACK)
_TERMS = (np.int64, np.int64, np.int64, np.int64, np.float64, np.float64, np.int64, np.float64, np.int64)


class Scratch:
    """Lists for the plain kernel, arrays for the compiled one; they grow with the candidates."""

    def __init__(self, columns: Columns, denied: Sequence[int], days: int, *, compiled: bool) -> None:
        self.compiled = compiled
        count = len(columns.symbols)
        known = (columns.last_row, columns.intraday, columns.text_order, denied)
        given = tuple(np.array(each) if compiled else list(each) for each in known)
        self.symbols = (*given, self._whole(count), self._whole(count))
        slots = count + 1
        self.slots = (*(self._whole(slots) for _ in range(5)), *(self._real(slots) for _ in range(4)))
        self._refused = self._whole(_COUNTED)
        self._of_day = self._real(days)
        self._results: tuple[Any, ...] = ((), ())
        self._fills = self._no_fills = self._fill_columns(0)

    def out(self, candidates: int, *, fills: bool) -> tuple[Any, ...]:
        """`out` of `kernel.simulate`, with room for as many trades as there are candidates."""
        if candidates > len(self._results[0]):
            self._results = (self._real(2 * candidates), self._real(2 * candidates))
        if fills and 2 * candidates > len(self._fills[0]):
            self._fills = self._fill_columns(4 * candidates)
        return (*self._results, self._refused, self._of_day, *(self._fills if fills else self._no_fills))

    def variants(self, terms: Sequence[tuple[Any, ...]]) -> tuple[Any, ...]:
        """`variants` of `kernel.simulate_each`, from each one's terms."""
        columns = zip(*terms, strict=True)
        if not self.compiled:
            return tuple(columns)
        return tuple(np.array(one, dtype=kind) for one, kind in zip(columns, _TERMS, strict=True))

    def found(self, variants: int) -> tuple[Any, ...]:
        """`found` of `kernel.simulate_each`; `read` takes it."""
        shape = (variants, _COUNTED)
        refused = np.zeros(shape, dtype=np.int64) if self.compiled else [[0] * _COUNTED for _ in range(variants)]
        counts, measured = (self._whole(variants) for _ in range(2)), [self._real(variants) for _ in range(6)]
        measured[3] = self._whole(variants)
        return (*counts, refused, *measured)

    def read(self, found: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
        """What was found, variant by variant, as plain numbers."""
        return zip(*(column.tolist() for column in found) if self.compiled else found, strict=True)

    def _fill_columns(self, count: int) -> tuple[Any, ...]:
        return (*(self._whole(count) for _ in range(3)), self._real(count), self._real(count))

    def _whole(self, count: int) -> Any:
        return np.zeros(count, dtype=np.int64) if self.compiled else [0] * count

    def _real(self, count: int) -> Any:
        return np.zeros(count) if self.compiled else [0.0] * count


class FillColumns(Sequence[Fill]):
    """Fills in the order of execution, kept as columns: (row, side, lots, price, fees), each (fills,)."""

    def __init__(self, columns: Columns, count: int, filled: tuple[Any, ...]) -> None:
        self._columns = columns
        row, side, lots, price, fees = (each[:count] for each in filled)
        self._row, self._side, self._lots = (np.array(each, dtype=np.int64) for each in (row, side, lots))
        self._price, self._fees = np.array(price, dtype=np.float64), np.array(fees, dtype=np.float64)

    def __len__(self) -> int:
        return len(self._row)

    @overload
    def __getitem__(self, index: int) -> Fill: ...
    @overload
    def __getitem__(self, index: slice) -> list[Fill]: ...
    def __getitem__(self, index: int | slice) -> Fill | list[Fill]:
        if isinstance(index, slice):
            return list(self._between(index))
        return next(self._between(slice(index, index + 1 or None)))

    def __iter__(self) -> Iterator[Fill]:
        return self._between(slice(None))

    def _between(self, part: slice) -> Iterator[Fill]:
        rows = self._row[part]
        symbols = self._columns.symbols
        which = np.searchsorted(self._columns.begins, rows, side="right") - 1
        for symbol, side, lots, price, fees, ts, session in zip(
            which.tolist(),
            self._side[part].tolist(),
            self._lots[part].tolist(),
            self._price[part].tolist(),
            self._fees[part].tolist(),
            self._columns.ts[rows].tolist(),
            self._columns.session[rows].tolist(),
            strict=True,
        ):
            yield Fill(0, symbols[symbol], side, lots, price, fees, ts, session)
