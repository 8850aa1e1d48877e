"""A column of times as UTC microseconds: cells of one width share one shape, and are read digit column by column."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from engine.market.bars import BoolArray, IntArray
from engine.market.sessions import MICROS_PER_DAY, MICROS_PER_SECOND
from storage.market_files.cells import ByteArray, Cells, Handover, windows
from storage.market_files.times import EARLIEST, LATEST, MICROS_BELOW, MILLIS_BELOW, SECONDS_BELOW

_ZERO, _NINE, _T = b"09T"
_SHAPE = re.compile(
    rb"(?P<year>0000)(?P<dash>-?)(?P<month>00)(?P=dash)(?P<day>00)"
    rb"(?:[T ](?P<hour>00)(?P<colon>:?)(?P<minute>00)(?:(?P=colon)(?P<second>00)(?:\.(?P<fraction>0{1,6}))?)?"
    rb"(?:Z|(?P<sign>[+-])(?P<offset_hour>00):?(?P<offset_minute>00))?)?"
)
_EPOCH_SHAPE = re.compile(rb"0{1,19}")
_MOST_WIDTHS = 8
_WIDEST = 40


def read_times(cells: Cells, places: tuple[int, ...]) -> IntArray:
    """The times of one column, or of a date and a time column, shape (n,).

    Handover when one is unreadable or differs in shape from its like.
    """
    width = cells.end[places[0]] - cells.start[places[0]]
    if np.all(width == width[0]):
        return _read_alike(_characters(cells, places, slice(None)))
    widths = np.unique(width)
    if len(widths) > _MOST_WIDTHS:
        raise Handover("times of many widths")
    ts = np.empty(len(width), np.int64)
    for one in widths.tolist():
        alike = width == one
        ts[alike] = _read_alike(_characters(cells, places, alike))
    return ts


def _characters(cells: Cells, places: tuple[int, ...], rows: slice | BoolArray) -> ByteArray:
    """The characters of the times as columns, shape (width, n), a date and a time with a T between them."""
    parts: list[ByteArray] = []
    for place in places:
        start, end = cells.start[place, rows], cells.end[place, rows]
        width = int(end[0] - start[0])
        if not 0 < width <= _WIDEST or np.any(end - start != width):
            raise Handover("an empty time, a very long one, or times of different widths")
        parts += [np.full((1, len(start)), _T, np.uint8)] if parts else []
        parts.append(windows(cells.buffer, start, width).T)
    return np.concatenate(parts)


def _read_alike(chars: ByteArray) -> IntArray:
    """Times of one width; the first one's digits and signs are the shape that all must have."""
    shape = re.sub(rb"\d", b"0", chars[:, 0].tobytes())
    for column, mark in zip(chars, shape, strict=True):
        sound = (column >= _ZERO) & (column <= _NINE) if mark == _ZERO else column == mark
        if not sound.all():
            raise Handover("times of different shapes")
    digits = chars - np.uint8(_ZERO)
    if iso := _SHAPE.fullmatch(shape):
        ts = _iso_micros(digits, iso)
    elif _EPOCH_SHAPE.fullmatch(shape):
        ts = _epoch_micros(digits)
    else:
        raise Handover("times of an unknown shape")
    if ts.min() < EARLIEST or ts.max() > LATEST:
        raise Handover("a time outside the calendar")
    return ts


def _whole(digits: Sequence[ByteArray] | ByteArray) -> IntArray:
    """The whole numbers that rows of digits write, the first row the highest."""
    value = digits[0].astype(np.int64)
    for row in digits[1:]:
        value = value * 10 + row
    return value


def _iso_micros(digits: ByteArray, shape: re.Match[bytes]) -> IntArray:
    def part(name: str, most: int) -> IntArray:
        if shape[name] is None:
            return np.zeros(1, np.int64)
        value = _whole(digits[slice(*shape.span(name))])
        if value.max() > most:
            raise Handover(f"a time whose {name} is above {most}")
        return value

    days = _days(part("year", 9999), part("month", 12), part("day", 31))
    seconds = (part("hour", 23) * 60 + part("minute", 59)) * 60 + part("second", 59)
    offset = (part("offset_hour", 23) * 60 + part("offset_minute", 59)) * 60
    seconds = seconds + offset if shape["sign"] == b"-" else seconds - offset
    fraction = part("fraction", MICROS_PER_SECOND) * 10 ** (6 - len(shape["fraction"] or b"000000"))
    ts: IntArray = days * MICROS_PER_DAY + seconds * MICROS_PER_SECOND + fraction
    return ts


def _days(year: IntArray, month: IntArray, day: IntArray) -> IntArray:
    """Days since 1970-01-01; Handover for a day that the calendar lacks."""
    if min(year.min(), month.min(), day.min()) < 1:
        raise Handover("a year, month or day of zero")
    months = (year - 1970) * 12 + month - 1
    first, following = _first_of(months), _first_of(months + 1)
    if np.any(day > following - first):
        raise Handover("a day that its month lacks")
    days: IntArray = first + day - 1
    return days


def _first_of(months: IntArray) -> IntArray:
    return months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)


def _epoch_micros(digits: ByteArray) -> IntArray:
    if len(digits) == 19 and digits[0].max() > 8:
        raise Handover("a number that int64 may not hold")
    value = _whole(digits)
    micros = np.select(
        [value < SECONDS_BELOW, value < MILLIS_BELOW, value < MICROS_BELOW],
        [value * MICROS_PER_SECOND, value * 1000, value],
        value // 1000,
    )
    if np.any((value >= MICROS_BELOW) & (value % 1000 != 0)):
        raise Handover("a time finer than a microsecond")
    return micros
