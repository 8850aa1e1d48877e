"""A block of plain CSV lines cut into cells: where each begins and ends, found with numpy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.market.bars import IntArray

MARGIN = 160
"""Bytes of padding around a block, so that a window wider than its cell stays inside the buffer."""

_LONGEST_LINE = 131_072  # the csv module refuses longer fields
_COMMA, _LF, _CR, _QUOTE = b',\n\r"'

ByteArray = npt.NDArray[np.uint8]


class Handover(Exception):  # noqa: N818 - a signal, not an error
    """Something is not written plainly: the careful pass must judge it."""


@dataclass(frozen=True, slots=True)
class Cells:
    """The cells of n lines: `start` and `end` (exclusive) are places in `buffer`, of shape (columns, n)."""

    buffer: ByteArray
    start: IntArray
    end: IntArray

    def __len__(self) -> int:
        return len(self.end[0])


def cut_cells(block: bytes, columns: int) -> Cells:
    """The cells of lines that all end in LF and have `columns` fields; Handover when they are not that plain."""
    _refuse_odd_bytes(block)
    buffer = np.frombuffer(b"".join((bytes(MARGIN), block, bytes(MARGIN))), np.uint8)
    cuts = np.flatnonzero((buffer == _COMMA) | (buffer == _LF))
    if len(cuts) % columns:
        raise Handover("rows of different widths")
    end = np.ascontiguousarray(cuts.reshape(-1, columns).T)
    if np.any(buffer[end[-1]] != _LF) or np.any(buffer[end[:-1]] != _COMMA):
        raise Handover("rows of different widths")
    start = _starts(end)
    if np.any(end[-1] - start[0] > _LONGEST_LINE):
        raise Handover("a very long line")
    if b"\r" in block:
        end[-1] -= buffer[end[-1] - 1] == _CR
    if b'"' in block:
        _take_off_quotes(buffer, start, end, block.count(b'"'))
    return Cells(buffer, start, end)


def windows(buffer: ByteArray, at: IntArray, width: int) -> ByteArray:
    """The `width` bytes from each place of `at`, as rows of shape (n, width)."""
    # Overlapping items of `width` opaque bytes at a stride of one: taking them is a memory copy a row.
    shifted = np.ndarray((len(buffer) - width + 1,), f"V{width}", buffer, strides=(1,))
    return shifted[at].view(np.uint8).reshape(len(at), width)


def _starts(end: IntArray) -> IntArray:
    start = np.empty_like(end)
    start[1:] = end[:-1] + 1
    start[0, 1:] = end[-1, :-1] + 1
    start[0, 0] = MARGIN
    return start


def _take_off_quotes(buffer: ByteArray, start: IntArray, end: IntArray, quotes: int) -> None:
    """Narrows quoted cells, in place, when every quote of the block is the first or the last byte of one."""
    quoted = (end - start >= 2) & (buffer[start] == _QUOTE) & (buffer[end - 1] == _QUOTE)
    if 2 * np.count_nonzero(quoted) != quotes:
        raise Handover("quotes around a comma, a line end or a quote")
    start += quoted
    end -= quoted


def _refuse_odd_bytes(block: bytes) -> None:
    if b"\0" in block:
        raise Handover("a NUL byte")
    if b"\r" in block and block.count(b"\r") != block.count(b"\r\n"):
        raise Handover("a lone carriage return")
    if not block.isascii():
        try:
            block.decode()
        except UnicodeDecodeError as error:
            raise Handover("not UTF-8") from error
