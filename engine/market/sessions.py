"""Sessions: calendar days in a time zone, on columns of timestamps and one timestamp at a time."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from engine.errors import InvalidError
from engine.validation import EARLIEST, LATEST

MICROS_PER_SECOND = 1_000_000
MICROS_PER_DAY = 86_400 * MICROS_PER_SECOND
_QUARTER_HOUR = 900 * MICROS_PER_SECOND
_FIXED_OFFSET = re.compile(r"([+-])(\d\d):?(\d\d)", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = date(1970, 1, 1).toordinal()


@lru_cache(maxsize=64)
def zone(name: str) -> ZoneInfo:
    """The time zone with this IANA name. Raises INVALID_TIME if there is none."""
    try:
        return ZoneInfo(name)
    except Exception as error:  # zoneinfo raises ValueError, KeyError and OSError for bad names
        raise InvalidError(
            "INVALID_TIME", f"there is no time zone {name!r}", hint="give an IANA name such as America/New_York"
        ) from error


def session_days(ts: npt.NDArray[np.int64], session_tz: str) -> npt.NDArray[np.int64]:
    """Each timestamp's local calendar day, as days since 1970-01-01, shape (n,); `ts` in UTC microseconds.

    Offsets are looked up once for each quarter of an hour, since zones change only at those.
    """
    if session_tz == "UTC":
        return _whole_days(ts)
    quarters, inverse = np.unique(ts // _QUARTER_HOUR, return_inverse=True)
    offsets = [_offset_micros(int(quarter) * _QUARTER_HOUR, session_tz) for quarter in quarters]
    return _whole_days(ts + np.array(offsets, dtype=np.int64)[inverse])


def offset_minutes(ts: npt.NDArray[np.int64], zone_name: str | None) -> npt.NDArray[np.int16]:
    """How many minutes each timestamp's local time is ahead of UTC (shape (n,)); zeros for UTC, and for None.

    The zone is an IANA name or a fixed offset such as +01:00; zeros for one that is not known here.
    """
    if fixed := _FIXED_OFFSET.fullmatch(zone_name or "UTC"):
        minutes = int(fixed[2]) * 60 + int(fixed[3])
        return np.full(len(ts), -minutes if fixed[1] == "-" else minutes, np.int16)
    if zone_name in (None, "UTC") or not _is_zone(zone_name):
        return np.zeros(len(ts), np.int16)
    quarters, inverse = np.unique(ts // _QUARTER_HOUR, return_inverse=True)
    offsets = [_offset_micros(int(quarter) * _QUARTER_HOUR, zone_name) for quarter in quarters]
    return (np.array(offsets, np.int64) // (60 * MICROS_PER_SECOND)).astype(np.int16)[inverse]


def session_day(ts: int, session_tz: str) -> int:
    """One timestamp's local calendar day, as days since 1970-01-01; `ts` in UTC microseconds."""
    if session_tz == "UTC":
        return ts // MICROS_PER_DAY
    return (ts + _offset_micros(ts // _QUARTER_HOUR * _QUARTER_HOUR, session_tz)) // MICROS_PER_DAY


def day_to_date(day: int) -> date:
    """The calendar date of a day number (days since 1970-01-01)."""
    return date.fromordinal(day + _EPOCH_DAY)


def date_to_day(day: date) -> int:
    """The day number of a calendar date: days since 1970-01-01."""
    return day.toordinal() - _EPOCH_DAY


def to_micros(when: datetime) -> int:
    """UTC microseconds since 1970 of an aware datetime; a naive one is taken as UTC."""
    aware = when if when.tzinfo is not None else when.replace(tzinfo=UTC)
    return (aware - _EPOCH) // timedelta(microseconds=1)


FIRST_MICROS, LAST_MICROS = to_micros(EARLIEST), to_micros(LATEST)
"""The calendar's ends, for times that have their day in every zone."""


def from_micros(ts: int) -> datetime:
    """The aware UTC datetime of microseconds since 1970; beyond the calendar, its first or last moment."""
    return _EPOCH + timedelta(microseconds=min(max(ts, FIRST_MICROS), LAST_MICROS))


def iso(ts: int) -> str:
    """ISO 8601 with +00:00, the form of every JSON document of papertape."""
    return from_micros(ts).isoformat()


def moment(ts: int) -> str:
    """A UTC time for a sentence: the date alone at midnight, seconds and fractions only if there are any."""
    when = from_micros(ts)
    if ts % MICROS_PER_DAY == 0:
        return when.date().isoformat()
    exact = "auto" if ts % (60 * MICROS_PER_SECOND) else "minutes"
    return f"{when.replace(tzinfo=None).isoformat(' ', exact)} UTC"


def day_name(day: int) -> str:
    """A day number (days since 1970-01-01) as a date, such as 2024-01-09."""
    return day_to_date(day).isoformat()


def clock(ts: int) -> str:
    """A bar's UTC date and time, with seconds only if there are any: 2024-01-09 15:59."""
    exact = "auto" if ts % (60 * MICROS_PER_SECOND) else "minutes"
    return from_micros(ts).replace(tzinfo=None).isoformat(" ", exact)


def session_ends(session: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Whether each bar is the last of its session in the data; the last bar of the data counts as one."""
    ends = np.ones(len(session), dtype=np.bool_)
    np.not_equal(session[1:], session[:-1], out=ends[:-1])
    return ends


def is_intraday(session: npt.NDArray[np.int64]) -> bool:
    """Whether any session has two bars."""
    return bool(np.any(session[1:] == session[:-1]))


def _is_zone(name: str) -> bool:
    try:
        zone(name)
    except InvalidError:
        return False
    return True


def _offset_micros(ts: int, session_tz: str) -> int:
    offset = from_micros(ts).astimezone(zone(session_tz)).utcoffset()
    return 0 if offset is None else offset // timedelta(microseconds=1)


def _whole_days(ts: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    days: npt.NDArray[np.int64] = ts // MICROS_PER_DAY
    return days
