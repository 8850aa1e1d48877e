"""`doctor`: is this installation sound?"""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING

import typer

from tui.commands.calls import Call, command
from tui.shared.output import Table, answers
from tui.shared.text import safe_text

if TYPE_CHECKING:
    from tui.commands.system.checks import Check
    from tui.shared.output import Page

GAP = "  "
WIDTH = len("fault")
"""Of the first column, whatever stands in it"""

app = typer.Typer()


@command(app, "doctor", example="papertape doctor", panel="Data and installation")
def doctor(call: Call) -> None:
    """Is this installation sound?

    Versions, settings, room and rights to write, the file's pages and indexes, every event of the journal, every
    account's state against it, extras, the terminal. Nothing is written.
    """
    from tui.commands.system.checks import FAULT, all_checks

    checks = all_checks(call)
    faulty = [check for check in checks if check.status == FAULT]
    if not faulty:  # else there may be no database to look into
        call.check_workspace()
    document = [check.document() for check in checks]
    if not (faulty and call.json):
        call.answer({"success": True, "checks": document}, lambda page: _show(page, checks))
    if faulty:
        raise faulty[0].error({"checks": document})


def _show(page: Page, checks: list[Check]) -> None:
    beside = WIDTH + max(len(check.name) for check in checks) + len(GAP) * 2
    room = page.width - beside if answers().isatty() else None
    rows = [row for check in checks for row in _rows(check, room)]
    table = Table().text("", [status.ljust(WIDTH) for status, _, _ in rows])
    table.text("check", [name for _, name, _ in rows])
    page.table(table.text("found", [detail for _, _, detail in rows]))
    for check in checks:
        if check.hint:
            page.line()
            page.paragraph(f"{check.name}: {check.hint}")


def _rows(check: Check, room: int | None) -> list[tuple[str, str, str]]:
    """A check's row; where room is short, rows below it go on with what was found."""
    detail = safe_text(check.detail)
    first, *more = [detail] if room is None else wrap(detail, room, break_on_hyphens=False)
    return [(check.status, check.name, first), *(("", "", line) for line in more)]
