"""`plan list`, `plan show`, `plan trades`, `plan export`: what sweeps came to."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from engine.vocabulary import RunStatus
from tui.commands.calls import Call, command
from tui.commands.plan.options import PlanId, StrategyFile, Top, plan_named
from tui.shared.output import plain

app = typer.Typer()


@command(app, "list", example="papertape plan list --status interrupted")
def list_all(
    call: Call,
    status: Annotated[RunStatus | None, typer.Option("--status", help="Only plans with this status.")] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, metavar="N", help="Only the newest N.", show_default=False)
    ] = None,
) -> None:
    """Run plans, newest first.

    With the flag -w those of that workspace alone."""
    from tui.commands.plan.pages import show_plans

    with call.desk() as desk:
        plans = desk.plans.all(limit=limit, status=None if status is None else status.value, workspace=call.workspace)
    call.answer(plans, lambda page: show_plans(page, plans))


@command(app, "show", example="papertape plan show last --top 50", without_workspace=True)
def show(call: Call, plan: PlanId, top: Top = 20) -> None:
    """How a run plan stands, and what came of it.

    What was asked of it, its variants best first, what to know of its data."""
    from tui.commands.plan.pages import show_plan

    with call.desk() as desk:
        detail = desk.plans.get(plan_named(desk, plan))
        events = desk.plans.events(detail.run_plan_id)
    document = {**plain(detail), "events": events} if call.json else None
    call.answer(document, lambda page: show_plan(page, detail, events, top))


@command(app, "trades", example="papertape plan trades last best", without_workspace=True)
def trades(
    call: Call,
    plan: PlanId,
    variant: Annotated[
        str,
        typer.Argument(
            metavar="VARIANT", help="Its id or the beginning of one, `best` or `baseline`.", show_default=False
        ),
    ],
    strategy: StrategyFile = None,
) -> None:
    """A variant's round trips, in the order of closing.

    From its fills; of a plan with --journal summary they are computed again from the same data."""
    from tui.commands.account.look import show_trades
    from tui.commands.plan.data import find_strategy, loader

    with call.desk() as desk:
        detail = desk.plans.get(plan_named(desk, plan))
        if detail.journal == "summary":
            find_strategy(call, desk, detail, strategy)
        closed = desk.plans.trades(detail.run_plan_id, variant, loader(call))
    call.answer(closed, lambda page: show_trades(page, closed))


@command(app, "export", example="papertape plan export last --to sweep.csv", without_workspace=True)
def export(
    call: Call,
    plan: PlanId,
    to: Annotated[
        str, typer.Option("--to", metavar="FILE", help="A .csv, .json or .parquet file.", show_default=False)
    ],
    force: Annotated[bool, typer.Option("--force", help="Replace a file that exists.")] = False,
) -> None:
    """A run plan's variants as a file.

    A row a variant, or the JSON document of `plan run`. In CSV a text that a spreadsheet would take for a formula has
    an apostrophe in front.
    """
    from tui.shared.files import encoder_for, write_whole

    path = Path(to)
    encode = encoder_for(path)
    with call.desk() as desk:
        result = desk.plans.result(plan_named(desk, plan))
    write_whole(path, encode(plain(result)), force=force)
    document = {"success": True, "run_plan_id": result.run_plan_id, "path": path, "variants": len(result.results)}
    call.answer(document, lambda page: page.line(f"{path} written, {len(result.results):,} variants"))
