"""Proof that a strategy does not look ahead, and that its window is as it declares."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from pydantic import BaseModel

from engine.market.bars import Bars
from engine.strategies.base import Signals, Strategy, Window

CUTS = 64


@dataclass(frozen=True, slots=True)
class Finding:
    """A row that differs: which column, at which row of the whole data, and with which cut of them."""

    kind: str
    column: str
    row: int
    cut: int

    def sentence(self) -> str:
        """For a person."""
        if self.kind == "look-ahead":
            return f"{self.column} of bar {self.row} changes when bars after {self.cut - 1} are added: it looks ahead"
        return f"{self.column} of bar {self.row} changes when the bars before {self.cut} are cut: its window is longer"


def find_look_ahead(strategy: Strategy[Any], params: BaseModel, bars: Bars) -> Finding | None:
    """The first row that changes when later bars are added, over up to `CUTS` cuts; None when there is none."""
    whole = _columns(strategy.signals(bars, params), len(bars))
    for cut in _cuts(2, len(bars)):
        part = _columns(strategy.signals(bars.slice(0, cut), params), cut)
        for name in whole.keys() | part.keys():
            row = _first_difference(part.get(name), whole.get(name), cut)
            if row is not None:
                return Finding("look-ahead", name, row, cut)
    return None


def find_longer_window(strategy: Strategy[Any], params: BaseModel, bars: Bars) -> Finding | None:
    """The first row that changes when a past beyond its declared window is cut off; None when there is none."""
    window = strategy.window(params)
    if window.anchored:
        return None
    whole = _columns(strategy.signals(bars, params), len(bars))
    for cut in _cuts(1, len(bars) - 2):
        part = _columns(strategy.signals(bars.slice(cut, len(bars)), params), len(bars) - cut)
        first = _first_whole_row(window, bars, cut)
        for name in whole.keys() | part.keys():
            ahead, behind = part.get(name), whole.get(name)
            if ahead is None or behind is None:
                return Finding("window", name, first, cut)
            row = _first_difference(ahead[first - cut :], behind[first:], len(bars) - first)
            if row is not None:
                return Finding("window", name, first + row, cut)
    return None


def _first_whole_row(window: Window, bars: Bars, cut: int) -> int:
    """The first row whose whole window lies at or after `cut`."""
    days = bars.session[cut:]
    ordinal = np.cumsum(np.r_[False, days[1:] != days[:-1]])
    # the session at the cut may be cut in two: it counts as whole only from its first bar on
    split = cut > 0 and bars.session[cut] == bars.session[cut - 1]
    by_session = int(np.searchsorted(ordinal, window.sessions + split))
    return cut + max(by_session, window.bars - 1, 0)


def _columns(signals: Signals, rows: int) -> dict[str, np.ndarray[Any, Any]]:
    signals.check(rows)
    columns: dict[str, np.ndarray[Any, Any]] = {"entry": signals.entry, **signals.levels}
    if signals.exit is not None:
        columns["exit"] = signals.exit
    return columns


def _first_difference(one: np.ndarray[Any, Any] | None, other: np.ndarray[Any, Any] | None, rows: int) -> int | None:
    if one is None or other is None:
        return 0
    a, b = one[:rows], other[:rows]
    differs = a != b
    if a.dtype.kind == "f":
        differs &= ~(np.isnan(a) & np.isnan(b))
    return int(np.argmax(differs)) if differs.any() else None


def _cuts(first: int, last: int) -> Iterator[int]:
    """Up to `CUTS` whole numbers from `first` to `last`, both ends and an even spread between."""
    if last < first:
        return
    yield from sorted({int(cut) for cut in np.linspace(first, last, CUTS)})
