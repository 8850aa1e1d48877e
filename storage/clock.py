"""The wall clock, read outside the engine."""

from __future__ import annotations

import time
from collections.abc import Callable

Clock = Callable[[], int]
"""The time now, in UTC microseconds since 1970."""


def wall_clock() -> int:
    """UTC microseconds since 1970."""
    return time.time_ns() // 1000
