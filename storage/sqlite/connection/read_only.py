"""A database that cannot be written, on a medium or in a place that forbids it, and is looked at all the same.

Three ways, the first that is safe: through the -wal that a writer has open beside it; the file alone, where there is no
-wal or an empty one; a private copy of the file and its -wal. None leaves anything beside the file.
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
from storage.sqlite.connection.faults import DATABASE_ERRORS, busy, fault_of, is_closed_to_us
from storage.sqlite.connection.files import JOURNAL, SHM, WAL, beside, size_of, traces
from storage.sqlite.connection.retry import RetryPolicy

Check = Callable[[sqlite.Connection], None]
"""Raises a `SystemFault` for a database that is not to be read."""

_ATTEMPTS = 10


class ReadOnlyFile:
    """A file and the way in which it is read. Any thread may use it.

    Who owns the file may write to it meanwhile: `catch_up` before a transaction looks whether it did, `has_moved_on`
    after one whether what was read is still so.
    """

    def __init__(self, path: Path, retry: RetryPolicy, check: Check) -> None:
        """DATABASE_ERROR, DATABASE_BUSY, and whatever `check` raises."""
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
        """Whether it is read through a writer's -wal, which SQLite keeps apart from what is written."""
        return self._uri.endswith("?mode=ro")

    def connect(self) -> sqlite.Connection:
        """A connection that reads, and cannot write whatever it is told."""
        wait = self._retry.wait_ms / 1000
        connection = sqlite.connect(self._uri, isolation_level=None, timeout=wait, uri=True, check_same_thread=False)
        connection.execute("PRAGMA query_only = ON")
        return connection

    def catch_up(self) -> bool:
        """Whether somebody has written, so that connections from before are of no use; looks anew then."""
        with self._lock:
            if self.is_shared or traces(self.path) == self._seen:
                return False
            self._look()
            return True

    def has_moved_on(self) -> bool:
        """Whether what a connection read may have been half of what somebody wrote meanwhile."""
        return self._copy is None and not self.is_shared and traces(self.path) != self._seen

    def close(self) -> None:
        """Remove the copy, if there is one."""
        if self._copy is not None:
            self._copy.cleanup()
            self._copy = None

    def _look(self) -> None:
        """Find the way, and check what is found; once more while somebody writes."""
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
    """The file and what belongs to it, in a directory that only we may read."""
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
