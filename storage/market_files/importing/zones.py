"""Times of a zone's clocks as UTC: an hour that comes twice, or never, is found and told."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.market.bars import BoolArray, IntArray
from engine.market.sessions import MICROS_PER_DAY, MICROS_PER_SECOND, offset_minutes
from engine.vocabulary import Ambiguous
from storage.market_files.importing.times import Clock
from storage.market_files.table import UNREADABLE

_MINUTE = 60 * MICROS_PER_SECOND


@dataclass(frozen=True, slots=True)
class Placed:
    """Times in UTC (microseconds, shape (n,)), UNREADABLE where there are none.

    `twice` are times that the zone's clocks show twice, `never` those that they never show; `days` are cells without a
    time of day, which stand for the day and are 00:00 UTC in every zone. `unsure` are times of `twice` that were not
    decided.
    """

    ts: IntArray
    twice: BoolArray
    never: BoolArray
    days: BoolArray
    unsure: BoolArray


def place(clock: Clock, zone: str, ambiguous: Ambiguous | None, groups: IntArray) -> Placed:
    """The clock's times in UTC; those that state neither an offset nor a zone are times of `zone`.

    `groups` number the series that rows belong to, for `infer` looks at how a series goes on.
    """
    readable = clock.local != UNREADABLE
    ts = np.where(readable & clock.stated, clock.local - clock.offset * _MINUTE, clock.local)
    days = readable & ~clock.stated & ~clock.timed
    twice, never, unsure = (np.zeros(len(ts), np.bool_) for _ in range(3))
    unstated = readable & ~clock.stated & clock.timed
    for name, rows in [*clock.zones.items(), (zone, np.ones(len(ts), np.bool_))]:
        mine = np.flatnonzero(unstated & rows)
        unstated = unstated & ~rows
        if len(mine) and name != "UTC":
            local = clock.local[mine]
            early, late, gone = _both(local, name)
            again = early != late
            second = _second(local, again, ambiguous, groups[mine]) if again.any() else None
            unsure[mine] = again if second is None else (second < 0)
            ts[mine] = early if second is None else np.where(second > 0, late, early)
            twice[mine], never[mine] = again, gone
    return Placed(np.where(readable, ts, UNREADABLE), twice, never, days, unsure)


def _both(local: IntArray, zone: str) -> tuple[IntArray, IntArray, BoolArray]:
    """The first and the second instant at which a zone's clocks show these times, and whether they never do."""
    distinct, inverse = np.unique(local, return_inverse=True)
    before = offset_minutes(distinct - MICROS_PER_DAY, zone).astype(np.int64)
    after = offset_minutes(distinct + MICROS_PER_DAY, zone).astype(np.int64)
    candidates = [distinct - ahead * _MINUTE for ahead in (np.maximum(before, after), np.minimum(before, after))]
    shows = [offset_minutes(ts, zone).astype(np.int64) * _MINUTE + ts == distinct for ts in candidates]
    never = ~(shows[0] | shows[1])
    early = np.where(shows[0], candidates[0], candidates[1])
    late = np.where(shows[1], candidates[1], candidates[0])
    late = np.where(never, early, late)
    return early[inverse], late[inverse], never[inverse]


def _second(local: IntArray, again: BoolArray, ambiguous: Ambiguous | None, groups: IntArray) -> IntArray | None:
    """Of times that come twice: 1 for the second, 0 for the first, -1 undecided; None if nobody says which."""
    if ambiguous is None:
        return None
    if ambiguous is not Ambiguous.INFER:
        return np.where(again, 1 if ambiguous is Ambiguous.SECOND else 0, 0)
    second = np.zeros(len(local), np.int64)
    for group in np.unique(groups[again]).tolist():
        rows = np.flatnonzero(groups == group)
        falling = np.count_nonzero(np.diff(local[rows]) < 0) > np.count_nonzero(np.diff(local[rows]) > 0)
        order = rows[::-1] if falling else rows
        second[order] = _inferred(local[order], again[order])
    return second


def _inferred(local: IntArray, again: BoolArray) -> IntArray:
    """The hour's second time begins where the clock goes back or shows a time again; -1 where it does neither."""
    second = np.zeros(len(local), np.int64)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], again, [False]]).astype(np.int8)))
    for start, stop in edges.reshape(-1, 2).tolist():
        back = np.flatnonzero(np.diff(local[start:stop]) <= 0)
        second[start:stop] = -1
        if len(back) == 1:
            second[start : start + back[0] + 1] = 0
            second[start + back[0] + 1 : stop] = 1
    return second
