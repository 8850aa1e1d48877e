"""The faults of one file: all are counted, and the first twenty kept with their places."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.symbols import quoted

KEPT = 20


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault; row 0 is the file as a whole, column -1 the row as a whole."""

    row: int
    column: int
    text: str


class FaultLog:
    """Collects the faults of the file called `file`.

    `names` are its columns as the header writes them, `header_row` is the row of the header, 0 for a file without
    lines, `dropped` counts the rows of which nothing could be read.
    """

    def __init__(self, file: str) -> None:
        self.file = file
        self.header_row = 1
        self.names: Sequence[str] = ()
        self.count = 0
        self.dropped = 0
        self._first: list[Fault] = []
        self._last_row: int | None = None

    def anew(self) -> FaultLog:
        """An empty log for the same file and header."""
        log = FaultLog(self.file)
        log.header_row, log.names = self.header_row, self.names
        return log

    def add(self, row: int, text: str, column: int = -1) -> None:
        """Log one fault at a row (1 is the header) and, if it lies in one, a column (from 0)."""
        self.count += 1
        self._first.append(Fault(row, column, text))
        if len(self._first) >= 8 * KEPT:
            self._trim()

    def drop(self, row: int, text: str, column: int = -1) -> None:
        """Log one fault that makes its whole row unreadable."""
        self.dropped += 1
        self.add(row, text, column)

    def add_rows(
        self,
        rows: npt.NDArray[np.int64],
        column: int | Callable[[int], int],
        describe: Callable[[int], str],
        count: int | None = None,
    ) -> None:
        """Log a fault for each of `rows` (rising); `describe(i)` words that of `rows[i]`, called for the first ones
        only.

        `column` may be such a function too. `count` is how many there are, if `rows` has only the first.
        """
        self.count += len(rows) if count is None else count
        for i, row in enumerate(rows[:KEPT].tolist()):
            if self._last_row is not None and row > self._last_row:
                return
            self._first.append(Fault(row, column(i) if callable(column) else column, describe(i)))
        self._trim()

    def drop_rows(self, rows: npt.NDArray[np.int64], describe: Callable[[int], str]) -> None:
        """Log a fault for each of these rows, which cannot be read at all."""
        self.dropped += len(rows)
        self.add_rows(rows, -1, describe)

    def drop_more(self, count: int) -> None:
        """Count so many more unreadable rows, all below twenty that were just dropped."""
        self.dropped += count
        self.count += count

    def take(self, other: FaultLog) -> None:
        """Add the faults of another log of the same file."""
        self.header_row, self.names = other.header_row, other.names
        self.count += other.count
        self.dropped += other.dropped
        self._first += other._first
        self._trim()

    def sentences(self) -> list[str]:
        """The first faults, as sentences, in the order of the file."""
        self._trim()
        return [self._sentence(fault) for fault in self._first]

    def _trim(self) -> None:
        self._first = sorted(self._first, key=lambda fault: (fault.row, fault.column))[:KEPT]
        self._last_row = self._first[-1].row if len(self._first) == KEPT else None

    def _sentence(self, fault: Fault) -> str:
        row = [f"row {fault.row}"] if fault.row else []
        column = [f"column {quoted(self.names[fault.column])}"] if fault.column >= 0 else []
        place = ", ".join(row + column)
        return ": ".join(part for part in (self.file, place, fault.text) if part)
