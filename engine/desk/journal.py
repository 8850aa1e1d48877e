"""The journal, to read."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from uuid import UUID

from engine.desk.accounts import Accounts
from engine.events import EventType
from engine.intents import to_quantity
from engine.market.sessions import from_micros
from engine.ports import EventFilter, JournalEvent, Store
from engine.validation import StrictModel, UtcTime

_SIDES = {1: "BUY", -1: "SELL", None: None}


class EventView(StrictModel):
    """One event. `quantity`, `side`, `price` and `fees` are a fill's, null on every other event."""

    seq: int
    event_id: str
    event_type: EventType
    workspace_id: str
    ts: UtcTime
    recorded_at: UtcTime
    correlation_id: str | None
    intent_id: str | None
    order_id: str | None
    mode: str | None
    symbol: str | None
    side: str | None
    quantity: float | None
    price: float | None
    fees: float | None
    payload: dict[str, Any]

    @classmethod
    def of(cls, event: JournalEvent) -> EventView:
        """An event as callers read it."""
        row = event.row
        return cls(
            seq=event.seq,
            event_id=row.event_id,
            event_type=EventType(row.event_type),
            workspace_id=row.workspace_id,
            ts=from_micros(row.ts),
            recorded_at=from_micros(row.recorded_at),
            correlation_id=row.correlation_id,
            intent_id=row.intent_id,
            order_id=row.order_id,
            mode=row.mode,
            symbol=row.symbol,
            side=_SIDES[row.side],
            quantity=None if row.lots is None else to_quantity(row.lots),
            price=row.price,
            fees=row.fees,
            payload=json.loads(row.payload),
        )


class Journal:
    """Reads of events, each of one snapshot."""

    def __init__(self, store: Store, accounts: Accounts) -> None:
        self._store, self._accounts = store, accounts

    def events(
        self,
        ref: str | UUID | None = None,
        *,
        where: EventFilter | None = None,
        limit: int | None = None,
        newest_first: bool = False,
    ) -> list[EventView]:
        """A workspace's events in `seq` order, at most `limit`; with a limit the newest ones, unless `where.after`."""
        found = self._accounts.get(ref)
        wanted = replace(where or EventFilter(), workspace_id=found.id)
        from_the_end = newest_first or (limit is not None and wanted.after is None)
        with self._store.read() as views:
            events = views.events(wanted, limit=limit, newest_first=from_the_end)
        if from_the_end and not newest_first:
            events.reverse()
        return [EventView.of(event) for event in events]

    def head(self, workspace_id: UUID | None = None) -> int:
        """The `seq` of the newest event, of one workspace or of all; 0 when there is none."""
        with self._store.read() as views:
            return views.head(workspace_id)

    def data_version(self) -> int:
        """A number that changes when anybody has written."""
        return self._store.data_version()
