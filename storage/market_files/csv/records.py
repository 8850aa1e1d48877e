"""What one line and one record of a CSV file mean, by rules that both passes share, and many rows as columns."""

from __future__ import annotations

import csv
from collections.abc import Callable
from typing import NamedTuple, TypeVar

import numpy as np

from engine.market.bars import FloatArray, IntArray
from engine.symbols import quoted
from storage.market_files.layout import Layout
from storage.market_files.table import KEPT, UNREADABLE, FaultLog, OffsetArray, SymbolCodes
from storage.market_files.values import read_number, read_stamp

T = TypeVar("T")

BLANK_CHARACTERS = " \t\r\n"
PADDING = " \t"
"""What may stand around a time or a number."""
LONGEST_FIELD = 131_072
"""What the csv module takes."""

_QUOTING = (
    ("new-line character", "holds a lone carriage return; lines end in LF or CRLF"),
    ("unexpected end", "opens a quote that is never closed"),
    ("field larger", "holds a field of more than 131,072 characters: perhaps a quote that is never closed"),
    ("',' expected", "has text after a closing quote"),
)


class Row(NamedTuple):
    """A record: its row, time (UTC microseconds), offset (minutes), symbol number, and the five figures.

    UNREADABLE, -1 and NaN stand for values at fault.
    """

    row: int
    ts: int
    offset: int
    code: int
    figures: tuple[float, ...]


class Blanks:
    """Empty lines: each is a fault once a row follows it, and none at the end of the file."""

    def __init__(self, log: FaultLog) -> None:
        self._log = log
        self._first: list[int] = []
        self._count = 0

    def see(self, rows: IntArray) -> None:
        """Note empty lines; their rows rise and come after those noted before."""
        self._first += rows[: KEPT - len(self._first)].tolist()
        self._count += len(rows)

    def end(self) -> None:
        """Log the blank lines held so far as faults, because a row follows them."""
        if self._count:
            first = np.array(self._first, np.int64)
            self._log.add_rows(first, -1, lambda _: "the line is empty, and there are rows below it", self._count)
            self._first, self._count = [], 0


class RecordReader:
    """Reads the fields of one record, and logs those that cannot be read."""

    def __init__(self, layout: Layout, symbols: SymbolCodes, log: FaultLog) -> None:
        self._layout, self._symbols, self._log = layout, symbols, log

    def read(self, row: int, fields: list[str]) -> Row | None:
        """The record; None, with a fault logged, if it has more or fewer fields than the header."""
        if len(fields) != self._layout.width:
            self._log.drop(row, wrong_width(len(fields), self._layout.width))
            return None
        ts, offset = self._time(row, fields)
        code = self._symbol(row, fields)
        return Row(row, ts, offset, code, tuple(self._figure(row, at, fields[at]) for at in self._layout.figures))

    def _time(self, row: int, fields: list[str]) -> tuple[int, int]:
        parts = [fields[place].strip(PADDING) for place in self._layout.times]
        for place, part in zip(self._layout.times, parts, strict=True):
            if not part:
                self._log.add(row, "is empty", place)
                return UNREADABLE, 0
        return self._read(read_stamp, row, self._layout.times[0], "T".join(parts), (UNREADABLE, 0))

    def _symbol(self, row: int, fields: list[str]) -> int:
        place = self._layout.symbol
        return 0 if place is None else self._read(self._symbols.code, row, place, fields[place], -1)

    def _figure(self, row: int, place: int, text: str) -> float:
        return self._read(read_number, row, place, text.strip(PADDING), np.nan)

    def _read(self, read: Callable[[str], T], row: int, place: int, text: str, otherwise: T) -> T:
        try:
            return read(text)
        except ValueError as error:
            self._log.add(row, str(error), place)
            return otherwise


def is_blank(fields: list[str]) -> bool:
    """Whether a record is an empty line."""
    return len(fields) <= 1 and not "".join(fields).strip(BLANK_CHARACTERS)


def decoded(line: bytes, row: int, log: FaultLog) -> str | None:
    """A line as text; None, with a fault logged, if it is not UTF-8."""
    at = line.find(b"\0")
    if at >= 0:
        log.drop(row, "holds a NUL byte (is the file UTF-16, or binary?)", _column_at(line, at, log))
        return None
    try:
        return line.decode()
    except UnicodeDecodeError as error:
        what = f"holds the byte 0x{line[error.start]:02x}, which is not UTF-8; save the file as UTF-8"
        log.drop(row, what, _column_at(line, error.start, log))
        return None


def _column_at(line: bytes, at: int, log: FaultLog) -> int:
    """The column of a byte in a line, as far as it is known without reading quotes."""
    place = line.count(b",", 0, at)
    return place if place < len(log.names) else -1


def wrong_width(found: int, expected: int) -> str:
    """The words of the fault that a record has more or fewer fields than the header."""
    more = " (a comma inside a number or a name needs quotes around it)" if found > expected else ""
    return f"has {found} {'field' if found == 1 else 'fields'} where the header has {expected}{more}"


def csv_reason(error: csv.Error) -> str:
    """What is wrong with a record that the csv module refuses."""
    for start, reason in _QUOTING:
        if str(error).startswith(start):
            return reason
    return f"cannot be read: {quoted(str(error))}"


class Part(NamedTuple):
    """Rows of one block, in the order of the file."""

    rows: IntArray
    ts: IntArray
    offsets: OffsetArray
    codes: IntArray
    figures: tuple[FloatArray, ...]

    @classmethod
    def of(cls, rows: list[Row]) -> Part:
        """A part from records that were read one at a time."""
        figures = np.array([row.figures for row in rows]).reshape(-1, 5).T
        return cls(
            np.array([row.row for row in rows], np.int64),
            np.array([row.ts for row in rows], np.int64),
            np.array([row.offset for row in rows], np.int16),
            np.array([row.code for row in rows], np.int64),
            tuple(figures),
        )

    @classmethod
    def joined(cls, parts: list[Part]) -> Part:
        """The rows of several parts, in their order."""
        return cls(
            np.concatenate([part.rows for part in parts]),
            np.concatenate([part.ts for part in parts]),
            np.concatenate([part.offsets for part in parts]),
            np.concatenate([part.codes for part in parts]),
            tuple(map(np.concatenate, zip(*(part.figures for part in parts), strict=True))),
        )

    def sorted(self) -> Part:
        """A copy of this part with its rows in file order."""
        order = np.argsort(self.rows)
        figures = tuple(column[order] for column in self.figures)
        return Part(self.rows[order], self.ts[order], self.offsets[order], self.codes[order], figures)
