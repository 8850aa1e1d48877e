"""Bars as plain rows, and what the spec says of sessions."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo


class Row(NamedTuple):
    ts: int
    """UTC microseconds"""
    open: float
    high: float
    low: float
    close: float
    day: date
    """the calendar day in the session time zone"""


def rows_of(bars: Any, zone: str) -> list[Row]:
    """The columns of a `Bars` as rows; sessions are found anew, one timestamp at a time."""
    names = ("ts", "open", "high", "low", "close")
    columns = [getattr(bars, name).tolist() for name in names]
    return [Row(*values, day_of(values[0], zone)) for values in zip(*columns, strict=True)]


def day_of(ts: int, zone: str) -> date:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=ts)).astimezone(ZoneInfo(zone)).date()


def is_last_of_session(rows: list[Row], i: int) -> bool:
    return i + 1 == len(rows) or rows[i + 1].day != rows[i].day


def is_intraday(rows: list[Row]) -> bool:
    counts: dict[date, int] = {}
    for row in rows:
        counts[row.day] = counts.get(row.day, 0) + 1
    return any(count >= 2 for count in counts.values())
