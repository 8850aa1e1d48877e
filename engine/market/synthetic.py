"""Synthetic bars for tests and benchmarks: a random walk in whole cents, bit-identical on every machine.

Only the raw 64 bits of PCG64 and integer arithmetic are used. numpy keeps the stream of a bit generator stable, but not
that of `Generator`'s distributions; and exp, log and the like differ in the last bit between libms. The one rounding is
the division by 100, so every price is the float64 nearest to a price in cents.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

import numpy as np
import numpy.typing as npt

from engine.market.bars import Bars, IntArray, make_bars
from engine.market.sessions import MICROS_PER_SECOND, to_micros, zone

BARS_PER_SESSION = 390
FIRST_DAY = date(2015, 1, 5)
_OPENING = time(9, 30)
_MICROS_PER_MINUTE = 60 * MICROS_PER_SECOND
_START, _LEAST, _MOST = 10_000, 2_000, 50_000  # cents: the walk is reflected at both ends

Bits = npt.NDArray[np.uint64]


def synthetic_minutes(
    bars: int, seed: int, symbol: str = "SYN", session_tz: str = "UTC", first_day: date = FIRST_DAY
) -> Bars:
    """`bars` minute bars in sessions of 390 (09:30 to 15:59 in `session_tz`) on weekdays, the last one cut short."""
    sessions = -(-bars // BARS_PER_SESSION)
    opens = _local_times(first_day, sessions, _OPENING, session_tz)
    minutes = np.arange(BARS_PER_SESSION, dtype=np.int64) * _MICROS_PER_MINUTE
    ts = (opens[:, np.newaxis] + minutes).reshape(-1)[:bars]
    return _walk(ts, seed, symbol, session_tz, largest_step=7)


def synthetic_daily(
    bars: int, seed: int, symbol: str = "SYN", session_tz: str = "UTC", first_day: date = FIRST_DAY
) -> Bars:
    """`bars` daily bars on weekdays, each at midnight of its day in `session_tz`."""
    return _walk(_local_times(first_day, bars, time(), session_tz), seed, symbol, session_tz, largest_step=255)


def _walk(ts: IntArray, seed: int, symbol: str, session_tz: str, largest_step: int) -> Bars:
    """Bars that open at the last close and move by up to `largest_step` cents, a power of two less one."""
    bits = np.random.PCG64(seed).random_raw(len(ts))
    steps = _part(bits, 0, largest_step) - _part(bits, 8, largest_step)
    close = _folded(_START + np.cumsum(steps))
    opening = np.concatenate([[_START], close[:-1]])[: len(ts)]
    high = np.maximum(opening, close) + _part(bits, 16, largest_step)
    low = np.minimum(opening, close) - _part(bits, 24, largest_step)
    volume = 100 * (1 + _part(bits, 32, 1023))
    return make_bars(
        symbol, ts, opening / 100, high / 100, low / 100, close / 100, volume.astype(np.float64), session_tz
    )


def _part(bits: Bits, shift: int, mask: int) -> IntArray:
    """Some bits of each draw as whole numbers from 0 to `mask`."""
    return ((bits >> np.uint64(shift)) & np.uint64(mask)).astype(np.int64)


def _folded(walk: IntArray) -> IntArray:
    """The walk reflected between the least and the most price."""
    width = _MOST - _LEAST
    return _MOST - np.abs((walk - _LEAST) % (2 * width) - width)


def _local_times(first_day: date, count: int, at: time, session_tz: str) -> IntArray:
    """That time of day on `count` weekdays from `first_day` on, in UTC microseconds."""
    local = zone(session_tz)
    times = (to_micros(datetime.combine(day, at, local)) for day in _weekdays(first_day, count))
    return np.fromiter(times, np.int64, count)


def _weekdays(first: date, count: int) -> Iterator[date]:
    day = first
    while count:
        if day.weekday() < 5:
            yield day
            count -= 1
        day += timedelta(days=1)
