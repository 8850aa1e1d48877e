"""Proof that a strategy does not look ahead, and that its window is as it declares.

Bars are cut, the shortest piece first, and each piece's rows are compared with those of the next longer one, the whole
last. A strategy that kept what it found on more bars would otherwise hand it out for fewer, and nothing would differ.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from pydantic import BaseModel

from engine.market.bars import Bars
from engine.strategies.base import Signals, Strategy, Window
from engine.strategies.guard import signals_of, window_of
from engine.strategies.rounding import LEVEL, Columns, compared_with, first_difference, is_rounding

__all__ = ["CUTS", "Finding", "find_longer_window", "find_look_ahead", "is_rounding"]

CUTS = 64

SignalsOf = Callable[[Bars], Signals]


@dataclass(frozen=True, slots=True)
class Finding:
    """A row that differs: which column, at which row of the whole data, and with which cut of them.

    `rounding`: what differs are the last digits of a level; or, of an entry or exit, a comparison that those decide.
    """

    kind: str
    column: str
    row: int
    cut: int
    rounding: bool = False

    @property
    def is_harmless(self) -> bool:
        """Whether nothing but the last digits of a level differs."""
        return self.rounding and self.column.startswith(LEVEL)

    def sentence(self) -> str:
        """One sentence that tells a person which column changes, at which bar, and what that means."""
        ahead = self.kind == "look-ahead"
        when = f"when bars after {self.cut - 1} are added" if ahead else f"when the bars before {self.cut} are cut"
        where = f"{self.column} of bar {self.row} changes"
        no = "no look-ahead" if ahead else "no longer window"
        if self.is_harmless:
            return f"{where} in its last digits {when}: that is rounding, and {no}"
        if self.rounding:
            return f"{where} {when}, its levels by rounding alone: rounding decides it, and {no}"
        return f"{where} {when}: {'it looks ahead' if ahead else 'its window is longer'}"


def find_look_ahead(
    strategy: Strategy[Any], params: BaseModel, bars: Bars, *, signals: SignalsOf | None = None, cuts: int = CUTS
) -> Finding | None:
    """A row that changes when later bars are added, over up to twice `cuts` cuts; None when there is none.

    One that changes by more than rounding goes first. `signals` asks the strategy; without it a new instance is asked
    each time.
    """
    ask = signals or _of_new_instances(strategy, params)
    spread, whole = _grown(ask, bars, params, _cuts(2, len(bars), cuts))
    if spread is not None and not spread.rounding:
        return spread
    after, _ = _grown(ask, bars, params, _after_signals(whole, cuts))
    return _worse(spread, after)


def find_longer_window(
    strategy: Strategy[Any], params: BaseModel, bars: Bars, *, signals: SignalsOf | None = None, cuts: int = CUTS
) -> Finding | None:
    """A row that changes when a past beyond its declared window is cut off, as `find_look_ahead` finds one."""
    window = window_of(strategy, params)
    if window.anchored:
        return None
    ask = signals or _of_new_instances(strategy, params)
    found, later, at = None, None, 0
    for cut in sorted({0, *_cuts(1, len(bars) - 2, cuts)}, reverse=True):
        columns = _columns(ask(bars.slice(cut, len(bars))))
        if later is not None:
            first = _first_whole_row(window, bars, at)
            start = max(at, first - 1)  # the bar before the first that is compared: a crossing looks at it
            after, before = _from(later, start - at), _from(columns, start - cut)
            compared = compared_with(bars.slice(start, len(bars)), params)
            differs = first_difference(after, before, compared, first - start)
            if differs is not None:
                name, row, rounding = differs
                found = _worse(found, Finding("window", name, start + row, at, rounding))
            if found is not None and not found.rounding:
                return found
        later, at = columns, cut
    return found


def _grown(ask: SignalsOf, bars: Bars, params: BaseModel, cuts: Iterable[int]) -> tuple[Finding | None, Signals]:
    """What differs between ever longer beginnings of the bars, and the signals of the last one looked at."""
    found, before, at = None, None, 0
    for cut in sorted({*cuts, len(bars)}):
        signals = ask(bars.slice(0, cut))
        columns = _columns(signals)
        if before is not None:
            piece = {name: column[:at] for name, column in columns.items()}
            differs = first_difference(before, piece, compared_with(bars.slice(0, at), params))
            if differs is not None:
                name, row, rounding = differs
                found = _worse(found, Finding("look-ahead", name, row, at, rounding))
            if found is not None and not found.rounding:
                break
        before, at = columns, cut
    return found, signals


def _of_new_instances(strategy: Strategy[Any], params: BaseModel) -> SignalsOf:
    return lambda bars: signals_of(type(strategy)(), bars, params)


def _worse(one: Finding | None, other: Finding | None) -> Finding | None:
    """What is no rounding before what is, an entry or exit before a level; of two alike the first."""
    if one is None or other is None:
        return one or other
    return min(one, other, key=lambda each: (each.rounding, each.is_harmless))


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


def _columns(signals: Signals) -> Columns:
    columns: Columns = {"entry": signals.entry}
    if signals.exit is not None:
        columns["exit"] = signals.exit
    return columns | {f"{LEVEL}{name}": column for name, column in signals.levels.items()}


def _from(columns: Columns, row: int) -> Columns:
    return {name: column[row:] for name, column in columns.items()}


def _after_signals(signals: Signals, most: int) -> list[int]:
    """Cuts right after up to `most` rows that signal: where a rare signal came from the next bar, it shows there."""
    fires = signals.entry if signals.exit is None else signals.entry | signals.exit
    rows = np.flatnonzero(fires[1:]) + 1  # at least two bars are left
    spread = np.linspace(0, len(rows) - 1, min(most, len(rows))).astype(int)
    return [int(row) + 1 for row in rows[spread]]


def _cuts(first: int, last: int, most: int) -> list[int]:
    """Up to `most` whole numbers from `first` to `last`, both ends and an even spread between."""
    return sorted({int(cut) for cut in np.linspace(first, last, most)}) if last >= first else []
