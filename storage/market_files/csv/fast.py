"""The fast pass over a CSV file: blocks of bytes become numpy columns, without a Python object for each bar.

Plain lines become columns, and their faults are counted there. Other lines go through the csv module, one at a time.
The rows and the faults are those of the careful pass, which a property test holds it to.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator
from functools import partial

import numpy as np

from engine.market.bars import FloatArray, IntArray
from storage.market_files.csv.fast_columns import read_numbers, read_symbols, read_times
from storage.market_files.csv.lines import (
    BLANK,
    GONE,
    LOST,
    ODD,
    PLAIN,
    WIDE,
    Cells,
    Lines,
    LineSource,
    SortedLines,
    is_all_blank,
    sort_lines,
)
from storage.market_files.csv.records import (
    PADDING,
    Blanks,
    Part,
    RecordReader,
    Row,
    csv_reason,
    decoded,
    is_blank,
    wrong_width,
)
from storage.market_files.layout import Layout
from storage.market_files.table import KEPT, FaultLog, SymbolCodes, Table
from storage.market_files.values import number_reason, time_reason

Tokenizer = Callable[[Iterable[bytes], Layout, SymbolCodes, FaultLog], Table]
"""Reads the blocks below a header into a table and a log."""


def read_fast(blocks: Iterable[bytes], layout: Layout, symbols: SymbolCodes, log: FaultLog) -> Table:
    """Every row below the header that can be read; the rest is logged, with NaN or UNREADABLE in its place."""
    reader = _Reader(blocks, layout, symbols, log)
    parts = list(reader.parts()) or [Part.of([])]
    whole = Part.joined(parts) if len(parts) > 1 else parts[0]
    codes, names = whole.codes, symbols.names
    if layout.symbol is not None and reader.read_alone:
        codes, names = _in_order(codes, names)
    opening, high, low, close, volume = whole.figures
    offsets = whole.offsets if whole.offsets.any() else None
    return Table(whole.rows, whole.ts, codes, (opening, high, low, close, volume), names, offsets)


def _in_order(codes: IntArray, names: tuple[str, ...]) -> tuple[IntArray, tuple[str, ...]]:
    """The symbols numbered in the order of the file: those of lines that were read alone were numbered later."""
    found, firsts = np.unique(codes[codes >= 0], return_index=True)
    order = found[np.argsort(firsts)]
    place = np.full(len(names) + 1, -1, np.int64)  # index -1, a symbol at fault, finds this last item
    place[order] = np.arange(len(order))
    return place[codes], tuple(names[which] for which in order.tolist())


class _Reader:
    """Reads a CSV file block by block."""

    def __init__(self, blocks: Iterable[bytes], layout: Layout, symbols: SymbolCodes, log: FaultLog) -> None:
        self.read_alone = False
        self._source = LineSource(blocks, log)
        self._csv = csv.reader(self._source, strict=True)
        self._records = RecordReader(layout, symbols, log)
        self._blanks = Blanks(log)
        self._layout, self._symbols, self._log = layout, symbols, log

    def parts(self) -> Iterator[Part]:
        """The rows of each block, block by block."""
        while self._source.more():
            yield self._part()

    def _part(self) -> Part:
        lines = self._source.lines
        if is_all_blank(lines.block):
            self._blanks.see(np.arange(lines.first_row + self._source.at, lines.first_row + len(lines)))
            self._source.at = len(lines)
            return Part.of([])
        found = sort_lines(lines, self._layout.width)
        found.kinds[: self._source.at] = GONE
        alone, behind = _Alone(), 0
        for i in np.flatnonzero(found.kinds == ODD).tolist():
            if i >= behind:
                behind = self._read_alone(found, i, alone)
        if self._source.lines is lines:
            self._source.at = len(lines)
        self._lose(lines, np.flatnonzero(found.kinds == LOST))
        self._drop_wide(found)
        self._see_blanks(found, alone)
        plain = found.kinds == PLAIN
        part = self._plain(found.cells(plain, self._layout.width), lines.first_row + np.flatnonzero(plain))
        return Part.joined([part, Part.of(alone.rows)]).sorted() if alone.rows else part

    def _read_alone(self, found: SortedLines, i: int, alone: _Alone) -> int:
        """Read the record that begins at a line by the csv module; the number of the line after it."""
        self.read_alone = True
        source, lines = self._source, found.lines
        source.at, source.first = i, 0
        try:
            fields = next(self._csv)
        except csv.Error as error:
            self._log.drop(source.first, f"the row {csv_reason(error)}")
        else:
            if is_blank(fields):
                alone.blank.append(source.first)
            else:
                alone.followed.append(source.first)
                read = self._records.read(source.first, fields)
                alone.rows += [read] if read is not None else []
        behind = source.at if source.lines is lines else len(lines)
        found.kinds[i:behind] = GONE
        return behind

    def _lose(self, lines: Lines, which: IntArray) -> None:
        for i in which[:KEPT].tolist():
            decoded(lines.raw(i), lines.first_row + i, self._log)
        self._log.drop_more(len(which[KEPT:]))

    def _drop_wide(self, found: SortedLines) -> None:
        wide, expected = np.flatnonzero(found.kinds == WIDE), self._layout.width
        rows = found.lines.first_row + wide
        self._log.drop_rows(rows, lambda i: wrong_width(int(found.widths[wide[i]]), expected))

    def _see_blanks(self, found: SortedLines, alone: _Alone) -> None:
        first = found.lines.first_row
        records = np.flatnonzero((found.kinds == PLAIN) | (found.kinds == WIDE))
        last = max([*alone.followed, *(first + records[-1:]).tolist()], default=0)
        blank = np.sort(np.append(first + np.flatnonzero(found.kinds == BLANK), alone.blank).astype(np.int64))
        if last:
            self._blanks.see(blank[blank < last])
            self._blanks.end()
        self._blanks.see(blank[blank > last])

    def _plain(self, cells: Cells, rows: IntArray) -> Part:
        if not len(rows):
            return Part.of([])
        times = read_times(cells, self._layout.times)
        self._tell_times(cells, rows, np.flatnonzero(times.wrong))
        codes = np.zeros(len(rows), np.int64)
        if self._layout.symbol is not None:
            codes, reason = read_symbols(cells, self._layout.symbol, self._symbols)
            none = np.flatnonzero(codes < 0)
            self._log.add_rows(rows[none], self._layout.symbol, lambda i: reason(int(none[i])))
        return Part(rows, times.ts, times.offsets, codes, tuple(self._figures(cells, rows)))

    def _figures(self, cells: Cells, rows: IntArray) -> Iterator[FloatArray]:
        for place in self._layout.figures:
            values, wrong = read_numbers(cells, place)
            none = np.flatnonzero(wrong)
            self._log.add_rows(rows[none], place, partial(_number_reason, cells, place, none))
            yield values

    def _tell_times(self, cells: Cells, rows: IntArray, wrong: IntArray) -> None:
        """Log unreadable times: of a date and a time, the fault is in the empty one, else in the date."""
        places = self._layout.times

        def parts(i: int) -> list[str]:
            """The rows of each block, block by block."""
            return [cells.text(place, int(wrong[i])).strip(PADDING) for place in places]

        def column(i: int) -> int:
            return next((place for place, part in zip(places, parts(i), strict=True) if not part), places[0])

        self._log.add_rows(
            rows[wrong], column, lambda i: time_reason("T".join(parts(i))) if all(parts(i)) else "is empty"
        )


class _Alone:
    """The lines of a block that were read one at a time.

    `rows` are the records that could be read, `followed` the row numbers of all that were not empty, `blank` those of
    the empty ones.
    """

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.blank: list[int] = []
        self.followed: list[int] = []


def _number_reason(cells: Cells, place: int, which: IntArray, i: int) -> str:
    return number_reason(cells.text(place, int(which[i])).strip(PADDING))
