"""The first line of a CSV file."""

from __future__ import annotations

import csv

from storage.market_files.csv.records import BLANK, csv_reason, decoded
from storage.market_files.faults import FaultLog
from storage.market_files.layout import Layout, is_time, read_layout


def read_header(line: bytes, log: FaultLog, first_row: bytes = b"") -> Layout | None:
    """The layout of a file whose first line that is, and whose second is `first_row`; None with the faults in the log.

    What the first row holds decides whether a column without a name holds the times.
    """
    text = decoded(line, 1, log)
    if text is None:
        return None
    if not text.strip(BLANK):
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
        log.add(1, separators[0].partition(": row 1: ")[2] if separators else f"the header {csv_reason(error)}")
        return None


def _first_cells(line: bytes) -> list[str]:
    try:
        return next(csv.reader([line.decode()], strict=True), [])
    except (UnicodeDecodeError, csv.Error):
        return []  # its own faults are told when it is read
