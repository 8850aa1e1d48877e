"""Texts that are none: a damaged byte can leave what is no UTF-8, and the driver does not say in which row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from engine.payloads import damaged, event_named
from storage.driver import sqlite
from storage.faults import is_no_text

Row = tuple[Any, ...]


def rows_of_events(driver: sqlite.Connection, query: str, values: Sequence[Any] = ()) -> list[Row]:
    """What a query finds, whose first column is an event's `seq`; DATABASE_ERROR names one with a text that is none."""
    with texts_named(driver, query, values):
        return driver.execute(query, values).fetchall()


@contextmanager
def texts_named(driver: sqlite.Connection, query: str, values: Sequence[Any]) -> Iterator[None]:
    """DATABASE_ERROR names the event with a text that is none, which the body met in what a query finds."""
    try:
        yield
    except sqlite.OperationalError as error:
        if is_no_text(error):
            _name_the_first(driver, query, values)
        raise


def _name_the_first(driver: sqlite.Connection, query: str, values: Sequence[Any]) -> None:
    """Ask again, for texts as the bytes that they are."""
    usual, driver.text_factory = driver.text_factory, bytes
    try:
        cursor = driver.execute(query, values)
        names = [name for name, *_ in cursor.description]
        for row in cursor:
            for name, value in zip(names, row, strict=True):
                if isinstance(value, bytes) and not _is_text(value):
                    raise damaged(event_named(row[0]), f"its {name} is no text: {value[:40]!r}")
    finally:
        driver.text_factory = usual


def _is_text(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True
