"""`workspace`: accounts to make and to look at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.numerals import typed_number
from tui.commands.calls import Call, command
from tui.shared import figures
from tui.shared.output import Table, answers

if TYPE_CHECKING:
    from engine.policy.workspace import Workspace
    from tui.shared.output import Page

DEFAULT_EQUITY = 10_000.0
ROOMY = 100
"""Columns of a terminal from which on there is room for all that is told of an account."""

NAME, PANEL = "workspace", "Run the account"
HELP = "Accounts: make one, list them, show one."
EXAMPLE = "papertape workspace list"

app = typer.Typer()


@command(app, "create", example="papertape workspace create growth --starting-equity 25000", without_workspace=True)
def create(
    call: Call,
    name: Annotated[str, typer.Argument(help="A unique name.", show_default=False)],
    starting_equity: Annotated[
        float,
        typer.Option("--starting-equity", parser=typed_number, metavar="AMOUNT", help="The cash it starts with."),
    ] = DEFAULT_EQUITY,
) -> None:
    """Make an account with its own cash, limits and journal."""
    with call.desk() as desk:
        made = desk.accounts.create(name, starting_equity)
    call.answer(document_of(made), lambda page: page.line(f"workspace {made.name} created, id {made.id}"))


@command(app, "list", example="papertape workspace list --json", without_workspace=True)
def list_all(call: Call) -> None:
    """The accounts, by name.

    Closed worlds and variants are not among them: they are addressed by UUID."""
    with call.desk() as desk:
        workspaces = desk.accounts.all()
    call.answer([document_of(workspace) for workspace in workspaces], lambda page: _show_list(page, workspaces))


@command(app, "show", example="papertape workspace show default", without_workspace=True)
def show(
    call: Call,
    name: Annotated[
        str | None, typer.Argument(metavar="NAME|UUID", help="The workspace (default: the one of -w).")
    ] = None,
) -> None:
    """One workspace, by its name or its UUID."""
    with call.desk() as desk:
        workspace = desk.accounts.require(name)
    call.answer(document_of(workspace), lambda page: _show_one(page, workspace))


def document_of(workspace: Workspace) -> dict[str, Any]:
    """A workspace as JSON has it."""
    from engine.market.sessions import from_micros

    return {
        "id": workspace.id,
        "name": workspace.name,
        "starting_equity": workspace.starting_equity,
        "kind": workspace.kind,
        "trading_state": workspace.trading_state,
        "created_at": from_micros(workspace.created_at),
    }


def _show_list(page: Page, workspaces: list[Workspace]) -> None:
    if not workspaces:
        page.line("no workspaces yet; `papertape workspace create NAME` makes one")
        return
    on_terminal = answers().isatty()
    table = Table().text("name", [workspace.name for workspace in workspaces], shrinks=on_terminal)
    table.money("starting equity", [workspace.starting_equity for workspace in workspaces])
    table.text("trading", [workspace.trading_state.value for workspace in workspaces])
    if not on_terminal or page.width >= ROOMY:  # `workspace show` tells it of each
        table.times("created (UTC)", [document_of(workspace)["created_at"] for workspace in workspaces])
    table.text("id", [workspace.id for workspace in workspaces])
    page.table(table)


def _show_one(page: Page, workspace: Workspace) -> None:
    document = document_of(workspace)
    page.heading(workspace.name)
    page.fields(
        [
            ("id", str(workspace.id)),
            ("kind", workspace.kind.value),
            ("starting equity", figures.money(workspace.starting_equity)),
            ("trading", workspace.trading_state.value),
            ("created", f"{document['created_at']:%Y-%m-%d %H:%M:%S} UTC"),
            ("limits and fees", "`papertape policy show`"),
        ]
    )
