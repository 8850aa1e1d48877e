"""Bars on which nothing can enter, whatever the strategy signals: a disabled spec, or too short a past.

They follow from the data and the parameters alone, so a driver and a sweep count them alike without trading anything.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from engine.errors import PapertapeError
from engine.market.bars import Bars
from engine.strategies.base import History, Window
from engine.strategies.guard import window_of
from engine.strategies.held_back import DISABLED, LOOKBACK_PARTIAL, NO_HISTORY
from engine.strategies.spec import CompiledSpec
from engine.validation import StrictModel


class ShortHistory(StrictModel):
    """The symbol with the longest past, where none has the past that the strategy looks back on.

    `have` and `needed` are earlier bars or sessions, as `unit` says.
    """

    symbol: str
    have: int
    needed: int
    unit: Literal["bars", "sessions"]


class Decided(NamedTuple):
    """The rows of a symbol's bars that decide, from `first` on, before `stop`; `history` of all rows, None: no need."""

    bars: Bars
    history: History | None
    needed: int
    first: int
    stop: int


@dataclass(frozen=True, slots=True)
class Unready:
    """Symbol-bars on which nothing can enter, by signal code; `short` when that is so of all there are."""

    bars: dict[str, int] = field(default_factory=dict)
    short: ShortHistory | None = None


def unready_bars(decided: Iterable[Decided], spec: CompiledSpec) -> Unready:
    """Those of a spec's symbols."""
    parts = [part for part in decided if part.first < part.stop]
    if not parts:
        return Unready()
    if not spec.spec.enabled:
        return Unready({DISABLED: sum(part.stop - part.first for part in parts)})
    return Unready(_counts(parts), _shortest(parts, spec))


def _counts(parts: Iterable[Decided]) -> dict[str, int]:
    none = partial = 0
    for _, history, needed, first, stop in parts:
        if history is not None and (short := history.below(needed, first, stop)):
            without = min(short, history.below(1, first, stop))
            none, partial = none + without, partial + short - without
    return {code: count for code, count in ((NO_HISTORY, none), (LOOKBACK_PARTIAL, partial)) if count}


def _shortest(parts: Iterable[Decided], spec: CompiledSpec) -> ShortHistory | None:
    nearest: ShortHistory | None = None
    for part in parts:
        short = _short(part, spec)
        if short is None:
            return None
        if nearest is None or short.have > nearest.have:
            nearest = short
    return nearest


def _short(part: Decided, spec: CompiledSpec) -> ShortHistory | None:
    """How much past a symbol has at most; None where that is enough, or where the strategy declares no window."""
    bars, history, needed, first, stop = part
    if history is not None:
        most = history.most(first, stop)
        if most >= needed:
            return None
        unit: Literal["bars", "sessions"] = "sessions" if _window(spec).sessions else "bars"
        return ShortHistory(symbol=bars.symbol, have=most, needed=needed, unit=unit)
    wanted = _window(spec).bars
    if wanted <= stop:
        return None
    return ShortHistory(symbol=bars.symbol, have=stop - 1, needed=wanted - 1, unit="bars")


def _window(spec: CompiledSpec) -> Window:
    """What the strategy declares; nothing where its code fails: no result depends on it."""
    try:
        return window_of(spec.strategy, spec.params)
    except PapertapeError:
        return Window()
