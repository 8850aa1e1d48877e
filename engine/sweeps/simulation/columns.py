"""A dataset as the kernel reads it: all symbols' bars laid end to end, in the order of the spec's symbols."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from typing import Any, overload

import numpy as np

from engine.account.ledger import Fill
from engine.account.measure import TradeTotals
from engine.market.bars import Bars, BoolArray, Dataset, FloatArray, IntArray
from engine.market.sessions import is_intraday, session_ends
from engine.statistics.clock import Clock
from engine.strategies.base import OF_ENTRIES, Candidates
from engine.sweeps.simulation.kernel import HELD_BACK, RULES
from engine.sweeps.simulation.layout import BLOCK, Entries, Found, Out, Owns, Rows, Slots, Symbols
from engine.vocabulary import FillModel


class Columns:
    """Rows of every symbol in turn; a row's number is its place in them. Built once for a sweep, then only read.

    `clock` is that of the dataset and the symbols.
    """

    def __init__(self, dataset: Dataset, symbols: Sequence[str], clock: Clock) -> None:
        self.symbols = tuple(symbols)
        self.bars = [dataset.bars[symbol] for symbol in symbols]
        lengths = [len(bars) for bars in self.bars]
        self.rows = sum(lengths)
        self.clock, self.begins = clock, clock.begins
        self.ts = self._laid("ts")
        self.session = self._laid("session")
        self.first_decisions = [dataset.first_decision(symbol) for symbol in symbols]
        self.last_row = [begin + length - 1 for begin, length in zip(self.begins, lengths, strict=True)]
        self.intraday = [int(is_intraday(bars.session)) for bars in self.bars]
        in_order = sorted(symbols)
        self.text_order = [in_order.index(symbol) for symbol in symbols]

    @cached_property
    def arrays(self) -> Rows:
        """What the compiled kernel reads: arrays that all lie in one piece."""
        prices = (self._laid(name) for name in ("open", "high", "low", "close"))
        columns = (self.ts, *prices, self._session_end, self.clock.symbol_of, self._day, *self._blocks)
        return Rows(*map(np.ascontiguousarray, columns))

    @cached_property
    def views(self) -> Rows:
        """The same as memory views: their items are plain Python numbers."""
        return Rows(*map(view_of, self.arrays))

    @property
    def days(self) -> int:
        """How many trading days the rows lie in, from the first to the last."""
        return int(self._day.max(initial=-1)) + 1

    def entries(self, candidates: Sequence[Candidates], fill: FillModel) -> Entries:
        """Each symbol's candidates laid in the order in which the bar loop fills them.

        That is by the time of the fill, then by score, the highest first and NaN last, then in spec order. Those that
        decide nothing are left out: the first row of a symbol, and its history.
        """
        kept = [mine.rows >= first for mine, first in zip(candidates, self.first_decisions, strict=True)]
        rows = np.concatenate(
            [mine.rows[keep] + begin for mine, keep, begin in zip(candidates, kept, self.begins, strict=True)]
        )
        brought = {name: _brought(candidates, name, kept) for name in OF_ENTRIES}
        score = brought.pop("score")
        if len(candidates) > 1:
            order = self._order(rows, score, fill)
            rows, brought = (
                rows[order],
                {name: column[order] if len(column) else column for name, column in brought.items()},
            )
        return Entries(rows, **brought)

    def _order(self, rows: IntArray, score: FloatArray, fill: FillModel) -> IntArray:
        rank = self._rank_at_close if fill is FillModel.CLOSE else self._rank_at_open
        if not len(score):
            return np.argsort(rank[rows], kind="stable")
        when = self._filled_at_close if fill is FillModel.CLOSE else self._filled_at_open
        unknown = np.isnan(score)
        by_score = np.where(unknown, 0.0, -score)
        return np.lexsort((self.clock.symbol_of[rows], by_score, unknown, when[rows]))

    @cached_property
    def _rank_at_close(self) -> IntArray:
        """Each row's place by the time at which its entry is filled, then in spec order."""
        return self._ranked(self._filled_at_close)

    @cached_property
    def _rank_at_open(self) -> IntArray:
        return self._ranked(self._filled_at_open)

    def _ranked(self, when: IntArray) -> IntArray:
        rank = np.empty(self.rows, dtype=np.int64)
        rank[np.lexsort((self.clock.symbol_of, when))] = np.arange(self.rows)
        return rank

    @cached_property
    def _filled_at_close(self) -> IntArray:
        when: IntArray = 2 * self.ts
        return when

    @cached_property
    def _filled_at_open(self) -> IntArray:
        """Twice the time of the symbol's next bar; of its last bar, once that itself is behind."""
        when = np.empty(self.rows, dtype=np.int64)
        when[:-1] = 2 * self.ts[1:]
        lasts = np.array([row for row, bars in zip(self.last_row, self.bars, strict=True) if len(bars)], dtype=np.int64)
        when[lasts] = 2 * self.ts[lasts] + 1
        return when

    @cached_property
    def _blocks(self) -> tuple[FloatArray, FloatArray]:
        """The lowest low and the highest high of every block of rows, whichever symbols they are of."""
        starts = np.arange(0, self.rows, BLOCK)
        return np.minimum.reduceat(self._laid("low"), starts), np.maximum.reduceat(self._laid("high"), starts)

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


def _brought(candidates: Sequence[Candidates], name: str, kept: Sequence[BoolArray]) -> FloatArray:
    """A column of the signals at the candidates that are kept, symbol after symbol; of length 0 where none has it."""
    columns = [getattr(mine, name) for mine in candidates]
    if all(column is None for column in columns):
        return np.zeros(0)
    missing = 1.0 if name == "size" else np.nan
    return np.concatenate(
        [
            np.full(np.count_nonzero(keep), missing) if column is None else np.asarray(column, dtype=np.float64)[keep]
            for column, keep in zip(columns, kept, strict=True)
        ]
    )


def together(parts: Sequence[Entries]) -> Entries:
    """Several variants' candidates laid end to end; all of them give the same columns or none."""
    return parts[0] if len(parts) == 1 else Entries(*map(np.concatenate, zip(*parts, strict=True)))


def own_exits(columns: Sequence[BoolArray]) -> Owns:
    """Where strategies' own exits fire, laid end to end: a byte a row, and a word a block of them."""
    rows = sum(map(len, columns))
    padded = np.zeros(-(-rows // BLOCK) * BLOCK, dtype=np.uint8)
    np.concatenate(columns, out=padded[:rows].view(np.bool_))
    return Owns(padded, padded.view(np.uint64))


def exits_together(parts: Sequence[Owns]) -> Owns:
    """Several variants' own exits laid end to end."""
    return parts[0] if len(parts) == 1 else Owns(*map(np.concatenate, zip(*parts, strict=True)))


def _ends(bars: Bars) -> IntArray:
    lasts = np.flatnonzero(session_ends(bars.session))
    return np.repeat(lasts, np.diff(lasts, prepend=-1))


def view_of(column: Any) -> memoryview:
    """A column whose items are plain Python numbers, without a copy when it lies in one piece."""
    in_one_piece: Any = np.ascontiguousarray(column)  # numpy's stubs do not call an array a buffer
    return memoryview(in_one_piece)


_COUNTED = len(RULES) + len(HELD_BACK)


class Scratch:
    """Lists for the plain kernel, arrays for the compiled one; they grow with the candidates."""

    def __init__(self, columns: Columns, denied: Sequence[int], days: int, *, compiled: bool) -> None:
        self.compiled = compiled
        count = len(columns.symbols)
        known = (columns.last_row, columns.intraday, columns.text_order, denied)
        given = [np.array(column) if compiled else list(column) for column in known]
        self.symbols = Symbols._make([*given, self._whole(count), self._whole(count)])
        slots = count + 1
        numbers = (*(self._whole(slots) for _ in range(4)), *(self._real(slots) for _ in range(4)), self._whole(slots))
        self.slots = Slots._make(numbers)
        self.held = np.zeros(count, dtype=np.int64)
        self._counts = self._whole(_COUNTED)
        self._of_day = self._real(days)
        self._trades: tuple[Any, ...] = ((),)
        self._fills = self._fill_columns(0)

    def out(self, candidates: int) -> Out:
        """Room for as many trades as there are candidates."""
        if candidates > len(self._trades[0]):
            self._trades = (*(self._real(2 * candidates) for _ in range(4)), self._whole(2 * candidates))
            self._fills = self._fill_columns(4 * candidates)
        return Out._make((*self._trades, self._counts, self._of_day, *self._fills))

    def table(self, kind: Callable[..., Any], columns: Iterable[Sequence[float]]) -> Any:
        """Columns as a named tuple of the kernel's: whole numbers stay whole."""
        if not self.compiled:
            return kind(*columns)
        return kind(*(np.array(column, dtype=_type_of(column)) for column in columns))

    def found(self, variants: int, sessions: int) -> Found:
        """Room for what comes out of so many variants."""
        return Found(
            np.zeros(variants, dtype=np.int64),
            np.zeros(variants, dtype=np.int64),
            np.zeros((variants, _COUNTED), dtype=np.int64),
            np.zeros((variants, len(TradeTotals._fields))),
            np.zeros(variants, dtype=np.int64),
            np.zeros((variants, sessions)),
        )

    def _fill_columns(self, count: int) -> tuple[Any, ...]:
        return (*(self._whole(count) for _ in range(3)), self._real(count), self._real(count))

    def _whole(self, count: int) -> Any:
        return np.zeros(count, dtype=np.int64) if self.compiled else [0] * count

    def _real(self, count: int) -> Any:
        return np.zeros(count) if self.compiled else [0.0] * count


def _type_of(column: Sequence[float]) -> type:
    """Of a column that is empty or begins with a whole number int64: every column is of one kind throughout."""
    return np.float64 if len(column) and isinstance(column[0], float) else np.int64


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
