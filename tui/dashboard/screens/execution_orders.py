"""Orders and refusals, as lines of a table."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from tui.commands.choices import EventKind
from tui.dashboard.widgets.columns import COUNTS, MONEY, PRICES, QUANTITIES, WORDS, Column
from tui.dashboard.widgets.event_pane import SECONDS, SEQ

if TYPE_CHECKING:
    from engine.desk import Desk
    from engine.ports import JournalEvent

KINDS = (EventKind.ORDER_FILLED.value, EventKind.INTENT_REJECTED.value)


@dataclass(frozen=True, slots=True)
class OrderLine:
    """An order that was filled, or an intent that was refused; a refused one has no quantity, price and amounts."""

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
    Column("outcome", "outcome", WORDS, lambda row: row.outcome, "filled, or refused by the policy"),
    Column("symbol", "symbol", WORDS, lambda row: row.symbol, "in which symbol", widest=12),
    Column("side", "side", WORDS, lambda row: row.side, "BUY or SELL"),
    Column("quantity", "quantity", QUANTITIES, lambda row: row.quantity, "units"),
    Column("price", "price", PRICES, lambda row: row.price, "what it was filled at"),
    Column(
        "why", "why", WORDS, lambda row: row.why, "what it did and for whom, or the rule that refused it", widest=96
    ),
    Column("amount", "amount", MONEY, lambda row: row.amount, "quantity at the price, before fees"),
    Column("fees", "fees", MONEY, lambda row: row.fees, "realized when paid"),
    Column(SEQ, "seq", COUNTS, lambda row: row.seq, "its place in the journal"),
)


def order_lines(_: Desk, found: Sequence[JournalEvent]) -> list[OrderLine]:
    """Lines of ORDER_FILLED and INTENT_REJECTED."""
    return [_line(event) for event in found]


def _line(event: JournalEvent) -> OrderLine:
    from engine.desk.journal import EventView

    view = EventView.of(event)
    said = view.payload
    if view.event_type.value == EventKind.ORDER_FILLED.value:
        outcome, why = "✓ filled", f"{said.get('position_action', 'filled')}, {said.get('strategy_id', 'a strategy')}"
    else:
        outcome, why = "✗ refused", f"{said.get('rule')}: {said.get('because') or json.dumps(said)}"
    return OrderLine(
        view.seq,
        view.ts,
        outcome,
        view.symbol,
        view.side,
        view.quantity,
        view.price,
        view.fees,
        why,
        view.correlation_id,
    )
