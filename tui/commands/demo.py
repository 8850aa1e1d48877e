"""`demo`: a workspace filled from the bundled real prices, and what came of it."""

from __future__ import annotations

from typing import Annotated

import typer

from engine.errors import UsageError
from tui.commands.calls import Call, command

app = typer.Typer()


@command(app, "demo", example="papertape demo --headless", panel="Start here")
def demo(
    call: Call,
    headless: Annotated[bool, typer.Option("--headless", help="Print the outcome, on a terminal too.")] = False,
) -> None:
    """Strategies trade real prices: a workspace to look at.

    The workspace `demo` trades GOOG and IBM of 2000 to 2013 onward, day by day; every built-in strategy runs on each
    in a closed world beside it, and one is swept over the earlier and over the later years. Done again it shows what
    is there and adds nothing.
    """
    from tui.commands.showcase import prepare, show

    if call.workspace is not None:
        raise UsageError("USAGE", "-w with demo", hint="the demo has a workspace of its own, `demo`")
    with call.desk() as desk:
        found = prepare(desk, call.warn)
    call.answer(found.document(), lambda page: show(page, found))
