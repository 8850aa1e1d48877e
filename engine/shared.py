"""What several variants need, computed once: a cache that threads share, bounded by bytes."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Generic, TypeVar

Value = TypeVar("Value")


class Shared(Generic[Value]):
    """Values by key. Two threads that ask for the same one wait for one computation; the longest unused go first."""

    def __init__(self, most_bytes: int, size: Callable[[Value], int]) -> None:
        self._most, self._size = most_bytes, size
        self._held: OrderedDict[Hashable, Future[Value]] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """The value of a key; what `make` raises is raised, and nothing is kept."""
        with self._lock:
            found = self._held.get(key)
            if found is None:
                mine: Future[Value] = Future()
                self._held[key] = mine
            else:
                self._held.move_to_end(key)
        if found is not None:
            return found.result()
        try:
            value = make()
        except BaseException as error:
            with self._lock:
                del self._held[key]
            mine.set_exception(error)
            raise
        mine.set_result(value)
        self._weigh(value)
        return value

    def _weigh(self, value: Value) -> None:
        with self._lock:
            self._bytes += self._size(value)
            while self._bytes > self._most and len(self._held) > 1:
                oldest, future = next(iter(self._held.items()))
                if not future.done():
                    return
                del self._held[oldest]
                self._bytes -= self._size(future.result())
