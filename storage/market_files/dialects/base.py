"""What a dialect is: the beginning of a file goes in, and how to read its columns comes out."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from storage.market_files.layout import FIGURES

FIELDS = ("ts", "date", "time", *FIGURES, "adj_close", "symbol")
"""What a column can be taken as; a `date` and a `time` are joined."""


class DayOrder(StrEnum):
    """Which of two numbers before a year is the day."""

    DAY_FIRST = "day.month.year"
    MONTH_FIRST = "month/day/year"


@dataclass(frozen=True, slots=True)
class Head:
    """The first lines of a file's text, cut into cells without spaces around them; an empty line has no cells.

    `name` is the file's name, from which LEAN's minute files take their day.
    """

    rows: Sequence[Sequence[str]]
    separator: str = ","
    name: str = ""

    def row(self, at: int) -> Sequence[str]:
        """The cells of a line, none beyond the last one."""
        return self.rows[at] if at < len(self.rows) else ()


@dataclass(frozen=True, slots=True)
class Series:
    """The places of one symbol's open, high, low, close and volume (None: there is no volume), and adjusted close.

    `symbol` is the one that a header names; None if a column, a person or nothing does.
    """

    figures: tuple[int, int, int, int, int | None]
    adjusted: int | None = None
    symbol: str | None = None


@dataclass(frozen=True, slots=True)
class Form:
    """How to read a file: `first` is the line at which its bars begin, counted from 0 in the head.

    `names` are the columns' names, `headers` the number of lines that hold them: 0 if the file has none of its own.
    `times` is the place of one column, or of a date and a time. `zone` is the one that the header states, `custom` the
    one that the vendor is known to use without stating it. `order` is fixed where the vendor always writes days and
    months so. `since_midnight` says that the times are milliseconds since the midnight of `day`, `whole_prices` that
    prices without a point are ten thousandths.
    """

    called: str
    first: int
    names: tuple[str, ...]
    times: tuple[int, ...]
    series: tuple[Series, ...]
    symbol: int | None = None
    headers: int = 1
    zone: str = ""
    custom: str = ""
    order: DayOrder | None = None
    since_midnight: bool = False
    day: date | None = None
    whole_prices: bool = False
    no_volume: str = ""
    """What the vendor writes as the volume where there is none, such as IB's -1."""

    @property
    def supplied(self) -> bool:
        """Whether the file has no header, so that the columns are told by their order."""
        return not self.headers


Match = Callable[[Head, int], Form | None]
"""The form of a file whose header, or whose first bar, is the line at a place of the head; None if it is another."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """One vendor's way of writing: `called` names such a file in a sentence, `example` shows how one begins."""

    vendor: str
    called: str
    example: str
    match: Match
    note: str = ""


_NUMBER = r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?"
_CELLS = {
    "n": _NUMBER,
    "i": r"\d+(?:\.0*)?",
    "s": r"\d{9,10}",  # an epoch in seconds
    "m": r"\d{12,13}|\d{15,16}",  # in milliseconds or microseconds
    "d": r"\d{4}\.\d\d\.\d\d",
    "D": r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(?::\d\d)?",
    "e": r"\d{4}-\d\d-\d\d",
    "a": r"\d{1,2}/\d{1,2}/\d{4}",
    "t": r"\d\d:\d\d(?::\d\d)?",
    "l": r"\d{8} \d\d:\d\d",
    "o": r"\d{1,8}",  # milliseconds since midnight
    "h": r"\d{8} \d{6}",
}
_PATTERNS = {letter: re.compile(pattern, re.ASCII) for letter, pattern in _CELLS.items()}
_GAPS = re.compile(r"[\s_.\-]+")
_UNIT = re.compile(r" \([a-z]{2,5}\)$")
_COUNTER = re.compile(r"^\d[a-z]? (?=[a-z])")


def is_number(cell: str) -> bool:
    """Whether a cell is a plain decimal."""
    return _PATTERNS["n"].fullmatch(cell) is not None


def key_of(name: str) -> str:
    """A column's name as dialects compare it: `<OPEN>`, `Open`, `1. open` and `open (USD)` are all `open`."""
    key = _GAPS.sub(" ", name.lower()).strip(" <>\"'")
    return _UNIT.sub("", _COUNTER.sub("", key))


def fits(cells: Sequence[str], letters: str) -> bool:
    """Whether each cell has the form that its letter stands for."""
    if len(cells) != len(letters):
        return False
    return all(_PATTERNS[letter].fullmatch(cell) for letter, cell in zip(letters, cells, strict=True))


def layout(
    vendor: str,
    called: str,
    example: str,
    letters: Mapping[str, str],
    *,
    separators: str = ",",
    note: str = "",
    custom: str = "",
    order: DayOrder | None = None,
) -> Dialect:
    """A dialect without a header: by the forms of the cells, the fields that they hold.

    A field is one of `FIELDS`, or anything else for a column that is not taken.
    """

    def match(head: Head, at: int) -> Form | None:
        if head.separator not in separators:
            return None
        for forms, fields in letters.items():
            if fits(head.row(at), forms) and (not head.row(at + 1) or fits(head.row(at + 1), forms)):
                return form_of(called, at, fields.split(), custom=custom, order=order)
        return None

    return Dialect(vendor, called, example, match, note)


def form_of(called: str, first: int, fields: Sequence[str], **more: object) -> Form:
    """The form of a file without a header, whose columns are these fields in this order."""
    places = {field: place for place, field in enumerate(fields)}
    times = (places["date"], places["time"]) if "date" in places and "time" in places else (places["ts"],)
    opening, high, low, close = (places[name] for name in FIGURES[:4])
    series = Series((opening, high, low, close, places.get("volume")))
    return Form(called, first, tuple(fields), times, (series,), places.get("symbol"), 0, **more)  # type: ignore[arg-type]
