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

from engine.market.bars import Bars
from engine.market.quality.days import missing_days, missing_weekdays, other_pace, trades_every_day, unfinished
from engine.market.quality.holes import session_holes
from engine.market.quality.midnights import NOTHING_STATED, Stated, moved_midnights
from engine.market.quality.prices import flat_runs, overnight_moves, zero_volume
from engine.market.quality.second_bars import second_bars
from engine.market.spacing import Sessions

__all__ = ["NOTHING_STATED", "Stated", "quality_warnings"]


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
        *(midnights or _of_sessions(bars, sessions)),  # what follows from days in the wrong place is not told too
        *other_pace(bars, sessions),
        *overnight_moves(bars),
        *([] if trades_every_day(sessions.days) else missing_weekdays(bars, sessions)),
        *flat_runs(bars),
        *zero_volume(bars),
        *unfinished(bars, now),
    )


def _of_sessions(bars: Bars, sessions: Sessions) -> list[str]:
    return [*second_bars(bars, sessions), *session_holes(bars, sessions), *missing_days(bars, sessions)]
