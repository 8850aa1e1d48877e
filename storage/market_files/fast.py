"""The fast pass over a CSV file: whole blocks of bytes as numpy columns, never an object a bar.

It reads what is written plainly (no spaces, no commas in quotes, times of one shape) and hands everything else over to
the careful pass: it may give up on a sound file, it may never accept a faulty one. A property test holds it to that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np
import numpy.typing as npt

from engine.market.bars import FloatArray, IntArray
from storage.market_files.cells import Cells, Handover, cut_cells, windows
from storage.market_files.fast_numerals import read_numbers
from storage.market_files.fast_times import read_times
from storage.market_files.layout import Layout
from storage.market_files.table import SymbolCodes, Table

_BLANK = b" \t\r\n"
_WIDEST_SYMBOL = 4 * 32 + 8

Tokenizer = Callable[[Iterable[bytes], Layout, SymbolCodes], Table]
"""Reads the blocks below a header, or raises Handover."""


def read_fast(blocks: Iterable[bytes], layout: Layout, symbols: SymbolCodes) -> Table:
    """Every row below the header; Handover as soon as something is not written plainly."""
    parts = [_read_block(block, layout, symbols) for block in _without_blank_end(blocks)]
    if not parts:
        raise Handover("no rows")
    ts, codes = (np.concatenate([part[place] for part in parts]) for place in (0, 1))
    opening, high, low, close, volume = (np.concatenate([part[2][place] for part in parts]) for place in range(5))
    rows = np.arange(2, len(ts) + 2, dtype=np.int64)
    return Table(rows, ts, codes, (opening, high, low, close, volume), symbols.names)


def _without_blank_end(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """The blocks, each ending in one LF, without the empty lines at the end of the file."""
    ended = False
    for block in filter(None, blocks):
        plain = block.rstrip(_BLANK)
        tail = block[len(plain) :]
        if tail.count(b"\r") != tail.count(b"\r\n"):
            raise Handover("a lone carriage return")
        if plain:
            if ended:
                raise Handover("an empty line among the rows")
            yield plain + b"\n"
        ended = ended or not plain or tail.count(b"\n") > 1


def _read_block(block: bytes, layout: Layout, symbols: SymbolCodes) -> tuple[IntArray, IntArray, list[FloatArray]]:
    cells = cut_cells(block, layout.width)
    codes = np.zeros(len(cells), np.int64) if layout.symbol is None else _codes(cells, layout.symbol, symbols)
    return read_times(cells, layout.times), codes, [read_numbers(cells, place) for place in layout.figures]


def _codes(cells: Cells, place: int, symbols: SymbolCodes) -> IntArray:
    """Each row's symbol number; only the distinct symbols of a block become text."""
    keys = _symbol_keys(cells, place)
    _, firsts, inverse = np.unique(keys, return_index=True, return_inverse=True)
    codes = np.empty(len(firsts), np.int64)
    try:
        for which in np.argsort(firsts).tolist():  # numbered in the order of the file
            row = firsts[which]
            text = cells.buffer[cells.start[place, row] : cells.end[place, row]].tobytes().decode()
            codes[which] = symbols.code(text)
    except ValueError as error:
        raise Handover(str(error)) from error
    return codes[inverse]


def _symbol_keys(cells: Cells, place: int) -> npt.NDArray[np.generic]:
    """The bytes of each symbol as one comparable item, as a number where they fit into eight bytes."""
    width = cells.end[place] - cells.start[place]
    widest = max(int(width.max()), 8)
    if widest > _WIDEST_SYMBOL:
        raise Handover("a very long symbol")
    chars = windows(cells.buffer, cells.start[place], widest)
    chars[np.arange(widest) >= width[:, np.newaxis]] = 0
    keys: npt.NDArray[np.generic] = chars.reshape(-1).view(np.uint64 if widest == 8 else f"S{widest}")
    return keys
