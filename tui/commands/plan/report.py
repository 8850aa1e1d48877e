"""`plan report`: a run plan as one file to send."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engine.errors import InvalidError, NotFoundError
from tui.commands.calls import Call, command
from tui.commands.plan.inputs import PlanId, StrategyFile, find_strategy, loader, once, plan_named

if TYPE_CHECKING:
    from engine.desk import Desk
    from engine.sweeps.results import PlanDetail

app = typer.Typer()


@command(app, "report", example="papertape plan report last --to sweep.html", without_workspace=True)
def report(
    call: Call,
    plan: PlanId,
    to: Annotated[str, typer.Option("--to", metavar="FILE", help="A .html or a .md file.", show_default=False)],
    strategy: StrategyFile = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that exists.")] = False,
) -> None:
    """A run plan as one file to send.

    Its verdict first, then charts, figures, trades, and the commands that reproduce it. The file needs nothing else and
    loads nothing. HTML has charts to hover over and to zoom, and needs the extra `report`; Markdown has their figures
    as tables. Equity is computed again from the same data: without them, or without the strategy as it was, the report
    has no curves and says so.
    """
    from tui.report.files import encoder_for
    from tui.report.plan import plan_report
    from tui.shared.files import write_whole

    path = Path(to)
    encode = encoder_for(path)
    with call.desk() as desk:
        detail = desk.plans.get(plan_named(desk, plan))
        _know_strategy(call, desk, detail, strategy)
        made, missing = plan_report(desk, detail, once(loader(call)))
    content = encode(made)
    write_whole(path, content, force=force)
    call.warn(missing)
    said = {"success": True, "run_plan_id": detail.run_plan_id, "path": path, "bytes": len(content)}
    call.answer({**said, "missing": missing}, lambda page: page.line(f"{path} written, {len(content):,} bytes"))


def _know_strategy(call: Call, desk: Desk, detail: PlanDetail, named: str | None) -> None:
    """Make the plan's strategy known; of one that is not as it was, the report says itself what it leaves out."""
    try:
        find_strategy(call, desk, detail, named)
    except (InvalidError, NotFoundError):
        if named is not None:
            raise
