"""The careful pass over a CSV file, line by line, which defines what its text means.

The fast pass (`fast`) finds the same rows and the same faults sooner: a property test compares the two.
"""

from __future__ import annotations

import csv
from array import array
from collections.abc import Iterable, Iterator

import numpy as np

from storage.market_files.csv.lines import UnreadableBytes
from storage.market_files.csv.records import Blanks, RecordReader, csv_reason, decoded, is_blank
from storage.market_files.layout import Layout
from storage.market_files.table import FaultLog, SymbolCodes, Table


def read_carefully(blocks: Iterable[bytes], layout: Layout, symbols: SymbolCodes, log: FaultLog) -> Table:
    """Every row below the header that can be read; the rest is logged, with NaN or UNREADABLE in its place."""
    rows = _Rows(layout, symbols, log)
    feed = _Feed(blocks, log)
    reader = csv.reader(feed, strict=True)
    while True:
        feed.first = 0
        try:
            fields = next(reader, None)
        except csv.Error as error:
            log.drop(feed.first, f"the row {csv_reason(error)}")
            continue
        if fields is None:
            return rows.table()
        rows.take(feed.first, fields)


class _Feed:
    """The decoded lines below the header. `first` is the row of the first line taken since it was set to 0."""

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
                    text = decoded(line, self._row, self._log)
                    if text is not None:
                        yield text
        except UnreadableBytes as error:
            self._log.drop(self._row + 1, str(error))


def _split(block: bytes) -> Iterator[bytes]:
    """The lines of a block. Only LF ends a line: a lone CR is a fault."""
    lines = block.split(b"\n")
    last = lines.pop()
    for line in lines:
        yield line + b"\n"
    if last:
        yield last


class _Rows:
    """The columns of the rows read so far."""

    def __init__(self, layout: Layout, symbols: SymbolCodes, log: FaultLog) -> None:
        self._records = RecordReader(layout, symbols, log)
        self._blanks = Blanks(log)
        self._symbols = symbols
        self._rows, self._ts, self._codes, self._offsets = array("q"), array("q"), array("q"), array("h")
        self._figures = [array("d") for _ in layout.figures]

    def take(self, row: int, fields: list[str]) -> None:
        """Read one record's fields into the columns, or log what is wrong with them."""
        if is_blank(fields):
            self._blanks.see(np.array([row], np.int64))
            return
        self._blanks.end()
        read = self._records.read(row, fields)
        if read is None:
            return
        self._rows.append(row)
        self._ts.append(read.ts)
        self._codes.append(read.code)
        self._offsets.append(read.offset)
        for column, figure in zip(self._figures, read.figures, strict=True):
            column.append(figure)

    def table(self) -> Table:
        """The rows that were read so far, as columns."""
        opening, high, low, close, volume = (np.array(column, np.float64) for column in self._figures)
        rows, ts, codes = (np.array(column, np.int64) for column in (self._rows, self._ts, self._codes))
        offsets = np.array(self._offsets, np.int16)
        return Table(
            rows,
            ts,
            codes,
            (opening, high, low, close, volume),
            self._symbols.names,
            offsets if offsets.any() else None,
        )
