"""The demo's sweep: chosen on the earlier years, held against the later ones, and walked forward through the earlier.

A sweep over all years would show a best variant that nobody could have picked. With the later years held out, the same
prices show what being picked is worth.
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
from tui.shared.out_of_sample import in_brief
from tui.shared.output import Table
from tui.shared.words import verdict_of

if TYPE_CHECKING:
    from engine.desk import Desk
    from engine.desk.accounts import EquityPoint
    from engine.policy.workspace import Workspace
    from engine.strategies.spec import ExecutionSpec
    from engine.sweeps.results import PlanResult
    from tui.shared.output import Page

GRID: dict[str, list[Any]] = {
    "entry.fast_period": [5, 10, 15, 20, 25, 30],
    "entry.slow_period": [40, 60, 80, 100, 120],
}
HOLDOUT = "2009-01-01"
WALK = "train=756,test=252"
"""Three years of sessions to choose in, and the year after to trade what was chosen"""
EARLIER, LATER = "to 2008", "from 2009"


@dataclass(frozen=True, slots=True)
class Sweep:
    """The result with its holdout opened, and the curves of the best and the base on the earlier years."""

    result: PlanResult
    best: list[EquityPoint]
    baseline: list[EquityPoint]

    def document(self) -> dict[str, Any]:
        """The fields that `--json` prints."""
        result = self.result
        return {
            "run_plan_id": result.run_plan_id,
            "variants": len(result.results),
            "best_variant_id": result.best_variant_id,
            "verdict": None if result.statistics is None else result.statistics.verdict,
            "holdout": result.holdout,
            "walk_forward": result.walk_forward,
        }


def sweep(desk: Desk, workspace: Workspace, spec: ExecutionSpec, sources: list[tuple[str, Path]]) -> Sweep:
    """Run what has not been run yet, finish what was stopped, open the holdout, and gather all of it."""
    data = loading(sources, symbols=spec.symbols)
    run_plan_id = uuid5(workspace.id, "a sweep with a holdout")
    terms = {"holdout": HOLDOUT, "walk_forward": WALK}
    run_or_finish(desk, workspace, spec, GRID, data, run_plan_id, "a sweep", **terms)
    with watching("opening the holdout"):
        result = desk.plans.open(run_plan_id, load_again)
    best, baseline = (desk.plans.equity(run_plan_id, side, load_again) for side in ("best", "baseline"))
    return Sweep(result, best, baseline)


def run_or_finish(
    desk: Desk,
    workspace: Workspace,
    spec: ExecutionSpec,
    grid: Mapping[str, list[Any]],
    data: dict[str, Any],
    run_plan_id: UUID,
    what: str,
    **terms: Any,
) -> PlanResult:
    """A run plan under an id that a second demo finds again; `terms` as `Plans.run` has them.

    CANCELLED when it is stopped.
    """
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
                **terms,
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


def show_sweep(page: Page, sweep: Sweep, strategy_id: str) -> None:
    """The best of the earlier years over the baseline, what it did later, each year's choice, and the verdict."""
    result = sweep.result
    variants = figures.counted(len(result.results), "variant")
    page.heading(f"A sweep: {strategy_id}, {variants}, on the years {EARLIER}; the best over the baseline")
    draw_over(page, sweep.best, sweep.baseline)
    page.line()
    page.heading(f"What being best {EARLIER} was worth {LATER}")
    page.table(_table(result))
    if result.walk_forward is not None:
        walk = result.walk_forward
        folds = figures.counted(len(walk.folds), "fold")
        page.line(f"Chosen anew each year, {folds}: {in_brief(walk.out_of_sample)}")
    if result.statistics is not None:
        page.line()
        page.heading(verdict_of(result.statistics))
        page.paragraph(result.statistics.because)


def _table(result: PlanResult) -> Table:
    """The best and the baseline, on the years that the sweep saw and on those that it did not."""
    known = {one.variant_id: one for one in result.results}
    best, baseline = known[result.best_variant_id or result.results[0].variant_id], result.results[0]
    held = result.holdout
    sides = (
        (best.label, best.metrics, held.best if held else None),
        ("baseline", baseline.metrics, held.baseline if held else None),
    )
    table = Table().text("variant", [label for label, _, _ in sides], shrinks=True)
    for years, metrics in ((EARLIER, [seen for _, seen, _ in sides]), (LATER, [after for _, _, after in sides])):
        table.gains(f"{years} %", [one.return_pct if one else None for one in metrics])
        table.money("Sharpe", [one.sharpe_annual if one else None for one in metrics], 2)
    return table
