"""What reading a file gives: its rows as columns, and its faults, before the rules of the market are checked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from engine.market.bars import FloatArray, IntArray
from engine.symbols import check_held_symbol, check_symbol, quoted

OffsetArray = npt.NDArray[np.int16]

UNREADABLE = int(np.iinfo(np.int64).min)
"""Stands in `ts` for a time whose fault is already in the log, as NaN does in the figures."""
KEPT = 20


@dataclass(frozen=True, slots=True)
class Table:
    """Columns of shape (n,), in the order of the file.

    `rows` are row numbers in the file (rising), `ts` UTC microseconds, `codes` places in `symbols`, or -1 if the symbol
    is at fault; `figures` are open, high, low, close and volume. `offsets` are the minutes from UTC that the times
    state (0 if they state none), None if no time states any; `zone` is the name of their zone, if the file has one.
    """

    rows: IntArray
    ts: IntArray
    codes: IntArray
    figures: tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]
    symbols: tuple[str, ...]
    offsets: OffsetArray | None = None
    zone: str = ""

    def __len__(self) -> int:
        return len(self.rows)

    def first_rows(self) -> dict[str, int]:
        """The first row of each symbol that has rows, in the order of the file."""
        codes, firsts = np.unique(self.codes, return_index=True)
        rows = self.rows[firsts].tolist()
        return {self.symbols[code]: row for code, row in zip(codes.tolist(), rows, strict=True) if code >= 0}


def rows_by_symbol(table: Table) -> list[tuple[str, IntArray | slice]]:
    """The places of each symbol's rows in the table, in the order of the file."""
    if len(table.symbols) == 1:
        return [(table.symbols[0], slice(None))]
    order = np.argsort(table.codes, kind="stable")
    ends = np.cumsum(np.bincount(table.codes, minlength=len(table.symbols)))
    return list(zip(table.symbols, np.split(order, ends[:-1]), strict=True))


def read_symbol(text: str) -> str:
    """The symbol in a field of a file. Raises ValueError with the reason if it is not one."""
    if not text:
        raise ValueError("is empty")
    return check_symbol(text)


def read_stored_symbol(text: str) -> str:
    """The symbol by the rule of older run plans, which ignored spaces around it."""
    name = text.strip(" \t")
    if not name:
        raise ValueError("is empty")
    return check_held_symbol(name)


class SymbolCodes:
    """Numbers the symbols of a file in the order in which they appear; `read` turns a field into a symbol."""

    def __init__(self, only: str | None = None, read: Callable[[str], str] = read_symbol) -> None:
        self._codes: dict[str, int] = {} if only is None else {only: 0}
        self._read = read

    @property
    def names(self) -> tuple[str, ...]:
        """The symbols seen so far, in order of their numbers."""
        return tuple(self._codes)

    def code(self, text: str) -> int:
        """The number of the symbol in a field. Raises ValueError with the reason if it is not one."""
        code = self._codes.get(text)
        return self._codes.setdefault(self._read(text), len(self._codes)) if code is None else code


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault; row 0 is the file as a whole, column -1 the row as a whole."""

    row: int
    column: int
    text: str


class FaultLog:
    """Collects the faults of the file called `file`.

    `names` are its columns as the header writes them, `header_row` is the row of the header, 0 for a file without
    lines, `dropped` counts the rows of which nothing could be read. `remedy` is the command that imports the file, if
    one does.
    """

    def __init__(self, file: str) -> None:
        self.file = file
        self.header_row = 1
        self.names: Sequence[str] = ()
        self.remedy = ""
        self.count = 0
        self.dropped = 0
        self._first: list[Fault] = []
        self._last_row: int | None = None

    def anew(self) -> FaultLog:
        """An empty log for the same file and header."""
        log = FaultLog(self.file)
        log.header_row, log.names = self.header_row, self.names
        return log

    def add(self, row: int, text: str, column: int = -1) -> None:
        """Log one fault at a row (1 is the header) and, if it lies in one, a column (from 0)."""
        self.count += 1
        self._first.append(Fault(row, column, text))
        if len(self._first) >= 8 * KEPT:  # not at every fault: a bad file has one in each row
            self._trim()

    def drop(self, row: int, text: str, column: int = -1) -> None:
        """Log one fault that makes its whole row unreadable."""
        self.dropped += 1
        self.add(row, text, column)

    def go_on(self, text: str) -> None:
        """Add words to the fault that was logged last."""
        last = self._first[-1]
        self._first[-1] = replace(last, text=last.text + text)

    def add_rows(
        self,
        rows: npt.NDArray[np.int64],
        column: int | Callable[[int], int],
        describe: Callable[[int], str],
        count: int | None = None,
    ) -> None:
        """Log a fault for each of `rows` (rising); `describe(i)` words that of `rows[i]`, called for the first ones
        only.

        `column` may be such a function too. `count` is how many there are, if `rows` has only the first.
        """
        self.count += len(rows) if count is None else count
        for i, row in enumerate(rows[:KEPT].tolist()):
            if self._last_row is not None and row > self._last_row:
                return  # as many are kept from rows above, and the rest of `rows` lie further down
            self._first.append(Fault(row, column(i) if callable(column) else column, describe(i)))
        self._trim()

    def drop_rows(self, rows: npt.NDArray[np.int64], describe: Callable[[int], str]) -> None:
        """Log a fault for each of these rows, which cannot be read at all."""
        self.dropped += len(rows)
        self.add_rows(rows, -1, describe)

    def drop_more(self, count: int) -> None:
        """Count so many more unreadable rows, all below twenty that were just dropped."""
        self.dropped += count
        self.count += count

    def take(self, other: FaultLog) -> None:
        """Add the faults of another log of the same file."""
        self.header_row, self.names = other.header_row, other.names
        self.count += other.count
        self.dropped += other.dropped
        self._first += other._first
        self._trim()

    @property
    def first_row(self) -> int:
        """The row of the first fault; 0 if it is of the file as a whole, or there is none."""
        return min((fault.row for fault in self._first), default=0)

    def sentences(self) -> list[str]:
        """The first faults, as sentences, in the order of the file."""
        self._trim()
        return [self._sentence(fault) for fault in self._first]

    def _trim(self) -> None:
        self._first = sorted(self._first, key=lambda fault: (fault.row, fault.column))[:KEPT]
        self._last_row = self._first[-1].row if len(self._first) == KEPT else None

    def _sentence(self, fault: Fault) -> str:
        row = [f"row {fault.row}"] if fault.row else []
        column = [f"column {quoted(self.names[fault.column])}"] if fault.column >= 0 else []
        place = ", ".join(row + column)
        return ": ".join(part for part in (self.file, place, fault.text) if part)
