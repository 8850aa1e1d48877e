"""The equity of a plan's variants from session to session: the journal does not keep it, so they are run again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine.account.metrics import Metrics
from engine.errors import SystemFault
from engine.market.bars import FloatArray, IntArray
from engine.sweeps.plan.run_plan import RunPlan
from engine.sweeps.results import VariantResult
from engine.sweeps.simulation.simulate import Simulation


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
