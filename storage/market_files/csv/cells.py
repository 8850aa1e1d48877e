"""A block of a CSV file cut into lines, and its plain lines into cells, found with numpy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.market.bars import BoolArray, IntArray
from storage.market_files.csv.records import LONGEST_FIELD

MARGIN = 160
"""Bytes of padding around a block, so that a window wider than its cell stays inside the buffer."""

_COMMA, _LF, _CR, _QUOTE, _SPACE, _TAB = b',\n\r" \t'
_ASCII = 0x7F

PLAIN, WIDE, BLANK, ODD, LOST, GONE = range(6)
"""What a line is.

PLAIN: a record with as many fields as the header, each quoted whole or not at all; WIDE: the same with more or fewer;
BLANK: empty; ODD: only the csv module can tell (quotes that are not plain, a lone carriage return, a very long line);
LOST: no text (a NUL byte, or not UTF-8); GONE: read already, with a line before it.
"""

ByteArray = npt.NDArray[np.uint8]
KindArray = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of a block: line i is `buffer[start[i]:end[i]]`, with a line end behind it, and row `first_row + i`."""

    block: bytes
    buffer: ByteArray
    start: IntArray
    end: IntArray
    first_row: int

    def __len__(self) -> int:
        return len(self.end)

    def raw(self, i: int) -> bytes:
        """A line's bytes, with its line end."""
        return self.block[int(self.start[i]) - MARGIN : int(self.end[i]) - MARGIN + 1]

    def of(self, places: IntArray) -> IntArray:
        """The numbers of the lines in which these places of the buffer lie."""
        return np.searchsorted(self.end, places)


@dataclass(frozen=True, slots=True)
class Cells:
    """The cells of n lines: `start` and `end` (exclusive) are places in `buffer`, of shape (columns, n)."""

    buffer: ByteArray
    start: IntArray
    end: IntArray

    def __len__(self) -> int:
        return len(self.end[0])

    def text(self, place: int, i: int) -> str:
        """One cell as the csv module reads it."""
        start, end = int(self.start[place, i]), int(self.end[place, i])
        text = self.buffer[start:end].tobytes().decode()
        return text.replace('""', '"') if self.buffer[start - 1] == _QUOTE else text


@dataclass(frozen=True, slots=True)
class SortedLines:
    """The lines of a block by their form, and how many fields each has; `cuts` are the ends of all fields, in order."""

    lines: Lines
    kinds: KindArray
    widths: IntArray
    cuts: IntArray

    def cells(self, which: BoolArray, columns: int) -> Cells:
        """The cells of the plain lines, shape (columns, n)."""
        buffer, block = self.lines.buffer, self.lines.block
        if len(self.cuts) == columns * np.count_nonzero(which):
            end = self.cuts.reshape(-1, columns).T
        else:
            first = np.cumsum(self.widths) - self.widths
            end = self.cuts[first[which][:, np.newaxis] + np.arange(columns)].T
        end = np.ascontiguousarray(end)
        start = np.empty_like(end)
        start[1:] = end[:-1] + 1
        start[0] = self.lines.start[which]
        if b"\r" in block:
            end[-1] -= buffer[end[-1] - 1] == _CR
        if b'"' in block:
            whole = (end - start >= 2) & (buffer[start] == _QUOTE)
            start += whole
            end -= whole
        return Cells(buffer, start, end)


def cut_lines(block: bytes, first_row: int) -> Lines:
    """The lines of a block. Only LF ends a line; the last line may lack it."""
    ended = () if block.endswith(b"\n") else (b"\n",)
    buffer = np.frombuffer(b"".join((bytes(MARGIN), block, *ended, bytes(MARGIN))), np.uint8)
    end = np.flatnonzero(buffer == _LF)
    start = np.empty_like(end)
    start[0], start[1:] = MARGIN, end[:-1] + 1
    return Lines(block, buffer, start, end, first_row)


def is_all_blank(block: bytes) -> bool:
    """Whether a block holds nothing but empty lines."""
    return not block.strip(b" \t\r\n") and block.count(b"\r") == block.count(b"\r\n")


def sort_lines(lines: Lines, columns: int) -> SortedLines:
    """The form and the number of fields of each line; `columns` is how many a row should have."""
    buffer = lines.buffer
    cuts = np.flatnonzero((buffer == _COMMA) | (buffer == _LF))
    odd = quoted = np.zeros(len(lines), np.bool_)
    if b'"' in lines.block:
        inside, odd, quoted = _quotes(lines, cuts)
        cuts = cuts[~inside]
    widths = np.diff(np.flatnonzero(buffer[cuts] == _LF), prepend=-1)
    kinds = np.where(widths == columns, PLAIN, WIDE).astype(np.uint8)
    kinds[_blank(lines, widths)] = BLANK
    kinds[odd | (quoted & (kinds != PLAIN)) | _broken(lines)] = ODD
    kinds[_lost(lines)] = LOST
    return SortedLines(lines, kinds, widths, cuts)


def _quotes(lines: Lines, cuts: IntArray) -> tuple[BoolArray, BoolArray, BoolArray]:
    """Which cuts are commas inside quotes, which lines have quotes that are not plain, and which have any.

    Plain quotes come in pairs: the first at the beginning of a field, the second at its end, or both as two in a row.
    If no field begins with a quote, quotes within a field are part of its text.
    """
    buffer = lines.buffer
    quotes = np.flatnonzero(buffer == _QUOTE)
    line = lines.of(quotes)
    counts = np.bincount(line, minlength=len(lines))
    before, after, second = buffer[quotes - 1], buffer[quotes + 1], buffer[quotes + 2]
    begins = (quotes == lines.start[line]) | (before == _COMMA)
    literal = np.bincount(line[begins], minlength=len(lines)) == 0
    ordinal = np.arange(len(quotes)) - (np.cumsum(counts) - counts)[line]
    opens = begins | ((before == _QUOTE) & (ordinal > 0))
    closes = (after == _COMMA) | (after == _LF) | (after == _QUOTE) | ((after == _CR) & (second == _LF))
    odd = counts % 2 == 1
    odd[line[~np.where(ordinal % 2 == 0, opens, closes)]] = True
    parity = np.cumsum(buffer == _QUOTE, dtype=np.uint8) & 1
    is_end = buffer[cuts] == _LF
    line_of_cut = np.cumsum(is_end) - is_end
    inside = ~is_end & ~literal[line_of_cut] & (parity[cuts] != parity[lines.start - 1][line_of_cut])
    return inside, odd & ~literal, counts > 0


def _blank(lines: Lines, widths: IntArray) -> BoolArray:
    """Lines without a comma that hold nothing but spaces, tabs and the carriage return of their end."""
    blank: BoolArray = (widths == 1) & (lines.end == lines.start)
    others = (widths == 1) & ~blank
    if others.any():
        buffer = lines.buffer
        filled = np.cumsum((buffer != _SPACE) & (buffer != _TAB) & (buffer != _CR))
        blank |= others & (filled[lines.end - 1] == filled[lines.start - 1])
    return blank


def _broken(lines: Lines) -> BoolArray:
    """Lines with a carriage return before their end, and lines that may be too long for the csv module."""
    broken = lines.end - lines.start > LONGEST_FIELD
    if b"\r" in lines.block:
        returns = np.flatnonzero(lines.buffer == _CR)
        broken[lines.of(returns[lines.buffer[returns + 1] != _LF])] = True
    return broken


def _lost(lines: Lines) -> BoolArray:
    """Lines that are not UTF-8."""
    block, lost = lines.block, np.zeros(len(lines), np.bool_)
    if b"\0" in block:
        lost[lines.of(MARGIN + np.flatnonzero(np.frombuffer(block, np.uint8) == 0))] = True
    if not block.isascii() and not _is_text(block):
        foreign = np.unique(lines.of(np.flatnonzero(lines.buffer > _ASCII)))
        lost[[i for i in foreign.tolist() if not _is_text(lines.raw(i))]] = True
    return lost


def _is_text(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True


def windows(buffer: ByteArray, at: IntArray, width: int) -> ByteArray:
    """The `width` bytes from each place of `at`, as rows of shape (n, width)."""
    # Overlapping items of `width` opaque bytes at a stride of one: indexing them is one memory copy for each row.
    shifted = np.ndarray((len(buffer) - width + 1,), f"V{width}", buffer, strides=(1,))
    return shifted[at].view(np.uint8).reshape(len(at), width)
