"""The files of a database: the one that is named, and what SQLite keeps beside it."""

from __future__ import annotations

import errno
import os
import tempfile
from contextlib import suppress
from pathlib import Path

WAL, JOURNAL, SHM = "-wal", "-journal", "-shm"

Trace = tuple[int, int, int] | None
"""A file's inode, time of change and size; None when it is not there."""


def beside(path: Path, suffix: str) -> Path:
    """The file that SQLite keeps beside a database under its name and a suffix."""
    return path.with_name(path.name + suffix)


def size_of(path: Path) -> int:
    """In bytes; 0 of a file that is not there."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def traces(path: Path) -> tuple[Trace, ...]:
    """What changes when somebody writes to a database."""
    return tuple(_trace(each) for each in (path, beside(path, WAL), beside(path, JOURNAL)))


def identity(path: Path) -> tuple[int, int] | None:
    """Which file is at a path, by device and inode; None when there is none that can be looked at."""
    try:
        seen = os.stat(path)
    except OSError:
        return None
    return seen.st_dev, seen.st_ino


def may_write(path: Path) -> bool:
    """Whether the system lets us write to a file, as far as it can be asked without opening it."""
    if os.access in os.supports_effective_ids:
        return os.access(path, os.W_OK, effective_ids=True)
    return os.access(path, os.W_OK)


def keep_private(path: Path) -> None:
    """Mode 0600, for the files beside it too; SQLite gives new ones the database's mode."""
    for each in (path, beside(path, WAL), beside(path, SHM)):
        with suppress(FileNotFoundError, PermissionError):  # not there, or another's
            if each.stat().st_mode & 0o077:
                each.chmod(0o600)


def _trace(path: Path) -> Trace:
    try:
        seen = path.stat()
    except FileNotFoundError:
        return None
    return seen.st_ino, seen.st_mtime_ns, seen.st_size


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
