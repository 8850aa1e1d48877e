"""Warnings about a second bar in few of many sessions, such as the live row that a vendor appends to daily bars."""

from __future__ import annotations

import numpy as np

from engine.market.bars import Bars
from engine.market.quality.telling import clock, day_name
from engine.market.spacing import Sessions


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
