"""A run plan's data and strategy, found again by what its journal says of them. All of this blocks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from uuid import UUID

from engine.errors import ConflictError

if TYPE_CHECKING:
    from engine.desk import Desk
    from engine.market.bars import Dataset
    from engine.ports import Watch
    from engine.sweeps.results import PlanResult


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


def resume(run_plan_id: UUID, tell: Callable[[str], None], desk: Desk, watch: Watch) -> PlanResult:
    """Go on with a run plan that was stopped; `tell` is told of packages that are in another version by now."""
    from tui.shared.sources import packages_moved

    for sentence in packages_moved(desk, run_plan_id):
        tell(sentence)
    return desk.plans.resume(run_plan_id, load_told, workers=spare_processors(), watch=watch)


def spare_processors() -> int:
    """Processors that this process may use, but for the one that paints the screen; at least one."""
    from storage.system import processors

    return max(1, processors() - 1)
