"""A file's bytes, plain or gzipped, as blocks of whole lines."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Callable, Iterator

BLOCK = 1 << 20
_LONGEST_LINE = 8 << 20
_MOST_TIMES, _NEVER_TOO_MUCH = 200, 256 << 20
"""A gzip of bars is rarely a fiftieth of them; below this many bytes it may be anything."""
_GZIP = b"\x1f\x8b"
BOM = b"\xef\xbb\xbf"

Tick = Callable[[int], None]
"""Told how many bytes of the file are behind."""


class UnreadableBytes(Exception):  # noqa: N818 - it becomes a fault like the others
    """The bytes end in a way that no line can be made of: a broken gzip, a line without end."""


def line_blocks(raw: bytes, tick: Tick, size: int = BLOCK) -> Iterator[bytes]:
    """Blocks of about `size` bytes that end at line ends (the last one where the file does), without a UTF-8 BOM.

    UnreadableBytes when a gzip is broken or unpacks to far too much, or a line is longer than 8 MB.
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
    """The first bytes of the text, unpacked where it is a gzip and as far as that can be unpacked."""
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
