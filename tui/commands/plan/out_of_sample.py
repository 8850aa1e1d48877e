"""A run plan's holdout and walk-forward as people read them: below the verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.shared.out_of_sample import (
    Stretch,
    chosen_in,
    chosen_of,
    efficiency_of,
    facts_of,
    figures_shown,
    labels_of,
    stretches_of,
)
from tui.shared.output import Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.sweeps.out_of_sample.results import HoldoutResult, WalkForwardResult
    from engine.sweeps.results import PlanDetail, PlanResult, VariantResult
    from tui.shared.output import Page

MOST_FOLDS = 40
"""Folds that are printed; a walk-forward may have thousands, and `--json` has them all."""


def show_out_of_sample(page: Page, result: PlanResult | PlanDetail) -> None:
    """What there is of the two; nothing for a plan without either."""
    if result.walk_forward is not None:
        _show_walk_forward(page, result.walk_forward, result.results)
    if result.holdout is not None:
        _show_holdout(page, result.holdout)
        if result.status == "completed" and not result.holdout.opened:
            page.line(f"to open it, once:  papertape plan open {result.run_plan_id}")


def _show_walk_forward(page: Page, walk: WalkForwardResult, results: Sequence[VariantResult]) -> None:
    labels = labels_of(results)
    page.line()
    page.heading("Walk-forward")
    shown, more = walk.folds[-MOST_FOLDS:], len(walk.folds) - MOST_FOLDS
    rows = [Stretch(f"{fold.test_from} to {fold.test_to}", fold.metrics) for fold in shown]
    rows.append(Stretch("all tests", walk.out_of_sample))
    table = Table().text("test", [row.name for row in rows])
    table.text("chosen", [*(chosen_in(fold, labels) for fold in shown), ""], shrinks=True)
    page.table(_with_figures(table, rows))
    if more > 0:
        page.line(f"the last {MOST_FOLDS} of {len(walk.folds):,} folds; --json has all of them")
    page.fields([("efficiency", efficiency_of(walk)), *chosen_of(walk)])


def _show_holdout(page: Page, holdout: HoldoutResult) -> None:
    page.line()
    page.heading("Holdout")
    page.fields(list(facts_of(holdout)))
    rows = stretches_of(holdout)
    if rows:
        page.table(_with_figures(Table().text("variant", [row.name for row in rows]), rows))


def _with_figures(table: Table, rows: Sequence[Stretch]) -> Table:
    for figure in figures_shown():
        figure.put(table, rows)
    return table
