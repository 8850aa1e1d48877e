"""The policy's rules, in the order they run. Each is one predicate over an entry's figures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from engine.market.sessions import MICROS_PER_SECOND
from engine.policy.limits import Limits

_MOST_DECIMALS = 17
MICROS_PER_MINUTE = 60 * MICROS_PER_SECOND


@dataclass(frozen=True, slots=True)
class EntryFigures:
    """What the rules know of an entry and of the account before it (currency amounts; times in UTC microseconds)."""

    symbol: str
    ts: int
    notional: float
    fees: float
    cost: float
    """notional plus fees"""
    held_quantity: float
    position_notional: float
    """(held + quantity) * price"""
    is_new: bool
    open_positions: int
    cash: float
    invested: float
    """Σ quantity*avg_price of the open positions"""
    equity_at_cost: float
    peak_equity: float
    realized_on_day: float
    """Realized P&L of all symbols' fills on the entry's calendar day"""
    last_closed_at: int | None


Figures = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule is on when `limit` gives a value; `refuses` decides; `figures` and `because` are for people."""

    name: str
    limit: Callable[[Limits], Any]
    refuses: Callable[[EntryFigures, Any], bool]
    figures: Callable[[EntryFigures], Figures]
    because: Callable[[EntryFigures, Any], str]


def _allow_refuses(o: EntryFigures, limits: Limits) -> bool:
    if limits.deny_symbols is not None and o.symbol in limits.deny_symbols:
        return True
    return limits.allow_symbols is not None and o.symbol not in limits.allow_symbols


def _symbol_limits(limits: Limits) -> Limits | None:
    return None if limits.allow_symbols is None and limits.deny_symbols is None else limits


def exposure_pct(o: EntryFigures) -> float | None:
    """What would be invested after the order, as a percentage of equity at cost before it; None at equity <= 0."""
    return (o.invested + o.notional) / o.equity_at_cost * 100 if o.equity_at_cost > 0 else None


def drawdown_pct(o: EntryFigures) -> float:
    """How far equity at cost lies below its peak, in percent."""
    return (o.peak_equity - o.equity_at_cost) / o.peak_equity * 100


def apart(amount: float, limit: float, digits: int = 2) -> tuple[str, str]:
    """Both, in as few decimals as tell them apart, `digits` at least: 100.004 is not above 100.00 but above 100.000."""
    if amount != limit:
        for places in range(digits, _MOST_DECIMALS):
            shown = f"{amount:,.{places}f}", f"{limit:,.{places}f}"
            if shown[0] != shown[1]:
                return shown
        return repr(amount), repr(limit)
    return f"{amount:,.{digits}f}", f"{limit:,.{digits}f}"


def _exposure_refuses(o: EntryFigures, limit: float) -> bool:
    exposure = exposure_pct(o)
    return exposure is None or exposure > limit


def _exposure_because(o: EntryFigures, limit: float) -> str:
    exposure = exposure_pct(o)
    if exposure is None:
        return f"equity at cost is {o.equity_at_cost:,.2f}: there is nothing to be exposed with"
    share, most = apart(exposure, limit)
    return f"{share} % of equity would be invested, above max_exposure_pct {most}"


def _drawdown_because(o: EntryFigures, limit: float) -> str:
    fall, most = apart(drawdown_pct(o), limit)
    text = f"the account is {fall} % below its peak, at or beyond max_drawdown_pct {most}"
    if o.open_positions == 0:
        text += "; with nothing open that is for good, until the limit is changed"
    return text


def minutes_since_close(o: EntryFigures) -> float | None:
    """Minutes from the symbol's last close to the entry; None when it was never closed, or closed later than this."""
    if o.last_closed_at is None or o.ts < o.last_closed_at:
        return None
    return (o.ts - o.last_closed_at) / MICROS_PER_MINUTE


def _cooldown_refuses(o: EntryFigures, limit: float) -> bool:
    minutes = minutes_since_close(o)
    return minutes is not None and minutes < limit


def _cooldown_because(o: EntryFigures, limit: float) -> str:
    past, least = apart(minutes_since_close(o) or 0.0, limit, digits=1)
    return f"{o.symbol} was closed {past} minutes ago, less than {least}"


ENTRY_RULES: tuple[Rule, ...] = (
    Rule(
        "symbols",
        _symbol_limits,
        _allow_refuses,
        lambda o: {"symbol": o.symbol},
        lambda o, limits: (
            f"{o.symbol} is "
            + ("denied" if limits.deny_symbols and o.symbol in limits.deny_symbols else "not on the allow-list")
        ),
    ),
    Rule(
        "buying_power",
        lambda _: True,
        lambda o, _: o.cost > o.cash,
        lambda o: {"notional": o.notional, "fees": o.fees, "cost": o.cost, "cash": o.cash},
        lambda o, _: "it costs {} with fees, above the cash of {}".format(*apart(o.cost, o.cash)),
    ),
    Rule(
        "max_positions",
        lambda limits: limits.max_positions,
        lambda o, limit: o.is_new and o.open_positions >= limit,
        lambda o: {"open_positions": o.open_positions, "is_new": o.is_new},
        lambda o, limit: f"{o.open_positions} positions are open and max_positions is {limit}",
    ),
    Rule(
        "max_order_notional",
        lambda limits: limits.max_order_notional,
        lambda o, limit: o.notional > limit,
        lambda o: {"notional": o.notional},
        lambda o, limit: "the order is {}, above max_order_notional {}".format(*apart(o.notional, limit)),
    ),
    Rule(
        "max_position_notional",
        lambda limits: limits.max_position_notional,
        lambda o, limit: o.position_notional > limit,
        lambda o: {"held_quantity": o.held_quantity, "position_notional": o.position_notional},
        lambda o, limit: "the position would be {}, above max_position_notional {}".format(
            *apart(o.position_notional, limit)
        ),
    ),
    Rule(
        "max_exposure_pct",
        lambda limits: limits.max_exposure_pct,
        _exposure_refuses,
        lambda o: {
            "invested": o.invested,
            "notional": o.notional,
            "equity_at_cost": o.equity_at_cost,
            "exposure_pct": exposure_pct(o),
        },
        _exposure_because,
    ),
    Rule(
        "max_daily_loss",
        lambda limits: limits.max_daily_loss,
        lambda o, limit: o.realized_on_day <= -limit,
        lambda o: {"realized_on_day": o.realized_on_day},
        lambda o, limit: "the day's realized P&L is {}, at or below {}".format(*apart(o.realized_on_day, -limit)),
    ),
    Rule(
        "max_drawdown_pct",
        lambda limits: limits.max_drawdown_pct,
        lambda o, limit: drawdown_pct(o) >= limit,
        lambda o: {"peak_equity": o.peak_equity, "equity_at_cost": o.equity_at_cost, "drawdown_pct": drawdown_pct(o)},
        _drawdown_because,
    ),
    Rule(
        "cooldown_minutes",
        lambda limits: limits.cooldown_minutes,
        _cooldown_refuses,
        lambda o: {"minutes_since_close": minutes_since_close(o)},
        _cooldown_because,
    ),
)
"""After the trading state, which entries and exits meet alike. The order is the order of evaluation."""
