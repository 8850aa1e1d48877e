"""Warnings about prices and volumes: overnight moves, one price for long, no volume."""

from __future__ import annotations

import numpy as np

from engine.market.bars import Bars
from engine.market.quality.telling import first_told, session_date
from engine.market.sessions import is_intraday

OVERNIGHT_MOVE = 0.40
FLAT_RUN = 10


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
