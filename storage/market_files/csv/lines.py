"""A file's bytes, plain or gzipped, as blocks of whole lines, and the meaning of the first line."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Callable, Iterable, Iterator

from storage.market_files.csv.cells import cut_lines
from storage.market_files.csv.records import BLANK, csv_reason, decoded
from storage.market_files.faults import FaultLog
from storage.market_files.layout import Layout, is_time, read_layout

BLOCK = 1 << 20
_LONGEST_LINE = 8 << 20
_MOST_TIMES, _NEVER_TOO_MUCH = 200, 256 << 20
"""A gzip of bars is rarely a fiftieth of them; below this many bytes it may be anything."""
_GZIP = b"\x1f\x8b"
BOM = b"\xef\xbb\xbf"

Tick = Callable[[int], None]
"""Told how many bytes of the file are behind."""


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
    if not text.strip(BLANK):
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
