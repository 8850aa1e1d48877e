"""`demo`: a workspace filled from the bundled real prices, and what came of it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from engine.errors import UsageError
from tui.commands.calls import Call, command

if TYPE_CHECKING:
    from tui.commands.showcase import Showcase

app = typer.Typer()


@command(app, "demo", example="papertape demo --headless", panel="Start here")
def demo(
    call: Call,
    headless: Annotated[bool, typer.Option("--headless", help="Print the outcome instead of opening it.")] = False,
) -> None:
    """Strategies trade real prices: a workspace to look at.

    The workspace `demo` trades GOOG and IBM of 2000 to 2013 onward, day by day; every built-in strategy runs on each
    in a closed world beside it. Done again it shows what is there and adds nothing.
    """
    from tui.commands.showcase import prepare, show

    if call.workspace is not None:
        raise UsageError("USAGE", "-w with demo", hint="the demo has a workspace of its own, `demo`")
    with call.desk() as desk:
        found = prepare(desk, call.warn)
    if headless or call.json or not sys.stdout.isatty() or not open_demo(call, found):
        call.answer(found.document(), lambda page: show(page, found))


def open_demo(_call: Call, _found: Showcase) -> bool:
    """THE PLACE where `papertape demo` on a terminal opens the dashboard; False: there is none yet, print instead."""
    return False
