"""Proof that a strategy does not look ahead, and that its window is as it declares."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from pydantic import BaseModel

from engine.market.bars import Bars
from engine.strategies.base import Signals, Strategy, Window
from engine.strategies.guard import signals_of, window_of

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
    signals = signals_of(strategy, bars, params)
    whole = _columns(signals)
    for cut in sorted({*_cuts(2, len(bars)), *_after_signals(signals)}):
        part = _columns(signals_of(strategy, bars.slice(0, cut), params))
        for name in {**whole, **part}:
            row = _first_difference(part.get(name), whole.get(name), cut)
            if row is not None:
                return Finding("look-ahead", name, row, cut)
    return None


def find_longer_window(strategy: Strategy[Any], params: BaseModel, bars: Bars) -> Finding | None:
    """The first row that changes when a past beyond its declared window is cut off; None when there is none."""
    window = window_of(strategy, params)
    if window.anchored:
        return None
    whole = _columns(signals_of(strategy, bars, params))
    for cut in _cuts(1, len(bars) - 2):
        part = _columns(signals_of(strategy, bars.slice(cut, len(bars)), params))
        first = _first_whole_row(window, bars, cut)
        for name in {**whole, **part}:
            ahead, behind = part.get(name), whole.get(name)
            if ahead is None or behind is None:
                return Finding("window", name, first, cut)
            row = _first_difference(ahead[first - cut :], behind[first:], len(bars) - first)
            if row is not None:
                return Finding("window", name, first + row, cut)
    return None


def _first_whole_row(window: Window, bars: Bars, cut: int) -> int:
    """The first row whose whole window lies at or after `cut`."""
    by_bars = cut + max(window.bars - 1, 0)
    if window.sessions == 0:
        return by_bars
    days = bars.session[cut:]
    ordinal = np.cumsum(np.r_[False, days[1:] != days[:-1]])
    # the session at the cut may be cut in two: it counts as whole only from its first bar on
    split = cut > 0 and bars.session[cut] == bars.session[cut - 1]
    return max(by_bars, cut + int(np.searchsorted(ordinal, window.sessions + split)))


def _columns(signals: Signals) -> dict[str, np.ndarray[Any, Any]]:
    levels = {f"level {name}": column for name, column in signals.levels.items()}
    columns: dict[str, np.ndarray[Any, Any]] = {"entry": signals.entry, **levels}
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


def _after_signals(signals: Signals) -> list[int]:
    """Cuts right after up to `CUTS` rows that signal: where a rare signal came from the next bar, it shows there."""
    fires = signals.entry if signals.exit is None else signals.entry | signals.exit
    rows = np.flatnonzero(fires[1:]) + 1  # at least two bars are left
    spread = np.linspace(0, len(rows) - 1, min(CUTS, len(rows))).astype(int)
    return [int(row) + 1 for row in rows[spread]]


def _cuts(first: int, last: int) -> Iterator[int]:
    """Up to `CUTS` whole numbers from `first` to `last`, both ends and an even spread between."""
    if last < first:
        return
    yield from sorted({int(cut) for cut in np.linspace(first, last, CUTS)})
