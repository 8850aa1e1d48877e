"""The files of a database: the one that is named, and what SQLite keeps beside it."""

from __future__ import annotations

import os
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
