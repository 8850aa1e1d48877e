"""`demo`: a workspace filled from the bundled real prices, and opened in the dashboard or printed."""

from __future__ import annotations

from typing import Annotated

import typer

from engine.errors import UsageError
from tui.commands.calls import Call, command

app = typer.Typer()


@command(app, "demo", example="papertape demo", panel="Start here")
def demo(
    call: Call,
    headless: Annotated[bool, typer.Option("--headless", help="Print the outcome, on a terminal too.")] = False,
) -> None:
    """Strategies trade real prices: a workspace to look at.

    The workspace `demo` trades GOOG and IBM of 2000 to 2013 onward, day by day; every built-in strategy runs on each
    in a closed world beside it, and one is swept over the earlier and over the later years. Two orders are refused,
    the account is reset and reconciled, and a sweep is left half-way, to be resumed. Without a terminal, and with
    `--headless` or `--json`, it prints what came of it. Done again it shows what is there and adds nothing.
    """
    from tui.commands.demo.showcase import NAME, prepare, show
    from tui.dashboard.start import has_terminal, open_dashboard

    if call.workspace is not None:
        raise UsageError("USAGE", "-w with demo", hint="the demo has a workspace of its own, `demo`")
    with call.desk() as desk:
        showcase = prepare(desk, call.warn)
    if has_terminal() and not (headless or call.json):
        open_dashboard(call, NAME)
    else:
        call.answer(showcase.document(), lambda page: show(page, showcase))
