"""`doctor`: is this installation sound?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from engine.errors import SystemFault
from tui.commands.calls import Call, command
from tui.commands.tables import Table

if TYPE_CHECKING:
    from tui.commands.checks import Check
    from tui.commands.pages import Page

app = typer.Typer()


@command(app, "doctor", example="papertape doctor", panel="Data and installation")
def doctor(call: Call) -> None:
    """Is this installation sound?

    Versions, the database and its journal, settings, extras, the terminal. Nothing is written.
    """
    from tui.commands.checks import FAULT, all_checks

    found = all_checks(call)
    faulty = [check for check in found if check.status == FAULT]
    document = [check.document() for check in found]
    if not (faulty and call.json):
        call.answer({"success": True, "checks": document}, lambda page: _show(page, found))
    if faulty:
        first = faulty[0]
        raise SystemFault(first.code, f"{first.name}: {first.detail}", hint=first.hint, details={"checks": document})


def _show(page: Page, found: list[Check]) -> None:
    table = Table().text("", [check.status for check in found])
    table.text("check", [check.name for check in found])
    page.table(table.text("found", [check.detail for check in found]))
    for check in found:
        if check.hint:
            page.line()
            page.paragraph(f"{check.name}: {check.hint}")
