"""Events to the journal, many in one statement."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from engine.events import EventRow
from storage import statements as sql
from storage.driver import sqlite


def append_rows(driver: sqlite.Connection, events: Sequence[EventRow], first: int) -> None:
    """Insert events at consecutive `seq`s from `first` on, as many in a statement as there are."""
    rows = [(seq, *row) for seq, row in enumerate(events, first)]
    whole = len(rows) - len(rows) % sql.MANY
    if whole:
        parts = (rows[at : at + sql.MANY] for at in range(0, whole, sql.MANY))
        driver.executemany(sql.APPEND_MANY, (tuple(chain.from_iterable(part)) for part in parts))
    driver.executemany(sql.APPEND, rows[whole:])
