"""The clock of a run or a plan: its sessions, each symbol's last close in them, and equity at the end of each.

A session is a trading day on which a symbol has a bar in the window. Equity is marked: cash, then one position at a
time at its symbol's last close, symbols in the order of their names; after the last session what is open is closed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from engine.account.ledger import BUY
from engine.compiled import Kernel
from engine.intents import LOTS_PER_UNIT
from engine.market.bars import Bars, Dataset, FloatArray, IntArray

_DAYS_A_YEAR = 365.25


class Clock:
    """The sessions of a dataset's window for a spec's symbols, in their order; made once for a run or a plan."""

    def __init__(self, dataset: Dataset, symbols: Sequence[str]) -> None:
        bars = [dataset.bars[symbol] for symbol in symbols]
        traded = [dataset.traded(symbol).session for symbol in symbols]
        self.sessions: IntArray = np.unique(np.concatenate(traded)) if traded else np.zeros(0, dtype=np.int64)
        """Each session's day, as days since 1970-01-01, rising; shape (T,)"""
        self._bars = bars
        in_order = sorted(symbols)
        self.by_name = np.array([symbols.index(symbol) for symbol in in_order], dtype=np.int64)
        """The places of the symbols in the order of their names"""

    def __len__(self) -> int:
        return len(self.sessions)

    @property
    def sessions_a_year(self) -> float | None:
        """(T - 1) / (days from the first session to the last / 365.25); None for fewer than two sessions."""
        if len(self) < 2:
            return None
        return (len(self) - 1) / (int(self.sessions[-1] - self.sessions[0]) / _DAYS_A_YEAR)

    @cached_property
    def closes(self) -> FloatArray:
        """Each symbol's last close up to the end of each session, shape (symbols, T); 0 before its first bar."""
        closes = np.zeros((len(self._bars), len(self)))
        for place, bars in enumerate(self._bars):
            last = np.searchsorted(bars.session, self.sessions, side="right") - 1
            known = last >= 0
            closes[place, known] = bars.close[last[known]]
        return closes

    @cached_property
    def of_rows(self) -> IntArray:
        """The session of each bar, all symbols' bars laid end to end in the spec's order; of history the first."""
        laid = np.concatenate([bars.session for bars in self._bars]) if self._bars else self.sessions
        return np.maximum(np.searchsorted(self.sessions, laid), 0)


class Filled(NamedTuple):
    """Fills in the order of execution as columns, each (fills,): the row of the bar among all symbols' bars laid end to
    end, the symbol's place, `BUY` or `SELL`, lots, price and fees.
    """

    row: Any
    symbol: Any
    side: Any
    lots: Any
    price: Any
    fees: Any


@dataclass(frozen=True, slots=True)
class Marked:
    """Equity at the end of each session, shape (T,), and in how many sessions a position was open or was opened."""

    equity: FloatArray
    exposed: int


def marked(starting_equity: float, clock: Clock, filled: Filled, ordinary: int) -> Marked:
    """Equity at the end of every session of a closed world.

    The first `ordinary` fills are those of the sessions; the others close what was open after the last one, whatever
    the day of their symbol's last bar. Column by column, for what `mark_sessions` does session by session.
    """
    sessions = len(clock)
    row, symbol, side, lots, price, fees = (np.asarray(column) for column in filled)
    quantity = lots / LOTS_PER_UNIT
    spent = np.where(side == BUY, -(quantity * price + fees), quantity * price - fees)
    cash = np.cumsum(np.concatenate([[starting_equity], spent]))
    at = clock.of_rows[row[:ordinary]]
    lasts = np.diff(np.concatenate([[0], at, [sessions]]))
    equity = np.repeat(cash[: ordinary + 1], lasts)
    change = np.where(side == BUY, lots, -lots)[:ordinary]
    for place in clock.by_name.tolist():
        mine = symbol[:ordinary] == place
        if mine.any():
            held = np.cumsum(np.concatenate([[0], np.where(mine, change, 0)])) / LOTS_PER_UNIT
            equity = equity + np.repeat(held, lasts) * clock.closes[place]
    opened = np.cumsum(np.concatenate([[0], np.where(side[:ordinary] == BUY, 1, -1)]))
    open_after = np.repeat(opened, lasts) > 0
    exposed = np.concatenate([[False], open_after[:-1]]) if sessions else open_after
    exposed[at[side[:ordinary] == BUY]] = True
    if sessions:
        equity[-1] = cash[-1]
    return Marked(equity, int(np.count_nonzero(exposed)))


def mark_sessions(
    starting_equity: float,
    count: int,
    ordinary: int,
    rows: Any,
    sides: Any,
    lots: Any,
    prices: Any,
    fees: Any,
    session_of: Any,
    symbol_of: Any,
    by_name: Any,
    closes: Any,
    held: Any,
    equity: Any,
) -> int:
    """`marked` as one loop, for numba: fills `equity` and returns the sessions with a position.

    `held` is scratch, (symbols,); `symbol_of` gives the place of each row's symbol.
    """
    cash = starting_equity
    sessions = len(equity)
    for place in range(len(held)):
        held[place] = 0
    session = exposed = n_open = 0
    is_exposed = False
    for nth in range(ordinary + 1):
        until = session_of[rows[nth]] if nth < ordinary else sessions
        while session < until:
            worth = cash
            if n_open > 0:
                for place in by_name:
                    if held[place] != 0:
                        worth += held[place] / LOTS_PER_UNIT * closes[place, session]
            equity[session] = worth
            exposed += 1 if is_exposed else 0
            session += 1
            is_exposed = n_open > 0
        if nth == ordinary:
            break
        quantity, place = lots[nth] / LOTS_PER_UNIT, symbol_of[rows[nth]]
        if sides[nth] == BUY:
            cash = cash - (quantity * prices[nth] + fees[nth])
            held[place] += lots[nth]
            n_open += 1
            is_exposed = True
        else:
            cash = cash + (quantity * prices[nth] - fees[nth])
            held[place] -= lots[nth]
            n_open -= 1
    for nth in range(ordinary, count):
        cash = cash + (lots[nth] / LOTS_PER_UNIT * prices[nth] - fees[nth])
    if sessions > 0:
        equity[sessions - 1] = cash
    return exposed


MARK_SESSIONS = Kernel(mark_sessions)
