"""Errors of the driver and of SQLAlchemy: turned into the `SystemFault` that a person reads, or tried again.

Only the statements that begin a transaction are tried again, never a body that may have been committed.
"""

from __future__ import annotations

import errno
import random
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from sqlalchemy.exc import SQLAlchemyError

from engine.errors import ReadOnlyFault, SystemFault
from storage.sqlite.connection.driver import sqlite
from storage.sqlite.connection.files import has_room
from storage.system import has_descriptors, is_out_of_descriptors, too_many_files

DATABASE_ERRORS = (sqlite.Error, SQLAlchemyError, UnicodeDecodeError)
"""What a transaction can die of; of the last when SQLite quotes a damaged text, of a table's schema say."""

COPY_IT = "copy it, and the -wal file beside it if there is one, to where you may write, and name the copy with --db"

VALUE_ERRORS = (OverflowError, UnicodeEncodeError)
"""What the driver raises for a value that SQLite cannot hold."""

# primary result codes, sqlite.org/rescode.html
_BUSY = frozenset({5, 6})
_PLACE = frozenset({3, 8, 14, 23})  # PERM, READONLY, CANTOPEN, AUTH
_FILES = 3
"""What a connection opens: the file, the -wal and the -shm. SQLite does not say that it was for want of descriptors."""
_READ_ONLY = 8
_MOVED = 1032
"""SQLITE_READONLY_DBMOVED: another file is at the path now."""
_DISK_FAILED, _DAMAGED, _FULL, _NOT_A_DATABASE = 10, 11, 13, 26
_NO_TEXT = "Could not decode to UTF-8"
_LACKS = re.compile(r"^(no such (table|column|index)|table \w+ has )")
"""How SQLite says that the schema is not the one a statement was written for."""
_NO_ROOM_TO_SHARE = 4874
"""SQLITE_IOERR_SHMSIZE: the -shm file beside the database cannot grow, which opening it begins with."""
Result = TypeVar("Result")


def extended_code(error: BaseException) -> int:
    """The extended SQLite result code of an error, 0 when it has none."""
    cause = getattr(error, "orig", None) or error
    return int(getattr(cause, "sqlite_errorcode", 0))


def result_code(error: BaseException) -> int:
    """The primary SQLite result code of an error, 0 if it has none. A -shm that cannot grow counts as a full disk."""
    code = extended_code(error)
    return _FULL if code == _NO_ROOM_TO_SHARE else code & 0xFF


def is_busy(error: BaseException) -> bool:
    """Whether another connection held the database."""
    return result_code(error) in _BUSY


def is_not_a_database(error: BaseException) -> bool:
    """Whether SQLite found that the file is not a database."""
    return result_code(error) == _NOT_A_DATABASE


def is_closed_to_us(error: BaseException) -> bool:
    """Whether the file or its directory cannot be opened in the way that was needed."""
    return result_code(error) in _PLACE


def is_no_text(error: BaseException) -> bool:
    """Whether a text that was read is not UTF-8; the driver has no result code for that."""
    return str(error).startswith(_NO_TEXT)


def fault_of(error: BaseException, path: Path) -> SystemFault:
    """The `SystemFault` for a database error: its code, a sentence, and a hint."""
    message, code = str(getattr(error, "orig", None) or error), result_code(error)
    if code in _BUSY:
        return busy(path)
    # `pysqlite3` does not say why a disk failed, so its free space is looked at
    if code == _FULL or (code == _DISK_FAILED and not has_room(path)):
        return _fault(f"the disk under {path} is full", "free some space and do it again: nothing was written")
    if code in _PLACE:
        return _closed_place(error, path, message)
    if code == _DISK_FAILED:
        return _fault(f"the disk failed under {path} ({message})", "look after the disk, and do it again")
    if isinstance(error, UnicodeDecodeError):
        code = _DAMAGED
    return _damage(path, message, code) or _fault(f"{path}: {message}", "nothing was written")


def _closed_place(error: BaseException, path: Path, said: str) -> SystemFault:
    if not has_descriptors(_FILES):
        return too_many_files()
    if result_code(error) == _READ_ONLY and extended_code(error) != _MOVED:
        return read_only(path)
    return unwritable(path, said)


def _damage(path: Path, said: str, code: int) -> SystemFault | None:
    if code in {_DAMAGED, _NOT_A_DATABASE} or said.startswith(_NO_TEXT):
        return _fault(f"{path} is damaged ({said})", "restore it from a backup, and look after the disk")
    if _LACKS.search(said):
        return _fault(
            f"{path} is damaged ({said})",
            "somebody changed its tables: `papertape doctor` says what is missing; restore it from a backup",
        )
    return None


def busy(path: Path) -> SystemFault:
    """DATABASE_BUSY: another process holds the database."""
    return SystemFault(
        "DATABASE_BUSY", f"another process held {path} for too long", hint="nothing was written; try again"
    )


def moved(path: Path) -> SystemFault:
    """DATABASE_MOVED: the file that was opened is no longer at its path."""
    return SystemFault(
        "DATABASE_MOVED",
        f"{path} is not the file that was opened: it was moved, replaced or deleted",
        hint="nothing was written; put it back, or leave and start again with the file that is there",
    )


def fault_of_system(error: OSError, path: Path) -> SystemFault:
    """The `SystemFault` for an OSError about a file; a `ReadOnlyFault`, unless no file can be opened at all."""
    if is_out_of_descriptors(error):
        return too_many_files()
    if error.errno == errno.ELOOP:
        return _fault(
            f"{path} cannot be opened: its symbolic links lead in a circle", "name a file with --db or PAPERTAPE_DB"
        )
    return unwritable(path, error.strerror or str(error))


def unwritable(path: Path, said: str) -> ReadOnlyFault:
    """The `ReadOnlyFault` for a file that the system does not let us write, or whose directory it does not."""
    return ReadOnlyFault(
        "DATABASE_ERROR",
        f"{path} cannot be opened for writing ({said})",
        hint="check the permissions of the file and of its directory, or name another file with --db",
    )


def read_only(path: Path) -> ReadOnlyFault:
    """The `ReadOnlyFault` for a database that can be read and not written."""
    return ReadOnlyFault("DATABASE_ERROR", f"{path} is read-only: nothing can be written to it", hint=COPY_IT)


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Raise the database errors of the body as `SystemFault`."""
    try:
        yield
    except DATABASE_ERRORS as error:
        raise fault_of(error, path) from error


def _fault(message: str, hint: str) -> SystemFault:
    return SystemFault("DATABASE_ERROR", message, hint=hint)


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """`attempts` tries, in each of which SQLite waits `wait_ms` milliseconds, and up to `pause` seconds between them.

    SQLite's back-off starts at 1 ms and grows: many short waits catch a gap between another process's transactions
    sooner than a long one, and the jitter keeps two processes from meeting again and again.
    """

    wait_ms: int = 100
    attempts: int = 100
    pause: float = 0.02
    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = random.random

    def run(self, attempt: Callable[[], Result]) -> Result:
        """The result of `attempt`, called again while the database is busy; the last attempt's error is raised."""
        for _ in range(self.attempts - 1):
            try:
                return attempt()
            except DATABASE_ERRORS as error:
                if not is_busy(error):
                    raise
            self.sleep(self.pause * self.jitter())
        return attempt()
