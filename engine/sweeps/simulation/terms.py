"""A spec's exits and sizes, the account's money and limits, as the named tuples that the kernel reads."""

from __future__ import annotations

from collections.abc import Sequence

from engine.policy import rules
from engine.policy.limits import Limits
from engine.policy.rules import Rule, keeps_out
from engine.policy.workspace import Workspace
from engine.strategies.spec import CompiledSpec
from engine.sweeps.simulation.kernel import RULES
from engine.sweeps.simulation.layout import AT_CLOSE, AT_OPEN, DOLLARS, EQUITY, PESSIMISTIC, RISK, Caps, Money, Terms
from engine.vocabulary import FillModel, ShortOfCash, SizeRule

_NAMED = {rule.name: rule for rule in rules.ENTRY_RULES}
FAST: tuple[Rule, ...] = tuple(_NAMED[name] for name in RULES)
"""The rules that the kernel has a form of, in the order in which it asks them."""

_FILLS = {FillModel.CLOSE: AT_CLOSE, FillModel.NEXT_OPEN: AT_OPEN, FillModel.PESSIMISTIC: PESSIMISTIC}
_SIZES = {SizeRule.DOLLARS: DOLLARS, SizeRule.EQUITY: EQUITY, SizeRule.RISK: RISK}
_MANY_BARS = 2**62
"""More than any data have: what is beyond it means the same"""


class StepColumns:
    """The pairs of `take_profit_by_bars` of several variants, laid end to end."""

    def __init__(self) -> None:
        self.bars: list[int] = []
        self.pct: list[float] = []

    def add(self, steps: Sequence[tuple[int, float]]) -> tuple[int, int]:
        """Where a variant's pairs begin and end."""
        begin = len(self.bars)
        self.bars += [min(bars, _MANY_BARS) for bars, _ in steps]
        self.pct += [float(pct) for _, pct in steps]
        return begin, len(self.bars)


def variant_terms(spec: CompiledSpec, steps: StepColumns) -> Terms:
    """A variant's terms, its pairs added to `steps`; no more can be open than there are symbols."""
    leave, risk = spec.exit, spec.risk
    by_size = {SizeRule.DOLLARS: risk.dollars_per_trade, SizeRule.EQUITY: risk.equity_pct, SizeRule.RISK: risk.risk_pct}
    begin, end = steps.add(leave.take_profit_by_bars or ())
    return Terms(
        eod=int(leave.type == "eod"),
        signal=int(leave.type == "signal"),
        stop_pct=leave.stop_loss_pct or 0.0,
        target_pct=leave.take_profit_pct or 0.0,
        max_bars=min(leave.max_bars or 0, _MANY_BARS),
        trail_pct=leave.trail_pct or 0.0,
        trails=int(leave.trail),
        breakeven_pct=leave.breakeven_pct or 0.0,
        steps_begin=begin,
        steps_end=end,
        size=_SIZES[risk.size],
        size_value=by_size[risk.size] or 0.0,
        scales=int(risk.short_of_cash is ShortOfCash.SCALE),
        min_dollars=risk.min_dollars or 0.0,
        most_open=min(risk.max_positions, len(spec.symbols)) if spec.spec.enabled else 0,
        fill=_FILLS[spec.fill],
    )


def looks_at_bars(spec: CompiledSpec) -> bool:
    """Whether an exit can come on any bar of a position, so that each is looked at."""
    leave = spec.exit
    return leave.type == "signal" or any(
        (leave.stop_loss_pct, leave.take_profit_pct, leave.follows_peak, leave.take_profit_by_bars)
    )


def money_terms(account: Workspace, slippage_bps: float) -> Money:
    """What every variant begins with and pays."""
    limits = account.limits
    fees = (limits.fee_fixed or 0.0, limits.fee_per_share or 0.0, limits.fee_bps or 0.0)
    return Money(account.starting_equity, float(slippage_bps), *fees)


def needs_bar_loop(limits: Limits) -> bool:
    """Whether the kernel would ask other rules than the policy asks under these limits, or in another order.

    A rule that is off costs nothing, with a fast form or without one.
    """
    return _on(FAST, limits) != _on(rules.ENTRY_RULES, limits)


def limit_terms(limits: Limits) -> Caps:
    """What each rule after the first two compares with."""
    most_open, *others = (rule.limit(limits) or 0 for rule in FAST[2:])
    return Caps(int(any((most_open, *others))), int(most_open), *map(float, others))


def denied(limits: Limits, symbols: Sequence[str]) -> list[int]:
    """For each symbol 1 when the allow-list or the deny-list keeps it out."""
    return [int(keeps_out(limits, symbol)) for symbol in symbols]


def _on(among: Sequence[Rule], limits: Limits) -> list[Rule]:
    return [rule for rule in among if rule.is_on(limits)]
