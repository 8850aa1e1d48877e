"""Columns of times as vendors write them: cells of one shape are read together, whatever the order of their parts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from engine.errors import InvalidError
from engine.market.bars import BoolArray, IntArray
from engine.market.sessions import MICROS_PER_DAY, MICROS_PER_SECOND, zone
from storage.market_files.csv.fast_columns import EPOCH_SHAPE, days_of, epoch_times, of_shape, whole
from storage.market_files.csv.lines import ByteArray
from storage.market_files.dialects.base import DayOrder
from storage.market_files.importing.columns import TextArray, bytes_of
from storage.market_files.importing.patterns import EPOCHS, known_patterns, pattern_of
from storage.market_files.table import UNREADABLE
from storage.market_files.values import EARLIEST, LATEST, epoch_unit, read_time

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MOST_SHAPES = 128
_LEAST_EPOCH = 9
_UNITS = {
    (MICROS_PER_SECOND, 1): "seconds",
    (1000, 1): "milliseconds",
    (1, 1): "microseconds",
    (1, 1000): "nanoseconds",
}
_ZERO = ord("0")
_MOST = int(np.iinfo(np.int64).max)


@dataclass(slots=True)
class Clock:
    """A column of times, shape (n,).

    `local` are the times as the file writes them, in microseconds as if in UTC, UNREADABLE where there is none.
    `offset` are minutes ahead of UTC where `stated` says that the file states them; `zones` are the rows that state a
    zone by its name. `timed` are cells that hold more than a day. `forms` says how the times are written.
    """

    local: IntArray
    offset: IntArray
    stated: BoolArray
    timed: BoolArray
    zones: dict[str, BoolArray] = field(default_factory=dict)
    forms: list[str] = field(default_factory=list)

    @classmethod
    def unread(cls, count: int) -> Clock:
        """Times that are not yet read."""
        stated, timed = np.zeros(count, np.bool_), np.zeros(count, np.bool_)
        return cls(np.full(count, UNREADABLE, np.int64), np.zeros(count, np.int64), stated, timed)

    def say(self, form: str) -> None:
        """Note how some times are written."""
        if form not in self.forms:
            self.forms.append(form)

    def keep(self, mask: BoolArray) -> None:
        """Keep the rows of the mask alone."""
        self.local, self.offset = self.local[mask], self.offset[mask]
        self.stated, self.timed = self.stated[mask], self.timed[mask]
        self.zones = {name: rows[mask] for name, rows in self.zones.items()}


class AmbiguousDays(Exception):  # noqa: N818 - it becomes the error that asks for --time-format
    """Two numbers may each be the day and the month in every row; the text is one of the cells."""


@dataclass(frozen=True, slots=True)
class _Alike:
    """Cells of one shape: their rows, their characters as columns of shape (width, n), and where their parts are."""

    rows: IntArray
    chars: ByteArray
    shape: re.Match[str]

    def part(self, name: str) -> IntArray | None:
        """A part as whole numbers; None if the shape has none of that name."""
        if name not in self.shape.re.groupindex or self.shape[name] is None:
            return None
        return whole(self.chars[slice(*self.shape.span(name))] - np.uint8(_ZERO))

    def text(self, name: str) -> str:
        """A part that is letters; empty if the shape has none."""
        return (self.shape[name] or "") if name in self.shape.re.groupindex else ""


def join_times(columns: Sequence[TextArray]) -> TextArray:
    """A column of times; of days and of times of day, both joined by a T."""
    if len(columns) == 1:
        return columns[0]
    joined: TextArray = np.char.add(np.char.add(columns[0], b"T"), columns[1])
    return joined


def read_clock(column: TextArray, form: str = "", order: DayOrder | None = None) -> Clock:
    """The times of a column, by a format of strptime or an epoch's unit if a person gave one.

    `order` is that of day and month where the cells do not show it. Raises AmbiguousDays where nothing does.
    """
    clock = Clock.unread(len(column))
    if form in EPOCHS:
        _read_epochs(column, clock, form)
        return clock
    patterns = pattern_of(form) if form else known_patterns()
    unordered: list[_Alike] = []
    for rows, chars, shape in _shapes(column):
        if not form and EPOCH_SHAPE.fullmatch(shape.encode()) and len(shape) >= _LEAST_EPOCH:
            _put_epochs(clock, rows, chars)
            continue
        name, matched = _matched(patterns, shape)
        if matched is None:
            _read_alone(column, rows, clock, odd=not form)
        elif not name:
            unordered.append(_Alike(rows, chars, matched))
        else:
            _put(clock, _Alike(rows, chars, matched), lambda alike: (alike.part("month"), alike.part("day")))
            clock.say(name)
    if unordered:
        _put_ordered(column, clock, unordered, order)
    return clock


def _matched(patterns: dict[str, re.Pattern[str]], shape: str) -> tuple[str, re.Match[str] | None]:
    for name, pattern in patterns.items():
        matched = pattern.fullmatch(shape)
        if matched is not None:
            return name, matched
    return "", None


def _shapes(column: TextArray) -> Iterator[tuple[IntArray, ByteArray, str]]:
    """The rows of each shape, their characters as columns, and the shape."""
    left, characters = np.arange(len(column)), np.ascontiguousarray(bytes_of(column).T)
    for _ in range(_MOST_SHAPES):
        if not len(left):
            return
        cell = bytes(characters[:, 0]).rstrip(b"\0")
        shape = re.sub(rb"\d", b"0", cell).ljust(len(characters), b"\0")
        alike = of_shape(characters, shape, np.arange(len(left)))
        if cell and cell.isascii():
            picked = characters if len(alike) == len(left) else characters[:, alike]
            yield left[alike], picked[: len(cell)], shape[: len(cell)].decode()
        if len(alike) == len(left):
            return
        left, characters = np.delete(left, alike), np.delete(characters, alike, axis=1)


Months = Callable[[_Alike], tuple[IntArray | None, IntArray | None]]
"""The month and the day of cells that are alike."""


def _put_ordered(column: TextArray, clock: Clock, cells: list[_Alike], order: DayOrder | None) -> None:
    """Days whose first two numbers are the day and the month: one above twelve shows which is which."""
    firsts = sum(_above_twelve(alike.part("first")) for alike in cells)
    seconds = sum(_above_twelve(alike.part("second")) for alike in cells)
    if firsts or seconds:
        order = DayOrder.DAY_FIRST if firsts >= seconds else DayOrder.MONTH_FIRST
    elif order is None and all(alike.text("sep") == "." for alike in cells):
        order = DayOrder.DAY_FIRST  # nobody writes the month first with points
    if order is None:
        raise AmbiguousDays(column[cells[0].rows[0]].decode())
    names = ("second", "first") if order is DayOrder.DAY_FIRST else ("first", "second")
    for alike in cells:
        _put(clock, alike, lambda one: (one.part(names[0]), one.part(names[1])))
    clock.say(order.value)


def _above_twelve(numbers: IntArray | None) -> int:
    return 0 if numbers is None else int(np.count_nonzero(numbers > 12))


def _put(clock: Clock, alike: _Alike, months: Months) -> None:
    """Read the times of one shape into the clock."""
    count = len(alike.rows)
    wrong = np.zeros(count, np.bool_)
    month, day = months(alike)
    month = _month_named(alike.text("name"), count) if month is None else month
    assert day is not None, "every pattern has a day"  # noqa: S101
    days = days_of(_year(alike), month, day, wrong)
    hour, minute, second = (_part(alike, name, count) for name in ("hour", "minute", "seconds"))
    if half := alike.text("half").upper():
        wrong |= (hour < 1) | (hour > 12)
        hour = hour % 12 + (12 if half == "P" else 0)
    wrong |= (hour > 23) | (minute > 59) | (second > 59)
    micros = ((hour * 60 + minute) * 60 + second) * MICROS_PER_SECOND + _fraction(alike, count, wrong)
    local = days * MICROS_PER_DAY + micros
    wrong |= (local < EARLIEST) | (local > LATEST)
    clock.local[alike.rows] = np.where(wrong, UNREADABLE, local)
    clock.timed[alike.rows] = alike.part("hour") is not None
    _put_zone(clock, alike)


def _part(alike: _Alike, name: str, count: int) -> IntArray:
    part = alike.part(name)
    return np.zeros(count, np.int64) if part is None else part


def _year(alike: _Alike) -> IntArray:
    year, short = alike.part("year"), alike.part("short")
    if year is not None:
        return year
    assert short is not None, "every pattern has a year"  # noqa: S101
    return short + np.where(short < 69, 2000, 1900)  # as POSIX has it


def _month_named(name: str, count: int) -> IntArray:
    short = name[:3].lower()
    return np.full(count, _MONTHS.index(short) + 1 if short in _MONTHS else 0, np.int64)


def _fraction(alike: _Alike, count: int, wrong: BoolArray) -> IntArray:
    """The fraction of a second in microseconds; finer ones are marked as unreadable."""
    fraction = alike.part("fraction")
    if fraction is None:
        return np.zeros(count, np.int64)
    nanos = fraction * 10 ** (9 - len(alike.text("fraction")))
    wrong |= nanos % 1000 != 0
    micros: IntArray = nanos // 1000
    return micros


def _put_zone(clock: Clock, alike: _Alike) -> None:
    """Note the offset, or the zone, that the times of one shape state."""
    rows, named = alike.rows, alike.text("zone")
    if alike.text("utc") or alike.text("sign"):
        count = len(rows)
        minutes = _part(alike, "offset_hour", count) * 60 + _part(alike, "offset_minute", count)
        clock.offset[rows] = -minutes if alike.text("sign") == "-" else minutes
        clock.stated[rows] = True
    elif named:
        try:
            zone(named)
        except InvalidError:
            clock.local[rows] = UNREADABLE
            return
        clock.zones.setdefault(named, np.zeros(len(clock.local), np.bool_))[rows] = True


def _put_epochs(clock: Clock, rows: IntArray, chars: ByteArray) -> None:
    if not _fits_64_bits(chars):
        return
    times = epoch_times(chars - np.uint8(_ZERO))
    wrong = times.wrong | (times.ts < EARLIEST) | (times.ts > LATEST)
    clock.local[rows] = np.where(wrong, UNREADABLE, times.ts)
    clock.stated[rows] = clock.timed[rows] = True
    clock.say(f"an epoch in {_UNITS[epoch_unit(int(bytes(chars[:, 0])))]}")


def _fits_64_bits(chars: ByteArray) -> bool:
    """Whether digits, as columns of shape (width, n), are numbers that int64 holds; some of 19 digits are not."""
    return len(chars) < 19 or bool(chars[0].max() <= _ZERO + 8)


def _read_epochs(column: TextArray, clock: Clock, unit: str) -> None:
    """Epochs of the unit that a person named."""
    for rows, chars, shape in _shapes(column):
        if re.fullmatch(r"0{1,19}", shape) and _fits_64_bits(chars):
            value, nanos = whole(chars - np.uint8(_ZERO)), EPOCHS[unit]
            wrong = (value > min(LATEST * 1000 // nanos, _MOST)) | ((nanos == 1) & (value % 1000 != 0))
            read = np.where(wrong, 0, value)
            micros = read * (nanos // 1000) if nanos >= 1000 else read // 1000
            clock.local[rows] = np.where(wrong, UNREADABLE, micros)
            clock.stated[rows] = clock.timed[rows] = True
    clock.say(f"an epoch in {unit}")


def _read_alone(column: TextArray, rows: IntArray, clock: Clock, *, odd: bool) -> None:
    """Epochs with a fraction, and whatever else section 8 reads: each distinct cell on its own."""
    if not odd:
        return
    distinct, inverse = np.unique(column[rows], return_inverse=True)
    micros = np.full(len(distinct), UNREADABLE, np.int64)
    for which, cell in enumerate(distinct.tolist()):
        if re.fullmatch(rb"-?\d{9,19}(\.\d+)?", cell):
            try:
                micros[which] = read_time(cell.decode())
            except ValueError:
                continue
    read = micros[inverse] != UNREADABLE
    clock.local[rows] = micros[inverse]
    clock.stated[rows] = clock.timed[rows] = read
    if read.any():
        clock.say("an epoch with a fraction")
