"""The meaning of one time or number as text: the rule that every faster reading is compared with."""

from __future__ import annotations

import math
import re
from datetime import date
from functools import lru_cache

from engine.market.sessions import FIRST_MICROS, LAST_MICROS, MICROS_PER_DAY, MICROS_PER_SECOND
from engine.symbols import quoted

_EPOCH_DAY = date(1970, 1, 1).toordinal()
EARLIEST, LATEST = FIRST_MICROS, LAST_MICROS
"""One day inside the calendar at either end, so that the day has a name in every time zone."""

SECONDS_BELOW, MILLIS_BELOW, MICROS_BELOW = 10**11, 10**14, 10**17
"""An epoch is in seconds, milliseconds, microseconds below these, and from the last on in nanoseconds."""

_ISO = re.compile(
    r"(?P<date>\d{4}-\d\d-\d\d|\d{8})"
    r"(?:[Tt ](?P<hour>\d\d)(?P<colon>:?)(?P<minute>\d\d)"
    r"(?:(?P=colon)(?P<second>\d\d)(?:[.,](?P<fraction>\d+))?)?"
    r" ?(?P<offset>[Zz]|[+-]\d\d(?::?\d\d)?)?)?",
    re.ASCII,
)
_EPOCH = re.compile(r"(-?)(\d{1,30})(?:\.(\d{1,30}))?", re.ASCII)
_OTHER_DATE = re.compile(
    r"\d{1,4}[/.]\d{1,2}[/.]\d{1,4}.*|\d{1,2}-\d{1,2}-\d{4}.*|.*[A-Za-z]{3}.*", re.ASCII | re.DOTALL
)


def read_time(text: str) -> int:
    """UTC microseconds since 1970. Raises ValueError with the reason. A time without a zone is UTC.

    Eight digits are YYYYMMDD. Other numerals are an epoch: seconds below 1e11, milliseconds below 1e14, microseconds
    below 1e17, else nanoseconds; fractions of a microsecond are refused.
    """
    return read_stamp(text)[0]


def read_stamp(text: str) -> tuple[int, int]:
    """The time as `read_time` gives it, and the offset from UTC that it states, in minutes (0 if it states none)."""
    if iso := _ISO.fullmatch(text):
        offset = _offset_minutes(text, iso["offset"])
        return _in_calendar(text, _iso_micros(text, iso) - offset * 60 * MICROS_PER_SECOND), offset
    if epoch := _EPOCH.fullmatch(text):
        return _in_calendar(text, _epoch_micros(text, *epoch.groups())), 0
    raise ValueError(_no_time_because(text))


def time_reason(text: str) -> str:
    """Why a text is not a time; call it only for a text that is not one."""
    try:
        read_time(text)
    except ValueError as error:
        return str(error)
    raise AssertionError(f"{quoted(text)} is a time")


def has_shape_of_time(shape: str) -> bool:
    """Whether times are written in this shape, which has zeros for digits; if not, no digits make it a time."""
    return _ISO.fullmatch(shape) is not None or _EPOCH.fullmatch(shape) is not None


def _iso_micros(text: str, iso: re.Match[str]) -> int:
    """The time without its offset, in microseconds."""
    micros = _day(iso["date"]) * MICROS_PER_DAY
    if iso["hour"] is None:
        return micros
    hour, minute, second = int(iso["hour"]), int(iso["minute"]), int(iso["second"] or 0)
    if hour > 23 or minute > 59:
        raise ValueError(f"{quoted(text)} is not a time of day: hours go from 00 to 23, minutes to 59")
    if second > 59:
        raise ValueError(f"{quoted(text)} is not a time of day: seconds go to 59, leap seconds are not read")
    seconds = hour * 3600 + minute * 60 + second
    return micros + seconds * MICROS_PER_SECOND + _fraction_micros(text, iso["fraction"] or "")


@lru_cache(maxsize=1024)
def _day(text: str) -> int:
    digits = text.replace("-", "")
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:])).toordinal() - _EPOCH_DAY
    except ValueError as error:
        raise ValueError(f"{quoted(text)} is not a day of the calendar") from error


def _offset_minutes(text: str, offset: str | None) -> int:
    if offset is None or offset in "Zz":
        return 0
    hours, minutes = int(offset[1:3]), int(offset[3:].lstrip(":") or 0)
    if hours > 23 or minutes > 59:
        raise ValueError(f"{quoted(text)} has no such offset from UTC")
    return (hours * 60 + minutes) * (-1 if offset[0] == "-" else 1)


def _fraction_micros(text: str, fraction: str) -> int:
    if fraction[6:].strip("0"):
        raise ValueError(f"{quoted(text)} is finer than a microsecond")
    return int(fraction[:6].ljust(6, "0"))


def _epoch_micros(text: str, sign: str, whole: str, fraction: str | None) -> int:
    if len(whole) == 8 and fraction and not sign:
        raise ValueError(f"{quoted(text)} is neither a date (YYYYMMDD) nor an epoch")
    value, scale = int(whole + (fraction or "")), 10 ** len(fraction or "")
    numerator, denominator = epoch_unit(int(whole))
    micros, rest = divmod(value * numerator, scale * denominator)
    if rest:
        raise ValueError(f"{quoted(text)} is finer than a microsecond")
    return int(-micros if sign else micros)


def epoch_unit(magnitude: int) -> tuple[int, int]:
    """The microseconds in one unit of an epoch of this magnitude, as a fraction (numerator, denominator)."""
    if magnitude < SECONDS_BELOW:
        return MICROS_PER_SECOND, 1
    if magnitude < MILLIS_BELOW:
        return 1000, 1
    return (1, 1) if magnitude < MICROS_BELOW else (1, 1000)


def _in_calendar(text: str, micros: int) -> int:
    if EARLIEST <= micros <= LATEST:
        return micros
    raise ValueError(f"{quoted(text)} is outside the years 1 to 9999 (0001-01-02 to 9999-12-30 are read)")


def _no_time_because(text: str) -> str:
    if not text:
        return "is empty"
    if _OTHER_DATE.fullmatch(text):
        return f"{quoted(text)} cannot be read as a time; write 2020-01-31 or 2020-01-31T09:30:00+00:00"
    return f"{quoted(text)} cannot be read as a time"


_PLAIN = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_REASONS = (
    (re.compile(r"[+-]?nan", re.I), "is not a number"),
    (re.compile(r"[+-]?inf(inity)?", re.I), "is infinite"),
    (re.compile(r"[+-]?\d{1,3}([,' _\u00a0\u202f]\d{3})+(\.\d*)?", re.ASCII), "has thousands separators; write 1234.5"),
    (re.compile(r"[+-]?\d+,\d+", re.ASCII), "has a decimal comma; write 1234.5"),
    (re.compile(r"[+-]?0x[0-9a-f.p+-]+", re.I), "is hexadecimal; write it in decimal"),
)


def read_number(text: str) -> float:
    """The float64 nearest to a decimal numeral. Raises ValueError with the reason."""
    if _PLAIN.fullmatch(text):
        value = float(text)
        if math.isinf(value):
            raise ValueError(f"{quoted(text)} is too large")
        return value
    raise ValueError(_no_number_because(text))


def number_reason(text: str) -> str:
    """Why a text is not a number; call it only for a text that is not one."""
    try:
        read_number(text)
    except ValueError as error:
        return str(error)
    raise AssertionError(f"{quoted(text)} is a number")


def _no_number_because(text: str) -> str:
    if not text:
        return "is empty"
    for pattern, reason in _REASONS:
        if pattern.fullmatch(text):
            return f"{quoted(text)} {reason}"
    return f"{quoted(text)} cannot be read as a number"
