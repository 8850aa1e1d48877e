"""The words of warnings for a bar's day, a bar's time, and the first few of many."""

from __future__ import annotations

from collections.abc import Callable

from engine.market.bars import Bars, IntArray
from engine.market.sessions import MICROS_PER_SECOND, day_to_date, from_micros

TOLD = 3


def first_told(found: IntArray, tell: Callable[[int], str], more: str) -> list[str]:
    """A sentence for each of the first `TOLD` places, and `more` with the number of the others."""
    told = [tell(int(place)) for place in found[:TOLD]]
    return told + ([more.format(len(found) - TOLD)] if len(found) > TOLD else [])


def session_date(bars: Bars, row: int) -> str:
    """The day of a bar's session, such as 2024-01-09."""
    return day_name(int(bars.session[row]))


def day_name(day: int) -> str:
    """A day number (days since 1970-01-01) as a date, such as 2024-01-09."""
    return day_to_date(day).isoformat()


def clock(ts: int) -> str:
    """A bar's UTC date and time, with seconds only if there are any: 2024-01-09 15:59."""
    exact = "auto" if ts % (60 * MICROS_PER_SECOND) else "minutes"
    return from_micros(ts).replace(tzinfo=None).isoformat(" ", exact)
