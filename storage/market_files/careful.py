"""The careful pass over a CSV file: line by line, and the only authority on what its text means.

The fast pass (`fast`) may be quicker, never more lenient: whatever it cannot read plainly comes here.
"""

from __future__ import annotations

import csv
from array import array
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

import numpy as np

from engine.validation import quoted
from storage.market_files.faults import FaultLog
from storage.market_files.layout import Layout, is_time, read_layout
from storage.market_files.lines import UnreadableBytes
from storage.market_files.numerals import read_number
from storage.market_files.table import UNREADABLE, SymbolCodes, Table
from storage.market_files.times import read_time

T = TypeVar("T")

_BLANK = " \t\r\n"
_QUOTING = (
    ("new-line character", "holds a lone carriage return; lines end in LF or CRLF"),
    ("unexpected end", "opens a quote that is never closed"),
    ("field larger", "holds a field of more than 131,072 characters: perhaps a quote that is never closed"),
    ("',' expected", "has text after a closing quote"),
)


def read_header(line: bytes, log: FaultLog, first_row: bytes = b"") -> Layout | None:
    """The layout of a file whose first line that is, and whose second is `first_row`; None with the faults in the log.

    What the first row holds decides whether a column without a name holds the times.
    """
    text = _decoded(line, 1, log)
    if text is None:
        return None
    if not text.strip(_BLANK):
        log.add(1, "the header is missing: the first line is empty")
        return None
    cells = _first_cells(first_row)
    try:
        names = next(csv.reader([text], strict=True))
        return read_layout(names, log, lambda place: place < len(cells) and is_time(cells[place]))
    except csv.Error as error:
        # Another separator can look like broken quotes; it is then what to speak of.
        other = FaultLog(log.file)
        read_layout([text], other)
        separators = [sentence for sentence in other.sentences() if "separated by" in sentence]
        log.add(1, separators[0].partition(": row 1: ")[2] if separators else f"the header {_csv_reason(error)}")
        return None


def _first_cells(line: bytes) -> list[str]:
    try:
        return next(csv.reader([line.decode()], strict=True), [])
    except (UnicodeDecodeError, csv.Error):
        return []  # its own faults are told when it is read


def read_carefully(blocks: Iterable[bytes], layout: Layout, symbols: SymbolCodes, log: FaultLog) -> Table:
    """Every row below the header that can be read; what cannot is in the log, and NaN or UNREADABLE in its place."""
    rows = _Rows(layout, symbols, log)
    feed = _Feed(blocks, log)
    reader = csv.reader(feed, strict=True)
    while True:
        feed.first = 0
        try:
            fields = next(reader, None)
        except csv.Error as error:
            log.drop(feed.first, f"the row {_csv_reason(error)}")
            continue
        if fields is None:
            return rows.table()
        rows.take(feed.first, fields)


class _Feed:
    """The decoded lines below the header; `first` is the number of the first one taken since it was set to 0."""

    def __init__(self, blocks: Iterable[bytes], log: FaultLog) -> None:
        self.first = 0
        self._row = 1
        self._log = log
        self._lines = self._decode(blocks)

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self.first = self.first or self._row
        return line

    def _decode(self, blocks: Iterable[bytes]) -> Iterator[str]:
        try:
            for block in blocks:
                for line in _split(block):
                    self._row += 1
                    text = _decoded(line, self._row, self._log)
                    if text is not None:
                        yield text
        except UnreadableBytes as error:
            self._log.drop(self._row + 1, str(error))


def _split(block: bytes) -> Iterator[bytes]:
    """The lines of a block, which end in LF alone: a lone CR is not an end of a line, and is a fault."""
    lines = block.split(b"\n")
    last = lines.pop()
    for line in lines:
        yield line + b"\n"
    if last:
        yield last


class _Rows:
    """The columns as they grow, and the reading of one row into them."""

    def __init__(self, layout: Layout, symbols: SymbolCodes, log: FaultLog) -> None:
        self._layout = layout
        self._symbols = symbols
        self._log = log
        self._rows, self._ts, self._codes = array("q"), array("q"), array("q")
        self._figures = [array("d") for _ in layout.figures]
        self._blank: list[int] = []

    def take(self, row: int, fields: list[str]) -> None:
        """One row's fields; an empty line is a fault as soon as a row follows it."""
        if len(fields) <= 1 and not "".join(fields).strip(_BLANK):
            self._blank.append(row)
            return
        for blank in self._blank:
            self._log.add(blank, "the line is empty, and there are rows below it")
        self._blank.clear()
        if len(fields) != self._layout.width:
            self._log.drop(row, _wrong_width(len(fields), self._layout.width))
            return
        self._rows.append(row)
        self._ts.append(self._time(row, fields))
        self._codes.append(self._symbol(row, fields))
        for place, column in zip(self._layout.figures, self._figures, strict=True):
            column.append(self._figure(row, place, fields[place]))

    def table(self) -> Table:
        """What was read."""
        opening, high, low, close, volume = (np.array(column, np.float64) for column in self._figures)
        rows, ts, codes = (np.array(column, np.int64) for column in (self._rows, self._ts, self._codes))
        return Table(rows, ts, codes, (opening, high, low, close, volume), self._symbols.names)

    def _time(self, row: int, fields: list[str]) -> int:
        parts = [fields[place].strip(" \t") for place in self._layout.times]
        for place, part in zip(self._layout.times, parts, strict=True):
            if not part:
                self._log.add(row, "is empty", place)
                return UNREADABLE
        return self._read(read_time, row, self._layout.times[0], "T".join(parts), UNREADABLE)

    def _symbol(self, row: int, fields: list[str]) -> int:
        place = self._layout.symbol
        return 0 if place is None else self._read(self._symbols.code, row, place, fields[place], -1)

    def _figure(self, row: int, place: int, text: str) -> float:
        return self._read(read_number, row, place, text.strip(" \t"), np.nan)

    def _read(self, read: Callable[[str], T], row: int, place: int, text: str, otherwise: T) -> T:
        try:
            return read(text)
        except ValueError as error:
            self._log.add(row, str(error), place)
            return otherwise


def _decoded(line: bytes, row: int, log: FaultLog) -> str | None:
    if row == 1 and line.startswith((b"\xff\xfe", b"\xfe\xff")):
        log.add(1, "the file is UTF-16; save it as UTF-8")
        return None
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
    """The column of a byte in a line, as far as it can be told without reading quotes."""
    place = line.count(b",", 0, at)
    return place if place < len(log.names) else -1


def _wrong_width(found: int, expected: int) -> str:
    more = " (a comma inside a number or a name needs quotes around it)" if found > expected else ""
    return f"has {found} {'field' if found == 1 else 'fields'} where the header has {expected}{more}"


def _csv_reason(error: csv.Error) -> str:
    for start, reason in _QUOTING:
        if str(error).startswith(start):
            return reason
    return f"cannot be read: {quoted(str(error))}"
