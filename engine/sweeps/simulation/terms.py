"""A spec's exits, money and limits as the plain tuples that the kernel reads; 0 stands for what is not set."""

from __future__ import annotations

from collections.abc import Sequence

from engine.policy import rules
from engine.policy.limits import Limits
from engine.policy.rules import Rule, keeps_out
from engine.policy.workspace import Workspace
from engine.strategies.spec import CompiledSpec, ExitSpec
from engine.sweeps.simulation.kernel import RULES

Leave = tuple[int, int, float, float, int]
Money = tuple[float, float, float, float, float]
Caps = tuple[float, ...]

_NAMED = {rule.name: rule for rule in rules.ENTRY_RULES}
FAST: tuple[Rule, ...] = tuple(_NAMED[name] for name in RULES)
"""The rules that the kernel has a form of, in the order in which it asks them."""


def leave_terms(plan: ExitSpec) -> Leave:
    """A spec's exits as the tuple that `kernel.find_exit` takes as `leave`."""
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
    """Starting equity, slippage and fees as the tuple that `kernel.simulate_each` takes as `account`."""
    limits = account.limits
    fees = (limits.fee_fixed or 0.0, limits.fee_per_share or 0.0, limits.fee_bps or 0.0)
    return (account.starting_equity, float(slippage_bps), *fees)


def must_walk(limits: Limits) -> bool:
    """Whether the kernel would ask other rules than the policy asks under these limits, or in another order.

    A rule that is off costs nothing, with a fast form or without one.
    """
    return _on(FAST, limits) != _on(rules.ENTRY_RULES, limits)


def limit_terms(limits: Limits) -> Caps:
    """`limits` of `kernel.simulate`: what each rule after the first two compares with."""
    most_open, *others = (rule.limit(limits) for rule in FAST[2:])
    return (int(most_open or 0), *(float(most or 0) for most in others))


def denied(limits: Limits, symbols: Sequence[str]) -> list[int]:
    """For each symbol 1 when the allow-list or the deny-list keeps it out."""
    return [int(keeps_out(limits, symbol)) for symbol in symbols]


def _on(among: Sequence[Rule], limits: Limits) -> list[Rule]:
    return [rule for rule in among if rule.is_on(limits)]
