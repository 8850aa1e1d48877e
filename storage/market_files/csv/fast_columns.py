"""A column of plain numerals as float64, each the one nearest to its decimal text, as `float` reads it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from engine.market.bars import BoolArray, FloatArray, IntArray
from storage.market_files.csv.cells import ByteArray, Cells, windows
from storage.market_files.csv.records import PADDING
from storage.market_files.table import SymbolCodes
from storage.market_files.values import read_number

_ZERO, _POINT = b"0."
_WIDEST_NUMERAL = 40  # characters; wider numerals are rare, and read one at a time
_EXACT_WIDTH = 18  # characters: as many digits, with a point read as a digit, as int64 holds
_EXACT = 1 << 53
_POWERS = np.array([10**k for k in range(_EXACT_WIDTH + 1)], np.int64)
_IN_NUMERALS = np.isin(np.arange(256), list(b"0123456789+-.eE \t"))
"""Which bytes a numeral may hold, the padding around it included: with any other it is none."""


def read_numbers(cells: Cells, place: int) -> tuple[FloatArray, BoolArray]:
    """The numbers of one column, shape (n,), and a mask of the cells that are not numbers, which are NaN.

    Up to 15 digits are a whole number divided by a power of ten, both exact in float64, so the one rounding of the
    division is the correct one (W. D. Clinger, "How to read floating point numbers accurately", 1990). Longer numerals
    go through Python's `float`, and what is not digits with a point goes through `read_number`.
    """
    start, end = cells.start[place], cells.end[place]
    width = end - start
    wrong = width == 0
    if wrong.all():
        return np.full(len(width), np.nan), wrong
    widest = min(int(width.max()), _WIDEST_NUMERAL)
    chars = _right_aligned(cells.buffer, end, width, widest)
    plain, mantissa, decimals = _decimal_parts(chars, width)
    exact = plain & (width <= _EXACT_WIDTH) & (mantissa <= _EXACT)
    values = np.where(exact, mantissa, 0) / _POWERS[np.where(exact, decimals, 0)]
    if not exact.all():
        _read_long(cells, place, plain & ~exact, values)
        wrong[~plain] |= ~_IN_NUMERALS[chars[:, ~plain]].all(axis=0)
        _read_odd(cells, place, np.flatnonzero(~plain & ~wrong), values, wrong)
        values[wrong] = np.nan
    return values, wrong


def _right_aligned(buffer: ByteArray, end: IntArray, width: IntArray, widest: int) -> ByteArray:
    """The characters of each cell as columns of shape (widest, n), filled with zeros on the left."""
    chars = np.ascontiguousarray(windows(buffer, end - widest, widest).T)
    for place in range(widest - int(width.min())):
        chars[place, width < widest - place] = _ZERO
    return chars


def _decimal_parts(chars: ByteArray, width: IntArray) -> tuple[BoolArray, IntArray, IntArray]:
    """Whether each numeral is plain (digits, at most one point), its digits as a whole number, and its decimals."""
    widest = len(chars)
    points = np.zeros(chars.shape[1], np.uint8)
    decimals = np.zeros(chars.shape[1], np.uint8)
    digits_only = np.ones(chars.shape[1], np.bool_)
    read = np.zeros(chars.shape[1], np.int64)  # the numeral with its point read as a digit 0
    for place, column in enumerate(chars):
        digit = column - np.uint8(_ZERO)
        point = column == _POINT
        if point.any():
            digit[point] = 0
            points += point
            decimals[point] = widest - 1 - place
        digits_only &= digit <= 9
        read *= 10
        read += digit
    plain = digits_only & (points <= 1) & (width > points) & (width <= _WIDEST_NUMERAL)
    whole = read // _POWERS[np.minimum(decimals, _EXACT_WIDTH - 1) + 1]
    without_point = read - whole * 9 * _POWERS[np.minimum(decimals, _EXACT_WIDTH)]
    return plain, np.where(points > 0, without_point, read), decimals.astype(np.int64)


def _read_long(cells: Cells, place: int, long: BoolArray, values: FloatArray) -> None:
    """Plain numerals of too many digits: numpy reads bytes with Python's `float`."""
    if not long.any():
        return
    start, end = cells.start[place][long], cells.end[place][long]
    widest = int((end - start).max())
    chars = _right_aligned(cells.buffer, end, end - start, widest)
    texts = np.ascontiguousarray(chars.T).view(f"S{widest}").reshape(-1)
    values[long] = texts.astype(np.float64)


def _read_odd(cells: Cells, place: int, rows: IntArray, values: FloatArray, wrong: BoolArray) -> None:
    """Numerals with signs, exponents or spaces: one at a time, by the careful rule."""
    for row in rows.tolist():
        try:
            values[row] = read_number(cells.text(place, row).strip(PADDING))
        except ValueError:
            wrong[row] = True


_WIDEST_SYMBOL = 4 * 32 + 8
"""Bytes; what is wider has more characters than a symbol."""

Describe = Callable[[int], str]


def read_symbols(cells: Cells, place: int, symbols: SymbolCodes) -> tuple[IntArray, Describe]:
    """Each row's symbol number, -1 where it is at fault, and a function that words the fault of a row."""
    codes = np.full(len(cells), -1, np.int64)
    narrow = np.flatnonzero(cells.end[place] - cells.start[place] <= _WIDEST_SYMBOL)
    if len(narrow):
        _, firsts, inverse = np.unique(_keys(cells, place, narrow), return_index=True, return_inverse=True)
        found = np.full(len(firsts), -1, np.int64)
        for which in np.argsort(firsts).tolist():  # numbers follow the order of the file
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
