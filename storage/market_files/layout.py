"""Which column of a file is which, read from its header."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from storage.market_files.table import FaultLog
from storage.market_files.values import read_time

TIME_NAMES = ("ts", "datetime", "timestamp", "date", "time")
FIGURES = ("open", "high", "low", "close", "volume")
SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "pipes", " ": "spaces"}
_KNOWN = frozenset((*TIME_NAMES, *FIGURES, "symbol"))
_STRIPPED = " \t\r\n"
_NAMELESS_FIRST = frozenset({"", "unnamed: 0"})
INDEX = "__index_level_0__"
"""What pandas calls an index without a name, where it must call it something."""
_NUMERAL = re.compile(r"(\d+)(?:\.\d*)?", re.ASCII)
_SHORTEST_EPOCH = 8

HoldsTimes = Callable[[int], bool]
"""Whether the column at a place holds times, as far as its first value shows it."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The places of the columns that are read, counted from 0.

    `times` is one column, or a date column and a time column; `figures` are open, high, low, close and volume.
    """

    names: tuple[str, ...]
    times: tuple[int, ...]
    figures: tuple[int, int, int, int, int]
    symbol: int | None

    @property
    def width(self) -> int:
        """The number of fields in a row."""
        return len(self.names)


def is_known(name: str) -> bool:
    """Whether this is the name of a column that is read."""
    return name.lower() in _KNOWN


def is_time(text: str) -> bool:
    """Whether a value can be the first of a column of times. A small number is not: it counts rows."""
    text = text.strip(_STRIPPED)
    numeral = _NUMERAL.fullmatch(text)
    if numeral is not None and len(numeral[1]) < _SHORTEST_EPOCH:
        return False
    try:
        read_time(text)
    except ValueError:
        return False
    return True


def read_layout(names: Sequence[str], log: FaultLog, holds_times: HoldsTimes | None = None) -> Layout | None:
    """The layout of a header; None, with the faults in the log, if it has any.

    If no column has a name for times, a first column that holds times and has no name is `ts`.
    """
    log.names = tuple(name.strip(_STRIPPED) for name in names)
    keys = [name.lower() for name in log.names]
    if _other_separator(names, keys, log):
        return None
    before = log.count
    keys = _naming_ts(keys, log, holds_times)
    times = _times(keys, log)
    figures = [_only(name, keys, log) for name in FIGURES]
    symbol = _only("symbol", keys, log, required=False)
    if log.count > before or symbol is None:
        return None
    opening, high, low, close, volume = (place for place in figures if place is not None)
    return Layout(tuple(log.names), times, (opening, high, low, close, volume), symbol if symbol >= 0 else None)


def _naming_ts(keys: list[str], log: FaultLog, holds_times: HoldsTimes | None) -> list[str]:
    """The keys, a nameless column of times called `ts` where none is called as a time; so it is called in faults."""
    if holds_times is None or any(key in TIME_NAMES for key in keys):
        return keys
    for place, key in enumerate(keys):
        nameless = key == INDEX or (place == 0 and key in _NAMELESS_FIRST)
        if nameless and holds_times(place):
            log.names = (*log.names[:place], "ts", *log.names[place + 1 :])
            return [*keys[:place], "ts", *keys[place + 1 :]]
    return keys


def _times(keys: list[str], log: FaultLog) -> tuple[int, ...]:
    places = [place for place, key in enumerate(keys) if key in TIME_NAMES]
    if not places:
        nameless = "; the first column has no name and holds no times" if keys and keys[0] in _NAMELESS_FIRST else ""
        log.add(log.header_row, f"the time column is missing: none is called {', '.join(TIME_NAMES)}{nameless}")
    if sorted(keys[place] for place in places) == ["date", "time"]:
        return keys.index("date"), keys.index("time")
    for place in places[1:]:
        log.add(
            log.header_row,
            f"names the time, as {log.names[places[0]]!r} does; only `date` with `time` are joined",
            place,
        )
    return tuple(places)


def _only(name: str, keys: list[str], log: FaultLog, *, required: bool = True) -> int | None:
    """The place of the only column of that name; -1 if it is missing and optional, None if there is a fault."""
    places = [place for place, key in enumerate(keys) if key == name]
    if len(places) == 1:
        return places[0]
    for place in places[1:]:
        log.add(log.header_row, f"the column is there twice, as column {places[0] + 1} and {place + 1}", place)
    if not places and required:
        log.add(log.header_row, f"column {name!r} is missing")
    return -1 if not places and not required else None


def _other_separator(names: Sequence[str], keys: list[str], log: FaultLog) -> bool:
    """Log that the header is separated by something other than commas, which explains all other faults."""
    if sum(key in _KNOWN for key in keys) >= 3:
        return False
    line = ",".join(names).lower()
    for separator, called in SEPARATORS.items():
        fields = [field.strip(_STRIPPED + "\"'") for field in line.split(separator)]
        if sum(field in _KNOWN for field in fields) >= 3:
            log.add(log.header_row, f"the fields are separated by {called}; only commas are read")
            return True
    return False
