"""`execute`: one intent, by hand, at the price given."""

from __future__ import annotations

import sys
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from engine.errors import InvalidError, UsageError
from engine.numerals import typed_number
from engine.vocabulary import IntentAction
from tui.commands.calls import Call, command
from tui.shared import figures
from tui.shared.failures import refusal

if TYPE_CHECKING:
    from engine.account.state import PaperPosition
    from engine.broker.execute import ExecutionResult
    from engine.desk import Desk
    from engine.intents import TradeIntent
    from tui.shared.output import Page

STDIN = "-"

app = typer.Typer()


@dataclass(frozen=True, kw_only=True)
class OrderOptions:
    """The parts of an order, when no file says them."""

    action: Annotated[
        IntentAction | None,
        typer.Option(metavar="ACTION", help="OPEN_LONG (scales what is held) or CLOSE_LONG."),
    ] = None
    symbol: Annotated[str | None, typer.Option(metavar="SYMBOL", help="In which symbol.")] = None
    quantity: Annotated[float | None, typer.Option(parser=typed_number, metavar="QUANTITY", help="How many units.")] = (
        None
    )
    intent_id: Annotated[
        UUID | None, typer.Option("--intent-id", metavar="UUID", help="Its id; the same id is never executed twice.")
    ] = None
    reason: Annotated[str | None, typer.Option(metavar="TEXT", help="Why, for the journal.")] = None

    def given(self) -> list[str]:
        """The options that were given."""
        return [_flag(field.name) for field in fields(self) if getattr(self, field.name) is not None]

    def missing(self) -> list[str]:
        """The options that an order needs and that were not given."""
        return [_flag(name) for name in ("action", "symbol", "quantity") if getattr(self, name) is None]


@command(
    app,
    "execute",
    example="papertape execute --action OPEN_LONG --symbol AAPL --quantity 10 --fill-price 187.20",
    panel="Trade",
)
def execute(
    call: Call,
    order: OrderOptions,
    fill_price: Annotated[
        float,
        typer.Option(
            "--fill-price", parser=typed_number, metavar="PRICE", help="The price it is filled at.", show_default=False
        ),
    ],
    file: Annotated[
        str | None, typer.Option("--file", metavar="FILE", help="The intent as JSON instead (`-`: standard input).")
    ] = None,
) -> None:
    """Execute one intent: policy, broker, journal.

    A refusal by the policy exits with 3 and is journaled; an intent that was executed before exits with 4.
    """
    _refuse_wrong_options(order, file)
    result = _execute_order(call, fill_price, order) if file is None else _execute_file(call, fill_price, file)
    if not result.success:
        raise refusal(result)
    call.answer(result, lambda page: show_fill(page, result))


def show_fill(page: Page, result: ExecutionResult) -> None:
    """Print the fill and the position after it."""
    price, quantity = result.fill_price or 0.0, result.quantity_filled or 0.0
    page.line(f"{result.position_action} {figures.quantity(quantity)} at {figures.price(price)}")
    held = "none" if result.position is None else _held(result.position)
    page.fields(
        [
            ("position", held),
            ("fees", figures.money(result.fees or 0.0)),
            ("order", str(result.order_id)),
            ("intent", str(result.intent_id)),
            ("correlation", result.correlation_id),
            ("events", figures.whole(result.events_recorded)),
        ]
    )
    for warning in result.policy.get("warnings", ()):
        page.line(f"warning: {warning}")


def _held(position: PaperPosition) -> str:
    amount, average = figures.quantity(position.quantity), figures.price(position.avg_price)
    return f"{amount} {position.symbol} at {average} on average"


def _refuse_wrong_options(order: OrderOptions, file: str | None) -> None:
    if file is None and order.missing():
        raise UsageError("USAGE", f"missing {', '.join(order.missing())}", hint="or give the intent with --file")
    if file is not None and order.given():
        raise UsageError("USAGE", f"{', '.join(order.given())} beside --file", hint="the file says the whole intent")


def _execute_order(call: Call, fill_price: float, order: OrderOptions) -> ExecutionResult:
    from engine.vocabulary import IntentAction

    with call.desk() as desk:
        return desk.trading.order(
            IntentAction(str(order.action)),
            order.symbol or "",
            order.quantity or 0.0,
            fill_price,
            intent_id=order.intent_id,
            reason=order.reason,
        )


def _execute_file(call: Call, fill_price: float, file: str) -> ExecutionResult:
    from engine.desk.trading import parse_intent

    intent = parse_intent(_read(file))
    with call.desk() as desk:
        if call.workspace is not None:
            _require_same_workspace(desk, call.workspace, intent)
        return desk.trading.execute(intent, fill_price)


def _require_same_workspace(desk: Desk, named: str, intent: TradeIntent) -> None:
    account = desk.accounts.require()
    if account.id != intent.workspace_id:
        raise InvalidError(
            "INVALID_INTENT",
            f"the intent is for workspace {intent.workspace_id}, and -w names {named!r}, which is {account.id}",
            hint="leave -w out, or correct the intent's workspace_id",
        )


def _read(file: str) -> bytes:
    from storage.market_files.sources import read_bytes

    if file != STDIN:
        return read_bytes(Path(file))
    return b"" if sys.stdin is None else sys.stdin.buffer.read()


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"
