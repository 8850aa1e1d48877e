"""Desks on real SQLite files, for tests."""

from __future__ import annotations

import itertools
from pathlib import Path

from engine.desk import Desk, DeskConfig
from engine.market.sessions import MICROS_PER_SECOND
from engine.stamps import LiveStamps
from engine.strategies.registry import Registry
from storage.unit_of_work import SqliteStore

EPOCH = 1_700_000_000 * MICROS_PER_SECOND


class TickingClock:
    """A wall clock that moves a millisecond each time it is read."""

    def __init__(self) -> None:
        self._ticks = itertools.count()

    def __call__(self) -> int:
        return EPOCH + next(self._ticks) * 1000


def open_test_desk(path: Path, clock: TickingClock | None = None, *, production: bool = False) -> Desk:
    """A desk over the database `path`, which is made when it is not there."""
    stamps = LiveStamps(clock or TickingClock())
    return Desk(SqliteStore(path), stamps, DeskConfig(production=production), Registry())
