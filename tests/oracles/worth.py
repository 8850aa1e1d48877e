"""The metrics of section 11 of a closed world that the plain loops have traded: its sessions, its trades, holding."""

from __future__ import annotations

import math
from datetime import date
from typing import Any

import pytest

from tests.oracles.account import units
from tests.oracles.backtest import Backtest
from tests.oracles.rows import Row
from tests.oracles.statistics import a_year, alpha_annual_pct, beta, hold, returns, session_figures

OF_RETURNS = (
    "sharpe_annual",
    "sortino_annual",
    "volatility_pct",
    "cagr_pct",
    "calmar_annual",
    "skew",
    "kurtosis",
    "psr",
)


def worth_of(world: Backtest) -> dict[str, Any]:
    """Every metric of section 11, of a world that has been run."""
    days, equity = curve_of(world)
    return {
        **figures_of(days, equity, holding_of(world)),
        "exposure_pct": _share(exposed_sessions(world), len(days)),
        **figures_of_trades(world.account.trades, world.rows),
    }


def figures_of(days: list[int], equity: list[float], b: list[float]) -> dict[str, Any]:
    """The metrics that come from session returns: of a clock of days since 1970, of E_0 to E_T, beside holding's."""
    found: dict[str, Any] = dict.fromkeys((*OF_RETURNS, "beta", "alpha_annual_pct"))
    if len(days) < 2 or min(equity) <= 0:
        return found
    per_year, r = a_year(days), returns(equity)
    found |= session_figures(equity, per_year)
    return found | {"beta": beta(r, b), "alpha_annual_pct": alpha_annual_pct(r, b, per_year)}


def curve_of(world: Backtest) -> tuple[list[int], list[float]]:
    """The days of the window's sessions, and E_0 to E_T."""
    inside, clock = _inside(world), _clock(world)
    return [_number(day) for day in clock], [world.starting_equity, *_equity(world, clock, inside)]


def holding_of(world: Backtest) -> list[float]:
    """The session returns of buying and holding in the window."""
    inside = _inside(world)
    bars = {
        symbol: [
            (_number(row.day), row.close, is_in) for row, is_in in zip(world.rows[symbol], inside[symbol], strict=True)
        ]
        for symbol in world.symbols
    }
    return returns(hold(1.0, bars)[1])


def _share(exposed: int, sessions: int) -> float | None:
    return exposed / sessions * 100 if sessions else None


def _number(day: date) -> int:
    return (day - date(1970, 1, 1)).days


def _inside(world: Backtest) -> dict[str, list[bool]]:
    return {symbol: [_in_window(row, world.start) for row in world.rows[symbol]] for symbol in world.symbols}


def _clock(world: Backtest) -> list[date]:
    days = {row.day for symbol in world.symbols for row in world.rows[symbol] if _in_window(row, world.start)}
    return sorted(days)


def assert_worth(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    """The same to nine digits; ratios of what rounding left of nothing are left out."""
    for name, value in theirs.items():
        if name in OF_RETURNS and (ours["volatility_pct"] or 0.0) < 1e-6:
            continue
        if name == "sqn" and max(abs(value or 1e9), abs(ours[name] or 1e9)) > 1e6:  # equal trades, but for rounding
            continue
        if value is None or ours[name] is None:
            assert value is ours[name] is None, name
        else:
            assert ours[name] == pytest.approx(value, rel=1e-9, abs=1e-9), name


def _in_window(row: Row, start: date | int | None) -> bool:
    if start is None:
        return True
    return row.ts >= start if isinstance(start, int) else row.day >= start


def _is_at_the_end(world: Backtest, nth: int) -> bool:
    """Whether a fill closes what was open after the last timestamp."""
    closing = sum(1 for each in world.emitted if each.reason == "end_of_data")
    return nth >= len(world.account.fills) - closing


def _equity(world: Backtest, clock: list[date], inside: dict[str, list[bool]]) -> list[float]:
    """E_1 to E_T: cash, then each position at its symbol's last close, symbols by name; at the end what is left."""
    cash, held = world.starting_equity, dict[str, float]()
    fills = list(enumerate(world.account.fills))
    equity = []
    for today in clock:
        while fills:
            nth, (ts, symbol, buys, quantity, price, fees) = fills[0]
            if _is_at_the_end(world, nth) or _day(world, symbol, ts) > today:
                break
            fills.pop(0)
            if buys:
                cash = cash - (quantity * price + fees)
                held[symbol] = quantity
            else:
                cash = cash + (quantity * price - fees)
                del held[symbol]
        worth = cash
        for symbol in sorted(held):
            closes = [
                row.close
                for row, is_in in zip(world.rows[symbol], inside[symbol], strict=True)
                if is_in and row.day <= today
            ]
            worth += held[symbol] * closes[-1]
        equity.append(worth)
    for _, (_, _, _, quantity, price, fees) in fills:
        cash = cash + (quantity * price - fees)
    if equity:
        equity[-1] = cash
    return equity


def _day(world: Backtest, symbol: str, ts: int) -> date:
    return next(row.day for row in world.rows[symbol] if row.ts == ts)


def exposed_sessions(world: Backtest) -> int:
    """Sessions from each entry's to its exit's, both included; what is left at the end: to the last."""
    clock = _clock(world)
    spans = []
    opened: dict[str, date] = {}
    for nth, (ts, symbol, buys, *_) in enumerate(world.account.fills):
        if buys:
            opened[symbol] = _day(world, symbol, ts)
        else:
            spans.append((opened[symbol], clock[-1] if _is_at_the_end(world, nth) else _day(world, symbol, ts)))
    return sum(1 for day in clock if any(first <= day <= last for first, last in spans))


def figures_of_trades(trades: list[dict[str, Any]], rows: dict[str, list[Row]]) -> dict[str, Any]:
    n = len(trades)
    pnl = [trade["pnl"] for trade in trades]
    pct = [trade["pnl"] / (trade["entry_price"] * units(trade["lots"])) * 100 for trade in trades]
    held = []
    for trade in trades:
        times = [row.ts for row in rows[trade["symbol"]]]
        held.append(times.index(trade["exit_ts"]) - times.index(trade["entry_ts"]))
    mean = math.fsum(pnl) / n if n else 0.0
    spread = math.sqrt(math.fsum((gain - mean) ** 2 for gain in pnl) / (n - 1)) if n > 1 else 0.0
    return {
        "avg_trade_pct": math.fsum(pct) / n if n else None,
        "best_trade_pct": max(pct, default=None),
        "worst_trade_pct": min(pct, default=None),
        "expectancy": mean if n else None,
        "sqn": math.sqrt(n) * mean / spread if spread > 0 else None,
        "fees_paid": math.fsum(trade["fees"] for trade in trades),
        "avg_bars_held": sum(held) / n if n else None,
    }
