"""Warnings about bars stamped at midnight that fall on another day: their zone is not the session zone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.market.bars import Bars, IntArray
from engine.market.quality.telling import day_name
from engine.market.sessions import MICROS_PER_DAY, MICROS_PER_SECOND
from engine.market.zones import OffsetArray, find_zone

_MICROS_PER_MINUTE = 60 * MICROS_PER_SECOND
_SAMPLE = 512
_OFFSETS_SHOWN = 3


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
    sample = slice(None, None, max(1, len(bars) // _SAMPLE))
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
