"""The spacing of bars, within a session or from one session to the next, and holes in it: bars that are missing.

No calendar and no spacing are assumed. A gap is a hole if it is far longer than the series' other gaps, and the
sessions next to it have bars at that time of day: so a lunch break is not one, nor a market that closes for an hour.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from engine.market.bars import Bars, BoolArray, IntArray
from engine.market.sessions import MICROS_PER_DAY, MICROS_PER_SECOND, clock, offset_minutes

_RARE = 200
"""A series is regular where at most one of so many gaps is longer than its spacing, the longest of a session aside."""
_USUAL, _FAR = 0.98, 8
"""Of another series a gap is a hole when it is so many times as long as nearly all of them."""
_NEIGHBOURS = (-5, -4, -3, -2, -1, 1, 2, 3, 4, 5)
"""The sessions that a gap is compared with, counted from its own."""
_BY_CHANCE = 0.001
"""How likely it may be that one gap of all is as long by mere chance."""
_RAGGED_SESSIONS, _RAGGED, _NEARLY_ALL, _FARTHER = 10, 5, 0.9, 3
"""Of this many sessions or more, holes in one of five are the series' own nature: only far longer ones count then."""


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


@dataclass(frozen=True, slots=True)
class _Gaps:
    """The gap between each bar and the next: its length in spacings (0 if the next bar is in another session)."""

    spacing: int
    lengths: IntArray


def session_holes(bars: Bars, sessions: Sessions, session_tz: str) -> list[str]:
    """Warn of bars missing within sessions: how many there are, and the longest hole.

    Times of day are those of `session_tz`, so a change of its clocks moves no break.
    """
    gaps = None if sessions.are_single else _gaps(bars, sessions)
    if gaps is None:
        return []
    rows = np.flatnonzero(gaps.lengths >= _hole_from(gaps.lengths, sessions))
    begins = sessions.days * MICROS_PER_DAY - _ahead(bars, sessions, session_tz)
    there = np.stack([_bars_there(bars, sessions, begins, rows, distance) for distance in _NEIGHBOURS])
    missing = _missing(there, gaps.lengths[rows] - 1, int(np.count_nonzero(gaps.lengths)))
    rows, missing = rows[missing > 0], missing[missing > 0]
    kept = _beyond_nature(gaps.lengths[rows], sessions, rows)
    return _told(bars, gaps, rows[kept], missing[kept]) if kept.any() else []


def _gaps(bars: Bars, sessions: Sessions) -> _Gaps | None:
    """The gaps of the series; None if it has no usual spacing."""
    apart = np.diff(bars.ts)
    inside = np.ones(len(apart), np.bool_)
    inside[sessions.starts[1:] - 1] = False
    spacing = commonest(apart[inside])
    if np.count_nonzero(apart == spacing) < 2:
        return None
    midnights = sessions.starts[1:][np.diff(sessions.days) == 1] - 1
    if 2 * np.count_nonzero(apart[midnights] <= 2 * spacing) > len(midnights):
        inside[midnights] = True  # it trades through the night: midnight is not a break
    lengths: IntArray = np.where(inside, (apart + spacing // 2) // spacing, 0)
    return _Gaps(spacing, lengths)


def _hole_from(lengths: IntArray, sessions: Sessions) -> int:
    """The length from which a gap may be a hole. The longest gap of a session may be its break and is left out."""
    longest = np.maximum.reduceat(np.append(lengths, 0), sessions.starts)
    inside, longer = np.count_nonzero(lengths), np.count_nonzero(lengths > 1)
    if longer - np.count_nonzero(longest > 1) <= inside // _RARE:
        return 2
    place = max(0, int(_USUAL * (inside - len(longest)))) + len(lengths) - inside  # sorted: the zeros come first
    return max(2, _FAR * int(np.partition(lengths, place)[place]))


def _missing(there: IntArray, most: IntArray, gaps: int) -> IntArray:
    """The number of bars missing in each gap, by those that the sessions around it have there; 0 if it is not a hole.

    `there` has a row for each of `_NEIGHBOURS` (-1: nothing to compare), `most` says how many bars a gap holds. If most
    of the sessions on one side have few bars there, it is a break; on the other side the clocks may have been changed.
    If sessions have bars there only now and then, a gap must be longer than chance makes one among `gaps`.
    """
    quiet, known = (there >= 0) & (4 * there <= most), there >= 0
    sides = (slice(0, len(there) // 2), slice(len(there) // 2, None))
    breaks = [2 * np.count_nonzero(quiet[side], axis=0) > np.count_nonzero(known[side], axis=0) for side in sides]
    usual = most.copy()
    compared = known.any(axis=0)
    usual[compared] = np.nanmedian(np.where(known, there, np.nan)[:, compared], axis=0)
    chance = gaps * (1 - np.minimum(usual, most) / most) ** most
    is_hole = ~np.logical_or(*breaks) & (~compared | (chance < _BY_CHANCE))
    return np.where(is_hole, np.clip(usual, 1, most), 0)


def _ahead(bars: Bars, sessions: Sessions, session_tz: str) -> IntArray:
    """How far the zone's time is ahead of UTC at the first bar of each session, in microseconds."""
    return offset_minutes(bars.ts[sessions.starts], session_tz).astype(np.int64) * (MICROS_PER_DAY // (24 * 60))


def _bars_there(bars: Bars, sessions: Sessions, begins: IntArray, rows: IntArray, distance: int) -> IntArray:
    """The bars that another session has at the time of day of each gap; -1 beyond the data.

    `begins`: the midnight that begins each session, in UTC microseconds.
    """
    own = np.searchsorted(sessions.starts, rows, "right") - 1
    other = own + distance
    there = (other >= 0) & (other < len(sessions.days))
    shift = begins[np.clip(other, 0, len(begins) - 1)] - begins[own]
    since, until = bars.ts[rows] + shift, bars.ts[rows + 1] + shift
    there &= (bars.ts[0] <= since) & (until <= bars.ts[-1])
    counts = np.searchsorted(bars.ts, until, "left") - np.searchsorted(bars.ts, since, "right")
    return np.where(there, counts, -1)


def _beyond_nature(lengths: IntArray, sessions: Sessions, rows: IntArray) -> BoolArray:
    """The holes to warn of: if many sessions have some, only those far longer than nearly all others."""
    holed, place = np.unique(np.searchsorted(sessions.starts, rows, "right"), return_inverse=True)
    count = len(sessions.starts)
    if count < _RAGGED_SESSIONS or _RAGGED * len(holed) <= count:
        return np.ones(len(rows), np.bool_)
    longest = np.zeros(count, np.int64)
    np.maximum.at(longest, place, lengths)
    kept: BoolArray = lengths > _FARTHER * np.quantile(longest, _NEARLY_ALL, method="lower")
    return kept


def _told(bars: Bars, gaps: _Gaps, rows: IntArray, missing: IntArray) -> list[str]:
    longest = int(np.argmax(missing))
    row, count = int(rows[longest]), int(missing.sum())
    between = f"between {clock(int(bars.ts[row]))} and {clock(int(bars.ts[row + 1]))} UTC"
    if len(rows) > 1:
        between = f"in {len(rows):,} places, the longest ({int(missing[longest]):,}) {between}"
    are = "1 bar is" if count == 1 else f"{count:,} bars are"
    return [f"{bars.symbol}: {are} missing inside sessions {between}: there is one every {spacing_name(gaps.spacing)}"]
