"""The wall clock, read outside the engine."""

from __future__ import annotations

import time


def wall_clock() -> int:
    """UTC microseconds since 1970."""
    return time.time_ns() // 1000
