"""What a strategy is: one definition, vectorised over bars, read row by row or whole."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, Literal, TypeVar

import numpy as np
from pydantic import BaseModel

from engine.market.bars import Bars, BoolArray, FloatArray, IntArray, Panel
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

    What an entry on a row brings with it (None: nothing):
    `stop_distance`, `target_distance`: how far the stop lies below and the target above the average price, in units of
    the price (NaN or <= 0: none). `size`: a share of the spec's size (above 1 is 1; NaN or <= 0: no entry). `score`:
    of entries at one timestamp the highest score goes first (NaN last, ties in the order of the spec's symbols).
    """

    entry: BoolArray
    exit: BoolArray | None = None
    levels: Mapping[str, FloatArray] = field(default_factory=dict)
    history: IntArray | None = None
    needed: int = 0
    stop_distance: FloatArray | None = None
    target_distance: FloatArray | None = None
    size: FloatArray | None = None
    score: FloatArray | None = None

    def __post_init__(self) -> None:
        if self.history is not None:
            object.__setattr__(self, "entry", self.entry & (self.history >= self.needed))

    @property
    def of_entries(self) -> dict[str, FloatArray]:
        """What entries bring with them, by name, each of shape (n,); what the strategy does not give is left out."""
        given = {name: getattr(self, name) for name in OF_ENTRIES}
        return {name: column for name, column in given.items() if column is not None}

    def take(self, rows: IntArray) -> Signals:
        """The signals of these rows alone, in their order."""

        def of(column: Any) -> Any:
            return None if column is None else column[rows]

        return Signals(
            entry=self.entry[rows],
            exit=of(self.exit),
            levels={name: column[rows] for name, column in self.levels.items()},
            history=of(self.history),
            needed=self.needed,
            **{name: column[rows] for name, column in self.of_entries.items()},
        )

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
        for name, column in self.of_entries.items():
            _check_column(name, column, rows, "fiu")


OF_ENTRIES = ("stop_distance", "target_distance", "size", "score")
"""The columns of `Signals` that an entry brings with it, by name."""


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

    `history` and `needed` are those of the signals; the same `History` serves whatever is needed. The others are the
    signals' columns of the same name at `rows`, each of shape (rows,), in float64.
    """

    rows: IntArray
    exit: BoolArray | None = None
    history: History | None = None
    needed: int = 0
    stop_distance: FloatArray | None = None
    target_distance: FloatArray | None = None
    size: FloatArray | None = None
    score: FloatArray | None = None

    @classmethod
    def of(cls, signals: Signals) -> Candidates:
        """The candidates of signals that were computed over all bars."""
        history = None if signals.history is None else History(signals.history)
        rows = np.flatnonzero(signals.entry)
        brought = {name: column[rows].astype(np.float64) for name, column in signals.of_entries.items()}
        return cls(rows, signals.exit, history, signals.needed, **brought)

    def before(self, stop: int) -> Candidates:
        """Those among the first `stop` bars, as views on the same columns."""
        kept = int(np.searchsorted(self.rows, stop))
        brought = {name: None if column is None else column[:kept] for name, column in self._brought().items()}
        leave = None if self.exit is None else self.exit[:stop]
        return Candidates(self.rows[:kept], leave, self.history, self.needed, **brought)

    @property
    def nbytes(self) -> int:
        """The size of its columns, but for the history, which many share."""
        columns = (self.rows, self.exit, *self._brought().values())
        return sum(column.nbytes for column in columns if column is not None)

    def _brought(self) -> dict[str, FloatArray | None]:
        return {name: getattr(self, name) for name in OF_ENTRIES}


def _check_column(name: str, column: object, rows: int, kinds: str) -> None:
    if not isinstance(column, np.ndarray):
        raise ValueError(f"{name} is {type(column).__name__}, not a numpy array")
    if column.shape != (rows,):
        raise ValueError(f"{name} has shape {column.shape}, not ({rows},)")
    if column.dtype.kind not in kinds:
        raise ValueError(f"{name} holds {column.dtype}, not {_KINDS[kinds]}")


_KINDS = {"b": "bool", "iu": "whole numbers", "fiu": "numbers", "fiub": "numbers"}


class Params(StrictModel):
    """The base of a strategy's parameter schema: strict, frozen, unknown parameters refused."""


P = TypeVar("P", bound=BaseModel)


class Strategy(ABC, Generic[P]):
    """Subclass it, set the class variables, write `signals`. It keeps no state, and never looks ahead.

    A strategy that compares symbols (ranks, pairs, breadth) writes `signals_all` in place of `signals`.

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

    def signals_all(self, panel: Panel, params: P) -> Mapping[str, Signals]:
        """Each symbol's signals, a row for each row of the panel; rows on which a symbol has no bar are not read."""
        raise NotImplementedError(f"{type(self).__name__} decides symbol by symbol, in signals()")

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if cls.compares_symbols() and cls.signals is Strategy.signals:
            cls.signals = _of_one_symbol  # type: ignore[method-assign,assignment]

    @classmethod
    def compares_symbols(cls) -> bool:
        """Whether it decides over all symbols at once, in `signals_all`."""
        return cls.signals_all is not Strategy.signals_all

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


def _of_one_symbol(strategy: Strategy[P], bars: Bars, params: P) -> Signals:
    """`signals` of a strategy that compares symbols, where there is but one."""
    return strategy.signals_all(Panel.of([bars]), params)[bars.symbol]


KEY_PATTERN = re.compile(r"[a-z][a-z0-9_]{0,63}")
