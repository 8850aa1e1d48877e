"""A column of times as UTC microseconds. Cells of one width share a shape and are read together, digit by digit."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.market.bars import BoolArray, IntArray
from engine.market.sessions import MICROS_PER_DAY, MICROS_PER_SECOND
from storage.market_files.csv.cells import ByteArray, Cells, windows
from storage.market_files.csv.records import PADDING
from storage.market_files.table import UNREADABLE, OffsetArray
from storage.market_files.values import (
    EARLIEST,
    LATEST,
    MICROS_BELOW,
    MILLIS_BELOW,
    SECONDS_BELOW,
    has_shape_of_time,
    read_stamp,
)

_ZERO, _NINE, _T = b"09T"
_SHAPE = re.compile(
    rb"(?P<year>0000)(?P<dash>-?)(?P<month>00)(?P=dash)(?P<day>00)"
    rb"(?:[T ](?P<hour>00)(?P<colon>:?)(?P<minute>00)(?:(?P=colon)(?P<second>00)(?:\.(?P<fraction>0{1,6}))?)?"
    rb"(?:Z|(?P<sign>[+-])(?P<offset_hour>00):?(?P<offset_minute>00))?)?"
)
_EPOCH_SHAPE = re.compile(rb"0{1,18}|0{19}")
_IN_TIMES = np.isin(np.arange(256), list(b"0123456789+-:.,TtZz \t"))
"""Which bytes a time may hold, the padding around it included: with any other it is none."""
_MOST_WIDTHS, _MOST_SHAPES = 8, 4
_WIDEST = 40


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
        alike = _of_shape(chars, shape, rows)
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


def _of_shape(chars: ByteArray, shape: bytes, rows: IntArray) -> IntArray:
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
    elif _EPOCH_SHAPE.fullmatch(shape) and not (len(shape) == 19 and chars[0].max() > _ZERO + 8):
        times = _epoch_times(chars - np.uint8(_ZERO))  # 19 digits from 9 on are more than int64 holds
    else:
        return None
    times.wrong |= (times.ts < EARLIEST) | (times.ts > LATEST)
    times.ts[times.wrong], times.offsets[times.wrong] = UNREADABLE, 0
    return times


def _whole(digits: Sequence[ByteArray] | ByteArray) -> IntArray:
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
        value = _whole(digits[slice(*shape.span(name))])
        times.wrong |= value > most
        return value

    days = _days(part("year", 9999), part("month", 12), part("day", 31), times.wrong)
    seconds = (part("hour", 23) * 60 + part("minute", 59)) * 60 + part("second", 59)
    offset = part("offset_hour", 23) * 60 + part("offset_minute", 59)
    offset = -offset if shape["sign"] == b"-" else offset
    fraction = part("fraction", MICROS_PER_SECOND) * 10 ** (6 - len(shape["fraction"] or b"000000"))
    times.ts[:] = days * MICROS_PER_DAY + (seconds - offset * 60) * MICROS_PER_SECOND + fraction
    times.offsets[:] = offset
    return times


def _days(year: IntArray, month: IntArray, day: IntArray, wrong: BoolArray) -> IntArray:
    """Days since 1970-01-01; a day that is not in the calendar is marked as wrong."""
    months = (year - 1970) * 12 + month - 1
    first, following = _first_of(months), _first_of(months + 1)
    wrong |= (year < 1) | (month < 1) | (day < 1) | (day > following - first)
    days: IntArray = first + day - 1
    return days


def _first_of(months: IntArray) -> IntArray:
    return months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)


def _epoch_times(digits: ByteArray) -> Times:
    value = _whole(digits)
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
