"""The types of the values in a row, checked when it is read.

The tables are STRICT, but SQLite checks a value when it is written, not when it is read: in a damaged file a number can
come back as a text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from typing import Any

from sqlalchemy import REAL, Column, Integer, LargeBinary, Text

from engine.payloads import damaged, event_named
from storage.sqlite.connection.driver import sqlite
from storage.sqlite.connection.faults import is_no_text
from storage.sqlite.tables import Base

_KINDS: dict[type, type] = {Integer: int, Text: str, REAL: float, LargeBinary: bytes}
_EPOCH = date(1970, 1, 1).toordinal()
_DAYS = range(date.min.toordinal() - _EPOCH, date.max.toordinal() - _EPOCH + 1)
"""Days since 1970-01-01 that have a date."""


class Columns:
    """Columns of a table in the order in which a query reads them. `needed` are never NULL in those rows."""

    def __init__(self, table: str, names: Iterable[str], needed: Iterable[str] = ()) -> None:
        columns = Base.metadata.tables[table].columns
        self._columns = [columns[name] for name in names]
        self._needed = {column.name for column in self._columns if not column.nullable} | set(needed)
        self._session = next((place for place, each in enumerate(self._columns) if each.name == "session"), None)
        self._allowed = [self._types(column) for column in self._columns]
        self._known: set[tuple[type, ...]] = set()

    def check(self, row: Sequence[Any], where: str = "a row") -> None:
        """Raise DATABASE_ERROR, with `where` in it, if a value has not the type of its column."""
        if why := self.fault_in(row):
            raise damaged(where, why)

    def check_all(self, rows: Sequence[Sequence[Any]], where: str) -> None:
        """Check many rows, at a tenth of the cost of checking each, as long as all are sound."""
        for place, values in enumerate(zip(*rows, strict=True)):
            if not self._allowed[place].issuperset(map(type, values)) or not self._are_days(place, values):
                for row in rows:
                    self.check(row, where)

    def fault_in(self, row: Sequence[Any]) -> str:
        """What is wrong with a row; None if nothing is."""
        types = tuple(map(type, row))
        if types not in self._known:  # cached: a journal has a few of these, and millions of rows
            for column, allowed, value in zip(self._columns, self._allowed, row, strict=True):
                if type(value) not in allowed:
                    return f"its {column.name} is {value!r:.40}"
            self._known.add(types)
        if self._session is not None:
            day = row[self._session]
            if day is not None and day not in _DAYS:
                return f"session {day} is not a calendar day"
        return ""

    def _types(self, column: Column[Any]) -> frozenset[type]:
        kind = _KINDS[type(column.type)]
        return frozenset({kind} if column.name in self._needed else {kind, type(None)})

    def _are_days(self, place: int, values: Sequence[Any]) -> bool:
        return place != self._session or (min(values) in _DAYS and max(values) in _DAYS)


Row = tuple[Any, ...]


def rows_of_events(driver: sqlite.Connection, query: str, values: Sequence[Any] = ()) -> list[Row]:
    """The rows of a query whose first column is an event's `seq`. DATABASE_ERROR names one that is not UTF-8."""
    with texts_named(driver, query, values):
        return driver.execute(query, values).fetchall()


@contextmanager
def texts_named(driver: sqlite.Connection, query: str, values: Sequence[Any]) -> Iterator[None]:
    """Raise DATABASE_ERROR, naming the event, if the body reads a text that is not UTF-8 from this query."""
    try:
        yield
    except sqlite.OperationalError as error:
        if is_no_text(error):
            _name_the_first(driver, query, values)
        raise


def _name_the_first(driver: sqlite.Connection, query: str, values: Sequence[Any]) -> None:
    """Run the query again with texts as bytes, to find the first that is not UTF-8."""
    usual, driver.text_factory = driver.text_factory, bytes
    try:
        cursor = driver.execute(query, values)
        names = [name for name, *_ in cursor.description]
        for row in cursor:
            for name, value in zip(names, row, strict=True):
                if isinstance(value, bytes) and not _is_text(value):
                    raise damaged(event_named(row[0]), f"its {name} is not text: {value[:40]!r}")
    finally:
        driver.text_factory = usual


def _is_text(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True
