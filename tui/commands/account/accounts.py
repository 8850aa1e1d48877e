"""`reconcile`, `reset`, `trading-state`, `mark`: an account to run."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.numerals import typed_number
from engine.vocabulary import TradingState
from tui.commands.account.look import show_positions
from tui.commands.account.workspaces import document_of
from tui.commands.calls import Call, command
from tui.commands.progress import watching
from tui.shared import figures
from tui.shared.output import Table, gain_tone

if TYPE_CHECKING:
    from engine.broker.reconcile import ReconcileReport
    from tui.shared.output import Page

PANEL = "Run the account"
RESET_KEEPS = (
    "the journal stays: ids executed stay executed, and a reconcile brings the old fills back;"
    " for a fresh start there is `papertape workspace create`"
)

app = typer.Typer()


@command(app, "reconcile", example="papertape reconcile --dry-run", panel=PANEL)
def reconcile(
    call: Call,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Report only; write nothing.")] = False,
) -> None:
    """Rebuild the account from its journal, and report the drift."""
    with call.desk() as desk, watching("replaying the journal") as watch:
        report = desk.accounts.reconcile(dry_run=dry_run, watch=watch)
    call.answer(report, lambda page: show_report(page, report))


@command(app, "reset", example="papertape reset --yes", panel=PANEL)
def reset(
    call: Call,
    yes: Annotated[bool, typer.Option("--yes", help="Do it without asking.")] = False,
) -> None:
    """Put the account back to its start (development).

    The journal stays: executed ids stay executed, and a reconcile brings the old fills back.
    For a fresh start there is `papertape workspace create`.
    """
    with call.desk() as desk:
        workspace = desk.accounts.require()
        confirmed = yes or (not desk.config.production and _confirmed(call, workspace.name))
        state = desk.accounts.reset(confirmed=confirmed)
    call.answer(state, lambda page: page.line(f"{workspace.name} is back at {figures.money(state.cash)}"))
    call.warn([RESET_KEEPS], "note")


@command(app, "trading-state", example="papertape trading-state REDUCING", panel=PANEL)
def trading_state(
    call: Call,
    state: Annotated[TradingState, typer.Argument(help="The new trading state.", show_default=False)],
) -> None:
    """Everything, exits only, or nothing: the kill switch.

    ACTIVE executes everything, REDUCING exits only, HALTED nothing at all."""
    from engine.vocabulary import TradingState

    with call.desk() as desk:
        workspace = desk.accounts.set_trading_state(TradingState(state.value))
    call.answer(document_of(workspace), lambda page: page.line(f"{workspace.name} is {workspace.trading_state.value}"))


@command(app, "mark", example="papertape mark AAPL 191.50", panel=PANEL, dashes_are_values=True)
def mark(
    call: Call,
    symbol: Annotated[str, typer.Argument(help="The symbol.", show_default=False)],
    price: Annotated[
        float,
        typer.Argument(parser=typed_number, help="What a unit of it is worth now.", show_default=False),
    ],
) -> None:
    """Set the price at which a position is valued."""
    with call.desk() as desk:
        position = desk.accounts.mark(symbol, price)

    def show(page: Page) -> None:
        page.line(f"{symbol} is marked at {figures.price(price)}, equity {figures.money(position.equity)}")
        if symbol in position.positions:
            show_positions(page, [position.positions[symbol]])

    call.answer(position, show)


def show_report(page: Page, report: ReconcileReport) -> None:
    """Print what a reconciliation read and found."""
    from engine.account.state import values_apart

    apart = list(values_apart(report.drift))
    page.heading("dry run: nothing was written" if report.dry_run else "reconciled from the journal")
    page.fields(
        [
            ("fills read", figures.whole(report.events_replayed)),
            ("duplicates skipped", figures.whole(report.duplicates_skipped)),
            ("orders", figures.whole(report.orders_rebuilt)),
            ("open positions", figures.whole(report.positions_rebuilt)),
            ("cash", figures.money(report.cash_after)),
            ("realized P&L", figures.signed(report.realized_pnl_after), gain_tone(report.realized_pnl_after)),
            ("drift", figures.counted(len(apart), "field") if apart else "none"),
        ]
    )
    if apart:
        page.line()
        page.table(_drift_table(apart))
    for error in report.errors:
        page.line(f"seq {error.seq} cannot be applied: {error.reason}")


def _drift_table(apart: list[tuple[str, Any, Any]]) -> Table:
    table = Table().text("field", [name for name, _, _ in apart], shrinks=True)
    table.text("stored", [json.dumps(old) for _, old, _ in apart], right=True)
    return table.text("from the journal", [json.dumps(new) for _, _, new in apart], right=True)


def _confirmed(call: Call, name: str) -> bool:
    """Ask for confirmation at a terminal; without a terminal the answer is no."""
    if call.json or not is_asked():
        return False
    return typer.confirm(f"Put the account {name!r} back to its start (its journal stays)?", err=True)


def is_asked() -> bool:
    """Whether standard input and output are a terminal, so that a question can be answered."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()
