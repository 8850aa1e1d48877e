"""Orders and refusals, as lines of a table."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from engine.vocabulary import EventType, IntentAction
from tui.dashboard.widgets.columns import COUNTS, MONEY, PRICES, QUANTITIES, TELLING, WORDS, Column
from tui.dashboard.widgets.event_pane import SECONDS, SEQ

if TYPE_CHECKING:
    from engine.desk import Desk
    from engine.desk.journal import EventView
    from engine.ports import JournalEvent

FILLED, REFUSED = EventType.ORDER_FILLED.value, EventType.INTENT_REJECTED.value
KINDS = (FILLED, REFUSED)
ASKED = (EventType.INTENT_EMITTED.value, EventType.POLICY_EVALUATED.value)
BEFORE = len(ASKED) + 1
"""A refusal's events are journaled in one piece: the first stands so many `seq`s less one before it."""
SIDES = {IntentAction.OPEN_LONG.value: "BUY", IntentAction.CLOSE_LONG.value: "SELL"}


@dataclass(frozen=True, slots=True)
class OrderLine:
    """An order that was filled, or an intent that was refused, with what was asked for.

    Of a refused one the price is known where the policy came to its amount, and there are no fees.
    """

    seq: int
    ts: datetime
    outcome: str
    symbol: str | None
    side: str | None
    quantity: float | None
    price: float | None
    fees: float | None
    why: str
    correlation_id: str | None

    @property
    def amount(self) -> float | None:
        """Quantity at the price, before fees."""
        return None if self.quantity is None or self.price is None else self.quantity * self.price


COLUMNS: tuple[Column[OrderLine], ...] = (
    Column("time", "time (UTC)", SECONDS, lambda row: row.ts, "trading time"),
    Column("outcome", "outcome", TELLING, lambda row: row.outcome, "filled, or refused by the policy"),
    Column("symbol", "symbol", WORDS, lambda row: row.symbol, "in which symbol", widest=12),
    Column("side", "side", TELLING, lambda row: row.side, "BUY or SELL"),
    Column("quantity", "quantity", QUANTITIES, lambda row: row.quantity, "units"),
    Column("price", "price", PRICES, lambda row: row.price, "what it was filled at, or would have been"),
    Column(
        "why", "why", WORDS, lambda row: row.why, "what it did and for whom, or the rule that refused it", widest=96
    ),
    Column("amount", "amount", MONEY, lambda row: row.amount, "quantity at the price, before fees"),
    Column("fees", "fees", MONEY, lambda row: row.fees, "realized when paid"),
    Column(SEQ, "seq", COUNTS, lambda row: row.seq, "its place in the journal"),
)


def order_lines(desk: Desk, events: Sequence[JournalEvent]) -> list[OrderLine]:
    """Lines of ORDER_FILLED and INTENT_REJECTED; what was refused is read from the events before it."""
    from engine.desk.journal import EventView

    asked = _asked(desk, [event for event in events if event.row.event_type == REFUSED])
    views = [EventView.of(event) for event in events]
    return [_filled(view) if view.event_type.value == FILLED else _refused(view, asked[view.seq]) for view in views]


def _asked(desk: Desk, refused: Sequence[JournalEvent]) -> dict[int, dict[str, JournalEvent]]:
    """By the refusal's `seq`: its INTENT_EMITTED and its POLICY_EVALUATED.

    They stand right before it, under its intent's id, which may have been refused several times.
    """
    from engine.ports import EventFilter

    if not refused:
        return {}
    first, last = min(event.seq for event in refused), max(event.seq for event in refused)
    where = EventFilter(UUID(refused[0].row.workspace_id), ASKED, after=first - BEFORE, before=last)
    payloads: dict[str | None, dict[str, JournalEvent]] = {}
    asked: dict[int, dict[str, JournalEvent]] = {}
    for event in sorted(
        [*desk.journal.page(where, limit=last - first + BEFORE, newest_first=False), *refused],
        key=lambda event: event.seq,
    ):
        if event.row.event_type == REFUSED:
            asked[event.seq] = payloads.get(event.row.intent_id, {})
        else:
            known = payloads.setdefault(event.row.intent_id, {})
            known[event.row.event_type] = event
    return asked


def _filled(view: EventView) -> OrderLine:
    payload = view.payload
    why = f"{payload.get('position_action', 'filled')}, {payload.get('strategy_id', 'a strategy')}"
    figures = (view.side, view.quantity, view.price, view.fees)
    return OrderLine(view.seq, view.ts, "✓ filled", view.symbol, *figures, why, view.correlation_id)


def _refused(view: EventView, asked: Mapping[str, JournalEvent]) -> OrderLine:
    payload = view.payload
    intent, policy = (_payload(asked.get(event_type)) for event_type in ASKED)
    why = f"{payload.get('rule')}: {payload.get('because') or json.dumps(payload)}"
    quantity = intent.get("quantity")
    figures = (SIDES.get(intent.get("action", "")), quantity, _price(quantity, policy), None)
    return OrderLine(view.seq, view.ts, "✗ refused", view.symbol, *figures, why, view.correlation_id)


def _payload(event: JournalEvent | None) -> dict[str, Any]:
    from engine.payloads import read_payload

    return {} if event is None else read_payload(event.row.payload, event.row.event_type, event.seq)


def _price(quantity: float | None, policy: Mapping[str, Any]) -> float | None:
    """Of the amount that the rules looked at; to twelve digits, since the amount was rounded when it was made."""
    amounts = (rule.get("figures", {}).get("notional") for rule in policy.get("rules", ()))
    notional = next((amount for amount in amounts if amount), None)
    return float(f"{notional / quantity:.12g}") if notional and quantity else None
