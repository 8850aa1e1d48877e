"""Times of regular series, as exchanges and vendors make them, and bars at those times."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from engine.market.bars import Bars, IntArray, make_bars
from engine.market.sessions import MICROS_PER_DAY, to_micros

MINUTE = 60_000_000
LUNCHES = {
    "Asia/Tokyo": ((time(9), time(11, 30)), (time(12, 30), time(15))),
    "Asia/Hong_Kong": ((time(9, 30), time(12)), (time(13), time(16))),
    "Asia/Shanghai": ((time(9, 30), time(11, 30)), (time(13), time(15))),
}
"""Hours of exchanges that close at noon."""
HOURS = {
    "America/New_York": ((time(9, 30), time(16)),),
    "Europe/London": ((time(8), time(16, 30)),),
    "Australia/Sydney": ((time(10), time(16)),),
    "Pacific/Auckland": ((time(10), time(16, 45)),),
    **LUNCHES,
}
"""Hours of exchanges of both hemispheres."""


def bars_at(ts: Iterable[int], session_tz: str = "UTC", symbol: str = "X") -> Bars:
    """Sound bars of a price that changes at every bar."""
    times = np.array(sorted(ts), np.int64)
    price = 100 + (np.arange(len(times)) % 7) / 100
    return make_bars(symbol, times, price, price, price, price, np.ones(len(times)), session_tz)


def days_from(first: date, count: int, *, weekends: bool = False, without: Sequence[int] = ()) -> list[date]:
    """`count` days or weekdays; `without` are those that are left out, by their place."""
    days = (first + timedelta(days=place) for place in range(3 * count + 7))
    kept = [day for day in days if weekends or day.weekday() < 5][:count]
    return [day for place, day in enumerate(kept) if place not in set(without)]


def local(day: date, at: time, zone: str) -> int:
    """That time of day there, in UTC microseconds."""
    return to_micros(datetime.combine(day, at, ZoneInfo(zone)))


def hours_of(days: Iterable[date], zone: str, minutes: int, closes: dict[date, time] | None = None) -> list[int]:
    """A bar every so many minutes while an exchange is open; `closes` are days that end early."""
    found: list[int] = []
    for day in days:
        for begins, ends in HOURS[zone]:
            end = min(ends, (closes or {}).get(day, ends))
            found += range(local(day, begins, zone), local(day, end, zone), minutes * MINUTE)
    return found


def around_the_clock(first: date, days: int, minutes: int) -> IntArray:
    """A bar every so many minutes, day and night."""
    begin = to_micros(datetime.combine(first, time()))
    return np.arange(begin, begin + days * MICROS_PER_DAY, minutes * MINUTE, dtype=np.int64)
