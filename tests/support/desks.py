"""Desks on real SQLite files, for tests."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

from engine.desk import Desk, DeskConfig
from engine.events import LiveStamps
from engine.market.sessions import MICROS_PER_SECOND
from engine.strategies.registry import Registry
from engine.symbols import check_held_symbol
from storage.sqlite.unit_of_work import SqliteStore

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


@contextmanager
def any_symbol_taken() -> Iterator[None]:
    """As an older papertape was: it took symbols with white space around them and characters that cannot be seen."""
    with (
        mock.patch("engine.intents.check_symbol", check_held_symbol),
        mock.patch("engine.validation.check_symbol", check_held_symbol),
    ):
        yield
