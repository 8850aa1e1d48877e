"""The ledger, the policy and the metrics, from their formulas as they are written down."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Any

from tests.oracles.rows import day_of


def units(lots: int) -> float:
    """The float64 nearest to lots / 1e8, exact at any size."""
    return float(Fraction(lots, 10**8))


@dataclass
class Position:
    lots: int
    avg: float
    opened_at: int
    fees: float

    @property
    def quantity(self) -> float:
        return units(self.lots)


@dataclass
class Account:
    """`limits` are those of `policy set`, as numbers and lists; what is missing is off."""

    starting_equity: float
    limits: dict[str, Any]
    zone: str
    cash: float = 0.0
    peak: float = 0.0
    positions: dict[str, Position] = field(default_factory=dict)
    realized_pnl: float = 0.0
    realized: dict[date, float] = field(default_factory=dict)
    """by day in the session zone"""
    closed_at: dict[str, int] = field(default_factory=dict)
    trades: list[dict[str, Any]] = field(default_factory=list)
    refusals: list[tuple[int, str, str]] = field(default_factory=list)
    """ts, symbol, rule"""
    fills: list[tuple[int, str, bool, float, float, float]] = field(default_factory=list)
    """ts, symbol, whether it buys, quantity, price, fees"""

    def __post_init__(self) -> None:
        self.cash = self.peak = self.starting_equity

    def fees(self, quantity: float, price: float) -> float:
        fixed, share, bps = (self.limits.get(name, 0.0) for name in ("fee_fixed", "fee_per_share", "fee_bps"))
        return fixed + share * quantity + bps / 1e4 * quantity * price

    def equity_at_cost(self) -> float:
        equity = self.cash
        for symbol in sorted(self.positions):
            equity += self.positions[symbol].quantity * self.positions[symbol].avg
        return equity

    def buy(self, symbol: str, lots: int, price: float, ts: int) -> bool:
        """Whether the policy let it through."""
        quantity = units(lots)
        rule = self.refusing_rule(symbol, quantity, price, ts)
        if rule is not None:
            self.refusals.append((ts, symbol, rule))
            return False
        fees = self.fees(quantity, price)
        self.cash -= quantity * price + fees
        self.fills.append((ts, symbol, True, quantity, price, fees))
        self.positions[symbol] = Position(lots, price, ts, fees)
        self.realize(ts, -fees)
        return True

    def sell(self, symbol: str, price: float, ts: int) -> None:
        held = self.positions.pop(symbol)
        fees = self.fees(held.quantity, price)
        self.cash += held.quantity * price - fees
        self.fills.append((ts, symbol, False, held.quantity, price, fees))
        self.closed_at[symbol] = ts
        self.realize(ts, (price - held.avg) * held.quantity - fees)
        both = held.fees + fees
        self.trades.append(
            {
                "symbol": symbol,
                "entry_ts": held.opened_at,
                "exit_ts": ts,
                "lots": held.lots,
                "entry_price": held.avg,
                "exit_price": price,
                "fees": both,
                "pnl": (price - held.avg) * held.quantity - both,
                "equity": self.equity_at_cost(),
            }
        )

    def realize(self, ts: int, amount: float) -> None:
        self.realized_pnl += amount
        day = day_of(ts, self.zone)
        self.realized[day] = self.realized.get(day, 0.0) + amount
        self.peak = max(self.peak, self.equity_at_cost())

    def refusing_rule(self, symbol: str, quantity: float, price: float, ts: int) -> str | None:
        """The first rule of the table that refuses an entry in a symbol that is flat."""
        limits, order = self.limits, quantity * price
        if symbol in limits.get("deny_symbols", ()) or symbol not in limits.get("allow_symbols", [symbol]):
            return "symbols"
        if order + self.fees(quantity, price) > self.cash:
            return "buying_power"
        if len(self.positions) >= limits.get("max_positions", math.inf):
            return "max_positions"
        if order > limits.get("max_order_notional", math.inf):
            return "max_order_notional"
        if (0.0 + quantity) * price > limits.get("max_position_notional", math.inf):
            return "max_position_notional"
        if "max_exposure_pct" in limits and self.too_exposed(order, limits["max_exposure_pct"]):
            return "max_exposure_pct"
        if "max_daily_loss" in limits and self.realized.get(day_of(ts, self.zone), 0.0) <= -limits["max_daily_loss"]:
            return "max_daily_loss"
        drawdown = (self.peak - self.equity_at_cost()) / self.peak * 100
        if "max_drawdown_pct" in limits and drawdown >= limits["max_drawdown_pct"]:
            return "max_drawdown_pct"
        if "cooldown_minutes" in limits and symbol in self.closed_at:
            minutes = (ts - self.closed_at[symbol]) / 60e6
            if minutes < limits["cooldown_minutes"]:
                return "cooldown_minutes"
        return None

    def too_exposed(self, order: float, limit: float) -> bool:
        invested = 0.0
        for symbol in sorted(self.positions):
            invested += self.positions[symbol].quantity * self.positions[symbol].avg
        equity = self.equity_at_cost()
        return equity <= 0 or (invested + order) / equity * 100 > limit


def metrics_of(starting_equity: float, trades: list[dict[str, Any]]) -> dict[str, Any]:
    """Every sum is plain additions from left to right."""
    curve = [starting_equity] + [trade["equity"] for trade in trades]
    profit = loss = 0.0
    wins = 0
    for trade in trades:
        if trade["pnl"] > 0:
            wins += 1
            profit += trade["pnl"]
        if trade["pnl"] < 0:
            loss += -trade["pnl"]
    peak, fall = curve[0], 0.0
    for point in curve:
        peak = max(peak, point)
        fall = max(fall, (peak - point) / peak * 100)
    return {
        "trade_count": len(trades),
        "starting_equity": starting_equity,
        "ending_equity": curve[-1],
        "return_pct": (curve[-1] / starting_equity - 1) * 100,
        "max_drawdown_pct": fall,
        "win_rate": wins / len(trades) if trades else None,
        "profit_factor": profit / loss if loss else None,
        "gross_profit": profit,
        "gross_loss": loss,
        "sharpe": sharpe_of(curve),
    }


def sharpe_of(curve: list[float]) -> float | None:
    if len(curve) < 3 or any(point <= 0 for point in curve):
        return None
    changes = [curve[i] / curve[i - 1] - 1 for i in range(1, len(curve))]
    total = 0.0
    for change in changes:
        total += change
    mean = total / len(changes)
    total = 0.0
    for change in changes:
        total += (change - mean) * (change - mean)
    deviation = math.sqrt(total / len(changes))
    return mean / deviation if deviation != 0 else None
