"""Why variants of a sweep traded little, in words: those that are stopped by the same, together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.drivers.reasons import Asked, Stopped, reasons, sizing_of
from engine.policy.limits import Limits
from engine.sweeps.plan.document import limits_of
from engine.sweeps.plan.run_plan import RunPlan
from engine.sweeps.results import VariantResult
from engine.vocabulary import SizeRule

NAMED = 3
"""Variants named beside the reason that they share."""


@dataclass(frozen=True, slots=True)
class Sweep:
    """What all variants have in common; `base` is the resolved spec, `bars` counts symbol-bars in the window."""

    limits: Limits
    starting_equity: float
    base: Mapping[str, Any]
    slippage_bps: float
    bars: int

    @classmethod
    def of(cls, plan: RunPlan) -> Sweep:
        """Of a plan that is executed."""
        account, bars = plan.account, plan.dataset["bar_count"]
        return cls(account.limits, account.starting_equity, plan.base.base(), plan.request.slippage_bps, bars)

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Sweep:
        """Of a plan as RUN_STARTED and `PlanDetail.plan` have it; DATABASE_ERROR when its limits are none."""
        equity, slippage_bps = document["starting_equity"], document["slippage_bps"]
        bars = document["dataset"]["bar_count"]
        return cls(limits_of(document, "the run plan"), equity, document["base"], slippage_bps, bars)

    def asked(self, variant: VariantResult) -> Asked:
        """What was asked of a variant."""
        changed = variant.overrides
        dollars = changed.get("risk.dollars_per_trade", self.base["risk"].get("dollars_per_trade", 0.0))
        size = SizeRule(changed.get("risk.size", self.base["risk"].get("size", SizeRule.DOLLARS)))
        sizing = sizing_of(size, float(dollars), self.starting_equity, self.slippage_bps, self.limits)
        params = {name: changed.get(f"entry.{name}", value) for name, value in self.base["entry"].items()}
        return Asked(sizing, params, self.bars)


def stopped_of(variant: VariantResult) -> Stopped | None:
    """What a variant's entries came to; None of one without a result, or from before this was counted."""
    if variant.metrics is None or variant.held_back is None:
        return None
    counts = variant.metrics.trade_count, variant.refusals, variant.held_back, variant.short_history
    return Stopped.of_closed(*counts)


def variant_reasons(variant: VariantResult, sweep: Sweep) -> list[str]:
    """Sentences that explain why one variant traded little; empty when it has no counts."""
    stopped = stopped_of(variant)
    return [] if stopped is None else reasons(stopped, sweep.asked(variant))


def sweep_reasons(variants: Sequence[VariantResult], sweep: Sweep) -> list[str]:
    """A sentence or two for each cause that kept variants from trading at all, then one of what others were refused."""
    idle: dict[str, list[tuple[VariantResult, Stopped]]] = {}
    refused: list[tuple[VariantResult, Stopped]] = []
    for variant in variants:
        stopped = stopped_of(variant)
        if stopped is None:
            continue
        if stopped.fills == 0:
            idle.setdefault(stopped.cause, []).append((variant, stopped))
        elif stopped.refusals:
            refused.append((variant, stopped))
    told = [line for group in idle.values() for line in _told(group, len(variants), "did not trade", sweep)]
    return told + list(_told(refused, len(variants), "had entries refused", sweep))


def _told(group: Sequence[tuple[VariantResult, Stopped]], total: int, what: str, sweep: Sweep) -> Iterator[str]:
    if not group:
        return
    stopped = Stopped.together(stopped for _, stopped in group)
    count = f"{len(group):,} of {total:,} variant" + ("" if total == 1 else "s")
    said = ". ".join(reasons(stopped, sweep.asked(group[0][0])))
    if said:
        yield f"{count} {what}: {said} ({named([variant.label for variant, _ in group])})"


def named(labels: Sequence[str]) -> str:
    """The first few labels, and how many more there are."""
    more = f"; and {len(labels) - NAMED:,} more" if len(labels) > NAMED else ""
    return "; ".join(labels[:NAMED]) + more
