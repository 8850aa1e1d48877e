"""How long to wait for a database that another process holds.

Only what begins a transaction is tried again, never a body that may have been committed.
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
class Patience:
    """`attempts` times SQLite's own waiting, of `wait_ms` each, and a pause of up to `pause` seconds between them.

    SQLite's back-off starts at 1 ms and grows: many short waits catch a gap between another process's transactions
    sooner than a long one, and the jitter keeps two processes from meeting again and again.
    """

    wait_ms: int = 100
    attempts: int = 100
    pause: float = 0.02
    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = random.random

    def persist(self, attempt: Callable[[], Result]) -> Result:
        """What `attempt` returns as soon as nobody is in its way; its last error when patience ends."""
        for _ in range(self.attempts - 1):
            try:
                return attempt()
            except DATABASE_ERRORS as error:
                if not is_busy(error):
                    raise
            self.sleep(self.pause * self.jitter())
        return attempt()
