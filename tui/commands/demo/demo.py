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
    headless: Annotated[bool, typer.Option("--headless", help="Print the outcome even on a terminal.")] = False,
) -> None:
    """Fill a workspace with strategies that trade real prices.

    The workspace `demo` trades GOOG and IBM from 2000 to 2013 day by day in a forward run. Every built-in strategy is
    backtested on each, and one is swept over the earlier and over the later years. Two orders are refused, the account
    is reset and reconciled, and a sweep is left half-way, to be resumed. A report of the sweep is written beside the
    database: demo.html, or demo.md without the extra `report`. Without a terminal, and with `--headless` or `--json`,
    the outcome is printed. A second demo shows what is there and adds nothing.
    """
    from tui.commands.demo.showcase import NAME, near_home, prepare, show
    from tui.dashboard.start import has_terminal, open_dashboard

    if call.workspace is not None:
        raise UsageError("USAGE", "-w with demo", hint="the demo has a workspace of its own, `demo`")
    with call.desk() as desk:
        showcase = prepare(desk, call.settings().db.parent, call.warn)
    if has_terminal() and not (headless or call.json):
        call.warn([f"a report to send is in {near_home(showcase.report)}"], "note")
        open_dashboard(call, NAME)
    else:
        call.answer(showcase.document(), lambda page: show(page, showcase))
