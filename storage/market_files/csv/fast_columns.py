"""Columns of cells as numpy arrays: numerals as the float64 nearest to their text, symbols, and times.

Cells of one width share a shape and are read together, digit by digit.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.market.bars import BoolArray, FloatArray, IntArray
from engine.market.sessions import MICROS_PER_DAY, MICROS_PER_SECOND
from storage.market_files.csv.lines import ByteArray, Cells, windows
from storage.market_files.csv.records import PADDING
from storage.market_files.table import UNREADABLE, OffsetArray, SymbolCodes
from storage.market_files.values import (
    EARLIEST,
    LATEST,
    MICROS_BELOW,
    MILLIS_BELOW,
    SECONDS_BELOW,
    has_shape_of_time,
    read_number,
    read_stamp,
)

_ZERO, _NINE, _POINT, _T = b"09.T"
_WIDEST_NUMERAL = 40  # characters; wider numerals are rare, and read one at a time
_EXACT_WIDTH = 18  # characters: as many digits, with a point read as a digit, as int64 holds
_EXACT = 1 << 53
_POWERS = np.array([10**k for k in range(_EXACT_WIDTH + 1)], np.int64)
_IN_NUMERALS = np.isin(np.arange(256), list(b"0123456789+-.eE \t"))
"""Which bytes a numeral may hold, the padding around it included: with any other it is none."""
_SHAPE = re.compile(
    rb"(?P<year>0000)(?P<dash>-?)(?P<month>00)(?P=dash)(?P<day>00)"
    rb"(?:[T ](?P<hour>00)(?P<colon>:?)(?P<minute>00)(?:(?P=colon)(?P<second>00)(?:\.(?P<fraction>0{1,6}))?)?"
    rb"(?:Z|(?P<sign>[+-])(?P<offset_hour>00):?(?P<offset_minute>00))?)?"
)
EPOCH_SHAPE = re.compile(rb"0{1,18}|0{19}")
_IN_TIMES = np.isin(np.arange(256), list(b"0123456789+-:.,TtZz \t"))
"""Which bytes a time may hold, the padding around it included: with any other it is none."""
_MOST_WIDTHS, _MOST_SHAPES = 8, 4
_WIDEST = 40


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


@dataclass(slots=True)
class Times:
    """A column of times, shape (n,): UTC microseconds, the offsets they state in minutes, and a mask of unreadable
    ones.
    """

    ts: IntArray
    offsets: OffsetArray
    wrong: BoolArray

    @classmethod
    def unread(cls, count: int) -> Times:
        """Times that are not yet read, none of them marked as unreadable."""
        return cls(np.full(count, UNREADABLE, np.int64), np.zeros(count, np.int16), np.zeros(count, np.bool_))

    def put(self, rows: IntArray, part: Times) -> None:
        """Store the times of `part` at the given rows."""
        self.ts[rows], self.offsets[rows], self.wrong[rows] = part.ts, part.offsets, part.wrong


def read_times(cells: Cells, places: tuple[int, ...]) -> Times:
    """The times of one column, or of a date and a time column: those of one shape together, the rest one at a time."""
    width = np.stack([cells.end[place] - cells.start[place] for place in places])
    times = Times.unread(len(cells))
    times.wrong |= (width == 0).any(axis=0)
    narrow = np.flatnonzero(~times.wrong & (width <= _WIDEST).all(axis=0))
    alone = np.flatnonzero(~times.wrong & (width > _WIDEST).any(axis=0))
    keys = np.zeros(len(narrow), np.int64)
    for row in width:
        keys = keys * (_WIDEST + 1) + row[narrow]
    found = keys[:1] if np.all(keys == keys[:1]) else np.unique(keys)
    for key in found[:_MOST_WIDTHS].tolist():
        rows = narrow if len(found) == 1 else narrow[keys == key]
        part, left = _read_alike(_characters(cells, places, rows))
        times.put(rows, part)
        alone = np.append(alone, rows[left])
    alone = np.append(alone, narrow[np.isin(keys, found[_MOST_WIDTHS:])])
    _read_alone(cells, places, alone, times)
    return times


def _characters(cells: Cells, places: tuple[int, ...], rows: IntArray) -> ByteArray:
    """The characters of times of one width as columns, shape (width, n), a date and a time with a T between them."""
    parts: list[ByteArray] = []
    for place in places:
        start, end = cells.start[place, rows], cells.end[place, rows]
        parts += [np.full((1, len(start)), _T, np.uint8)] if parts else []
        parts.append(windows(cells.buffer, start, int(end[0] - start[0])).T)
    return np.concatenate(parts)


def _read_alike(chars: ByteArray) -> tuple[Times, IntArray]:
    """Read times of one width, shape by shape; the rows whose shape must be read one at a time are returned."""
    times, rows = Times.unread(chars.shape[1]), np.arange(chars.shape[1])
    alone: list[IntArray] = []
    for _ in range(_MOST_SHAPES):
        if not len(rows):
            break
        shape = re.sub(rb"\d", b"0", chars[:, rows[0]].tobytes())
        alike = of_shape(chars, shape, rows)
        if part := _read_shape(chars[:, alike] if len(alike) < chars.shape[1] else chars, shape):
            times.put(alike, part)
        elif _may_be_time(shape):
            alone.append(alike)
        else:
            times.wrong[alike] = True
        rows = np.setdiff1d(rows, alike, assume_unique=True) if len(alike) < len(rows) else rows[:0]
    times.wrong[rows] = ~_IN_TIMES[chars[:, rows]].all(axis=0)
    return times, np.concatenate([*alone, rows[~times.wrong[rows]]])


def _may_be_time(shape: bytes) -> bool:
    """Whether these texts may be times; padding around a date, a time, or both is ignored."""
    parts = re.sub(rb"[ \t]*T[ \t]*", b"T", shape.strip(b" \t"))
    return any(has_shape_of_time(text.decode("latin-1")) for text in (shape.strip(b" \t"), parts))


def of_shape(chars: ByteArray, shape: bytes, rows: IntArray) -> IntArray:
    """Those of the rows whose digits and signs are where the shape has them."""
    fits = np.ones(len(rows), np.bool_)
    for column, mark in zip(chars, shape, strict=True):
        of_rows = column if len(rows) == len(column) else column[rows]
        fits &= (of_rows >= _ZERO) & (of_rows <= _NINE) if mark == _ZERO else of_rows == mark
    return rows if fits.all() else rows[fits]


def _read_shape(chars: ByteArray, shape: bytes) -> Times | None:
    """The times of one shape; None if the shape is not one of the plain ones."""
    if iso := _SHAPE.fullmatch(shape):
        times = _iso_times(chars - np.uint8(_ZERO), iso)
    elif EPOCH_SHAPE.fullmatch(shape) and not (len(shape) == 19 and chars[0].max() > _ZERO + 8):
        times = epoch_times(chars - np.uint8(_ZERO))  # 19 digits from 9 on are more than int64 holds
    else:
        return None
    times.wrong |= (times.ts < EARLIEST) | (times.ts > LATEST)
    times.ts[times.wrong], times.offsets[times.wrong] = UNREADABLE, 0
    return times


def whole(digits: Sequence[ByteArray] | ByteArray) -> IntArray:
    """The whole numbers that columns of digits write, most significant first."""
    value = digits[0].astype(np.int64)
    for row in digits[1:]:
        value = value * 10 + row
    return value


def _iso_times(digits: ByteArray, shape: re.Match[bytes]) -> Times:
    times = Times.unread(digits.shape[1])

    def part(name: str, most: int) -> IntArray:
        if shape[name] is None:
            return np.zeros(1, np.int64)
        value = whole(digits[slice(*shape.span(name))])
        times.wrong |= value > most
        return value

    days = days_of(part("year", 9999), part("month", 12), part("day", 31), times.wrong)
    seconds = (part("hour", 23) * 60 + part("minute", 59)) * 60 + part("second", 59)
    offset = part("offset_hour", 23) * 60 + part("offset_minute", 59)
    offset = -offset if shape["sign"] == b"-" else offset
    fraction = part("fraction", MICROS_PER_SECOND) * 10 ** (6 - len(shape["fraction"] or b"000000"))
    times.ts[:] = days * MICROS_PER_DAY + (seconds - offset * 60) * MICROS_PER_SECOND + fraction
    times.offsets[:] = offset
    return times


def days_of(year: IntArray, month: IntArray, day: IntArray, wrong: BoolArray) -> IntArray:
    """Days since 1970-01-01; a day that is not in the calendar is marked as wrong."""
    months = (year - 1970) * 12 + month - 1
    first, following = _first_of(months), _first_of(months + 1)
    wrong |= (year < 1) | (month < 1) | (day < 1) | (day > following - first)
    days: IntArray = first + day - 1
    return days


def _first_of(months: IntArray) -> IntArray:
    return months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)


def epoch_times(digits: ByteArray) -> Times:
    """Epochs, their unit told by their magnitude; `digits` are columns of shape (width, n)."""
    value = whole(digits)
    times = Times.unread(len(value))
    times.ts = np.select(
        [value < SECONDS_BELOW, value < MILLIS_BELOW, value < MICROS_BELOW],
        [value * MICROS_PER_SECOND, value * 1000, value],
        value // 1000,
    )
    times.wrong = (value >= MICROS_BELOW) & (value % 1000 != 0)  # digits beyond the microsecond
    return times


def _read_alone(cells: Cells, places: tuple[int, ...], rows: IntArray, times: Times) -> None:
    """Times of other shapes, one at a time, by the careful rule."""
    for row in rows.tolist():
        parts = [cells.text(place, row).strip(PADDING) for place in places]
        try:
            if not all(parts):
                raise ValueError("is empty")
            times.ts[row], times.offsets[row] = read_stamp("T".join(parts))
        except ValueError:
            times.wrong[row] = True
