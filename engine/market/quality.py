"""What a person should know of a symbol's bars before trusting a result: sentences, pure on `Bars`.

| warned of | when |
| --- | --- |
| another zone's midnights | the bars are stamped at midnight, and the session zone puts some on another day |
| second bars | few sessions have two bars or more, at least twice as many have one |
| another timeframe | the sessions are weeks, months, quarters or years apart |
| holes | bars are missing inside a session, by the spacing and the breaks that the series has itself |
| missing days | days are missing of a series that trades every day, weekends too |
| missing weekdays | more than 5 weekdays in a row between two sessions (holidays count: no calendar is assumed) |
| an overnight move | a session opens more than 40 % from the previous session's last close |
| one price | the same close for 10 daily bars, intraday for half a usual session and at least 10 bars |
| no volume | bars of zero volume, counted |
| an unfinished bar | the session of the last bar is today's in UTC |

Of overnight moves, missing weekdays and runs of one price three are told and the others counted; of every other kind
there is one sentence.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from engine.market.bars import Bars, IntArray
from engine.market.sessions import MICROS_PER_DAY, clock, day_name, is_intraday
from engine.market.spacing import Sessions, pace_of, session_holes
from engine.market.zones import NOTHING_STATED, Stated, moved_midnights

TOLD = 3
MISSING_WEEKDAYS = 5
_SATURDAY, _SUNDAY = 5, 6
_EPOCH_WEEKDAY = 3
"""1970-01-01 was a Thursday; Monday is 0."""
OVERNIGHT_MOVE = 0.40
FLAT_RUN = 10


def quality_warnings(
    bars: Bars, session_tz: str = "UTC", stated: Stated = NOTHING_STATED, now: int | None = None
) -> tuple[str, ...]:
    """One sentence for each thing worth knowing, by kind and then by time; none for fewer than 2 bars.

    `session_tz` is the zone that the sessions were taken in, `stated` what the times say of their own zone, `now` the
    wall clock in UTC microseconds (None: nobody knows it, and no bar is unfinished).
    """
    if len(bars) < 2:
        return ()
    sessions = Sessions.of(bars)
    midnights = moved_midnights(bars, session_tz, stated)
    return (
        # what follows from days in the wrong place is not told too
        *(midnights or _of_sessions(bars, sessions, session_tz)),
        *other_pace(bars, sessions),
        *overnight_moves(bars),
        *([] if trades_every_day(sessions.days) else missing_weekdays(bars, sessions)),
        *flat_runs(bars),
        *zero_volume(bars),
        *unfinished(bars, now),
    )


def _of_sessions(bars: Bars, sessions: Sessions, session_tz: str) -> list[str]:
    return [*second_bars(bars, sessions), *session_holes(bars, sessions, session_tz), *missing_days(bars, sessions)]


def first_told(found: IntArray, tell: Callable[[int], str], more: str) -> list[str]:
    """A sentence for each of the first `TOLD` places, and `more` with the number of the others."""
    told = [tell(int(place)) for place in found[:TOLD]]
    return told + ([more.format(len(found) - TOLD)] if len(found) > TOLD else [])


def session_date(bars: Bars, row: int) -> str:
    """The day of a bar's session, such as 2024-01-09."""
    return day_name(int(bars.session[row]))


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
    missing = np.busday_count(days[:-1] + np.timedelta64(1, "D"), days[1:])
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


def overnight_moves(bars: Bars) -> list[str]:
    """Warn of sessions that open more than 40 % from the previous session's last close: a split?"""
    opens = 1 + np.flatnonzero(bars.session[1:] != bars.session[:-1])
    closes, openings = bars.close[opens - 1], bars.open[opens]
    found = opens[np.abs(openings - closes) > OVERNIGHT_MOVE * closes]

    def tell(place: int) -> str:
        close, opening = float(bars.close[place - 1]), float(bars.open[place])
        move = (opening / close - 1) * 100
        opens_at, before = f"{session_date(bars, place)} opens at {opening}", session_date(bars, place - 1)
        moved = f"{opens_at}, {move:+.1f} % from {close}, the last close of {before}"
        return f"{bars.symbol}: {moved}: looks like an unadjusted split"

    return first_told(found, tell, f"{bars.symbol}: and {{}} more overnight moves beyond 40 %")


def flat_runs(bars: Bars) -> list[str]:
    """Warn of the same close for 10 daily bars, or intraday for half a usual session and at least 10 bars."""
    starts = np.concatenate([[0], 1 + np.flatnonzero(bars.close[1:] != bars.close[:-1])])
    lengths = np.diff(starts, append=len(bars))
    found = np.flatnonzero(lengths >= _flat_from(bars))

    def tell(which: int) -> str:
        first, count = int(starts[which]), int(lengths[which])
        span = f"from {session_date(bars, first)} to {session_date(bars, first + count - 1)}"
        return f"{bars.symbol}: {count} bars in a row close at {bars.close[first]}, {span}"

    return first_told(found, tell, f"{bars.symbol}: and {{}} more long runs of one price")


def _flat_from(bars: Bars) -> int:
    """The number of equal closes that is a long run; intraday half a usual session, since quiet minutes are common."""
    if not is_intraday(bars.session):
        return FLAT_RUN
    lengths = np.diff(np.flatnonzero(np.diff(bars.session, prepend=bars.session[0] - 1)), append=len(bars))
    return max(FLAT_RUN, int(np.median(lengths)) // 2)


def zero_volume(bars: Bars) -> list[str]:
    """Warn of bars with zero volume, with their count."""
    count = int(np.count_nonzero(bars.volume == 0))
    if not count:
        return []
    if count == len(bars):
        return [f"{bars.symbol}: no bar has any volume"]
    first = int(np.flatnonzero(bars.volume == 0)[0])
    return [f"{bars.symbol}: {count:,} of {len(bars):,} bars have no volume, the first on {session_date(bars, first)}"]


def second_bars(bars: Bars, sessions: Sessions) -> list[str]:
    """Warn of sessions with two bars or more, if the usual one has one; with the first, and the consequence."""
    found = np.flatnonzero(sessions.sizes > 1)
    if not len(found) or not sessions.are_single:
        return []
    first = int(found[0])
    row, size = int(sessions.starts[first]), int(sessions.sizes[first])
    times = f"{clock(int(bars.ts[row]))} and {clock(int(bars.ts[row + size - 1]))} UTC"
    others = f", as have {len(found) - 1:,} more of {len(sessions.days):,}" if len(found) > 1 else ""
    return [
        f"{bars.symbol}: the session {day_name(int(sessions.days[first]))} has {size} bars ({times}){others}, and the "
        "others have one (a live row?): the symbol counts as intraday, so with exit.type eod nothing is entered in a "
        f"session of one bar, and lookback_days takes the {size} bars as one session"
    ]
