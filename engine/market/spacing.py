"""The spacing of bars: within a session, or from one session to the next."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from engine.market.bars import Bars, IntArray
from engine.market.sessions import MICROS_PER_SECOND


class Pace(NamedTuple):
    """Bars further apart than days: `least` to `most` days from one to the next.

    `units` names what a count of sessions then counts, `in_a_year` how many there are (0: not worth saying), and
    `weekdays` how many weekdays may lie between two bars before one is missing.
    """

    name: str
    least: int
    most: int
    units: str
    in_a_year: int
    weekdays: int


PACES = (
    Pace("weekly", 5, 9, "weeks", 52, 7),
    Pace("monthly", 26, 35, "months", 12, 30),
    Pace("quarterly", 84, 98, "quarters", 4, 100),
    Pace("yearly", 355, 375, "years", 0, 300),
)


class Sessions(NamedTuple):
    """The sessions of a symbol, oldest first: their days (since 1970-01-01), the row each begins at, and their bars."""

    days: IntArray
    starts: IntArray
    sizes: IntArray

    @classmethod
    def of(cls, bars: Bars) -> Sessions:
        """Those of a symbol's bars, which are not empty."""
        starts = np.flatnonzero(bars.session[1:] != bars.session[:-1]) + 1
        starts = np.concatenate([[0], starts])
        return cls(bars.session[starts], starts, np.diff(starts, append=len(bars)))

    @property
    def are_single(self) -> bool:
        """Whether the usual session has one bar: at most one session in three has more."""
        single = int(np.count_nonzero(self.sizes == 1))
        return 2 * (len(self.sizes) - single) <= single


def pace_of(gaps: IntArray) -> Pace | None:
    """The pace of sessions that are so many days apart; None for daily ones, and for fewer than two gaps.

    Two thirds of the gaps decide: a holiday moves a bar, a missing bar makes a long gap, a live row a short one.
    """
    if len(gaps) < 2:
        return None
    for pace in PACES:
        fitting = np.count_nonzero((gaps >= pace.least) & (gaps <= pace.most))
        if 3 * fitting >= 2 * len(gaps):
            return pace
    return None


def commonest(spacings: IntArray) -> int:
    """The most common of some spacings; of equally common ones the shortest."""
    for guess in spacings[:: max(1, len(spacings) // 3)].tolist():  # most data have one spacing: counting it is quick
        if 2 * np.count_nonzero(spacings == guess) > len(spacings):
            return int(guess)
    values, counts = np.unique(spacings, return_counts=True)
    return int(values[np.argmax(counts)])


def timeframe_of(symbols: Iterable[Bars]) -> str:
    """The timeframe of some symbols together, from the most common spacing.

    Within sessions it is `<n>h`, `<n>m` or `<n>s`. If the usual session has one bar it is `daily`, `weekly`, `monthly`,
    `quarterly` or `yearly`: an occasional second bar does not change it.
    """
    inside, between = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for bars in filter(len, symbols):
        sessions = Sessions.of(bars)
        if sessions.are_single:
            between.append(np.diff(sessions.days))
        else:
            inside.append(np.diff(bars.ts)[bars.session[1:] == bars.session[:-1]])
    spacings = np.concatenate(inside)
    if len(spacings):
        return spacing_name(commonest(spacings))
    pace = pace_of(np.concatenate(between))
    return "daily" if pace is None else pace.name


def spacing_name(spacing: int) -> str:
    """A spacing in microseconds as a timeframe: `4h`, `5m`, `30s`."""
    seconds = max(1, round(spacing / MICROS_PER_SECOND))
    if seconds % 3600 == 0:
        return f"{seconds // 3600}h"
    return f"{seconds // 60}m" if seconds % 60 == 0 else f"{seconds}s"
