"""Some variants run again through the bar loop, and compared with what was recorded."""

from __future__ import annotations

from collections.abc import Mapping

from engine.errors import SystemFault
from engine.market.bars import Dataset
from engine.ports import Watch
from engine.sweeps.plan.run_plan import RunPlan
from engine.sweeps.record.ending import best_of
from engine.sweeps.results import Done, Outcome
from engine.sweeps.simulation.reference import by_bar_loop
from engine.sweeps.simulation.simulate import Simulation


def chosen(done: Mapping[int, Done], variant_ids: list[str], count: int) -> list[int]:
    """Which variants: the best, and others spread evenly over those that succeeded, the first among them."""
    succeeded = sorted(index for index, one in done.items() if one.status == "succeeded")
    if count >= len(succeeded):
        return succeeded
    best = best_of(done.values(), variant_ids)
    picked = {variant_ids.index(best.variant_id)} if best is not None and count > 0 else set()
    left = count - len(picked)
    others = [index for index in succeeded if index not in picked]
    picked |= {others[place * len(others) // left] for place in range(left)}
    return sorted(picked)


def verify(plan: RunPlan, dataset: Dataset, simulation: Simulation, done: Mapping[int, Done], watch: Watch) -> int:
    """How many variants came out the same; VERIFY_FAILED names one that did not."""
    indices = chosen(done, [variant.variant_id for variant in plan.variants], plan.request.verify)
    for index in indices:
        variant = plan.variants[index]
        if variant.spec is None:
            continue
        fast = next(iter(simulation.outcomes([variant.spec], fills=True)))
        slow = by_bar_loop(variant.spec, dataset, plan.account, plan.request.slippage_bps, watch)
        recorded = done[index]
        differs = [
            what
            for what, same in (
                ("metrics", fast.metrics == slow.metrics and _same_metrics(slow, recorded)),
                ("fills", [tuple(fill) for fill in fast.fills] == [(0, *fill[1:]) for fill in slow.fills]),
                ("refusals", dict(fast.refusals) == dict(slow.refusals) == recorded.refusals),
                ("held_back", _same_held_back(fast, slow, recorded)),
            )
            if not same
        ]
        if differs:
            raise SystemFault(
                "VERIFY_FAILED",
                f"variant {variant.variant_id} ({variant.label}), run again bar by bar, has other {', '.join(differs)}",
                hint="its results are not to be relied on; please report it",
            )
    return len(indices)


def _same_metrics(slow: Outcome, recorded: Done) -> bool:
    """By the figures that the record has: one from before a figure existed says nothing of it."""
    if slow.metrics is None or recorded.metrics is None:
        return slow.metrics is recorded.metrics
    names = recorded.metrics.model_fields_set
    return slow.metrics.model_dump(include=names) == recorded.metrics.model_dump(include=names)


def _same_held_back(fast: Outcome, slow: Outcome, recorded: Done) -> bool:
    """One that was recorded before this was counted says nothing of it."""
    alike = (fast.held_back, fast.short_history) == (slow.held_back, slow.short_history)
    known = (recorded.held_back, recorded.short_history)
    return alike and (recorded.held_back is None or known == (slow.held_back, slow.short_history))
