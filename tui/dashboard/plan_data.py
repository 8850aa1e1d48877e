"""A run plan's data and strategy, found again by what its journal says of them. All of this blocks."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from uuid import UUID

from engine.errors import ConflictError, PapertapeError

if TYPE_CHECKING:
    from engine.desk import Desk
    from engine.market.bars import Dataset
    from engine.ports import Watch
    from engine.sweeps.results import PlanDetail, PlanResult


def load_told(told: Mapping[str, Any]) -> Dataset:
    """The dataset that a run was started with, loaded again."""
    from storage.datasets import load_again

    if "sources" not in told:
        raise ConflictError(
            "RUN_NOT_RESUMABLE",
            "a program started this run plan, and it does not say where its data are",
            hint="go on with it from there, or run the plan anew",
        )
    return load_again(told)


def know_strategy(desk: Desk, plan: PlanDetail) -> None:
    """Load the strategy's file, if the run was started with one and the registry does not have it."""
    told, registry = plan.plan["data"].get("strategy_file"), desk.research.registry
    try:
        registry.get(plan.strategy_id)
    except PapertapeError:
        if not told:
            raise
        from storage.strategy_files import load_strategy_file

        registry.add(load_strategy_file(told), told)


def resume(run_plan_id: UUID, desk: Desk, watch: Watch) -> PlanResult:
    """Go on with a run plan that was stopped."""
    know_strategy(desk, desk.plans.get(run_plan_id))
    return desk.plans.resume(run_plan_id, load_told, workers=spare_processors(), watch=watch)


def spare_processors() -> int:
    """Processors that this process may use, but for the one that paints the screen; at least one."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, usable - 1)
