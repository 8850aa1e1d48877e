"""The ticket's two calls to the desk: what an order would do, and doing it; and what is told of that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from rich.text import Text

from engine.errors import ConflictError, PapertapeError
from tui.dashboard.screens.execution.flow import FILLED, newest_pass
from tui.dashboard.screens.execution.ticket import Asked
from tui.shared import figures
from tui.shared.failures import lines_of
from tui.shared.text import safe_text

if TYPE_CHECKING:
    from engine.broker.execute import ExecutionResult, Preview
    from engine.desk import Desk
    from engine.desk.journal import EventView

_TRACE = 200
"""Events of one order's correlation id that are looked at"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a ticket: a result or an error, and the events that the journal has of it."""

    result: ExecutionResult | None
    error: PapertapeError | None
    events: list[EventView]


def preview(asked: Asked, workspace: UUID, intent_id: UUID | None, desk: Desk) -> Preview:
    """What the desk would do with it now; blocks on the database."""
    from engine.vocabulary import IntentAction

    return desk.trading.preview(
        IntentAction(asked.action),
        asked.symbol,
        asked.quantity,
        asked.price,
        workspace=workspace,
        intent_id=intent_id,
    )


def submit(asked: Asked, workspace: UUID, intent_id: UUID, desk: Desk) -> Outcome:
    """Execute it, and read what the journal has of it then; of a conflict, what it has of the first order."""
    from engine.vocabulary import IntentAction
    from tui.shared.failures import refusal

    try:
        result = desk.trading.order(
            IntentAction(asked.action),
            asked.symbol,
            asked.quantity,
            asked.price,
            workspace=workspace,
            intent_id=intent_id,
        )
    except ConflictError as conflict:
        return Outcome(None, conflict, _journaled(desk, workspace, intent_id, conflict.details["correlation_id"]))
    refused = None if result.success else refusal(result)
    return Outcome(result, refused, _journaled(desk, workspace, intent_id, result.correlation_id))


def _journaled(desk: Desk, workspace: UUID, intent_id: UUID, correlation_id: str) -> list[EventView]:
    from engine.ports import EventFilter

    found = desk.journal.events(workspace, where=EventFilter(correlation_id=correlation_id), limit=_TRACE)
    return newest_pass([event for event in found if event.intent_id == str(intent_id)])


def told(outcome: Outcome) -> Text:
    """The command line's words; of a conflict the first order too."""
    fill = next((event for event in outcome.events if event.event_type.value == FILLED), None)
    if outcome.error is not None:
        first = "" if fill is None else f"first order, {figures.moment(fill.ts)} UTC: {_filled(fill)}\n"
        return Text.assemble(first, ("\n".join(lines_of(outcome.error)), "bold"))
    if outcome.result is None or fill is None:
        return Text()
    warnings = "".join(f"\nwarning: {safe_text(warning)}" for warning in outcome.result.policy.get("warnings", ()))
    return Text.assemble((f"{outcome.result.position_action}: {_filled(fill)}", "bold"), warnings)


def _filled(fill: EventView) -> str:
    amount, price = figures.quantity(fill.quantity or 0.0), figures.price(fill.price or 0.0)
    fees = figures.money(fill.fees or 0.0)
    return f"{fill.side} {amount} {safe_text(fill.symbol)} at {price}, fees {fees}, order {fill.order_id}"
