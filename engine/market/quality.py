"""What a person should know of a symbol's bars before trusting a result: sentences, pure on `Bars`.

| warned of | when |
| --- | --- |
| an overnight move | a session opens more than 40 % from the previous session's last close |
| missing weekdays | more than 5 weekdays in a row between two sessions (holidays count: no calendar is assumed) |
| one price | the same close for 10 daily bars, intraday for half a usual session and at least 10 bars |
| no volume | bars of zero volume, counted |

Three of each kind are told, the others counted.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from engine.market.bars import Bars, IntArray
from engine.market.sessions import day_to_date, is_intraday

OVERNIGHT_MOVE = 0.40
MISSING_WEEKDAYS = 5
FLAT_RUN = 10
TOLD = 3


def quality_warnings(bars: Bars) -> tuple[str, ...]:
    """One sentence for each thing worth knowing, by kind and then by time; none for fewer than 2 bars."""
    if len(bars) < 2:
        return ()
    return (*_overnight_moves(bars), *_missing_weekdays(bars), *_flat_runs(bars), *_zero_volume(bars))


def _overnight_moves(bars: Bars) -> list[str]:
    opens = 1 + np.flatnonzero(bars.session[1:] != bars.session[:-1])
    before, after = bars.close[opens - 1], bars.open[opens]
    found = opens[np.abs(after - before) > OVERNIGHT_MOVE * before]

    def tell(place: int) -> str:
        close, opening = float(bars.close[place - 1]), float(bars.open[place])
        move = (opening / close - 1) * 100
        return (
            f"{bars.symbol}: {_date(bars, place)} opens at {opening}, {move:+.1f} % from {close}, the last close of "
            f"{_date(bars, place - 1)}: looks like an unadjusted split"
        )

    return _first_told(found, tell, f"{bars.symbol}: and {{}} more overnight moves beyond 40 %")


def _missing_weekdays(bars: Bars) -> list[str]:
    opens = 1 + np.flatnonzero(bars.session[1:] != bars.session[:-1])
    days = bars.session.astype("datetime64[D]")
    missing = np.busday_count(days[opens - 1] + 1, days[opens])
    found = np.flatnonzero(missing > MISSING_WEEKDAYS)

    def tell(which: int) -> str:
        place = int(opens[which])
        between = f"between {_date(bars, place - 1)} and {_date(bars, place)}"
        return f"{bars.symbol}: {missing[which]} weekdays in a row are missing {between}"

    return _first_told(found, tell, f"{bars.symbol}: and {{}} more gaps of over {MISSING_WEEKDAYS} weekdays")


def _flat_runs(bars: Bars) -> list[str]:
    starts = np.concatenate([[0], 1 + np.flatnonzero(bars.close[1:] != bars.close[:-1])])
    lengths = np.diff(starts, append=len(bars))
    found = np.flatnonzero(lengths >= _flat_from(bars))

    def tell(which: int) -> str:
        first, count = int(starts[which]), int(lengths[which])
        span = f"from {_date(bars, first)} to {_date(bars, first + count - 1)}"
        return f"{bars.symbol}: {count} bars in a row close at {bars.close[first]}, {span}"

    return _first_told(found, tell, f"{bars.symbol}: and {{}} more long runs of one price")


def _flat_from(bars: Bars) -> int:
    """How many equal closes are a long run: a quiet minute is no news, half a session of them is."""
    if not is_intraday(bars.session):
        return FLAT_RUN
    lengths = np.diff(np.flatnonzero(np.diff(bars.session, prepend=bars.session[0] - 1)), append=len(bars))
    return max(FLAT_RUN, int(np.median(lengths)) // 2)


def _zero_volume(bars: Bars) -> list[str]:
    count = int(np.count_nonzero(bars.volume == 0))
    if not count:
        return []
    if count == len(bars):
        return [f"{bars.symbol}: no bar has any volume"]
    first = int(np.flatnonzero(bars.volume == 0)[0])
    return [f"{bars.symbol}: {count:,} of {len(bars):,} bars have no volume, the first on {_date(bars, first)}"]


def _first_told(found: IntArray, tell: Callable[[int], str], more: str) -> list[str]:
    told = [tell(int(place)) for place in found[:TOLD]]
    return told + ([more.format(len(found) - TOLD)] if len(found) > TOLD else [])


def _date(bars: Bars, place: int) -> str:
    return day_to_date(int(bars.session[place])).isoformat()
