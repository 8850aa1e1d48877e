"""One file's rows as columns, before the rules of the market are asked."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.market.bars import FloatArray, IntArray
from engine.validation import check_symbol
from storage.market_files.faults import shown

UNREADABLE = int(np.iinfo(np.int64).min)
"""Stands in `ts` for a time whose fault is already in the log, as NaN does in the figures."""


@dataclass(frozen=True, slots=True)
class Table:
    """Columns of shape (n,), in the order of the file.

    `rows` are the places in the file (rising), `ts` UTC microseconds, `codes` places in `symbols` or -1 where the
    symbol is at fault; `figures` are open, high, low, close and volume.
    """

    rows: IntArray
    ts: IntArray
    codes: IntArray
    figures: tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]
    symbols: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.rows)

    def first_rows(self) -> dict[str, int]:
        """Each symbol that has rows, in the order of the file, with its first one."""
        codes, firsts = np.unique(self.codes, return_index=True)
        rows = self.rows[firsts].tolist()
        return {self.symbols[code]: row for code, row in zip(codes.tolist(), rows, strict=True) if code >= 0}


class SymbolCodes:
    """Numbers the symbols of a file in the order in which they appear."""

    def __init__(self, only: str | None = None) -> None:
        self._codes: dict[str, int] = {} if only is None else {only: 0}

    @property
    def names(self) -> tuple[str, ...]:
        """The symbols seen."""
        return tuple(self._codes)

    def code(self, text: str) -> int:
        """The number of a symbol as a field has it; ValueError says why it cannot be one."""
        name = text.strip(" \t")
        code = self._codes.get(name)
        if code is None:
            code = self._new(name)
        return code

    def _new(self, name: str) -> int:
        try:
            check_symbol(name)
        except ValueError as error:
            raise ValueError(f"{shown(name)} {error}" if name else "is empty") from error
        return self._codes.setdefault(name, len(self._codes))
