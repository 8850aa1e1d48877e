"""Read access to the journal's events."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from engine.account.ledger import SELL
from engine.desk.accounts import Accounts
from engine.events import EventType, type_of
from engine.intents import to_quantity
from engine.market.sessions import from_micros
from engine.payloads import damaged, event_named, read_payload
from engine.ports import EventFilter, JournalEvent, Store, Trial, Unwatched, Views, Watch
from engine.validation import StrictModel, UtcTime, faults_of

_STORY_PAGE = 100
_SPAN = 50_000
"""Events that are looked through before it is asked whether to stop"""
_SIDES = {1: "BUY", -1: "SELL", None: None}


class EventView(StrictModel):
    """One event. `quantity`, `side`, `price` and `fees` are set for fills only."""

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
        """The view of a stored event. Raises DATABASE_ERROR, naming the event, if it is damaged."""
        payload = read_payload(event.row.payload, event.row.event_type, event.seq)
        try:
            return cls._of(event, payload)
        except (ValueError, TypeError, KeyError) as error:
            why = faults_of(error) if isinstance(error, ValidationError) else str(error)
            raise damaged(event_named(event.seq, event.row.event_type), why) from error

    @classmethod
    def _of(cls, event: JournalEvent, payload: dict[str, Any]) -> EventView:
        row = event.row
        return cls(
            seq=event.seq,
            event_id=row.event_id,
            event_type=type_of(row.event_type),
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
            payload=payload,
        )


class Journal:
    """Reads of events, each in a snapshot of its own."""

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
        """A workspace's events in `seq` order. With a `limit` they are the newest ones, unless `where.after` is set."""
        workspace = self._accounts.require(ref)
        wanted = replace(where or EventFilter(), workspace_id=workspace.id)
        from_the_end = newest_first or (limit is not None and wanted.after is None)
        with self._store.read() as views:
            events = views.events(wanted, limit=limit, newest_first=from_the_end)
        if from_the_end and not newest_first:
            events.reverse()
        return [EventView.of(event) for event in events]

    def page(
        self, where: EventFilter, *, limit: int, newest_first: bool = True, watch: Watch | None = None
    ) -> list[JournalEvent]:
        """At most `limit` events of a workspace, or of all, with the payload as JSON text.

        If the watch stops it, those found so far.
        """
        watch, events = watch or Unwatched(), list[JournalEvent]()
        for span in self._spans(where, watch, newest_first=newest_first):
            with self._store.read() as views:
                events += views.events(span, limit=limit - len(events), newest_first=newest_first)
            if len(events) >= limit:
                break
        return events

    def count(self, where: EventFilter, watch: Watch | None = None) -> int:
        """How many events match a filter, of a workspace or of all. If the watch stops it, how many so far."""
        total = 0
        for span in self._spans(where, watch or Unwatched(), newest_first=True):
            with self._store.read() as views:
                total += views.event_count(span)
        return total

    def story(self, symbol: str, ref: str | UUID | None = None) -> list[EventView]:
        """The fills that made the position in a symbol, oldest first: those since it was last flat or reset."""
        workspace = self._accounts.require(ref)
        with self._store.read() as views:
            fills = _fills_since_flat(views, workspace.id, symbol)
        return [EventView.of(event) for event in reversed(fills)]

    def trials(self, symbol: str | None = None) -> list[Trial]:
        """Every run that tried a strategy (on a symbol), in the order of their newest results.

        Those that are not countable were journaled by versions that did not record what was tried.
        """
        with self._store.read() as views:
            trials = views.trials()
        return [trial for trial in trials if symbol is None or symbol in trial.bars]

    def head(self, workspace_id: UUID | None = None) -> int:
        """The `seq` of the newest event, of one workspace or of all; 0 if there is none."""
        with self._store.read() as views:
            return views.head(workspace_id)

    def _spans(self, where: EventFilter, watch: Watch, *, newest_first: bool) -> Iterator[EventFilter]:
        """The filter cut into ranges of `seq`. Events are never changed, so the ranges need not share a snapshot."""
        if not _is_searched(where):
            yield where
            return
        first = where.after or 0
        last = self.head() if where.before is None else where.before - 1
        starts = range(first, last, _SPAN)
        for done, start in enumerate(reversed(starts) if newest_first else starts):
            if watch.stopped():
                return
            watch.advance(min(done * _SPAN, last - first), last - first)
            yield replace(where, after=start, before=min(start + _SPAN, last) + 1)

    def data_version(self) -> int:
        """A number that changes with every commit to the database."""
        return self._store.data_version()


def _is_searched(where: EventFilter) -> bool:
    """Whether no index leads to the events, so that they are read one by one."""
    of_runs = bool(where.types) and all(kind.startswith("RUN_") for kind in where.types)
    return where.correlation_id is None and not of_runs and bool(where.types or where.symbol or where.text)


def _fills_since_flat(views: Views, workspace_id: UUID, symbol: str) -> list[JournalEvent]:
    """The fills, newest first. A sale always closes the whole position, so older fills belong to earlier ones."""
    where = EventFilter(workspace_id, types=(EventType.ORDER_FILLED,), symbol=symbol, after=_reset(views, workspace_id))
    story: list[JournalEvent] = []
    while page := views.events(where, limit=_STORY_PAGE, newest_first=True):
        for event in page:
            if event.row.side == SELL:
                return story
            story.append(event)
        where = replace(where, before=page[-1].seq)
    return story


def _reset(views: Views, workspace_id: UUID) -> int | None:
    """The `seq` of the last reset; None if there is none, or a later reconciliation restored the older fills."""
    where = EventFilter(workspace_id, types=(EventType.STATE_RESET, EventType.STATE_RECONCILED))
    newest = views.events(where, limit=1, newest_first=True)
    return newest[0].seq if newest and newest[0].row.event_type == EventType.STATE_RESET else None
