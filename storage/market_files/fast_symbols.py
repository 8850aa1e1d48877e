"""A column of symbols as numbers: only the distinct ones of a block become text."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from engine.market.bars import IntArray
from storage.market_files.cells import Cells, windows
from storage.market_files.table import SymbolCodes

_WIDEST = 4 * 32 + 8
"""Bytes; what is wider has more characters than a symbol."""

Describe = Callable[[int], str]


def read_symbols(cells: Cells, place: int, symbols: SymbolCodes) -> tuple[IntArray, Describe]:
    """Each row's symbol number, -1 where there is none, and what is wrong with that of a row."""
    codes = np.full(len(cells), -1, np.int64)
    narrow = np.flatnonzero(cells.end[place] - cells.start[place] <= _WIDEST)
    if len(narrow):
        _, firsts, inverse = np.unique(_keys(cells, place, narrow), return_index=True, return_inverse=True)
        found = np.full(len(firsts), -1, np.int64)
        for which in np.argsort(firsts).tolist():  # numbered in the order of the file
            found[which] = _code(symbols, cells.text(place, int(narrow[firsts[which]])))
        codes[narrow] = found[inverse]
    return codes, lambda row: _reason(symbols, cells.text(place, row))


def _code(symbols: SymbolCodes, text: str) -> int:
    try:
        return symbols.code(text)
    except ValueError:
        return -1


def _reason(symbols: SymbolCodes, text: str) -> str:
    try:
        symbols.code(text)
    except ValueError as error:
        return str(error)
    raise AssertionError("a symbol that was refused is one")


def _keys(cells: Cells, place: int, rows: IntArray) -> npt.NDArray[np.generic]:
    """The bytes of each symbol as one comparable item, as a number where they fit into eight bytes."""
    start = cells.start[place, rows]
    width = cells.end[place, rows] - start
    widest = max(int(width.max()), 8)
    chars = windows(cells.buffer, start, widest)
    chars[np.arange(widest) >= width[:, np.newaxis]] = 0
    keys: npt.NDArray[np.generic] = chars.reshape(-1).view(np.uint64 if widest == 8 else f"S{widest}")
    return keys
