"""The account's ledger: a starting equity with fills applied to it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields, replace
from typing import NamedTuple

BUY = 1
SELL = -1


class Fill(NamedTuple):
    """One executed order, as the journal's typed columns hold it (times in UTC microseconds)."""

    seq: int
    symbol: str
    side: int
    lots: int
    price: float
    fees: float
    ts: int
    session: int
    """The trading day in the account's session zone when it was filled, as days since 1970-01-01."""


@dataclass(slots=True)
class Holding:
    """What is held in one symbol."""

    symbol: str
    lots: int
    quantity: float
    avg_price: float
    opened_at: int
    entry_fees: float = 0.0
    """Fees paid so far to hold it: the fee-in part of its trade."""


class Trade(NamedTuple):
    """A round trip from flat to flat. `equity` is the account's equity at cost right after it closed."""

    symbol: str
    entry_ts: int
    exit_ts: int
    lots: int
    entry_price: float
    exit_price: float
    fees: float
    pnl: float
    equity: float


@dataclass(slots=True)
class Ledger:
    """An account's state, changed by `fold.apply_fills` alone.

    `holdings` is ordered by symbol in code-point order: every sum over positions goes through it in that order.
    """

    starting_equity: float
    cash: float
    realized_pnl: float
    peak_equity: float
    holdings: dict[str, Holding] = field(default_factory=dict)
    # every day, not the latest alone: an order dated last Tuesday meets last Tuesday's loss (decision 2)
    realized_by_session: dict[int, float] = field(default_factory=dict)
    last_closed_at: dict[str, int] = field(default_factory=dict)
    orders_count: int = 0
    trades_count: int = 0
    last_seq: int = 0
    last_event_at: int | None = None

    @classmethod
    def fresh(cls, starting_equity: float) -> Ledger:
        """An account before its first fill."""
        return cls(starting_equity, cash=starting_equity, realized_pnl=0.0, peak_equity=starting_equity)

    @property
    def invested(self) -> float:
        """What the open positions cost: the sum of quantity*avg_price, symbols in order."""
        invested = 0.0
        for holding in self.holdings.values():
            invested += holding.quantity * holding.avg_price
        return invested

    @property
    def equity_at_cost(self) -> float:
        """Cash, then one position at a time at its average price, symbols in order."""
        equity = self.cash
        for holding in self.holdings.values():
            equity += holding.quantity * holding.avg_price
        return equity

    @property
    def session(self) -> int | None:
        """The latest trading day with a fill, as days since 1970-01-01."""
        return max(self.realized_by_session, default=None)

    @property
    def realized_today(self) -> float:
        """The realized P&L of the latest trading day with a fill."""
        session = self.session
        return 0.0 if session is None else self.realized_by_session[session]

    def equity_at(self, marks: dict[str, float]) -> float:
        """Cash, then one position at a time at its mark (its average price where there is none), symbols in order."""
        equity = self.cash
        for symbol, holding in self.holdings.items():
            equity += holding.quantity * marks.get(symbol, holding.avg_price)
        return equity

    @property
    def is_finite(self) -> bool:
        """Whether every amount is a finite number: cash is in the equity, and what a position was is in the peak."""
        amounts = (self.realized_pnl, self.peak_equity, self.equity_at_cost)
        return all(map(math.isfinite, (*amounts, *self.realized_by_session.values())))

    def copy(self) -> Ledger:
        """The same account, apart from this one."""
        return replace(
            self,
            holdings={symbol: replace(held) for symbol, held in self.holdings.items()},
            realized_by_session=dict(self.realized_by_session),
            last_closed_at=dict(self.last_closed_at),
        )

    def become(self, other: Ledger) -> None:
        """Take over the other's state; do not use the other afterwards."""
        for part in fields(self):
            setattr(self, part.name, getattr(other, part.name))
