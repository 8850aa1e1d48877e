"""The lines of a text as columns of cells: the regular ones with numpy, the odd ones one at a time."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from engine.market.bars import BoolArray, IntArray
from storage.market_files.csv.lines import (
    BLANK,
    LOST,
    MARGIN,
    PLAIN,
    Cells,
    UnreadableBytes,
    cut_lines,
    line_blocks,
    sort_lines,
    windows,
)
from storage.market_files.importing.opening import Text, refusal

TextArray = npt.NDArray[np.bytes_]
"""A column of cells as text, shape (n,): bytes of UTF-8, filled up with NUL."""

INNER = 0x1F
"""Stands, where another separator was made a comma, for a comma within a cell."""
_COMMA, _SPACE, _TAB, _QUOTE = b', \t"'
WIDEST = 136
"""Bytes of a cell that are kept: more than a number, a time or a symbol has; what is longer is marked at its end."""
_TOO_LONG = 0x7F
_BLOCK = 1 << 18
"""Bytes of text that are cut into cells at once: with its arrays a block stays in a processor's cache."""
EVENTS = re.compile(r"dividend|stock split|capital gain", re.I)
"""What stands where Yahoo's page puts a dividend or a split among the bars."""


@dataclass(slots=True)
class Lines:
    """What became of the lines: `rows` are the numbers of those in the columns, the others are told with their text.

    `lost` are those that are no text.
    """

    rows: IntArray
    columns: dict[int, TextArray]
    blank: int = 0
    events: list[tuple[int, str]] = field(default_factory=list)
    headers: list[tuple[int, str]] = field(default_factory=list)
    odd: list[tuple[int, str]] = field(default_factory=list)
    lost: list[int] = field(default_factory=list)

    def keep(self, mask: BoolArray) -> None:
        """Keep the rows of the mask alone."""
        self.rows = self.rows[mask]
        self.columns = {place: column[mask] for place, column in self.columns.items()}


def read_lines(text: Text, separator: str, first: int, width: int, places: tuple[int, ...], header: str) -> Lines:
    """The cells at these places of all lines from `first` on (counted from 0); the file has `width` columns.

    `header` is the line with the names, which may come again where files were put together.
    """
    reader = _Reader(separator, width, places, header)
    try:
        row = 1
        for block in line_blocks(text.content, lambda _: None, _BLOCK):
            skipped, rest = _without_first(block, max(0, first - row + 1))
            row += skipped
            row = reader.take(rest, row) if rest else row
    except UnreadableBytes as error:
        raise refusal(text.name, str(error)) from error
    return reader.lines()


def _without_first(block: bytes, count: int) -> tuple[int, bytes]:
    """A block without so many of its first lines, and how many it had of them."""
    for skipped in range(count):
        _, end, block = block.partition(b"\n")
        if not end:
            return skipped + 1, b""
    return count, block


class _Reader:
    """Takes block after block."""

    def __init__(self, separator: str, width: int, places: tuple[int, ...], header: str) -> None:
        self._separator, self._width, self._places, self._header = separator, width, places, header
        self._parts: list[tuple[IntArray, list[TextArray]]] = []
        self._found = Lines(np.zeros(0, np.int64), {})

    def take(self, block: bytes, first_row: int) -> int:
        """Read a block of whole lines; the number of the row after it."""
        if self._separator != ",":
            block = block.translate(bytes.maketrans(f"{self._separator},".encode(), b"," + bytes([INNER])))
        lines = cut_lines(block, first_row)
        found = sort_lines(lines, self._width)
        plain = found.kinds == PLAIN
        self._found.blank += int(np.count_nonzero(found.kinds == BLANK))
        if plain.any():
            cells = found.cells(plain, self._width)
            if b" " in block or b"\t" in block:
                cells = _trimmed(cells)
            self._parts.append((first_row + np.flatnonzero(plain), [_texts(cells, place) for place in self._places]))
        alone = np.flatnonzero(~plain & (found.kinds != BLANK))
        for i in alone.tolist():
            self._alone(lines.raw(i), first_row + i, readable=found.kinds[i] != LOST)
        return first_row + len(lines)

    def _alone(self, raw: bytes, row: int, *, readable: bool) -> None:
        line = raw.decode(errors="replace").rstrip("\r\n")
        cells = self._cells(line) if readable else []
        if len(cells) == self._width + 1 and not cells[-1]:
            cells = cells[:-1]  # a separator at the end of the line
        if len(cells) == self._width:
            columns = [np.array([_cut(cells[place].strip(" \t").encode())]) for place in self._places]
            self._parts.append((np.array([row], np.int64), columns))
        elif not readable:
            self._found.lost.append(row)
        elif not any(cells):
            self._found.blank += 1
        elif EVENTS.search(line):
            self._found.events.append((row, self._shown(line)))
        elif line.strip() == self._header:
            self._found.headers.append((row, self._shown(line)))
        else:
            self._found.odd.append((row, self._shown(line)))

    def _cells(self, line: str) -> list[str]:
        try:
            return [cell.replace(chr(INNER), ",") for cell in next(csv.reader([line]), [])]
        except csv.Error:
            return []

    def _shown(self, line: str) -> str:
        return line.replace(",", self._separator).replace(chr(INNER), ",")[:60]

    def lines(self) -> Lines:
        """All that was taken, in the order of the file."""
        found = self._found
        if not self._parts:
            found.columns = {place: np.zeros(0, "S1") for place in self._places}
            return found
        rows = np.concatenate([rows for rows, _ in self._parts])
        columns = [np.concatenate(column) for column in zip(*(columns for _, columns in self._parts), strict=True)]
        if len(rows) > 1 and not np.all(rows[1:] > rows[:-1]):
            order = np.argsort(rows, kind="stable")
            rows, columns = rows[order], [column[order] for column in columns]
        found.rows, found.columns = rows, dict(zip(self._places, columns, strict=True))
        return found


def bytes_of(column: TextArray) -> npt.NDArray[np.uint8]:
    """The characters of a column, shape (n, width), NUL behind each cell's end."""
    return np.ascontiguousarray(column).view(np.uint8).reshape(len(column), column.dtype.itemsize)


def text_of(characters: npt.NDArray[np.uint8]) -> TextArray:
    """A column from its characters, shape (n, width)."""
    return np.ascontiguousarray(characters).view(f"S{characters.shape[1]}").reshape(-1)


def as_cells(column: TextArray) -> Cells:
    """A column as the readers of numbers and times take it."""
    characters = bytes_of(column)
    width = characters.shape[1]
    buffer = np.concatenate([np.zeros(MARGIN, np.uint8), characters.reshape(-1), np.zeros(MARGIN, np.uint8)])
    start = MARGIN + np.arange(len(column), dtype=np.int64) * width
    lengths = np.char.str_len(column).astype(np.int64)
    return Cells(buffer, start[np.newaxis], (start + lengths)[np.newaxis])


def _trimmed(cells: Cells) -> Cells:
    """The cells without spaces and tabs around them, and without quotes that such a space has hidden."""
    buffer, start, end = cells.buffer, cells.start.copy(), cells.end.copy()
    for _ in range(8):
        leading = (start < end) & ((buffer[start] == _SPACE) | (buffer[start] == _TAB))
        trailing = (start < end) & ~leading & ((buffer[end - 1] == _SPACE) | (buffer[end - 1] == _TAB))
        if not leading.any() and not trailing.any():
            break
        start += leading
        end -= trailing
    return Cells(buffer, start, end)


def _texts(cells: Cells, place: int) -> TextArray:
    start, end = cells.start[place], cells.end[place]
    length = end - start
    width = max(1, min(int(length.max()), WIDEST))
    characters = windows(cells.buffer, start, width)
    if int(length.min()) < width:
        characters[np.arange(width) >= length[:, np.newaxis]] = 0
    characters[characters == INNER] = _COMMA
    characters[length > WIDEST, -1] = _TOO_LONG
    return text_of(characters)


def _cut(cell: bytes) -> bytes:
    return cell if len(cell) <= WIDEST else cell[: WIDEST - 1] + bytes([_TOO_LONG])
