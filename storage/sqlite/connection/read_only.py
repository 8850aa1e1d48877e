"""Reading a database that cannot be written, because of its medium, its mode or its directory.

There are three ways, and the first that is safe is used: through the -wal that a writer has open beside it; the file
alone, if there is no -wal or an empty one; a private copy of the file and its -wal. None leaves a file beside the
database.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from engine.errors import SystemFault
from storage.sqlite.connection.driver import sqlite
from storage.sqlite.connection.faults import DATABASE_ERRORS, RetryPolicy, busy, fault_of, is_closed_to_us
from storage.sqlite.connection.files import JOURNAL, SHM, WAL, beside, size_of, traces

Check = Callable[[sqlite.Connection], None]
"""Raises a `SystemFault` for a database that is not to be read."""

_ATTEMPTS = 10


class ReadOnlyFile:
    """A file, and the way in which it is read. Any thread may use it.

    The owner of the file may write to it meanwhile: call `catch_up` before a transaction, and `has_moved_on` after one
    to learn whether what was read is consistent.
    """

    def __init__(self, path: Path, retry: RetryPolicy, check: Check) -> None:
        """Choose the way to read. Raises DATABASE_ERROR, DATABASE_BUSY, and whatever `check` raises."""
        self.path = path
        self._retry, self._check = retry, check
        self._copy: TemporaryDirectory[str] | None = None
        self._lock = threading.Lock()
        self._uri, self._seen = "", traces(path)
        self.version = 0
        """Another one when somebody has written."""
        self._look()

    @property
    def is_shared(self) -> bool:
        """Whether it is read through a writer's -wal, where SQLite itself keeps readers and writers apart."""
        return self._uri.endswith("?mode=ro")

    def connect(self) -> sqlite.Connection:
        """A connection that can only read."""
        wait = self._retry.wait_ms / 1000
        connection = sqlite.connect(self._uri, isolation_level=None, timeout=wait, uri=True, check_same_thread=False)
        connection.execute("PRAGMA query_only = ON")
        return connection

    def catch_up(self) -> bool:
        """Whether somebody has written, so that earlier connections are outdated; then the way is chosen anew."""
        with self._lock:
            if self.is_shared or traces(self.path) == self._seen:
                return False
            self._look()
            return True

    def has_moved_on(self) -> bool:
        """Whether somebody wrote during the transaction, so that it may have read half of a change."""
        return self._copy is None and not self.is_shared and traces(self.path) != self._seen

    def close(self) -> None:
        """Delete the private copy, if there is one."""
        if self._copy is not None:
            self._copy.cleanup()
            self._copy = None

    def _look(self) -> None:
        """Choose the way to read and check the file; tried again while somebody writes."""
        self.version += 1
        for _ in range(_ATTEMPTS):
            self._seen = traces(self.path)
            try:
                self._uri = self._way()
                with closing(self.connect()) as connection:
                    self._check(connection)
            except (*DATABASE_ERRORS, SystemFault) as error:
                if self.is_shared or traces(self.path) == self._seen:
                    raise error if isinstance(error, SystemFault) else fault_of(error, self.path) from error
            else:
                if self.is_shared or traces(self.path) == self._seen:
                    return
            self._retry.sleep(self._retry.pause)
        raise busy(self.path)

    def _way(self) -> str:
        self.close()
        if size_of(beside(self.path, WAL)) == 0 and size_of(beside(self.path, JOURNAL)) == 0:
            return f"{self.path.as_uri()}?immutable=1"
        shared = f"{self.path.as_uri()}?mode=ro"
        if beside(self.path, SHM).exists() and self._can_read(shared):
            return shared
        self._copy = _copied(self.path)
        return Path(self._copy.name, self.path.name).as_uri()

    def _can_read(self, uri: str) -> bool:
        try:
            with closing(sqlite.connect(uri, isolation_level=None, uri=True)) as connection:
                connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except DATABASE_ERRORS as error:
            if is_closed_to_us(error):
                return False
            raise
        return True


def _copied(path: Path) -> TemporaryDirectory[str]:
    """A copy of the file and those beside it, in a directory that only this user may read."""
    room = TemporaryDirectory(prefix="papertape-", ignore_cleanup_errors=True)
    try:
        shutil.copyfile(path, Path(room.name, path.name))
        for suffix in (WAL, JOURNAL):
            if size_of(beside(path, suffix)):
                shutil.copyfile(beside(path, suffix), beside(Path(room.name, path.name), suffix))
    except OSError as error:
        room.cleanup()
        raise SystemFault(
            "DATABASE_ERROR",
            f"{path} is read-only and has a -wal, and could not be copied to {room.name} ({error.strerror or error})",
            hint="free some space there, or let TMPDIR name another directory",
        ) from error
    return room
