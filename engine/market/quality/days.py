"""Warnings about days: missing ones, sessions that are weeks or more apart, and a session that is not over."""

from __future__ import annotations

import numpy as np

from engine.market.bars import Bars, IntArray
from engine.market.quality.telling import TOLD, day_name, first_told
from engine.market.sessions import MICROS_PER_DAY
from engine.market.spacing import Sessions, pace_of

MISSING_WEEKDAYS = 5
_SATURDAY, _SUNDAY = 5, 6
_EPOCH_WEEKDAY = 3
"""1970-01-01 was a Thursday; Monday is 0."""


def other_pace(bars: Bars, sessions: Sessions) -> list[str]:
    """Warn that bars are weeks or more apart, so that settings in days count those instead."""
    pace = pace_of(np.diff(sessions.days)) if sessions.are_single else None
    if pace is None:
        return []
    year = f" ({pace.in_a_year} are a year)" if pace.in_a_year else ""
    return [
        f"{bars.symbol}: the bars are {pace.name}, and each is a session of its own: lookback_days counts "
        f"{pace.units}{year}, not days"
    ]


def missing_weekdays(bars: Bars, sessions: Sessions) -> list[str]:
    """Warn of more weekdays without a bar than holidays explain; for weekly bars and longer, than their pace does."""
    days = sessions.days.astype("datetime64[D]")
    missing = np.busday_count(days[:-1] + 1, days[1:])
    pace = pace_of(np.diff(sessions.days))
    most = MISSING_WEEKDAYS if pace is None else pace.weekdays
    found = np.flatnonzero(missing > most)

    def tell(which: int) -> str:
        between = f"between {days[which]} and {days[which + 1]}"
        return f"{bars.symbol}: {missing[which]} weekdays in a row are missing {between}"

    return first_told(found, tell, f"{bars.symbol}: and {{}} more gaps of over {most} weekdays")


def trades_every_day(days: IntArray) -> bool:
    """Whether the series trades on weekends: on half of the Saturdays and Sundays, and on three days of four in all."""
    span = np.arange(days[0], days[-1] + 1)
    if 4 * len(days) < 3 * len(span):
        return False
    return all(_has_half(days, span, weekday) for weekday in (_SATURDAY, _SUNDAY))


def _has_half(days: IntArray, span: IntArray, weekday: int) -> bool:
    present, possible = (np.count_nonzero((column + _EPOCH_WEEKDAY) % 7 == weekday) for column in (days, span))
    return bool(0 < possible <= 2 * present)


def missing_days(bars: Bars, sessions: Sessions) -> list[str]:
    """Warn of missing days in a series that trades every day."""
    days = sessions.days
    gaps = np.flatnonzero(np.diff(days) > 1)
    if not len(gaps) or not trades_every_day(days):
        return []
    firsts, lasts = days[gaps] + 1, days[gaps + 1] - 1
    count = int((lasts - firsts + 1).sum())
    told = [_span(int(first), int(last)) for first, last in zip(firsts[:TOLD], lasts[:TOLD], strict=True)]
    more = int((lasts - firsts + 1)[TOLD:].sum())
    told += [f"and {more:,} more"] if more else []
    are_missing = "1 day is missing" if count == 1 else f"{count:,} days are missing"
    return [f"{bars.symbol}: there are bars every day, weekends too, but {are_missing}: {', '.join(told)}"]


def _span(first: int, last: int) -> str:
    return day_name(first) if first == last else f"{day_name(first)} to {day_name(last)}"


def unfinished(bars: Bars, now: int | None) -> list[str]:
    """Warn of a last bar whose session may not be over."""
    if now is None or int(bars.session[-1]) != now // MICROS_PER_DAY:
        return []
    session = day_name(int(bars.session[-1]))
    return [f"{bars.symbol}: the session of the last bar, {session}, is today's (UTC): is the bar unfinished?"]
