"""Where a database lies: is there room for it to grow? Asked of the system, and tried without leaving a trace."""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path

NEEDED = 1 << 20
"""Bytes that an execution may need: its pages in the -wal, and the -shm beside it."""
COMFORTABLE = 64 << 20
"""Bytes below which a person should know: the -wal alone grows to 16 MiB before it is moved into the file."""

_PAGES = 1 << 16
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def nearest_directory(path: Path) -> Path:
    """The directory that a file lies in, or that it would be made under."""
    return next((each for each in path.absolute().parents if each.is_dir()), Path("/"))


def free_bytes(path: Path) -> int | None:
    """Room on the disk that a file lies on, or would; None where the system does not say."""
    try:
        found = os.statvfs(nearest_directory(path))
    except (OSError, AttributeError):
        return None
    return found.f_bavail * found.f_frsize


def has_room(path: Path) -> bool:
    """Whether a file could grow by a few pages at all; True where the system does not say."""
    free = free_bytes(path)
    return free is None or free >= _PAGES


def trial(path: Path) -> OSError | None:
    """What stands in the way of a file of the size that an execution may need, where `path` lies or would."""
    try:
        with tempfile.TemporaryFile(dir=nearest_directory(path), prefix=".papertape-") as file:
            file.write(bytes(NEEDED))
            file.flush()
    except OSError as error:
        return error
    return None


def is_full(error: OSError) -> bool:
    """Whether it was for want of room, or of what the system grants us of it."""
    return error.errno in _FULL
