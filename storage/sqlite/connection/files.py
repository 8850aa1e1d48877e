"""The files of a database: the one that is named, and those that SQLite keeps beside it."""

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
    """The path of the file that SQLite keeps beside a database, such as `NAME-wal`."""
    return path.with_name(path.name + suffix)


def size_of(path: Path) -> int:
    """The size of a file in bytes, 0 if there is none."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def traces(path: Path) -> tuple[Trace, ...]:
    """A value that changes when somebody writes to the database: inode, time of change and size of its files."""
    return tuple(_trace(each) for each in (path, beside(path, WAL), beside(path, JOURNAL)))


def identity(path: Path) -> tuple[int, int] | None:
    """The device and inode of the file at a path; None if there is none, or it cannot be looked at."""
    try:
        seen = os.stat(path)
    except OSError:
        return None
    return seen.st_dev, seen.st_ino


def may_write(path: Path) -> bool:
    """Whether the system lets us write to a file, as far as `access` tells without opening it."""
    if os.access in os.supports_effective_ids:
        return os.access(path, os.W_OK, effective_ids=True)
    return os.access(path, os.W_OK)


def keep_private(path: Path) -> None:
    """Set mode 0600 on the database and the files beside it; SQLite gives new ones the database's mode."""
    for file in (path, beside(path, WAL), beside(path, SHM)):
        with suppress(FileNotFoundError, PermissionError):  # missing, or owned by another user
            if file.stat().st_mode & 0o077:
                file.chmod(0o600)


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
    """The directory of a file, or the nearest one above it that exists."""
    return next((each for each in path.absolute().parents if each.is_dir()), Path("/"))


def free_bytes(path: Path) -> int | None:
    """Free bytes on the disk of a file, whether the file exists or not; None if the system does not say."""
    try:
        filesystem = os.statvfs(nearest_directory(path))
    except (OSError, AttributeError):
        return None
    return filesystem.f_bavail * filesystem.f_frsize


def has_room(path: Path) -> bool:
    """Whether the disk has room for a few pages; True if the system does not say."""
    free = free_bytes(path)
    return free is None or free >= _PAGES


def trial(path: Path) -> OSError | None:
    """The OSError that creating a file of `NEEDED` bytes beside `path` raises; None if it can be created."""
    try:
        with tempfile.TemporaryFile(dir=nearest_directory(path), prefix=".papertape-") as file:
            file.write(bytes(NEEDED))
            file.flush()
    except OSError as error:
        return error
    return None


def is_full(error: OSError) -> bool:
    """Whether the error means a full disk or a used-up quota."""
    return error.errno in _FULL
