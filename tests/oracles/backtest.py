"""A closed world: timestamps in order, exits, then entries, everything closed at the end."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

from tests.oracles.account import Account, metrics_of
from tests.oracles.exits import decided_exit, exit_of, level_exit
from tests.oracles.rows import Row, is_intraday, is_last_of_session
from tests.oracles.signals import DEFAULT_EXIT, OWN_DEFAULT_EXIT, Signal, signals_of
from tests.oracles.sizes import MOST, lots_of


class Held(NamedTuple):
    decided: int
    """the row that decided the entry: its signal has the distances"""
    first: int
    """the first row at which the position is held"""


class Emitted(NamedTuple):
    """An intent: what was asked for, whether or not the policy let it through."""

    ts: int
    symbol: str
    buys: bool
    lots: int
    reason: str
    """an exit's kind; of an entry, empty"""


@dataclass
class Backtest:
    """`spec` is the document of a spec file, defaults left out; `rows` are each symbol's bars.

    With a `start`, a day of the session zone or an instant in UTC microseconds, no row before it decides.
    """

    spec: dict[str, Any]
    rows: dict[str, list[Row]]
    zone: str
    limits: dict[str, Any]
    starting_equity: float = 10_000.0
    slippage_bps: float = 0.0
    start: date | int | None = None
    script: dict[str, list[Signal]] | None = None
    """every row's signals, in place of a strategy's"""
    held: dict[str, Held] = field(default_factory=dict)
    emitted: list[Emitted] = field(default_factory=list)
    held_back: Counter[str] = field(default_factory=Counter)
    too_many: int = 0
    """entries of more lots than there can be"""

    def __post_init__(self) -> None:
        strategy = self.spec["strategy_id"]
        self.symbols: list[str] = self.spec["symbols"]
        self.fill: str = self.spec.get("execution", {}).get("fill", "close")
        self.exit = {"type": {**DEFAULT_EXIT, **OWN_DEFAULT_EXIT}.get(strategy, "none"), **self.spec.get("exit", {})}
        self.risk = {"dollars_per_trade": 1000.0, "max_positions": 5, **self.spec.get("risk", {})}
        entry = {name: value for name, value in self.spec.get("entry", {}).items() if name != "type"}
        self.signals: dict[str, list[Signal]] = self.script or signals_of(
            strategy, {symbol: self.rows[symbol] for symbol in self.symbols}, entry
        )
        self.intraday = {symbol: is_intraday(self.rows[symbol]) for symbol in self.symbols}
        self.at = {symbol: {row.ts: i for i, row in enumerate(self.rows[symbol])} for symbol in self.symbols}
        self.account = Account(self.starting_equity, self.limits, self.zone)

    def run(self) -> dict[str, Any]:
        """Trades, metrics, refusals, intents, and how many intents and fills there were."""
        for ts in sorted({ts for symbol in self.symbols for ts in self.at[symbol]}):
            now = {symbol: self.at[symbol][ts] for symbol in self.symbols if ts in self.at[symbol]}
            if self.fill == "close":
                self.trade_at_the_close(now)
            else:
                self.trade_at_the_open(now)
                self.trade_within_the_bar(now)
        for symbol in self.symbols:
            if symbol in self.account.positions:
                last = self.rows[symbol][-1]
                self.sell(symbol, last.close, last.ts, "end_of_data")
        return self.outcome()

    def outcome(self) -> dict[str, Any]:
        trades, refused = self.account.trades, self.account.refusals
        return {
            "trades": trades,
            "metrics": metrics_of(self.starting_equity, trades),
            "refusals": refused,
            "fills": 2 * len(trades),
            "intents": 2 * len(trades) + len(refused) + self.too_many,
            "too_many": self.too_many,
            "emitted": self.emitted,
            "held_back": self.held_back,
            "cash": self.account.cash,
            "realized_pnl": self.account.realized_pnl,
            "peak_equity": self.account.peak,
            "realized_by_day": self.account.realized,
        }

    # the two ways to go through a timestamp; `now` has the row of every symbol that has a bar, in spec order

    def trade_at_the_close(self, now: dict[str, int]) -> None:
        deciding = {symbol: i for symbol, i in now.items() if i >= 1}
        left = [symbol for symbol, i in deciding.items() if self.leaves_at_the_close(symbol, i)]
        for symbol in self.by_score(deciding):
            if symbol not in left:
                self.enters(symbol, deciding[symbol], deciding[symbol])

    def trade_at_the_open(self, now: dict[str, int]) -> None:
        """What each symbol's row before this one decided."""
        deciding = {symbol: i - 1 for symbol, i in now.items() if i - 1 >= 1}
        left = [symbol for symbol, i in deciding.items() if self.leaves_at_the_open(symbol, i)]
        for symbol in self.by_score(deciding):
            if symbol not in left:
                self.enters(symbol, deciding[symbol], deciding[symbol] + 1)

    def trade_within_the_bar(self, now: dict[str, int]) -> None:
        for symbol, i in now.items():
            if symbol in self.account.positions:
                found = self.exit_within(symbol, i)
                if found is not None:
                    self.sell(symbol, found[1], self.rows[symbol][i].ts, found[0])
        for symbol, i in now.items():
            if i == len(self.rows[symbol]) - 1 and self.would_enter(symbol, i):
                self.held_back["entry_skipped_end_of_data"] += 1

    def by_score(self, deciding: dict[str, int]) -> list[str]:
        """The highest score first, those without a number last, equal ones as they were."""
        scored: list[tuple[float, str]] = []
        rest: list[str] = []
        for symbol, i in deciding.items():
            score = self.signals[symbol][i].score
            if score is None or math.isnan(score):
                rest.append(symbol)
                continue
            place = 0
            while place < len(scored) and scored[place][0] >= score:
                place += 1
            scored.insert(place, (score, symbol))
        return [symbol for _, symbol in scored] + rest

    # exits

    def bars_held(self, symbol: str, i: int) -> int:
        return i - self.held[symbol].first + 1

    def peak(self, symbol: str, i: int) -> float:
        """The highest high of the bars held before row i, at least the average price."""
        peak = self.account.positions[symbol].avg
        for row in self.rows[symbol][self.held[symbol].first : i]:
            peak = max(peak, row.high)
        return peak

    def leaves_at_the_close(self, symbol: str, i: int) -> bool:
        if symbol not in self.account.positions:
            return False
        rows, decided = self.rows[symbol], self.signals[symbol][self.held[symbol].decided]
        found = exit_of(
            self.exit,
            self.account.positions[symbol].avg,
            self.bars_held(symbol, i),
            rows[i],
            is_eod=is_last_of_session(rows, i),
            leaves=self.signals[symbol][i].leaves,
            peak=self.peak(symbol, i),
            stop_distance=decided.stop_distance,
            target_distance=decided.target_distance,
        )
        if found is not None:
            self.sell(symbol, found[1], rows[i].ts, found[0])
        return found is not None

    def leaves_at_the_open(self, symbol: str, decided: int) -> bool:
        if symbol not in self.account.positions:
            return False
        code = decided_exit(self.exit, self.bars_held(symbol, decided), self.signals[symbol][decided].leaves)
        if code is not None:
            row = self.rows[symbol][decided + 1]
            self.sell(symbol, row.low if self.fill == "pessimistic" else row.open, row.ts, code)
        return code is not None

    def exit_within(self, symbol: str, i: int) -> tuple[str, float] | None:
        rows, held = self.rows[symbol], self.held[symbol]
        decided = self.signals[symbol][held.decided]
        if self.fill != "pessimistic" or i > held.first:
            found = level_exit(
                self.exit,
                self.account.positions[symbol].avg,
                self.bars_held(symbol, i),
                self.peak(symbol, i),
                rows[i],
                decided.stop_distance,
                decided.target_distance,
            )
            if found is not None:
                return found
        if self.exit["type"] == "eod" and is_last_of_session(rows, i):
            return ("eod", rows[i].close)
        return None

    def sell(self, symbol: str, price: float, ts: int, reason: str) -> None:
        self.emitted.append(Emitted(ts, symbol, False, self.account.positions[symbol].lots, reason))
        self.account.sell(symbol, price * (1 - self.slippage_bps / 1e4), ts)

    # entries

    def enters(self, symbol: str, decided: int, filled: int) -> None:
        """The entry that row `decided` signals, filled on row `filled`."""
        if not self.would_enter(symbol, decided):
            return
        rows = self.rows[symbol]
        price = self.price_of_entry(rows[filled])
        paid = price * (1 + self.slippage_bps / 1e4)
        lots = self.lots_or_code(symbol, decided, price, paid)
        if isinstance(lots, str):
            self.held_back[lots] += 1
            return
        if lots > MOST:  # refused before the policy is asked, and nothing is written
            self.too_many += 1
            return
        self.emitted.append(Emitted(rows[filled].ts, symbol, True, lots, ""))
        if self.account.buy(symbol, lots, paid, rows[filled].ts):
            self.held[symbol] = Held(decided, filled + 1 if self.fill == "close" else filled)

    def would_enter(self, symbol: str, decided: int) -> bool:
        row = self.rows[symbol][decided]
        return (
            decided >= 1
            and self.signals[symbol][decided].enters
            and not self.is_history(row)
            and symbol not in self.account.positions
        )

    def lots_or_code(self, symbol: str, decided: int, price: float, paid: float) -> int | str:
        rows = self.rows[symbol]
        if decided == len(rows) - 1:
            return "entry_skipped_end_of_data"
        if self.exit["type"] == "eod" and self.intraday[symbol] and is_last_of_session(rows, decided):
            return "entry_skipped_eod"
        if len(self.account.positions) >= self.risk["max_positions"]:
            return "entry_blocked_max_positions"
        return lots_of(self.risk, self.exit, self.signals[symbol][decided], self.account, price, paid)

    def price_of_entry(self, row: Row) -> float:
        """Before slippage."""
        return {"close": row.close, "next_open": row.open, "pessimistic": row.high}[self.fill]

    def is_history(self, row: Row) -> bool:
        if self.start is None:
            return False
        return row.day < self.start if isinstance(self.start, date) else row.ts < self.start
