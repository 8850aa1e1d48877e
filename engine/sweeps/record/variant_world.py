"""A variant's fills as events and account states: the same rows whenever and however often they are made."""

from __future__ import annotations

import json
from collections.abc import Sequence
from uuid import UUID

from engine.account.fold import apply_fills
from engine.account.ledger import BUY, Fill, Ledger, Trade
from engine.account.metrics import Metrics
from engine.account.state import Account
from engine.events import CountedStamps, EventRow, EventType, FillEvents
from engine.jsontext import compact_json
from engine.policy.workspace import Workspace

CREATED = 1
"""Events of a variant's workspace before its first fill."""
PER_FILL = 2
"""ORDER_FILLED and POSITION_*."""
IDS_PER_FILL = 4
"""Of the intent, the order and the two events."""


class VariantWorld:
    """One variant's workspace and fills; ids are a namespace (the workspace) and a counter."""

    def __init__(self, workspace: Workspace, strategy_id: str, fills: Sequence[Fill]) -> None:
        self.workspace = workspace
        self.fills = fills = list(fills)  # gone through three times
        self._strategy = json.dumps(strategy_id, ensure_ascii=False)
        self._prefix = CountedStamps(workspace.id, lambda: 0).new_id()[:-12]
        self.exists = False
        """Whether the workspace is stored."""
        self.at = 0
        """How many fills are behind."""
        self._closed = 0
        self._partly = self._fresh()
        self.account = self._fresh()
        self.trades: list[Trade] = []
        self.unapplied = apply_fills(self.account.ledger, fills, self.trades)
        self.account.marks.update({fill[1]: fill[4] for fill in fills})

    def fault(self, metrics: Metrics) -> str | None:
        """What contradicts the metrics, or a world that starts and ends flat; None when all is in order."""
        ledger = self.account.ledger
        if self.unapplied:
            return f"a fill cannot be applied: {self.unapplied[0].reason}"
        if ledger.holdings:
            return f"{', '.join(ledger.holdings)} is still held at the end"
        if len(self.fills) != 2 * len(self.trades):
            return "a position was scaled"
        # the fold defines the ledger: what the kernel found must be, bit for bit, what its fills make of it
        if ledger.cash != metrics.ending_equity or len(self.trades) != metrics.trade_count:
            return (
                f"its fills make {len(self.trades)} trades and {ledger.cash!r},"
                f" its metrics say {metrics.trade_count} and {metrics.ending_equity!r}"
            )
        return None

    def created(self, ts: int, recorded_at: int) -> EventRow:
        """WORKSPACE_CREATED, at the time of the first bar."""
        workspace = self.workspace
        payload = {
            "name": workspace.name,
            "kind": workspace.kind.value,
            "starting_equity": workspace.starting_equity,
            "policy": workspace.limits.model_dump(mode="json", exclude_defaults=True),
        }
        kind = EventType.WORKSPACE_CREATED.value
        event_id = f"{self._prefix}{CREATED:012x}"
        return EventRow(event_id, str(workspace.id), kind, ts, recorded_at, payload=compact_json(payload))

    def skip(self, count: int) -> None:
        """The first `count` fills are journaled already."""
        self.at, self._closed = count, sum(1 for fill in self.fills[:count] if fill[2] != BUY)
        apply_fills(self._partly.ledger, self.fills[:count])
        self._partly.marks.update({fill[1]: fill[4] for fill in self.fills[:count]})

    def advance(self, count: int, recorded_at: int) -> tuple[list[EventRow], Account]:
        """The events of the next `count` fills at most, and the account that they make."""
        start, fills = self.at, self.fills[self.at : self.at + count]
        self.at += len(fills)
        rows = self._rows(start, fills, recorded_at)
        if self.at == len(self.fills):
            return rows, self.account
        apply_fills(self._partly.ledger, fills)
        self._partly.marks.update({fill[1]: fill[4] for fill in fills})
        return rows, self._partly

    def _rows(self, start: int, fills: Sequence[Fill], recorded_at: int) -> list[EventRow]:
        events = FillEvents(str(self.workspace.id), self._prefix, self._strategy, recorded_at)
        rows: list[EventRow] = []
        counter = CREATED + IDS_PER_FILL * start
        for _, symbol, side, lots, price, fees, ts, session in fills:
            if side == BUY:
                rows += events.opened(counter, symbol, lots, price, fees, ts, session)
            else:
                trade = self.trades[self._closed]
                self._closed += 1
                closed = (trade.entry_ts, trade.entry_price, trade.exit_price, trade.fees, trade.pnl)
                rows += events.closed(counter, symbol, lots, price, fees, ts, session, closed)
            counter += IDS_PER_FILL
        return rows

    def _fresh(self) -> Account:
        return Account(self.workspace.id, Ledger.fresh(self.workspace.starting_equity))


def variant_workspace(like: Workspace, workspace_id: UUID, created_at: int) -> Workspace:
    """The hidden workspace of a variant."""
    return Workspace(
        workspace_id, str(workspace_id), like.starting_equity, created_at, like.kind, like.limits, like.trading_state
    )
