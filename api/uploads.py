"""An uploaded file of bars: what is looked at before it is read as one, and how its faults are told."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from api.bodies import too_large
from engine.errors import DataError

CSV, CSV_GZ = ".csv", ".csv.gz"
CALLED = "the upload"
_GZIP, _PARQUET = b"\x1f\x8b", b"PAR1"
_PIECE = 1 << 20
_BYTES_A_ROW = 32


@dataclass(frozen=True, slots=True)
class UploadLimit:
    """How much of a file is taken, unpacked: bytes, and rows, for memory and time go with those."""

    size: int

    @property
    def rows(self) -> int:
        """A row for every 32 bytes; few have less than twice as many."""
        return self.size // _BYTES_A_ROW


def check_upload(content: bytes, limit: UploadLimit) -> str:
    """The suffix of a file with these bytes. TOO_LARGE when it is beyond the limit, unpacked where it is a gzip.

    DataError for Parquet, whose size unpacked cannot be known without unpacking it.
    """
    if content.startswith(_PARQUET):
        refused = f"{CALLED} is Parquet"
        raise DataError(refused, faults=(refused,), hint="upload CSV, plain or gzipped")
    is_packed = content.startswith(_GZIP)
    size = rows = 0
    for piece in _unpacked(content) if is_packed else (content,):
        size, rows = size + len(piece), rows + piece.count(b"\n")
        if size > limit.size:
            raise too_large(f"{CALLED} unpacks to more", limit.size)
        if rows > limit.rows:
            raise too_large(f"{CALLED} has more", limit.rows, "rows")
    return CSV_GZ if is_packed else CSV


@contextmanager
def named_after(path: Path) -> Iterator[None]:
    """Faults of the file at `path`, told of the upload: a client has nothing to do with where it lay."""
    try:
        yield
    except DataError as error:
        said, count = [fault.replace(str(path), CALLED) for fault in error.faults], error.fault_count
        message, hint = error.message.replace(str(path), CALLED), error.hint.replace(str(path), CALLED)
        raise DataError(message, faults=said, fault_count=count, hint=hint) from error


def _unpacked(content: bytes) -> Iterator[bytes]:
    """What a gzip holds, piece by piece; what is damaged is left to whoever reads it."""
    with gzip.GzipFile(fileobj=io.BytesIO(content)) as opened:
        try:
            while piece := opened.read(_PIECE):
                yield piece
        except (EOFError, OSError, zlib.error):
            pass
