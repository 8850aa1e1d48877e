"""A CSV file's bytes, plain or gzipped, as blocks of whole lines, and plain lines as cells, found by numpy."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.market.bars import BoolArray, IntArray
from storage.market_files.csv.records import BLANK_CHARACTERS, LONGEST_FIELD, csv_reason, decoded
from storage.market_files.layout import Layout, is_time, read_layout
from storage.market_files.table import FaultLog

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
BLOCK = 1 << 20
_LONGEST_LINE = 8 << 20
_MOST_TIMES, _NEVER_TOO_MUCH = 200, 256 << 20
"""A gzip of bars is rarely a fiftieth of them; below this many bytes it may be anything."""
_GZIP = b"\x1f\x8b"
BOM = b"\xef\xbb\xbf"

Tick = Callable[[int], None]
"""Told how many bytes of the file are behind."""


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
    ended = () if block.endswith(b"\n") else (b"\n",)  # so that the last line is cut as all others
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


class UnreadableBytes(Exception):  # noqa: N818 - it becomes a fault like the others
    """The bytes cannot be cut into lines: a broken gzip, or a line without end."""


def line_blocks(raw: bytes, tick: Tick, size: int = BLOCK) -> Iterator[bytes]:
    """Blocks of about `size` bytes that end at line ends (the last one where the file does), without a UTF-8 BOM.

    Raises UnreadableBytes if a gzip is broken or unpacks to far too much, or a line is longer than 8 MB.
    """
    stream = io.BytesIO(raw)
    opened = gzip.GzipFile(fileobj=stream) if raw.startswith(_GZIP) else stream
    most = max(_NEVER_TOO_MUCH, _MOST_TIMES * len(raw))
    rest = _read(opened, len(BOM)).removeprefix(BOM)
    unpacked = len(rest)
    while chunk := _read(opened, size):
        tick(stream.tell())
        unpacked += len(chunk)
        if unpacked > most:
            most_said = f"{_MOST_TIMES} times its size and {_NEVER_TOO_MUCH >> 20} MiB"
            raise UnreadableBytes(f"the gzip unpacks to more than {most_said}, as no file of bars does")
        cut = chunk.rfind(b"\n") + 1
        if cut:
            yield rest + chunk[:cut]
            rest = chunk[cut:]
        else:
            rest += chunk
        if len(rest) > _LONGEST_LINE:
            raise UnreadableBytes("a line is longer than 8 MB")
    if rest:
        yield rest


def first_bytes(raw: bytes, size: int = 1 << 16) -> bytes:
    """The first bytes of the text; of a gzip as far as it can be unpacked."""
    if not raw.startswith(_GZIP):
        return raw[:size]
    unpacker = zlib.decompressobj(16 + zlib.MAX_WBITS)
    try:
        return unpacker.decompress(raw, size)
    except zlib.error:
        return b""


def _read(stream: io.BufferedIOBase, size: int) -> bytes:
    try:
        return stream.read(size)
    except (EOFError, OSError, zlib.error) as error:
        raise UnreadableBytes(f"the gzip data is cut off or damaged ({error})") from error


class LineSource:
    """The lines below the header. `lines` are those of the current block, `at` is the next one to read.

    `first` is the row of the first line taken since it was set to 0.
    """

    def __init__(self, blocks: Iterable[bytes], log: FaultLog) -> None:
        self._blocks, self._log = iter(blocks), log
        self._next_row = 2
        self.lines = cut_lines(b"\n", 1)
        self.at = 1
        self.first = 0

    def more(self) -> bool:
        """Whether there are more lines; reads the next block when the current one is used up."""
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
        """The next line that can be decoded."""
        while self.more():
            row, line = self.lines.first_row + self.at, self.lines.raw(self.at)
            self.at += 1
            text = decoded(line, row, self._log)
            if text is not None:
                self.first = self.first or row
                return text
        raise StopIteration


def read_header(line: bytes, log: FaultLog, first_row: bytes = b"") -> Layout | None:
    """The layout of a file with this first line, or None with the faults in the log.

    `first_row` is the second line: it decides whether a column without a name holds the times.
    """
    text = decoded(line, 1, log)
    if text is None:
        return None
    if not text.strip(BLANK_CHARACTERS):
        log.add(1, "the header is missing: the first line is empty")
        return None
    cells = _first_cells(first_row)
    try:
        names = next(csv.reader([text], strict=True))
        return read_layout(names, log, lambda place: place < len(cells) and is_time(cells[place]))
    except csv.Error as error:
        # another separator can look like broken quotes, and is then the fault to report
        other = FaultLog(log.file)
        read_layout([text], other)
        separators = [sentence for sentence in other.sentences() if "separated by" in sentence]
        log.add(1, separators[0].partition(": row 1: ")[2] if separators else f"the header {csv_reason(error)}")
        return None


def _first_cells(line: bytes) -> list[str]:
    try:
        return next(csv.reader([line.decode()], strict=True), [])
    except (UnicodeDecodeError, csv.Error):
        return []  # its own faults are logged when it is read as a row
