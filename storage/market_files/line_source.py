"""The lines of a CSV file for the fast pass: a block at a time, or one after the other where a record needs it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from storage.market_files.cells import cut_lines
from storage.market_files.faults import FaultLog
from storage.market_files.lines import UnreadableBytes
from storage.market_files.records import decoded


class LineSource:
    """The lines below the header; `lines` are those of the block at hand, `at` is the next of them to be read.

    `first` is the row of the first line taken since it was set to 0.
    """

    def __init__(self, blocks: Iterable[bytes], log: FaultLog) -> None:
        self._blocks, self._log = iter(blocks), log
        self._next_row = 2
        self.lines = cut_lines(b"\n", 1)
        self.at = 1
        self.first = 0

    def more(self) -> bool:
        """Whether lines are left; the next block is at hand where those of the last are used up."""
        while self.at == len(self.lines):
            try:
                block = next(self._blocks, None)
            except UnreadableBytes as error:
                self._blocks = iter(())
                self._log.drop(self._next_row, str(error))
                return False
            if block is None:
                return False
            if block:
                self.lines, self.at = cut_lines(block, self._next_row), 0
                self._next_row += len(self.lines)
        return True

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        """The next line that is text."""
        while self.more():
            row, line = self.lines.first_row + self.at, self.lines.raw(self.at)
            self.at += 1
            text = decoded(line, row, self._log)
            if text is not None:
                self.first = self.first or row
                return text
        raise StopIteration
