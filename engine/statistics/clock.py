"""The clock of a run or a plan: its sessions, each symbol's last close in them, and equity at the end of each.

A session is a trading day on which a symbol has a bar in the window. Equity is marked: cash, then one position at a
time at its symbol's last close, symbols in the order of their names; after the last session what is open is closed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

from engine.account.ledger import BUY, Fill, Trade
from engine.account.metrics import SessionFigures
from engine.compiled import Kernel
from engine.intents import LOTS_PER_UNIT, to_quantity
from engine.market.bars import Dataset, FloatArray, IntArray
from engine.statistics.holding import Benchmark, HoldingMetrics, Window, buy_and_hold, clock, exposures, last_closes
from engine.statistics.sessions import figures, sessions_a_year


class Sessions:
    """Sessions, and what figures need of them; `windows` are the bars that are bought and held on them.

    `benchmark` is buying and holding on these sessions, from an equity of 1: its ratios hold for any other.
    """

    def __init__(self, windows: Sequence[Window], sessions: IntArray) -> None:
        self._windows = windows
        self.sessions = sessions
        """Each session's day, as days since 1970-01-01, rising; shape (T,)"""

    def __len__(self) -> int:
        return len(self.sessions)

    @cached_property
    def sessions_a_year(self) -> float | None:
        """How many sessions a year has at this clock's pace; None for fewer than two sessions."""
        return sessions_a_year(self.sessions)

    @cached_property
    def benchmark(self) -> Benchmark:
        """Buying and holding from an equity of 1."""
        with np.errstate(all="ignore"):  # prices near the end of the floats
            return buy_and_hold(1.0, self._windows, self.sessions)

    @property
    def holding(self) -> HoldingMetrics | None:
        """What buying and holding comes to on this clock; None without a session, or beyond what a float holds."""
        if not len(self):
            return None
        held = self.benchmark
        values = _finite({"return_pct": held.return_pct, **held.figures._asdict()})
        if values["return_pct"] is None:
            return None
        return HoldingMetrics.model_validate({name: values[name] for name in HoldingMetrics.model_fields})

    def figures(
        self, starting_equity: float, equity: FloatArray, exposed: Sequence[int]
    ) -> list[dict[str, float | int | None]]:
        """`figures_of_sessions` of accounts on these sessions."""
        held, a_year = self.benchmark.returns, self.sessions_a_year
        return figures_of_sessions(starting_equity, equity, exposed, held, a_year)


class Clock(Sessions):
    """The sessions of a dataset's window for a spec's symbols, in their order; made once for a run or a plan."""

    def __init__(self, dataset: Dataset, symbols: Sequence[str]) -> None:
        self._symbols = list(symbols)
        self._bars = [dataset.bars[symbol] for symbol in symbols]
        windows = [Window(one, dataset.first_row(one.symbol), len(one)) for one in self._bars]
        super().__init__(windows, clock(windows))
        lengths = [len(one) for one in self._bars]
        self.begins: list[int] = np.cumsum([0, *lengths[:-1]]).tolist()
        """Where each symbol's bars begin, all symbols' bars laid end to end in the spec's order"""
        self.by_name = np.array([self._symbols.index(symbol) for symbol in sorted(symbols)], dtype=np.int64)
        """The places of the symbols in the order of their names"""

    @cached_property
    def closes(self) -> FloatArray:
        """Each symbol's last close in the window up to the end of each session, (symbols, T); 0 before its first."""
        closes = [np.nan_to_num(last_closes(window, self.sessions), nan=0.0) for window in self._windows]
        return np.stack(closes) if closes else np.zeros((0, len(self)))

    def world(
        self, starting_equity: float, fills: Sequence[Fill], trades: Sequence[Trade], ordinary: int
    ) -> tuple[list[int], SessionFigures, FloatArray]:
        """What came of a closed world that the bar loop traded.

        The bars held of each trade, the figures of the sessions, and the equity at the end of each.
        """
        rows = [self._row(fill.symbol, fill.ts) for fill in fills]
        columns = zip(*((fill.side, fill.lots, fill.price, fill.fees) for fill in fills), strict=True)
        side, lots, price, fees = columns if fills else ((), (), (), ())
        equity = np.zeros(len(self))
        exposed = mark_sessions(
            starting_equity,
            len(fills),
            ordinary,
            rows,
            side,
            lots,
            price,
            fees,
            self.of_rows,
            self.symbol_of,
            self.by_name,
            self.closes,
            None,
            equity,
        )
        (found,) = self.figures(starting_equity, equity[np.newaxis], [exposed])
        return self.bars_held(trades), found, equity

    def bars_held(self, trades: Sequence[Trade]) -> list[int]:
        """How many of its symbol's bars lie between each trade's entry and its exit, that one included."""
        return [self._row(trade.symbol, trade.exit_ts) - self._row(trade.symbol, trade.entry_ts) for trade in trades]

    def _row(self, symbol: str, ts: int) -> int:
        """A bar's place among all symbols' bars laid end to end."""
        place = self._symbols.index(symbol)
        return int(self.begins[place] + np.searchsorted(self._bars[place].ts, ts))

    @cached_property
    def symbol_of(self) -> IntArray:
        """The place of each bar's symbol, all symbols' bars laid end to end."""
        return np.repeat(np.arange(len(self._bars)), [len(bars) for bars in self._bars])

    @cached_property
    def of_rows(self) -> IntArray:
        """The session of each bar, all symbols' bars laid end to end in the spec's order; of history the first."""
        laid = np.concatenate([bars.session for bars in self._bars]) if self._bars else self.sessions
        return np.maximum(np.searchsorted(self.sessions, laid), 0)


def figures_of_sessions(
    starting_equity: float, equity: FloatArray, exposed: Sequence[int], held: FloatArray, a_year: float | None
) -> list[dict[str, float | int | None]]:
    """The metrics of `OF_SESSIONS` of accounts, by name.

    `equity` has a row for each account, the equity at the end of each session: (accounts, T). `exposed` says in how
    many sessions each had a position; `held` are the session returns of buying and holding, (T,).
    """
    count, sessions = equity.shape
    columns = np.concatenate([np.full((1, count), starting_equity), equity.T])
    with np.errstate(all="ignore"):  # amounts near the end of the floats
        of_returns = figures(columns, a_year)
        of_market = exposures(columns, held, a_year)
    return [
        _finite(
            {
                **found._asdict(),
                "exposure_pct": open_in / sessions * 100 if sessions else None,
                "beta": None if owed is None else owed.beta,
                "alpha_annual_pct": None if owed is None else owed.alpha_annual_pct,
            }
        )
        for found, owed, open_in in zip(of_returns, of_market, exposed, strict=True)
    ]


def _finite(figures: dict[str, float | int | None]) -> dict[str, float | int | None]:
    """The figures that are numbers; None in place of any other."""
    return {name: value if value is not None and math.isfinite(value) else None for name, value in figures.items()}


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
    """Put the equity at the end of every session into `equity`, (T,); in how many sessions there was a position.

    The first `count` items of the columns are fills in the order of execution: the row of the bar among all symbols'
    bars laid end to end, side, lots, price, fees. The first `ordinary` are those of the sessions; the others close what
    was open after the last one, whatever the day of their symbol's last bar. A session counts where a position was open
    at its start or was opened in it. `session_of`, `symbol_of`: of each row. `held` is not used here.
    """
    sessions = len(equity)
    row, side, lot, price, fee = (np.array(column[:count]) for column in (rows, sides, lots, prices, fees))
    if sessions == 0 or count == 0:
        equity[:] = starting_equity
        return 0
    with np.errstate(over="ignore", invalid="ignore"):  # the compiled form says nothing of it either
        is_buy, quantity = side == BUY, _quantities(lot)
        paid = np.where(is_buy, -(quantity * price + fee), quantity * price - fee)
        cash = np.cumsum(np.concatenate([[starting_equity], paid]))
        at, symbol = session_of[row[:ordinary]], np.asarray(symbol_of)[row[:ordinary]]
        lasts = np.diff(np.concatenate([[0], at, [sessions]]))
        worth = np.repeat(cash[: ordinary + 1], lasts)
        change, opens = np.where(is_buy, lot, -lot)[:ordinary], is_buy[:ordinary]
        for place in by_name.tolist():
            mine = symbol == place
            if mine.any():
                owned = _quantities(np.cumsum(np.concatenate([[0], np.where(mine, change, 0)])))
                worth = worth + np.repeat(owned, lasts) * closes[place]
        equity[:] = worth
        equity[-1] = cash[-1]
    n_open = np.repeat(np.cumsum(np.concatenate([[0], np.where(opens, 1, -1)])), lasts)
    exposed = np.concatenate([[False], n_open[:-1] > 0])
    exposed[at[opens]] = True
    return int(np.count_nonzero(exposed))


def _quantities(lots: IntArray) -> FloatArray:
    """The ledger's quantities of these lots, to the bit: numpy rounds lots above 2^53 before it divides them."""
    if lots.max(initial=0) <= 2**53:
        return lots / LOTS_PER_UNIT
    return np.array([to_quantity(each) for each in lots.tolist()])


def mark_by_session(  # noqa: C901 - one flat loop
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
    """The same session by session, for numba; `held` is scratch, (symbols,). The kernel's lots are all below 2^53."""
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


MARK_SESSIONS = Kernel(mark_by_session, known_as="mark_sessions")
