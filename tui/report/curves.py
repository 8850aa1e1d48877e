"""Equity over time as a report shows it: falls from the peak, months, and no more points than can be seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np

from engine.market.bars import FloatArray, IntArray
from tui.report.content import Year

MOST_POINTS = 5_000
"""Points of a curve that are drawn: more cannot be told apart, and a report is to be sent."""
MS_A_DAY = 86_400_000


def falls(equity: FloatArray, start: float) -> FloatArray:
    """How far each value is below the greatest so far (`start` among them), in percent: zero or negative, (T,)."""
    peaks = np.maximum(np.maximum.accumulate(equity), start)
    below: FloatArray = (equity / peaks - 1) * 100
    return below


def months_of(times: FloatArray, equity: FloatArray, start: float) -> list[Year]:
    """Returns in percent by calendar month (UTC) and year; a period begins with the equity that the last ended with.

    `times` are ms since 1970, rising. A month without a value has no return.
    """
    months = (times // MS_A_DAY).astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    lasts = np.flatnonzero(np.diff(months, append=months[-1] + 1)) if len(months) else months
    ends = {int(months[at]): float(equity[at]) for at in lasts}
    gains = dict(zip(ends, _gains([start, *ends.values()]), strict=True))
    year_ends = {month // 12: end for month, end in ends.items()}
    wholes = dict(zip(year_ends, _gains([start, *year_ends.values()]), strict=True))
    return [
        Year(1970 + year, [gains.get(12 * year + month) for month in range(12)], whole)
        for year, whole in wholes.items()
    ]


def kept(times: FloatArray, columns: Sequence[FloatArray], most: int = MOST_POINTS) -> IntArray:
    """Which places of the columns are drawn: all of them, or at most `most`.

    Time is cut into equal parts; of each part the first and the last place stay, and the lowest and the highest value
    of every column.
    """
    if len(times) <= most:
        return np.arange(len(times), dtype=np.int64)
    parts = max(1, most // (2 + 2 * len(columns)))
    span = times[-1] - times[0]
    part = np.minimum(((times - times[0]) / span * parts).astype(np.int64), parts - 1)
    bounds = [*np.flatnonzero(np.diff(part, prepend=-1)).tolist(), len(times)]
    places: set[int] = set()
    for begin, end in pairwise(bounds):
        places |= {begin, end - 1}
        for column in columns:
            places |= {begin + int(np.argmin(column[begin:end])), begin + int(np.argmax(column[begin:end]))}
    return np.array(sorted(places), dtype=np.int64)


def year_ends(times: FloatArray) -> list[int]:
    """The places of the last value of each calendar year (UTC)."""
    years = (times // MS_A_DAY).astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64)
    return [int(place) for place in np.flatnonzero(np.diff(years, append=years[-1] + 1))] if len(years) else []


def day_of(time: float) -> str:
    """The date of a time in ms since 1970."""
    return str(np.datetime64(int(time // MS_A_DAY), "D"))


def at_places(columns: Mapping[str, FloatArray], places: IntArray) -> dict[str, FloatArray]:
    """The columns at these places."""
    return {name: column[places] for name, column in columns.items()}


def _gains(ends: Sequence[float]) -> list[float | None]:
    return [(after / before - 1) * 100 if before > 0 else None for before, after in pairwise(ends)]
