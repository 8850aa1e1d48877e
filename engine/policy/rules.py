"""The policy's rules, in the order they run. Each is one predicate over the figures of an entry."""

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
    """An entry and the account before it, as the rules see them (currency amounts; times in UTC microseconds)."""

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
class Sizing:
    """What is known of a driver's entries before any: amounts in the account's currency.

    `dollars` is the amount of a trade (None: it depends on the account); `cash` is the account's cash, in a closed
    world at its start. `field` is the spec's field that makes an entry larger or smaller.
    """

    dollars: float | None
    cash: float
    slippage_bps: float
    limits: Limits
    field: str = "risk.dollars_per_trade"


def _unwarned(_: EntryFigures) -> None:
    """For a limit that is not used up by degrees: no warning."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule, which is on if `limit` gives a value. `refuses` decides; `figures` and `because` are shown to people."""

    name: str
    limit: Callable[[Limits], Any]
    refuses: Callable[[EntryFigures, Any], bool]
    figures: Callable[[EntryFigures], Figures]
    because: Callable[[EntryFigures, Any], str]
    keys: tuple[str, ...] = ()
    """The fields of `Limits` that `limit` reads; none for a rule that is always on"""
    meaning: str = ""
    """What it refuses, as the table in docs/concepts/policy.md has it"""
    used: Callable[[EntryFigures], float | None] = _unwarned
    """How much of the limit, in its own unit, the account has used once the entry is made; None: nothing to warn of"""
    told: Callable[[Sizing], str] | None = None
    """Why it refuses a driver's entries, in words; None: its limits, by name and value"""
    remedy: str = "set it otherwise with `policy set`"
    """What a person can do so that entries come through; `{size}` stands for the spec's field of the size"""

    def because_of(self, sizing: Sizing) -> str:
        """Why the rule refused entries of this size, in words that hold for each of them."""
        if self.told is not None:
            return self.told(sizing)
        return " and ".join(f"{key} is {_shown(getattr(sizing.limits, key))}" for key in self.keys) or self.meaning

    def is_on(self, limits: Limits) -> bool:
        """Whether the rule is evaluated under these limits. One that raises is: it refuses every entry."""
        try:
            return self.limit(limits) is not None
        except Exception:  # `decide_entry` meets the same exception, and refuses
            return True


def keeps_out(limits: Limits, symbol: str) -> bool:
    """Whether the deny-list or the allow-list excludes a symbol."""
    if limits.deny_symbols is not None and symbol in limits.deny_symbols:
        return True
    return limits.allow_symbols is not None and symbol not in limits.allow_symbols


def _symbol_limits(limits: Limits) -> Limits | None:
    return None if limits.allow_symbols is None and limits.deny_symbols is None else limits


def exposure_pct(o: EntryFigures) -> float | None:
    """The amount invested after the order, as a percentage of equity at cost before it; None at equity <= 0."""
    return (o.invested + o.notional) / o.equity_at_cost * 100 if o.equity_at_cost > 0 else None


def drawdown_pct(o: EntryFigures) -> float:
    """How far equity at cost lies below its peak, in percent."""
    return (o.peak_equity - o.equity_at_cost) / o.peak_equity * 100


def apart(amount: float, limit: float, digits: int = 2) -> tuple[str, str]:
    """Both numbers, with the fewest decimals (at least `digits`) that show they differ: not 100.00 above 100.00."""
    if amount != limit:
        for places in range(digits, _MOST_DECIMALS):
            shown = f"{amount:,.{places}f}", f"{limit:,.{places}f}"
            if shown[0] != shown[1]:
                return shown
        return repr(amount), repr(limit)
    return f"{amount:,.{digits}f}", f"{limit:,.{digits}f}"


def _shown(limit: Any) -> str:
    if isinstance(limit, tuple):
        return ", ".join(limit)
    return f"{limit:,}" if isinstance(limit, (int, float)) else "off" if limit is None else str(limit)


def _cost_told(sizing: Sizing) -> str:
    """The cost of an entry in words. What one share costs is not known, only whether the cash pays for one entry."""
    if sizing.dollars is None:
        return "an entry costs more than the cash that was left"
    order = sizing.dollars * (1 + sizing.slippage_bps / 1e4)
    fees = sizing.limits.fees(0.0, 0.0) + (sizing.limits.fee_bps or 0.0) / 1e4 * order
    parts = ["an order of {}" + (" with slippage" if sizing.slippage_bps else "")]
    if sizing.limits.fee_per_share or fees:
        parts.append(f"fees of {fees:,.2f}" + (" and more by the share" if sizing.limits.fee_per_share else ""))
    verb = "cost" if len(parts) > 1 else "costs"
    if order + fees <= sizing.cash:
        return f"{' and '.join(parts)} {verb} more than the cash that was left".format(f"{order:,.2f}")
    shown, cash = apart(order, sizing.cash) if order > sizing.cash else (f"{order:,.2f}", f"{sizing.cash:,.2f}")
    return f"{' and '.join(parts)} {verb} more than the cash of {cash}".format(shown)


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
    # orders may come out of trading time: minutes since a later close would be negative (decision 10)
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
        limit=_symbol_limits,
        refuses=lambda o, limits: keeps_out(limits, o.symbol),
        figures=lambda o: {"symbol": o.symbol},
        because=lambda o, limits: (
            f"{o.symbol} is "
            + ("denied" if limits.deny_symbols and o.symbol in limits.deny_symbols else "not on the allow-list")
        ),
        keys=("allow_symbols", "deny_symbols"),
        meaning="an entry in a symbol that is on the deny-list, or off the allow-list",
        remedy="take the symbol off deny_symbols, or onto allow_symbols, with `policy set`",
    ),
    Rule(
        "buying_power",
        limit=lambda _: True,
        refuses=lambda o, _: o.cost > o.cash,
        figures=lambda o: {"notional": o.notional, "fees": o.fees, "cost": o.cost, "cash": o.cash},
        because=lambda o, _: "it costs {} with fees, above the cash of {}".format(*apart(o.cost, o.cash)),
        meaning="an entry that costs more than the cash, fees included",
        told=_cost_told,
        remedy="a smaller {size} fits, and risk.short_of_cash=scale buys what the cash is enough for",
    ),
    Rule(
        "max_positions",
        limit=lambda limits: limits.max_positions,
        refuses=lambda o, limit: o.is_new and o.open_positions >= limit,
        figures=lambda o: {"open_positions": o.open_positions, "is_new": o.is_new},
        because=lambda o, limit: f"{o.open_positions} positions are open and max_positions is {limit}",
        keys=("max_positions",),
        meaning="an entry in a new symbol while as many positions as the limit are open",
        remedy="`policy set max_positions=N` lets more in",
    ),
    Rule(
        "max_order_notional",
        # amounts are limited without fees; `buying_power` alone asks for them too
        limit=lambda limits: limits.max_order_notional,
        refuses=lambda o, limit: o.notional > limit,
        figures=lambda o: {"notional": o.notional},
        because=lambda o, limit: "the order is {}, above max_order_notional {}".format(*apart(o.notional, limit)),
        keys=("max_order_notional",),
        meaning="an entry with `quantity*price` above the limit",
        used=lambda o: o.notional,
        remedy="a smaller {size} fits, and `policy set max_order_notional=N` lets more in",
    ),
    Rule(
        "max_position_notional",
        limit=lambda limits: limits.max_position_notional,
        refuses=lambda o, limit: o.position_notional > limit,
        figures=lambda o: {"held_quantity": o.held_quantity, "position_notional": o.position_notional},
        because=lambda o, limit: "the position would be {}, above max_position_notional {}".format(
            *apart(o.position_notional, limit)
        ),
        keys=("max_position_notional",),
        meaning="an entry with `(held + quantity)*price` above the limit",
        used=lambda o: o.position_notional,
        remedy="a smaller {size} fits, and `policy set max_position_notional=N` lets more in",
    ),
    Rule(
        "max_exposure_pct",
        limit=lambda limits: limits.max_exposure_pct,
        refuses=_exposure_refuses,
        figures=lambda o: {
            "invested": o.invested,
            "notional": o.notional,
            "equity_at_cost": o.equity_at_cost,
            "exposure_pct": exposure_pct(o),
        },
        because=_exposure_because,
        keys=("max_exposure_pct",),
        meaning="an entry with `(Σ quantity*avg_price + order) / equity at cost before * 100` above the limit",
        used=exposure_pct,
        remedy="a smaller {size} fits, and `policy set max_exposure_pct=N` lets more in",
    ),
    Rule(
        "max_daily_loss",
        limit=lambda limits: limits.max_daily_loss,
        refuses=lambda o, limit: o.realized_on_day <= -limit,
        figures=lambda o: {"realized_on_day": o.realized_on_day},
        because=lambda o, limit: "the day's realized P&L is {}, at or below {}".format(
            *apart(o.realized_on_day, -limit)
        ),
        keys=("max_daily_loss",),
        meaning="entries once the realized P&L of the entry's day is at or below minus the limit",
        used=lambda o: -o.realized_on_day,
        remedy="`policy set max_daily_loss=N` sets it otherwise, and `off` clears it",
    ),
    Rule(
        "max_drawdown_pct",
        limit=lambda limits: limits.max_drawdown_pct,
        refuses=lambda o, limit: drawdown_pct(o) >= limit,
        figures=lambda o: {
            "peak_equity": o.peak_equity,
            "equity_at_cost": o.equity_at_cost,
            "drawdown_pct": drawdown_pct(o),
        },
        because=_drawdown_because,
        keys=("max_drawdown_pct",),
        meaning="entries once `(peak_equity - equity at cost) / peak_equity * 100` is at or above the limit",
        used=drawdown_pct,
        remedy="`policy set max_drawdown_pct=N` sets it otherwise, and `off` clears it",
    ),
    Rule(
        "cooldown_minutes",
        limit=lambda limits: limits.cooldown_minutes,
        refuses=_cooldown_refuses,
        figures=lambda o: {"minutes_since_close": minutes_since_close(o)},
        because=_cooldown_because,
        keys=("cooldown_minutes",),
        meaning="an entry in a symbol fewer minutes after its last close than the limit",
        remedy="`policy set cooldown_minutes=N` sets it otherwise, and `off` clears it",
    ),
)
"""The one list of rules, in the order in which they are asked; the trading state, which exits meet too, comes before.

Whoever asks the policy or tells of it goes by this list: the broker (and with it `run`, `run -w`, replay and the bar
loop of a sweep), the tables in the docs, `policy show`. A sweep's kernel has fast forms of some rules (`sweeps.terms`).
"""
