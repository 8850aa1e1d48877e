"""`--cut`, `--from` and `--to`: which bars of the files are read, and from which bar on they are traded."""

from __future__ import annotations

import re
from dataclasses import dataclass

from engine.errors import InvalidError
from engine.market.bars import Bars, Bound
from engine.market.sessions import MICROS_PER_DAY, from_micros
from storage.market_files.values import read_time

_DATE = re.compile(r"\d{4}-\d\d-\d\d|\d{8}", re.ASCII)


@dataclass(frozen=True, slots=True)
class End:
    """One end of an extent, as its option gave it. `at` is a session's day, or an instant.

    `first` and `last` bound the times that it may mean (UTC microseconds; a day as a day in UTC).
    """

    option: str
    text: str
    at: Bound
    first: int
    last: int

    def __str__(self) -> str:
        return f"{self.option} {self.text}"


@dataclass(frozen=True, slots=True)
class Extent:
    """What is read, from `cut` to `end`, and what is traded of it, from `start` on; inclusive, None is unbounded."""

    cut: End | None
    start: End | None
    end: End | None

    def apply(self, bars: Bars) -> Bars:
        """The bars that are read. A date stands for its whole session, in the bars' own session zone."""
        first = 0 if self.cut is None else bars.rows_before(self.cut.at)
        last = len(bars) if self.end is None else bars.rows_through(self.end.at)
        return bars.slice(first, max(first, last))

    def said(self, *names: str) -> str:
        """These ends as options: `--cut 2020-01-03 --to 2020-02-01`."""
        return " ".join(str(end) for name in names if (end := getattr(self, name)) is not None)


def read_extent(cut: str | None, start: str | None, end: str | None) -> Extent:
    """The extent of `--cut`, `--from` and `--to`, each an ISO date or time (without a zone: UTC).

    Raises INVALID_TIME if one cannot be read, or if they are not in the order cut, from, to.
    """
    given = read_end(cut, "--cut"), read_end(start, "--from"), read_end(end, "--to")
    in_order = [one for one in given if one is not None]
    for place, earlier in enumerate(in_order):
        for later in in_order[place + 1 :]:
            if earlier.first > later.last:
                raise InvalidError("INVALID_TIME", f"{earlier} lies after {later}", hint="exchange them")
    return Extent(*given)


def read_end(text: str | None, option: str) -> End | None:
    """The end that an option gives; None if it is not given. Raises INVALID_TIME."""
    if text is None:
        return None
    text = text.strip()
    try:
        ts = read_time(text)
    except ValueError as error:
        raise InvalidError("INVALID_TIME", f"{option}: {error}") from error  # it says what to write
    if _DATE.fullmatch(text):
        return End(option, text, from_micros(ts).date(), ts, ts + MICROS_PER_DAY - 1)
    return End(option, text, from_micros(ts), ts, ts)
