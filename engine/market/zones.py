"""The time zone that offsets from UTC come from, and a warning of midnights that fall on another day."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple
from zoneinfo import available_timezones

import numpy as np
import numpy.typing as npt

from engine.errors import InvalidError
from engine.market.bars import Bars, IntArray
from engine.market.sessions import MICROS_PER_DAY, MICROS_PER_SECOND, day_name, offset_minutes, zone

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

OffsetArray = npt.NDArray[np.int16]
_MICROS_PER_MINUTE = 60 * MICROS_PER_SECOND
_MIDNIGHTS_SAMPLED = 512
_OFFSETS_SHOWN = 3


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


@dataclass(frozen=True, slots=True)
class Stated:
    """What a symbol's times state besides the instant: `offsets` from UTC in minutes, shape (n,), and a zone's name.

    None and empty if they state nothing; a time without an offset has 0.
    """

    offsets: OffsetArray | None = None
    zone: str = ""

    def slice(self, start: int, stop: int) -> Stated:
        """The offsets of rows `start` to `stop` (exclusive)."""
        return Stated(None if self.offsets is None else self.offsets[start:stop], self.zone)


NOTHING_STATED = Stated()


def moved_midnights(bars: Bars, session_tz: str, stated: Stated) -> list[str]:
    """Warn of daily bars stamped at midnight, some of which count as the day before or after."""
    offsets = stated.offsets if stated.offsets is not None and stated.offsets.any() else None
    if offsets is None and session_tz == "UTC":
        return []  # a midnight in UTC is of its day
    # few data are stamped at midnight: a sample spares all others a pass over every bar
    sample = slice(None, None, max(1, len(bars) // _MIDNIGHTS_SAMPLED))
    if not _mostly_midnights(_local(bars.ts[sample], None if offsets is None else offsets[sample])):
        return []
    local = _local(bars.ts, offsets)
    days = local // MICROS_PER_DAY
    moved = np.flatnonzero((local % MICROS_PER_DAY == 0) & (days != bars.session))
    if not len(moved) or not _mostly_midnights(local):
        return []
    row = int(moved[0])
    counts = f"the bar of {day_name(int(days[row]))} counts as {day_name(int(bars.session[row]))} in {session_tz}"
    others = f" (it is one of {len(moved):,})" if len(moved) > 1 else ""
    if offsets is None:
        remedy = f"leave --session-tz {session_tz} out for daily bars (sessions are days in UTC then)"
        return [f"{bars.symbol}: the bars are stamped 00:00 UTC, but {counts}{others}; {remedy}"]
    return [f"{bars.symbol}: the times are {_midnights(bars.ts, offsets, stated.zone, f'{counts}{others}')}"]


def _local(ts: IntArray, offsets: OffsetArray | None) -> IntArray:
    """The times as the file writes them, in their own zone (microseconds)."""
    return ts if offsets is None else ts + offsets * np.int64(_MICROS_PER_MINUTE)


def _mostly_midnights(local: IntArray) -> bool:
    """Whether three of four times are midnights; a live row or a change of the clocks makes the others."""
    return bool(4 * np.count_nonzero(local % MICROS_PER_DAY == 0) >= 3 * len(local))


def _midnights(ts: IntArray, offsets: OffsetArray, said: str, counts: str) -> str:
    shown = list(dict.fromkeys(_offset_text(int(offset)) for offset in np.unique(offsets)))
    among = ", ".join(shown[:_OFFSETS_SHOWN]) + (", …" if len(shown) > _OFFSETS_SHOWN else "")
    found = find_zone(ts, offsets, said)
    if found is None:
        return (
            f"local midnight by their offsets ({among}), and {counts}; no time zone has these offsets: write the "
            "days alone, without time and offset"
        )
    where = found.name if found.is_only else f"{found.name}, for example"
    return f"local midnight by their offsets ({among}: {where}), and {counts}; use --session-tz {found.name}"


def _offset_text(minutes: int) -> str:
    hours, rest = divmod(abs(minutes), 60)
    return f"{'-' if minutes < 0 else '+'}{hours:02}:{rest:02}"
