"""Variants of a recorded plan run again: through the bar loop to verify them, and for the equity no journal keeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine.account.metrics import Metrics
from engine.errors import SystemFault
from engine.market.bars import Dataset, FloatArray, IntArray
from engine.ports import Watch
from engine.sweeps.objectives import best_of
from engine.sweeps.plan.run_plan import RunPlan
from engine.sweeps.results import VariantResult
from engine.sweeps.simulation.reference import by_bar_loop
from engine.sweeps.simulation.simulate import Simulation


def chosen(done: Mapping[int, VariantResult], count: int) -> list[int]:
    """Which variants: the best, and others spread evenly over those that succeeded, the first among them."""
    succeeded = sorted(place for place, result in done.items() if result.status == "succeeded")
    if count >= len(succeeded):
        return succeeded
    best = best_of(done.values()) if count > 0 else None
    picked = {place for place, result in done.items() if result is best}
    left = count - len(picked)
    others = [place for place in succeeded if place not in picked]
    picked |= {others[nth * len(others) // left] for nth in range(left)}
    return sorted(picked)


def verify(
    plan: RunPlan, dataset: Dataset, simulation: Simulation, done: Mapping[int, VariantResult], watch: Watch
) -> int:
    """How many variants came out the same; VERIFY_FAILED names one that did not."""
    places = chosen(done, plan.request.verify)
    for place in places:
        variant, recorded = plan.variants[place], done[place]
        simulated = next(iter(simulation.simulate_each([variant], fills=True)))
        traded = by_bar_loop(variant, dataset, plan.account, plan.request.slippage_bps, watch)
        fast, slow = simulated.result, traded.result
        differs = [
            what
            for what, same in (
                ("metrics", fast.metrics == slow.metrics and _same_metrics(slow, recorded)),
                # the bar loop's fills carry the `seq` of its own ledger, the kernel's none
                ("fills", [tuple(fill) for fill in simulated.fills] == [(0, *fill[1:]) for fill in traded.fills]),
                ("refusals", fast.refusals == slow.refusals == recorded.refusals),
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
    return len(places)


def _same_metrics(slow: VariantResult, recorded: VariantResult) -> bool:
    """By the figures that the record has: one from before a figure existed says nothing of it."""
    if slow.metrics is None or recorded.metrics is None:
        return slow.metrics is recorded.metrics
    names = recorded.metrics.model_fields_set
    return slow.metrics.model_dump(include=names) == recorded.metrics.model_dump(include=names)


def _same_held_back(fast: VariantResult, slow: VariantResult, recorded: VariantResult) -> bool:
    """One that was recorded before this was counted says nothing of it."""
    alike = (fast.held_back, fast.short_history) == (slow.held_back, slow.short_history)
    known = (recorded.held_back, recorded.short_history)
    return alike and (recorded.held_back is None or known == (slow.held_back, slow.short_history))


@dataclass(frozen=True, slots=True, eq=False)
class SessionCurves:
    """Equity at the end of each of the T sessions of a plan's clock, with open positions marked.

    `sessions` are days since 1970-01-01, rising, (T,); `equity` has by variant id, in plan order, the curve of each,
    (T,); `holding` is that of buying and holding, (T,). All of them begin from `starting_equity`.
    """

    starting_equity: float
    sessions: IntArray
    equity: Mapping[str, FloatArray]
    holding: FloatArray


def session_curves(
    plan: RunPlan, simulation: Simulation, done: Mapping[int, VariantResult], places: Sequence[int]
) -> SessionCurves:
    """The curves of the variants at these places that succeeded. VERIFY_FAILED when one comes out otherwise."""
    recorded = [(plan.variants[place], done[place]) for place in places if place in done and done[place].metrics]
    equity = {}
    again = simulation.simulate_each([variant for variant, _ in recorded])
    for (variant, result), simulated in zip(recorded, again, strict=True):
        if simulated.equity is None or _ending(simulated.result.metrics) != _ending(result.metrics):
            raise came_out_otherwise(variant.variant_id)
        equity[variant.variant_id] = simulated.equity
    clock, start = simulation.clock(plan.base), plan.account.starting_equity
    return SessionCurves(start, clock.sessions, equity, start * clock.benchmark.equity[1:])


def came_out_otherwise(variant_id: str) -> SystemFault:
    """The error for a variant that was run again and has other metrics."""
    return SystemFault("VERIFY_FAILED", f"variant {variant_id}, run again, has other metrics", hint="please report it")


def _ending(metrics: Metrics | None) -> float | None:
    return None if metrics is None else metrics.ending_equity
