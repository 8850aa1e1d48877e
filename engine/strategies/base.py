"""What a strategy is: one definition, vectorised over bars, read row by row or whole."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Generic, Literal, TypeVar

import numpy as np
from pydantic import BaseModel

from engine.market.bars import Bars, BoolArray, FloatArray, IntArray
from engine.validation import StrictModel

ExitType = Literal["eod", "signal", "none"]


@dataclass(frozen=True, slots=True)
class Window:
    """How much of the past a row may depend on.

    `bars`: that many bars, the row's own included. `sessions`: that many sessions before the row's, and its own up to
    the row (0: no session, not even its own). `anchored`: everything since the first bar, as recursive indicators do.
    """

    bars: int = 0
    sessions: int = 0
    anchored: bool = False


@dataclass(frozen=True, slots=True)
class Signals:
    """A strategy's view of every bar; all arrays have shape (n,) for n bars.

    `entry`: would it enter here, were it flat. `exit`: does its own exit fire here (None: it has none).
    `levels`: what was compared, by name, for people (NaN where there is none yet).
    `history` and `needed`: how much of the past a row has, in the window's unit, and how much an entry needs. A row
    with less never enters, and the evaluation says `lookback_partial_<have>_of_<need>`.
    """

    entry: BoolArray
    exit: BoolArray | None = None
    levels: Mapping[str, FloatArray] = field(default_factory=dict)
    history: IntArray | None = None
    needed: int = 0

    def __post_init__(self) -> None:
        if self.history is not None:
            object.__setattr__(self, "entry", self.entry & (self.history >= self.needed))

    def __repr__(self) -> str:
        levels = f", levels: {', '.join(self.levels)}" if self.levels else ""
        return f"<Signals: {np.count_nonzero(self.entry):,} entries in {np.size(self.entry):,} bars{levels}>"

    def check(self, rows: int) -> None:
        """Raise ValueError unless every array has `rows` rows and the right type."""
        _check_column("entry", self.entry, rows, "b")
        if self.exit is not None:
            _check_column("exit", self.exit, rows, "b")
        if self.history is not None:
            _check_column("history", self.history, rows, "iu")
        for name, column in self.levels.items():
            _check_column(f"the level {name}", column, rows, "fiub")


class History:
    """How much of the past each bar has, in the window's unit: shape (n,), made once and asked for many needs."""

    def __init__(self, have: IntArray) -> None:
        self._have = have
        self._rises = bool(np.all(have[1:] >= have[:-1]))
        """As it does unless a strategy counts otherwise: then the rows with less than something are the first ones"""

    def below(self, needed: int, first: int, stop: int) -> int:
        """How many of the rows from `first` on, before `stop`, have less."""
        if self._rises:
            return min(max(int(np.searchsorted(self._have, needed)), first), stop) - first
        return int(np.count_nonzero(self._have[first:stop] < needed))

    def most(self, first: int, stop: int) -> int:
        """The most that one of these rows has; there is one at least."""
        return int(self._have[stop - 1] if self._rises else self._have[first:stop].max())


@dataclass(frozen=True, slots=True)
class Candidates:
    """What a sweep needs of signals: the rows that would enter, rising, and where the strategy's own exit fires.

    `history` and `needed` are those of the signals; the same `History` serves whatever is needed.
    """

    rows: IntArray
    exit: BoolArray | None = None
    history: History | None = None
    needed: int = 0

    @classmethod
    def of(cls, signals: Signals) -> Candidates:
        """The candidates of signals that were computed over all bars."""
        history = None if signals.history is None else History(signals.history)
        return cls(np.flatnonzero(signals.entry), signals.exit, history, signals.needed)


def _check_column(name: str, column: object, rows: int, kinds: str) -> None:
    if not isinstance(column, np.ndarray):
        raise ValueError(f"{name} is {type(column).__name__}, not a numpy array")
    if column.shape != (rows,):
        raise ValueError(f"{name} has shape {column.shape}, not ({rows},)")
    if column.dtype.kind not in kinds:
        raise ValueError(f"{name} holds {column.dtype}, not {_KINDS[kinds]}")


_KINDS = {"b": "bool", "iu": "whole numbers", "fiub": "numbers"}


class Params(StrictModel):
    """The base of a strategy's parameter schema: strict, frozen, unknown parameters refused."""


P = TypeVar("P", bound=BaseModel)


class Strategy(ABC, Generic[P]):
    """Subclass it, set the class variables, write `signals`. It keeps no state, and never looks ahead.

    `key` is its name in the registry and in specs; `params` its parameter schema, whose defaults are the spec's.
    `has_exit` says whether `signals` gives `exit`; `default_exit` is a spec's `exit.type` when it names none.
    """

    key: ClassVar[str]
    summary: ClassVar[str] = ""
    params: ClassVar[type[BaseModel]] = Params
    has_exit: ClassVar[bool] = False
    default_exit: ClassVar[ExitType] = "eod"
    entry_code: ClassVar[str] = ""
    """The short code of an entry; `<key>_entry` when empty."""
    code_sha256: ClassVar[str] = ""
    """What fingerprints know a built-in strategy by, however its text moves; of any other its source is hashed."""

    @abstractmethod
    def signals(self, bars: Bars, params: P) -> Signals:
        """Entry, own exit and levels for every bar, each row from bars up to it and no further."""

    @abstractmethod
    def window(self, params: P) -> Window:
        """How much of the past a row depends on."""

    def signals_at_high(self, bars: Bars, params: P, high_52w: float) -> Signals:
        """The signals when a snapshot brings its own 52-week high; a strategy that has no use for it ignores it."""
        return self.signals(bars, params)

    def prepare(self, bars: Bars) -> Callable[[P], Candidates]:
        """For sweeps: a function of the parameters, which may share work between them; any thread may call it.

        What it gives must be what `signals` gives, row for row. Without one of its own a strategy's signals are used,
        and where it gives no history, that of the signals.
        """
        return lambda params: Candidates.of(self.signals(bars, params))

    @property
    def entry_signal(self) -> str:
        """The short code of an entry."""
        return self.entry_code or f"{self.key}_entry"


KEY_PATTERN = re.compile(r"[a-z][a-z0-9_]{0,63}")
