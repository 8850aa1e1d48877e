"""A spec's exits, money and limits as the plain tuples that the kernel reads; 0 stands for what is not set."""

from __future__ import annotations

from collections.abc import Sequence

from engine.policy.limits import Limits
from engine.policy.workspace import Workspace
from engine.strategies.spec import CompiledSpec, ExitSpec

Leave = tuple[int, int, float, float, int]
Money = tuple[float, float, float, float, float]
Caps = tuple[int, float, float, float, float, float, float]


def leave_terms(plan: ExitSpec) -> Leave:
    """`leave` of `kernel.find_exit`."""
    return (
        int(plan.type == "eod"),
        int(plan.type == "signal"),
        plan.stop_loss_pct or 0.0,
        plan.take_profit_pct or 0.0,
        plan.max_bars or 0,
    )


def variant_terms(spec: CompiledSpec) -> tuple[int, int, float, float, int, float, int]:
    """A variant's part of `variants` of `kernel.simulate_each`; no more can be open than there are symbols."""
    risk = spec.risk
    most_open = min(risk.max_positions, len(spec.symbols)) if spec.spec.enabled else 0
    return (*leave_terms(spec.exit), risk.dollars_per_trade, most_open)


def money_terms(account: Workspace, slippage_bps: float) -> Money:
    """`account` of `kernel.simulate_each`."""
    limits = account.limits
    fees = (limits.fee_fixed or 0.0, limits.fee_per_share or 0.0, limits.fee_bps or 0.0)
    return (account.starting_equity, float(slippage_bps), *fees)


def limit_terms(limits: Limits) -> Caps:
    """`limits` of `kernel.simulate`."""
    return (
        limits.max_positions or 0,
        limits.max_order_notional or 0.0,
        limits.max_position_notional or 0.0,
        limits.max_exposure_pct or 0.0,
        limits.max_daily_loss or 0.0,
        limits.max_drawdown_pct or 0.0,
        limits.cooldown_minutes or 0.0,
    )


def denied(limits: Limits, symbols: Sequence[str]) -> list[int]:
    """For each symbol 1 when the allow-list or the deny-list keeps it out."""
    allow, deny = limits.allow_symbols, limits.deny_symbols
    return [
        int((deny is not None and symbol in deny) or (allow is not None and symbol not in allow)) for symbol in symbols
    ]
