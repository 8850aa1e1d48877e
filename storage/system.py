"""Questions to the operating system: private directories, file descriptors, processors, the wall clock."""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Callable
from pathlib import Path

from engine.errors import SystemFault

PRIVATE = 0o700


def make_private(directory: Path) -> None:
    """Create a directory of mode 0700 unless it exists, in which case it stays as it is. Raises OSError."""
    missing = [directory, *directory.parents]
    while missing and missing[-1].is_dir():
        missing.pop()
    for each in reversed(missing):
        _make(each)


def _make(directory: Path) -> None:
    try:
        directory.mkdir(mode=PRIVATE)
    except FileExistsError:  # another process was first, or it is something else
        if not stat.S_ISDIR(directory.stat().st_mode):  # raises if links form a circle
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(directory)) from None
        return
    if directory.stat().st_mode & 0o777 != PRIVATE:  # the umask may have taken rights away
        directory.chmod(PRIVATE)


FOR_A_DATABASE = 8
"""The file, its -wal, -shm and journal, a market data file, a module that is imported, and two to spare."""
FOR_A_SERVICE = 40
"""Of what stays open, the dashboard and the service: sockets, the event loop's own, and a connection to the database
for each thread that asks it something."""

_NONE_LEFT = {errno.EMFILE, errno.ENFILE}


def is_out_of_descriptors(error: BaseException) -> bool:
    """Whether an error means that no descriptor was left; the loader of extension modules says so in words."""
    if isinstance(error, ImportError):
        return os.strerror(errno.EMFILE) in str(error) or f"Error {errno.EMFILE}" in str(error)
    return isinstance(error, OSError) and error.errno in _NONE_LEFT


def has_descriptors(count: int) -> bool:
    """Whether so many more files could be opened now. Tried, since the limit does not say how many are open."""
    taken: list[int] = []
    try:
        for _ in range(count):
            taken.append(os.open(os.devnull, os.O_RDONLY))  # noqa: PERF401 - those before the one that fails are closed
    except OSError as error:
        return not is_out_of_descriptors(error)  # what else is wrong is not ours to say
    finally:
        for each in taken:
            os.close(each)
    return True


def require_descriptors(count: int) -> None:
    """Raise TOO_MANY_FILES if fewer are left, before anything is created."""
    if not has_descriptors(count):
        raise too_many_files(f"the system lets this process open fewer than {count} more files")


def too_many_files(said: str = "the system lets this process open no more files") -> SystemFault:
    """TOO_MANY_FILES, with how to raise the limit."""
    return SystemFault("TOO_MANY_FILES", said, hint="`ulimit -n 1024` raises the bound, in the shell that starts it")


Clock = Callable[[], int]
"""The time now, in UTC microseconds since 1970."""


def wall_clock() -> int:
    """The current time in UTC microseconds since 1970."""
    return time.time_ns() // 1000


def processors() -> int:
    """How many processors this process may use, at least 1."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
