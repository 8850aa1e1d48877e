"""Longer bars from shorter ones: first, highest, lowest, last, sum; bars that are incomplete are left out."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from engine.errors import UsageError
from engine.market.bars import BoolArray, FloatArray, IntArray
from engine.market.sessions import MICROS_PER_DAY, MICROS_PER_SECOND

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}
_NAMED = {"daily": "1d", "weekly": "1w"}
_SPACING = re.compile(r"(\d{1,4})([smhdw])", re.ASCII)
_HOUR = 3600 * MICROS_PER_SECOND
_THURSDAY = 3 * MICROS_PER_DAY
"""1970 began on a Thursday; weeks begin on Mondays."""
_RARE = 20
"""A series has holes where at most one of so many steps skips a bar; where more do, it is traded thinly."""


def read_spacing(text: str) -> int:
    """A spacing such as `15m`, `1h`, `daily` or `weekly` in microseconds. Raises UsageError."""
    found = _SPACING.fullmatch(_NAMED.get(text.strip().lower(), text.strip().lower()))
    if found is None or not int(found[1]):
        raise UsageError(
            "USAGE", f"--timeframe {text!r} is no spacing", hint="give 5m, 1h, daily or weekly, for example"
        )
    return int(found[1]) * _SECONDS[found[2]] * MICROS_PER_SECOND


@dataclass(frozen=True, slots=True)
class Resampled:
    """Longer bars: when each begins (UTC microseconds), their figures, shape (n,), and how many were left out."""

    ts: IntArray
    figures: tuple[FloatArray, ...]
    incomplete: int


def resample(ts: IntArray, figures: tuple[FloatArray, ...], spacing: int) -> Resampled:
    """Bars of one symbol as longer ones that begin at whole multiples of `spacing` in UTC, weeks on Mondays.

    `ts` rises; `figures` are open, high, low, close and volume. A bar is incomplete where the data begin or end inside
    of it (earlier or later than in most others), or where a bar is missing in it, unless bars are often missing: then
    there was no trade. Raises UsageError if the bars are longer already, or do not fit.
    """
    own = _spacing_of(ts)
    if own >= spacing or spacing % own:
        what = f"--timeframe: the bars are {_said(own)} apart, so none of {_said(spacing)} can be made of them"
        raise UsageError("USAGE", what, hint="give a multiple of their spacing")
    begins = _begins(ts, spacing)
    first = np.flatnonzero(np.concatenate([[True], begins[1:] != begins[:-1]]))
    last = np.append(first[1:], len(ts)) - 1
    complete = _complete(ts, begins[first], first, last, own, spacing)
    opening, high, low, close, volume = figures
    made = (
        opening[first],
        np.maximum.reduceat(high, first),
        np.minimum.reduceat(low, first),
        close[last],
        _sums(volume, first, last),
    )
    return Resampled(
        begins[first][complete], tuple(column[complete] for column in made), int(np.count_nonzero(~complete))
    )


def _begins(ts: IntArray, spacing: int) -> IntArray:
    """When the longer bars begin that these times lie in."""
    anchor = _THURSDAY if spacing % (7 * MICROS_PER_DAY) == 0 else 0
    begins: IntArray = (ts + anchor) // spacing * spacing - anchor
    return begins


def _spacing_of(ts: IntArray) -> int:
    steps, counts = np.unique(np.diff(ts), return_counts=True)
    return int(steps[np.argmax(counts)]) if len(steps) else MICROS_PER_DAY


def _said(micros: int) -> str:
    seconds = max(1, micros // MICROS_PER_SECOND)
    return next(f"{seconds // size}{unit}" for unit, size in reversed(_SECONDS.items()) if seconds % size == 0)


def _complete(ts: IntArray, begins: IntArray, first: IntArray, last: IntArray, own: int, spacing: int) -> BoolArray:
    complete = np.ones(len(begins), np.bool_)
    late, early = ts[first] - begins, begins + spacing - own - ts[last]
    complete[0] = late[0] <= np.median(late)
    complete[-1] &= early[-1] <= np.median(early)
    steps = np.diff(ts)
    holes = np.flatnonzero((steps > own) & (steps < min(spacing, _HOUR)))
    if len(holes) * _RARE <= max(len(steps), _RARE):
        missing = np.concatenate([ts[holes] + own, ts[holes + 1] - own])
        complete &= ~np.isin(begins, _begins(missing, spacing))
    return complete


def _sums(volume: FloatArray, first: IntArray, last: IntArray) -> FloatArray:
    """The sum of each bar, added from left to right as everywhere in papertape."""
    sums = volume[first].copy()
    for step in range(1, int((last - first).max()) + 1):
        more = first + step <= last
        sums[more] += volume[first[more] + step]
    return sums
