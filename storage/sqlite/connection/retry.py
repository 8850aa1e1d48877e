"""Trying again while another process holds the database.

Only the statements that begin a transaction are retried, never a body that may have been committed.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from storage.sqlite.connection.faults import DATABASE_ERRORS, is_busy

Result = TypeVar("Result")


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
