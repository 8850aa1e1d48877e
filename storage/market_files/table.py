"""One file's rows as columns, before the rules of the market are checked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.market.bars import FloatArray, IntArray
from engine.symbols import check_held_symbol, check_symbol

OffsetArray = npt.NDArray[np.int16]

UNREADABLE = int(np.iinfo(np.int64).min)
"""Stands in `ts` for a time whose fault is already in the log, as NaN does in the figures."""


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
