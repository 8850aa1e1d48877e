"""The events of one execution, which repeat parts of each other, compared."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from engine.account.ledger import BUY, Fill
from engine.audit.findings import Findings
from engine.audit.worlds import World
from engine.broker.paper import breadcrumb
from engine.events import PAPER, EventType
from engine.intents import to_quantity, was_filled_with
from engine.payloads import event_named
from engine.ports import JournalEvent
from engine.vocabulary import IntentAction

Link = tuple[JournalEvent, dict[str, Any]]
"""An event and its payload"""

_ASKED = (EventType.INTENT_EMITTED, EventType.POLICY_EVALUATED)
_POSITIONS = {
    EventType.POSITION_OPENED.value: "opened",
    EventType.POSITION_SCALED.value: "scaled",
    EventType.POSITION_CLOSED.value: "closed",
}
_OF_ORDER = {EventType.ORDER_FILLED.value, *_POSITIONS}
_REFUSED = (*_ASKED, EventType.INTENT_REJECTED)
_FILLED = (EventType.ORDER_FILLED,)
_EXECUTED = (*_ASKED, EventType.INTENT_APPROVED, *_FILLED)
"""Before the POSITION_* that ends it; a variant of a sweep begins with ORDER_FILLED."""


def audit_chain(chain: Sequence[tuple[JournalEvent, dict[str, Any] | None]], world: World, findings: Findings) -> None:
    """Compare the events of an execution with each other, and fold its fill; payloads that are None are skipped."""
    kinds = tuple(event.row.event_type for event, _ in chain)
    if kinds != _REFUSED and not (kinds[:-1] in {_EXECUTED, _FILLED} and kinds[-1] in _POSITIONS):
        findings.add(f"{_named(chain[0][0])} begins an execution that is not whole: {', '.join(kinds)}")
        world.break_off()
        return
    _compare_columns(chain, findings)
    said = {event.row.event_type: (event, payload) for event, payload in chain if payload is not None}
    filled = next((event for event, _ in chain if event.row.event_type == EventType.ORDER_FILLED), None)
    _compare_intent(said, findings)
    _compare_decision(said, findings, approved=filled is not None)
    if filled is not None:
        _compare_order(filled, said, findings)
        _fold(filled, said, world, findings)


def _compare_columns(chain: Sequence[tuple[JournalEvent, object]], findings: Findings) -> None:
    """All events have one time, intent and symbol; those after the approval also one order."""
    first = chain[0][0].row
    for event, _ in chain[1:]:
        row = event.row
        for name in ("workspace_id", "ts", "recorded_at", "correlation_id", "mode", "symbol"):
            if getattr(row, name) != getattr(first, name):
                findings.add(
                    f"{_named(event)} has {name} {getattr(row, name)!r}, and event {chain[0][0].seq} of the same"
                    f" execution {getattr(first, name)!r}"
                )
                return
    order_id = next((event.row.order_id for event, _ in chain if event.row.event_type == EventType.ORDER_FILLED), None)
    for event, _ in chain:
        expected = order_id if event.row.event_type in _OF_ORDER else None
        if event.row.order_id != expected:
            findings.add(f"{_named(event)} has order_id {event.row.order_id!r}, and it was {expected!r}")


def _compare_intent(said: dict[str, Link], findings: Findings) -> None:
    """The payload of the intent repeats its columns."""
    if asked := said.get(EventType.INTENT_EMITTED):
        event, intent = asked
        row = event.row
        known = {"id": row.intent_id, "workspace_id": row.workspace_id, "symbol": row.symbol}
        findings.compare(_named(event), intent, {**known, "correlation_id": row.correlation_id})


def _compare_decision(said: dict[str, Link], findings: Findings, *, approved: bool) -> None:
    """The refusal, or the approval, follows from the policy's evaluation."""
    evaluated, rejected = said.get(EventType.POLICY_EVALUATED), said.get(EventType.INTENT_REJECTED)
    if evaluated is None:
        return
    findings.compare(_named(evaluated[0]), evaluated[1], {"approved": approved})
    if rejected is not None:
        decided = {name: evaluated[1].get(name) for name in ("rule", "because")}
        findings.compare(_named(rejected[0]), rejected[1], decided)


def _compare_order(filled: JournalEvent, said: dict[str, Link], findings: Findings) -> None:
    """The order is the same when asked for, approved and filled."""
    row = filled.row
    lots = row.lots or 0
    action = (IntentAction.OPEN_LONG if row.side == BUY else IntentAction.CLOSE_LONG).value
    order = {"action": action, "quantity": to_quantity(lots)}
    for kind in (EventType.INTENT_APPROVED, EventType.ORDER_FILLED):
        if kind in said:
            findings.compare(_named(said[kind][0]), said[kind][1], order)
    if asked := said.get(EventType.INTENT_EMITTED):
        event, intent = asked
        order = {"action": action, "quantity": _as_asked(intent["quantity"], lots)}
        if EventType.ORDER_FILLED in said:
            order["strategy_id"] = said[EventType.ORDER_FILLED][1].get("strategy_id")
        findings.compare(_named(event), intent, order)


def _as_asked(quantity: float, lots: int) -> float:
    """The quantity of these lots, written as the intent has it if it comes to the same lots."""
    return quantity if was_filled_with(float(quantity), lots) else to_quantity(lots)


def _fold(filled: JournalEvent, said: dict[str, Link], world: World, findings: Findings) -> None:
    """Apply the fill, and compare ORDER_FILLED and POSITION_* with its result."""
    seq, row = filled
    if row.mode != PAPER or seq in world.duplicates or world.is_broken:
        return
    fill = Fill(seq, row.symbol, row.side, row.lots, row.price, row.fees, row.ts, row.session)  # type: ignore[arg-type]
    was_held = row.symbol in world.ledger.holdings
    trade, why = world.fill(fill)
    if why:
        findings.add(f"{_named(filled)} cannot be applied: {why}")
        world.break_off()
        return
    became = "closed" if trade is not None else "scaled" if was_held else "opened"
    if order := said.get(EventType.ORDER_FILLED):
        findings.compare(_named(filled), order[1], {"position_action": became, "strategy_id": world.strategy(order[1])})
    for kind in _POSITIONS.keys() & said.keys():
        event, position = said[kind]
        if _POSITIONS[kind] == became:
            findings.compare(_named(event), position, breadcrumb(world.ledger, fill.symbol, trade))
        else:
            findings.add(f"{_named(event)} is of a position that was {became}")


def _named(event: JournalEvent) -> str:
    return event_named(event.seq, event.row.event_type)
