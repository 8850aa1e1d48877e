"""`policy`: an account's limits and fees."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.errors import UsageError
from tui.commands import figures
from tui.commands.calls import Call, command
from tui.commands.tables import Table

if TYPE_CHECKING:
    from engine.policy.limits import Limits
    from tui.commands.pages import Page

MEANINGS = {
    "allow_symbols": "entries in these symbols only",
    "deny_symbols": "no entries in these symbols",
    "max_positions": "open positions",
    "max_order_notional": "quantity * price of one entry",
    "max_position_notional": "a symbol's position after an entry",
    "max_exposure_pct": "invested after an entry, % of equity at cost",
    "max_daily_loss": "realized loss of a session, then no entries",
    "max_drawdown_pct": "% below peak equity, then no entries",
    "cooldown_minutes": "minutes from a symbol's close to its next entry",
    "fee_fixed": "fee an order",
    "fee_per_share": "fee a unit",
    "fee_bps": "fee in basis points of the amount",
    "session_tz": "zone whose calendar days are sessions",
}

NAME, PANEL = "policy", "Run the account"
HELP = "Limits and fees of an account."
EXAMPLE = "papertape policy show"

app = typer.Typer()


@command(app, "show", example="papertape policy show -w default")
def show(call: Call) -> None:
    """The limits, fees and trading state of a workspace."""
    with call.desk() as desk:
        workspace = desk.accounts.get()
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
        workspace = desk.accounts.get()
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
    page.heading(f"{name}  {trading_state}")
    values = limits.model_dump()
    table = Table().text("key", values)
    table.text("value", [_shown(value) for value in values.values()], right=True)
    page.table(table.text("what it limits", [MEANINGS.get(key, "") for key in values], shrinks=True))
    page.line("An entry that costs more than the cash, fees included, is always refused.")


def _shown(value: Any) -> str:
    if value is None:
        return "off"
    if isinstance(value, tuple):
        return ",".join(value)
    return figures.quantity(value) if isinstance(value, float) else str(value)
