"""A closed world: timestamps in order, exits, then entries, everything closed at the end."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from tests.oracles.account import Account, metrics_of
from tests.oracles.exits import exit_of
from tests.oracles.rows import Row, is_intraday, is_last_of_session
from tests.oracles.signals import DEFAULT_EXIT, SIGNALS, Signal


@dataclass
class Backtest:
    """`spec` is the document of a spec file, defaults left out; `rows` are each symbol's bars.

    With a `start`, a day of the session zone or an instant in UTC microseconds, no entry is allowed before it.
    """

    spec: dict[str, Any]
    rows: dict[str, list[Row]]
    zone: str
    limits: dict[str, Any]
    starting_equity: float = 10_000.0
    slippage_bps: float = 0.0
    start: date | int | None = None
    held_bars: dict[str, int] = field(default_factory=dict)
    """the index of the bar that each open position was entered on"""

    def __post_init__(self) -> None:
        strategy = self.spec["strategy_id"]
        self.symbols: list[str] = self.spec["symbols"]
        self.exit = {"type": DEFAULT_EXIT[strategy], **self.spec.get("exit", {})}
        self.risk = {"dollars_per_trade": 1000.0, "max_positions": 5, **self.spec.get("risk", {})}
        entry = {name: value for name, value in self.spec.get("entry", {}).items() if name != "type"}
        self.signals: dict[str, list[Signal]] = {
            symbol: SIGNALS[strategy](self.rows[symbol], **entry) for symbol in self.symbols
        }
        self.intraday = {symbol: is_intraday(self.rows[symbol]) for symbol in self.symbols}
        self.at = {symbol: {row.ts: i for i, row in enumerate(self.rows[symbol])} for symbol in self.symbols}
        self.account = Account(self.starting_equity, self.limits, self.zone)

    def run(self) -> dict[str, Any]:
        """Trades, metrics, refusals, and how many intents and fills there were."""
        for ts in sorted({ts for symbol in self.symbols for ts in self.at[symbol]}):
            present = [symbol for symbol in self.symbols if self.at[symbol].get(ts, 0) >= 1]
            left = [symbol for symbol in present if self.leaves(symbol, self.at[symbol][ts])]
            for symbol in present:
                if symbol not in left:
                    self.enters(symbol, self.at[symbol][ts])
        for symbol in self.symbols:
            if symbol in self.account.positions:
                last = self.rows[symbol][-1]
                self.account.sell(symbol, last.close * (1 - self.slippage_bps / 1e4), last.ts)
        trades, refused = self.account.trades, self.account.refusals
        return {
            "trades": trades,
            "metrics": metrics_of(self.starting_equity, trades),
            "refusals": refused,
            "fills": 2 * len(trades),
            "intents": 2 * len(trades) + len(refused),
            "cash": self.account.cash,
            "realized_pnl": self.account.realized_pnl,
            "peak_equity": self.account.peak,
            "realized_by_day": self.account.realized,
        }

    def leaves(self, symbol: str, i: int) -> bool:
        if symbol not in self.account.positions:
            return False
        rows, avg = self.rows[symbol], self.account.positions[symbol].avg
        found = exit_of(
            self.exit,
            avg,
            i - self.held_bars[symbol],
            rows[i],
            is_eod=is_last_of_session(rows, i),
            leaves=self.signals[symbol][i].leaves,
        )
        if found is not None:
            self.account.sell(symbol, found[1] * (1 - self.slippage_bps / 1e4), rows[i].ts)
        return found is not None

    def enters(self, symbol: str, i: int) -> None:
        rows, positions = self.rows[symbol], self.account.positions
        if self.is_history(rows[i]):
            return
        if symbol in positions or not self.signals[symbol][i].enters or i == len(rows) - 1:
            return
        if self.exit["type"] == "eod" and self.intraday[symbol] and is_last_of_session(rows, i):
            return
        if len(positions) >= self.risk["max_positions"]:
            return
        price = rows[i].close
        lots = math.floor(self.risk["dollars_per_trade"] / price * 1e8)
        if lots < 1:
            return
        if self.account.buy(symbol, lots, price * (1 + self.slippage_bps / 1e4), rows[i].ts):
            self.held_bars[symbol] = i

    def is_history(self, row: Row) -> bool:
        if self.start is None:
            return False
        return row.day < self.start if isinstance(self.start, date) else row.ts < self.start
