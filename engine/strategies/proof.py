"""Proof that a strategy does not look ahead, and that its window is as it declares.

Bars are cut, the shortest piece first, and each piece's rows are compared with those of the next longer one, the whole
last. A strategy that kept what it found on more bars would otherwise hand it out for fewer, and nothing would differ.

The bars of several symbols are cut at the same times: a rank that knows another symbol's later bar changes with it. A
row is then one of the panel's, and so are a window's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from pydantic import BaseModel

from engine.market.bars import Bars, IntArray
from engine.strategies.base import Signals, Strategy, Window
from engine.strategies.guard import signals_of, signals_of_all, window_of
from engine.strategies.rounding import (
    LEVEL,
    YES_OR_NO,
    Column,
    Columns,
    Compared,
    first_difference,
    is_rounding,
    numbers_of,
    prices_on,
)

__all__ = [
    "CUTS",
    "Finding",
    "columns_of",
    "find_longer_window",
    "find_longer_window_of_all",
    "find_look_ahead",
    "find_look_ahead_of_all",
    "is_rounding",
]

CUTS = 64

SignalsOf = Callable[[Bars], Signals]
SignalsOfAll = Callable[[Sequence[Bars]], list[Signals]]


@dataclass(frozen=True, slots=True)
class Finding:
    """A row that differs: which column, at which row of the whole data, and with which cut of them.

    `rounding`: what differs are the last digits of a figure; or, of an entry or exit, a comparison that those decide.
    `symbol` is whose column it is where several are compared (else empty), `ts` the row's time in UTC microseconds.
    """

    kind: str
    column: str
    row: int
    cut: int
    rounding: bool = False
    symbol: str = ""
    ts: int = 0

    @property
    def is_harmless(self) -> bool:
        """Whether nothing but the last digits of a figure differs."""
        return self.rounding and self.column not in YES_OR_NO

    def sentence(self) -> str:
        """One sentence that tells a person which column changes, at which bar, and what that means."""
        ahead = self.kind == "look-ahead"
        rows = "rows of the panel" if self.symbol else "bars"
        when = f"when {rows} after {self.cut - 1} are added" if ahead else f"when the {rows} before {self.cut} are cut"
        where = f"{self.column} of {'row' if self.symbol else 'bar'} {self.row} changes"
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
    return _look_ahead(_Proof([bars], params, _each(signals or _of_new_instances(strategy, params))), cuts)


def find_longer_window(
    strategy: Strategy[Any], params: BaseModel, bars: Bars, *, signals: SignalsOf | None = None, cuts: int = CUTS
) -> Finding | None:
    """A row that changes when a past beyond its declared window is cut off, as `find_look_ahead` finds one."""
    proof = _Proof([bars], params, _each(signals or _of_new_instances(strategy, params)))
    return _longer_window(proof, window_of(strategy, params), cuts)


def find_look_ahead_of_all(
    strategy: Strategy[Any],
    params: BaseModel,
    bars: Sequence[Bars],
    *,
    signals: SignalsOfAll | None = None,
    cuts: int = CUTS,
) -> Finding | None:
    """`find_look_ahead` on the bars of several symbols, cut at the same times: for a strategy that compares them."""
    return _look_ahead(_Proof(bars, params, signals or _of_all_anew(strategy, params)), cuts)


def find_longer_window_of_all(
    strategy: Strategy[Any],
    params: BaseModel,
    bars: Sequence[Bars],
    *,
    signals: SignalsOfAll | None = None,
    cuts: int = CUTS,
) -> Finding | None:
    """`find_longer_window` of a strategy that compares symbols: the window counts rows of the panel."""
    proof = _Proof(bars, params, signals or _of_all_anew(strategy, params))
    return _longer_window(proof, window_of(strategy, params), cuts)


class _Proof:
    """The bars of one symbol or several on the union of their times, and the strategy's columns over any piece."""

    def __init__(self, bars: Sequence[Bars], params: BaseModel, ask: SignalsOfAll) -> None:
        self._bars, self._params, self._ask = bars, params, ask
        self.ts: IntArray = np.unique(np.concatenate([one.ts for one in bars]))
        self.session = np.zeros(len(self.ts), dtype=np.int64)
        self._rows = [np.searchsorted(self.ts, one.ts) for one in bars]
        for rows, one in zip(self._rows, bars, strict=True):
            self.session[rows] = one.session

    def __len__(self) -> int:
        return len(self.ts)

    def columns(self, start: int, stop: int) -> Columns:
        """Every symbol's columns over these rows, asked with no bar beyond them; nothing where a symbol has no bar."""
        spans = [(int(np.searchsorted(rows, start)), int(np.searchsorted(rows, stop))) for rows in self._rows]
        given = self._ask([one.slice(*span) for one, span in zip(self._bars, spans, strict=True)])
        return {
            Column(name, one.symbol if len(self._bars) > 1 else ""): _laid(
                column, rows[slice(*span)] - start, stop - start
            )
            for one, rows, span, signals in zip(self._bars, self._rows, spans, given, strict=True)
            for name, column in columns_of(signals).items()
        }

    def compared(self, start: int) -> Compared:
        """What figures may be compared with on a row counted from `start`: every symbol's prices there, parameters."""
        numbers = numbers_of(self._params)

        def on(row: int) -> list[float]:
            prices = list(numbers)
            for one, rows in zip(self._bars, self._rows, strict=True):
                place = int(np.searchsorted(rows, start + row))
                if place < len(rows) and rows[place] == start + row:
                    prices += prices_on(one, place)
            return prices

        return on

    def finding(self, kind: str, column: Column, row: int, cut: int, rounding: bool) -> Finding:
        """What differs, on a row of the whole."""
        return Finding(kind, column.name, row, cut, rounding, column.symbol, int(self.ts[row]))


def columns_of(signals: Signals) -> dict[str, np.ndarray[Any, Any]]:
    """All that a strategy says of each bar, by the column's name; a level's begins with `level `."""
    levels = {f"{LEVEL}{name}": column for name, column in signals.levels.items()}
    own = {} if signals.exit is None else {"exit": signals.exit}
    return {"entry": signals.entry, **own, **signals.of_entries, **levels}


def _laid(column: np.ndarray[Any, Any], rows: IntArray, count: int) -> np.ndarray[Any, Any]:
    """A column on `count` rows, with zeros where it has none."""
    if len(column) == count:
        return column
    laid = np.zeros(count, dtype=column.dtype)
    laid[rows] = column
    return laid


def _look_ahead(proof: _Proof, cuts: int) -> Finding | None:
    spread, whole = _grown(proof, _cuts(2, len(proof), cuts))
    if spread is not None and not spread.rounding:
        return spread
    after, _ = _grown(proof, _after_signals(whole, cuts))
    return _worse(spread, after)


def _longer_window(proof: _Proof, window: Window, cuts: int) -> Finding | None:
    if window.anchored:
        return None
    found, later, at = None, None, 0
    for cut in sorted({0, *_cuts(1, len(proof) - 2, cuts)}, reverse=True):
        columns = proof.columns(cut, len(proof))
        if later is not None:
            first = _first_whole_row(window, proof.session, at)
            start = max(at, first - 1)  # the bar before the first that is compared: a crossing looks at it
            after, before = _from(later, start - at), _from(columns, start - cut)
            differs = first_difference(after, before, proof.compared(start), first - start)
            if differs is not None:
                column, row, rounding = differs
                found = _worse(found, proof.finding("window", column, start + row, at, rounding))
            if found is not None and not found.rounding:
                return found
        later, at = columns, cut
    return found


def _grown(proof: _Proof, cuts: Iterable[int]) -> tuple[Finding | None, Columns]:
    """What differs between ever longer beginnings of the bars, and the columns of the last one looked at."""
    found, before, at = None, None, 0
    for cut in sorted({*cuts, len(proof)}):
        columns = proof.columns(0, cut)
        if before is not None:
            piece = {name: column[:at] for name, column in columns.items()}
            differs = first_difference(before, piece, proof.compared(0))
            if differs is not None:
                column, row, rounding = differs
                found = _worse(found, proof.finding("look-ahead", column, row, at, rounding))
            if found is not None and not found.rounding:
                break
        before, at = columns, cut
    return found, columns


def _of_new_instances(strategy: Strategy[Any], params: BaseModel) -> SignalsOf:
    return lambda bars: signals_of(type(strategy)(), bars, params)


def _of_all_anew(strategy: Strategy[Any], params: BaseModel) -> SignalsOfAll:
    return lambda bars: signals_of_all(type(strategy)(), bars, params)


def _each(ask: SignalsOf) -> SignalsOfAll:
    return lambda bars: [ask(one) for one in bars]


def _worse(one: Finding | None, other: Finding | None) -> Finding | None:
    """What is no rounding before what is, an entry or exit before a figure; of two alike the first."""
    if one is None or other is None:
        return one or other
    return min(one, other, key=lambda each: (each.rounding, each.is_harmless))


def _first_whole_row(window: Window, session: IntArray, cut: int) -> int:
    """The first row whose whole window lies at or after `cut`."""
    by_bars = cut + max(window.bars - 1, 0)
    if window.sessions == 0:
        return by_bars
    days = session[cut:]
    ordinal = np.cumsum(np.r_[False, days[1:] != days[:-1]])
    # the session at the cut may be cut in two: it counts as whole only from its first bar on
    split = cut > 0 and session[cut] == session[cut - 1]
    return max(by_bars, cut + int(np.searchsorted(ordinal, window.sessions + split)))


def _from(columns: Columns, row: int) -> Columns:
    return {name: column[row:] for name, column in columns.items()}


def _after_signals(columns: Columns, most: int) -> list[int]:
    """Cuts right after up to `most` rows that signal: where a rare signal came from the next bar, it shows there."""
    fires = np.any([column for name, column in columns.items() if not name.is_figure], axis=0)
    rows = np.flatnonzero(fires[1:]) + 1  # at least two bars are left
    spread = np.linspace(0, len(rows) - 1, min(most, len(rows))).astype(int)
    return [int(row) + 1 for row in rows[spread]]


def _cuts(first: int, last: int, most: int) -> list[int]:
    """Up to `most` whole numbers from `first` to `last`, both ends and an even spread between."""
    return sorted({int(cut) for cut in np.linspace(first, last, most)}) if last >= first else []
