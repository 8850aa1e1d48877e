"""An uploaded file of bars: what is looked at before it is read as one, and how its faults are told."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from api.bodies import too_large
from engine.errors import DataError

CSV, CSV_GZ = ".csv", ".csv.gz"
CALLED = "the upload"
_GZIP, _PARQUET = b"\x1f\x8b", b"PAR1"
_PIECE = 1 << 20


def check_upload(content: bytes, limit: int) -> str:
    """The suffix of a file with these bytes. TOO_LARGE when a gzip unpacks to more than `limit` bytes.

    DataError for Parquet, whose size unpacked cannot be known without unpacking it.
    """
    if content.startswith(_PARQUET):
        refused = f"{CALLED} is Parquet"
        raise DataError(refused, faults=(refused,), hint="upload CSV, plain or gzipped")
    if not content.startswith(_GZIP):
        return CSV
    if _unpacks_beyond(content, limit):
        raise too_large(f"{CALLED} unpacks to more", limit)
    return CSV_GZ


@contextmanager
def named_after(path: Path) -> Iterator[None]:
    """Faults of the file at `path`, told of the upload: a client has nothing to do with where it lay."""
    try:
        yield
    except DataError as error:
        said, count = [fault.replace(str(path), CALLED) for fault in error.faults], error.fault_count
        message, hint = error.message.replace(str(path), CALLED), error.hint.replace(str(path), CALLED)
        raise DataError(message, faults=said, fault_count=count, hint=hint) from error


def _unpacks_beyond(content: bytes, limit: int) -> bool:
    """Whether it does, found out piece by piece; what is damaged is left to whoever reads it."""
    unpacked = 0
    with gzip.GzipFile(fileobj=io.BytesIO(content)) as opened:
        try:
            while piece := opened.read(_PIECE):
                unpacked += len(piece)
                if unpacked > limit:
                    return True
        except (EOFError, OSError, zlib.error):
            pass
    return False
