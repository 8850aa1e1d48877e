"""`--from` and `--to`: which bars of a dataset remain."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

import numpy as np

from engine.errors import InvalidError
from engine.market.bars import Bars
from engine.market.sessions import MICROS_PER_DAY
from storage.market_files.times import read_time

_DATE = re.compile(r"\d{4}-\d\d-\d\d|\d{8}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Bound:
    """One end of a cut: a session day (days since 1970-01-01) or an instant (UTC microseconds)."""

    text: str
    day: int | None
    ts: int


@dataclass(frozen=True, slots=True)
class Cut:
    """Both ends, inclusive; None is open."""

    start: Bound | None
    end: Bound | None

    def apply(self, bars: Bars) -> Bars:
        """The bars from start to end: a date stands for its whole session, in the bars' own session zone."""
        first, last = 0, len(bars)
        if self.start is not None:
            first = _count_before(bars, self.start, "left")
        if self.end is not None:
            last = _count_before(bars, self.end, "right")
        return bars.slice(first, max(first, last))

    def __str__(self) -> str:
        parts = [
            f"--{name} {bound.text}" for name, bound in (("from", self.start), ("to", self.end)) if bound is not None
        ]
        return " ".join(parts)


def parse_cut(start: str | None, end: str | None) -> Cut:
    """The cut of `--from` and `--to`, ISO dates or times (naive is UTC).

    InvalidError INVALID_TIME when one cannot be read or the start lies after the end.
    """
    first, last = _parse(start, "--from"), _parse(end, "--to")
    if first is not None and last is not None and first.ts > last.ts + (0 if last.day is None else MICROS_PER_DAY - 1):
        raise InvalidError("INVALID_TIME", f"--from {first.text} lies after --to {last.text}", hint="exchange them")
    return Cut(first, last)


def _parse(text: str | None, option: str) -> Bound | None:
    if text is None:
        return None
    try:
        ts = read_time(text.strip())
    except ValueError as error:
        raise InvalidError("INVALID_TIME", f"{option}: {error}") from error  # it says what to write
    return Bound(text.strip(), ts // MICROS_PER_DAY if _DATE.fullmatch(text.strip()) else None, ts)


def _count_before(bars: Bars, bound: Bound, side: Literal["left", "right"]) -> int:
    """How many bars lie before the bound, or up to it with side `right`."""
    if bound.day is not None:
        return int(np.searchsorted(bars.session, bound.day, side=side))
    return int(np.searchsorted(bars.ts, bound.ts, side=side))
