"""The time zone that a column of offsets from UTC may come from."""

from __future__ import annotations

from typing import NamedTuple
from zoneinfo import available_timezones

import numpy as np
import numpy.typing as npt

from engine.errors import InvalidError
from engine.market.sessions import offset_minutes, zone

WELL_KNOWN = (
    "Europe/London",
    "America/New_York",
    "Europe/Berlin",
    "Asia/Tokyo",
    "Asia/Hong_Kong",
    "Asia/Kolkata",
    "Australia/Sydney",
    "America/Chicago",
    "America/Los_Angeles",
    "America/Sao_Paulo",
    "America/Denver",
    "America/Halifax",
    "America/Santiago",
    "America/Bogota",
    "America/Mexico_City",
    "America/Argentina/Buenos_Aires",
    "Europe/Lisbon",
    "Europe/Paris",
    "Europe/Athens",
    "Europe/Helsinki",
    "Europe/Moscow",
    "Europe/Istanbul",
    "Africa/Johannesburg",
    "Africa/Lagos",
    "Africa/Cairo",
    "Asia/Jerusalem",
    "Asia/Riyadh",
    "Asia/Dubai",
    "Asia/Tehran",
    "Asia/Karachi",
    "Asia/Dhaka",
    "Asia/Jakarta",
    "Asia/Bangkok",
    "Asia/Shanghai",
    "Asia/Singapore",
    "Asia/Taipei",
    "Asia/Seoul",
    "Australia/Perth",
    "Australia/Adelaide",
    "Australia/Brisbane",
    "Pacific/Auckland",
)
"""Zones of markets, the best known of each offset first."""
_SAMPLE = 256

IntArray = npt.NDArray[np.int64]
OffsetArray = npt.NDArray[np.int16]


class FoundZone(NamedTuple):
    """A zone that has all the offsets; `is_only` if no other well-known zone has them."""

    name: str
    is_only: bool


def find_zone(ts: IntArray, offsets: OffsetArray, said: str = "") -> FoundZone | None:
    """The zone whose clocks are so many minutes ahead of UTC at these times (UTC microseconds, rising), or None.

    `said` is the zone that the data name themselves. Checked are the times around each change, and some between.
    """
    rows = _telling_rows(offsets)
    ts, offsets = ts[rows], offsets[rows]
    if said and _fits(said, ts, offsets):
        return FoundZone(said, is_only=True)
    fitting = [name for name in WELL_KNOWN if _fits(name, ts, offsets)]
    if fitting:
        return FoundZone(fitting[0], is_only=len(fitting) == 1)
    other = next((name for name in sorted(available_timezones()) if _fits(name, ts, offsets)), None)
    return None if other is None else FoundZone(other, is_only=False)


def _telling_rows(offsets: OffsetArray) -> IntArray:
    changes = np.flatnonzero(offsets[1:] != offsets[:-1])[:_SAMPLE]
    between = np.linspace(0, len(offsets) - 1, min(_SAMPLE, len(offsets))).astype(np.int64)
    return np.unique(np.concatenate([changes, changes + 1, between]))


def _fits(name: str, ts: IntArray, offsets: OffsetArray) -> bool:
    try:
        zone(name)
    except InvalidError:
        return False
    first, rest = slice(0, 4), slice(4, None)  # a few times exclude most zones
    return all(np.array_equal(offset_minutes(ts[part], name), offsets[part]) for part in (first, rest))
