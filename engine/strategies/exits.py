"""Exits, for every strategy alike: the type's, and stop, target and a bar limit composed with it.

From the bar after the entry, and within one bar in this order: the stop (at the lower of open and stop price), the
target (the higher of open and target), then the type's and `max_bars` at the close.
"""

from __future__ import annotations

from typing import NamedTuple

from engine.strategies.spec import ExitSpec


class BarView(NamedTuple):
    """What an exit sees of the current bar; `price` is its close, or the caller's last price."""

    open: float
    high: float
    low: float
    price: float
    own_exit: bool
    """The strategy's own exit fires"""
    is_eod: bool


class Exit(NamedTuple):
    """Why a position is closed, as a short code, and at what price before slippage."""

    code: str
    price: float


def stop_price(avg_price: float, stop_loss_pct: float) -> float:
    """Where the stop lies: hit when the low is at or below it."""
    return avg_price * (1 - stop_loss_pct / 100)


def target_price(avg_price: float, take_profit_pct: float) -> float:
    """Where the target lies: hit when the high is at or above it."""
    return avg_price * (1 + take_profit_pct / 100)


def find_exit(plan: ExitSpec, avg_price: float, bars_held: int, bar: BarView) -> Exit | None:
    """The first exit that applies on this bar. `bars_held` counts the bars since the entry, this one included."""
    by_price = _by_price(plan, avg_price, bar)
    if by_price is not None:
        return by_price
    if plan.type == "eod" and bar.is_eod:
        return Exit("eod_exit", bar.price)
    if plan.type == "signal" and bar.own_exit:
        return Exit("signal_exit", bar.price)
    if plan.max_bars is not None and bars_held >= plan.max_bars:
        return Exit("max_bars_exit", bar.price)
    return None


def _by_price(plan: ExitSpec, avg_price: float, bar: BarView) -> Exit | None:
    if plan.stop_loss_pct is not None:
        stop = stop_price(avg_price, plan.stop_loss_pct)
        if bar.low <= stop:
            return Exit("stop_loss_exit", min(bar.open, stop))
    if plan.take_profit_pct is not None:
        target = target_price(avg_price, plan.take_profit_pct)
        if bar.high >= target:
            return Exit("take_profit_exit", max(bar.open, target))
    return None
