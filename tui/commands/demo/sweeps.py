"""The demo's sweeps: one grid on the earlier years and on the later ones, and how the order held.

The later years have the earlier ones as history, so that slow averages trade from their first day.

A sweep over all years would show a best variant that nobody could have picked. Split, the same prices show what being
picked is worth.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid5

from engine.errors import NotFoundError, SystemFault
from storage.datasets import load_again, loading
from tui.commands.plan.pages import draw_over
from tui.commands.progress import watching
from tui.shared import figures
from tui.shared.output import Table

if TYPE_CHECKING:
    from engine.desk import Desk
    from engine.desk.accounts import EquityPoint
    from engine.policy.workspace import Workspace
    from engine.strategies.spec import ExecutionSpec
    from engine.sweeps.results import PlanResult, VariantResult
    from tui.shared.output import Page

GRID: dict[str, list[Any]] = {
    "entry.fast_period": [5, 10, 15, 20, 25, 30],
    "entry.slow_period": [40, 60, 80, 100, 120],
}
EARLIER, LATER = "to 2008", "from 2009"
WINDOWS = {EARLIER: (None, "2008-12-31"), LATER: ("2009-01-01", None)}
PICKED = 3
"""Variants that somebody would have picked at the end of the earlier years."""


@dataclass(frozen=True, slots=True)
class Sweeps:
    """The results on the earlier and on the later years, and the curves of the best and the base on the earlier."""

    earlier: PlanResult
    later: PlanResult
    best: list[EquityPoint]
    baseline: list[EquityPoint]

    def document(self) -> list[dict[str, Any]]:
        """The fields that `--json` prints."""
        return [
            {
                "years": years,
                "run_plan_id": result.run_plan_id,
                "variants": len(result.results),
                "best_variant_id": result.best_variant_id,
                "best_ranks_elsewhere": _rank_of(other, result.best_variant_id),
            }
            for years, result, other in ((EARLIER, self.earlier, self.later), (LATER, self.later, self.earlier))
        ]


def sweep(desk: Desk, workspace: Workspace, spec: ExecutionSpec, sources: list[tuple[str, Path]]) -> Sweeps:
    """Run what has not been run yet, finish what was stopped, and gather both."""
    plans = {}
    for years, (start, end) in WINDOWS.items():
        data = loading(sources, symbols=spec.symbols, start=start, end=end)
        run_plan_id = uuid5(workspace.id, f"sweep {years}")
        plans[years] = run_or_finish(desk, workspace, spec, GRID, data, run_plan_id, f"a sweep {years}")
    earlier = plans[EARLIER]
    best, baseline = (desk.plans.equity(earlier.run_plan_id, side, load_again) for side in ("best", "baseline"))
    return Sweeps(earlier, plans[LATER], best, baseline)


def run_or_finish(
    desk: Desk,
    workspace: Workspace,
    spec: ExecutionSpec,
    grid: Mapping[str, list[Any]],
    data: dict[str, Any],
    run_plan_id: UUID,
    what: str,
) -> PlanResult:
    """A run plan under an id that a second demo finds again. CANCELLED when it is stopped."""
    with watching(what) as watch:
        if not is_there(desk, run_plan_id):
            result = desk.plans.run(
                spec,
                load_again(data, watch),
                grid,
                workspace=workspace.id,
                data=data,
                run_plan_id=run_plan_id,
                watch=watch,
            )
        else:
            result = desk.plans.result(run_plan_id)
            if result.status != "completed":
                result = desk.plans.resume(run_plan_id, load_again, watch=watch)
    if result.status != "completed":
        raise stopped()
    return result


def stopped() -> SystemFault:
    """The error when the person at the keyboard stops the demo."""
    return SystemFault("CANCELLED", "the demo was stopped", hint="run it again: it resumes")


def is_there(desk: Desk, run_plan_id: UUID) -> bool:
    """Whether the journal has a run plan of this id."""
    try:
        desk.plans.events(run_plan_id, limit=1)
    except NotFoundError:
        return False
    return True


def show_sweeps(page: Page, sweeps: Sweeps, strategy_id: str) -> None:
    """The best of the earlier years over the baseline, and where the earlier order led later."""
    variants = figures.counted(len(sweeps.earlier.results), "variant")
    page.heading(f"A sweep: {strategy_id}, {variants}, on the years {EARLIER}; the best over the baseline")
    draw_over(page, sweeps.best, sweeps.baseline)
    page.line()
    page.heading(f"What being best {EARLIER} was worth {LATER}")
    page.table(_table(sweeps))
    page.line("The best of many is partly the luckiest.")


def _table(sweeps: Sweeps) -> Table:
    earlier, later = _ranks(sweeps.earlier), _ranks(sweeps.later)
    baseline = (result.variant_id for _, result in earlier.values() if "baseline" in result.tags)
    ids = list(dict.fromkeys([*[*earlier][:PICKED], *baseline, next(iter(later))]))
    table = Table().text("variant", [earlier[variant_id][1].label for variant_id in ids], shrinks=True)
    for title, ranks in ((f"rank {EARLIER}", earlier), ("rank after", later)):
        table.counts(title, [ranks[variant_id][0] for variant_id in ids])
        table.gains("return %", [_return(ranks[variant_id][1]) for variant_id in ids])
    return table


def _ranks(plan: PlanResult) -> dict[str, tuple[int, VariantResult]]:
    """Each variant that succeeded with its rank, from 1, best first; by its id."""
    from engine.sweeps.objectives import ranked

    return {result.variant_id: (rank, result) for rank, result in enumerate(ranked(plan.results), 1)}


def _return(result: VariantResult) -> float | None:
    return None if result.metrics is None else result.metrics.return_pct


def _rank_of(plan: PlanResult, variant_id: str | None) -> int | None:
    """The rank of a variant in another sweep of the same variants."""
    rank, _ = _ranks(plan).get(variant_id or "", (None, None))
    return rank
