"""`policy`: an account's limits and fees."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.errors import UsageError
from tui.commands.calls import Call, command
from tui.shared import figures
from tui.shared.output import Table

if TYPE_CHECKING:
    from engine.policy.limits import Limits
    from tui.shared.output import Page

NAME, PANEL = "policy", "Run the account"
HELP = "Limits and fees of an account."
EXAMPLE = "papertape policy show"

app = typer.Typer()


@command(app, "show", example="papertape policy show -w default")
def show(call: Call) -> None:
    """The limits, fees and trading state of a workspace."""
    with call.desk() as desk:
        workspace = desk.accounts.require()
    state = workspace.trading_state.value
    call.answer(document_of(workspace.limits, state), lambda page: _show(page, workspace.name, workspace.limits, state))


@command(app, "set", example="papertape policy set max_positions=3 fee_bps=5 max_daily_loss=off")
def set_limits(
    call: Call,
    settings: Annotated[
        list[str], typer.Argument(metavar="KEY=VALUE", help="What to set; `off` clears one.", show_default=False)
    ],
) -> None:
    """Change limits and fees; the change is journaled. `papertape policy show` lists the keys."""
    with call.desk() as desk:
        limits = desk.accounts.set_policy(parsed(settings))
        workspace = desk.accounts.require()
    state = workspace.trading_state.value
    call.answer(document_of(limits, state), lambda page: _show(page, workspace.name, limits, state))


def parsed(settings: list[str]) -> dict[str, str]:
    """`key=value` texts as a dictionary; UsageError when one is not, or a key stands twice."""
    pairs: dict[str, str] = {}
    for setting in settings:
        key, equals, value = setting.partition("=")
        key = key.strip()
        if not equals or not key:
            raise UsageError("USAGE", f"{setting!r} is not key=value", hint="such as max_positions=3")
        if key in pairs:
            raise UsageError("USAGE", f"{key} is set twice", hint="name each key once")
        pairs[key] = value
    return pairs


def document_of(limits: Limits, trading_state: str) -> dict[str, Any]:
    """The policy as JSON has it."""
    return {"trading_state": trading_state, **limits.model_dump()}


def _show(page: Page, name: str, limits: Limits, trading_state: str) -> None:
    from engine.policy.rules import ENTRY_RULES

    page.heading(f"{name}  {trading_state}")
    values, fields = limits.model_dump(), type(limits).model_fields
    table = Table().text("key", values)
    table.text("value", [_shown(value) for value in values.values()], right=True)
    page.table(table.text("what it limits", [fields[key].description or "" for key in values], shrinks=True))
    for rule in ENTRY_RULES:
        if not rule.keys:
            page.line(f"Always refused: {rule.meaning}.")


def _shown(value: Any) -> str:
    if value is None:
        return "off"
    if isinstance(value, tuple):
        return ",".join(value)
    return figures.quantity(value) if isinstance(value, float) else str(value)
