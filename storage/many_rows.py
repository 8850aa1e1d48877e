"""Many rows in one statement: a third less work than one by one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any

from storage.driver import sqlite

MOST_VALUES = 850
"""Bound in one statement: 50 rows of the journal. More cost more again (measured: 17.0 microseconds a row one by one,
11.4 by 850 values, 13.0 by 32,000, which is what SQLite can bind)."""

_STEP = 10
"""Each size is so many times the next one: 50, 5 and 1 events, and an execution has five."""


class ManyRows:
    """An INSERT of rows of `columns`, as many at once as there are; `how` is its verb, `conflict` what ends it."""

    def __init__(self, table: str, columns: Sequence[str], *, how: str = "INSERT", conflict: str = "") -> None:
        self._head = f"{how} INTO {table} ({', '.join(columns)}) VALUES "
        self._row, self._tail = f"({', '.join('?' * len(columns))})", conflict
        self._most = MOST_VALUES // len(columns)

    @property
    def one(self) -> str:
        """The statement for a single row."""
        return self.of(1)

    @lru_cache(maxsize=16)  # noqa: B019 - there are a few of these, made once
    def of(self, rows: int) -> str:
        """The statement for so many."""
        return self._head + ", ".join([self._row] * rows) + (f" {self._tail}" if self._tail else "")

    def put(self, driver: sqlite.Connection, rows: Iterable[Sequence[Any]]) -> None:
        """Insert the rows in their order."""
        left, at, size = list(rows), 0, self._most
        while at < len(left):
            while size > len(left) - at:
                size = max(1, size // _STEP)
            driver.execute(self.of(size), tuple(chain.from_iterable(left[at : at + size])))
            at += size
