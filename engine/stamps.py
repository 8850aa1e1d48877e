"""Ids and clocks: live ones, and those of a backtest."""

from __future__ import annotations

import hashlib
import secrets
import threading
from collections.abc import Callable
from uuid import UUID

_RANDOM_BITS = 74


class LiveStamps:
    """UUIDv7 (RFC 9562: 48 bits of Unix milliseconds, then random) and the wall clock it is given."""

    def __init__(self, clock: Callable[[], int], random_bits: Callable[[int], int] = secrets.randbits) -> None:
        self._clock = clock
        self._random_bits = random_bits
        self._last = (0, 0)
        self._lock = threading.Lock()

    def now(self) -> int:
        """The wall clock, in UTC microseconds."""
        return self._clock()

    def new_id(self) -> str:
        """A UUIDv7; within a millisecond the random part counts up (RFC 9562, 6.2), so that ids sort by age."""
        with self._lock:  # the service's threads must not count on from the same id
            millis, random = self._last = self._next()
        high, low = random >> 62, random & ((1 << 62) - 1)
        digits = f"{(millis & ((1 << 48) - 1)) << 80 | 0x7 << 76 | high << 64 | 0b10 << 62 | low:032x}"
        return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"

    def _next(self) -> tuple[int, int]:
        millis = self._clock() // 1000
        last_millis, last_random = self._last
        if millis > last_millis:
            return millis, self._random_bits(_RANDOM_BITS - 1)
        if (last_random + 1) >> _RANDOM_BITS:
            return last_millis + 1, self._random_bits(_RANDOM_BITS - 1)
        return last_millis, last_random + 1


class CountedStamps:
    """Ids that are a namespace and a counter: deterministic, and in order of arrival."""

    def __init__(self, namespace: UUID, clock: Callable[[], int], start: int = 0) -> None:
        digest = hashlib.sha256(namespace.bytes).hexdigest()
        # version 8 (RFC 9562: custom) and the variant bits, then 12 hex digits for the counter
        self._prefix = f"{digest[:8]}-{digest[8:12]}-8{digest[12:15]}-8{digest[15:18]}-"
        self._clock = clock
        self._count = start

    def now(self) -> int:
        """The wall clock, in UTC microseconds."""
        return self._clock()

    def new_id(self) -> str:
        """The next id: the namespace's prefix and a counter in 12 hex digits."""
        self._count += 1
        return f"{self._prefix}{self._count:012x}"
