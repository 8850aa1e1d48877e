"""Reconciliation: the account rebuilt from its fills and its recording, and how the stored state differs from that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from engine.account.ledger import Ledger
from engine.account.session_equity import SessionEquity
from engine.account.state import Account, drift, folded
from engine.broker.replay import Replay, sound_fills, without_gc
from engine.broker.session_equity import rebuilt_equity
from engine.events import EventType, Stamps, account_event
from engine.market.sessions import from_micros
from engine.policy.workspace import Workspace
from engine.ports import Store, Unwatched, Watch
from engine.validation import StrictModel, UtcTime


class ReplayError(StrictModel):
    """A fill that could not be applied, and why."""

    seq: int
    reason: str


class ReconcileReport(StrictModel):
    """What a reconciliation read and rebuilt, and the drift it found. `events_replayed` includes duplicates."""

    success: bool
    workspace_id: UUID
    dry_run: bool
    events_replayed: int
    duplicates_skipped: int
    orders_rebuilt: int
    positions_rebuilt: int
    cash_after: float
    realized_pnl_after: float
    last_event_at: UtcTime | None
    errors: list[ReplayError]
    drift: dict[str, list[Any]]

    def __repr__(self) -> str:
        outcome = f"{len(self.drift):,} fields drifted, {len(self.errors):,} errors"
        how = "success" if self.success else "failed"
        return f"<ReconcileReport of {self.workspace_id}: {how}, {self.events_replayed:,} events replayed, {outcome}>"


@dataclass(frozen=True, slots=True)
class Comparison:
    """A dry run in full: its report, and both states, field by field as `drift` compares them.

    `duplicates` are the `seq`s of the skipped fills, rising; `head` is the newest event of the workspace in the
    snapshot.
    """

    report: ReconcileReport
    stored: dict[str, Any]
    rebuilt: dict[str, Any]
    duplicates: tuple[int, ...]
    head: int


def reconcile(
    store: Store, workspace: Workspace, stamps: Stamps, *, dry_run: bool = False, watch: Watch | None = None
) -> ReconcileReport:
    """Rebuild the account from its `ORDER_FILLED` events and store it in place of the old state.

    The journal is replayed from a snapshot without blocking writers; the write transaction then replays only the fills
    that came in meanwhile. The policy is not asked. A dry run reports and writes nothing.
    """
    watch = watch or Unwatched()
    if dry_run:
        return compare(store, workspace, watch=watch).report
    replay, version = Replay(Ledger.fresh(workspace.starting_equity)), store.data_version()
    with without_gc(), store.read() as views:
        replay.take(views, workspace.id, watch)
        equity = rebuilt_equity(views, workspace)
    with store.write() as unit:
        # under the write lock: the fills since the snapshot, so that none is missed
        replay.take(unit, workspace.id, watch)
        if store.data_version() != version:
            equity = rebuilt_equity(unit, workspace)
        stored, rows = unit.account(workspace), unit.equity_by_session(workspace.id)
        with sound_fills(unit, workspace.id):
            report = _report(replay, (stored, rows), equity, workspace, dry_run=False)
        now = stamps.now()
        rebuilt = Account(workspace.id, replay.ledger, reconciled_at=now)
        replay.mark(rebuilt, stored)
        unit.replace(rebuilt)
        if rows != equity:
            unit.replace_equity(workspace.id, equity)
        payload = report.model_dump(mode="json", exclude={"success", "workspace_id", "dry_run"})
        unit.append([account_event(EventType.STATE_RECONCILED, str(workspace.id), stamps, payload, now)])
        unit.commit()
    return report


def compare(store: Store, workspace: Workspace, *, watch: Watch | None = None) -> Comparison:
    """A dry run: the account rebuilt beside the stored one, both from one snapshot. Nothing is written."""
    replay = Replay(Ledger.fresh(workspace.starting_equity))
    with without_gc(), store.read() as views:
        replay.take(views, workspace.id, watch or Unwatched())
        stored, rebuilt = views.account(workspace), Account(workspace.id, replay.ledger)
        duplicates = tuple(sorted(views.duplicate_fills(workspace.id)))
        head = views.head(workspace.id)
        rows, equity = views.equity_by_session(workspace.id), rebuilt_equity(views, workspace)
        with sound_fills(views, workspace.id):
            report = _report(replay, (stored, rows), equity, workspace, dry_run=True)
            return Comparison(report, folded(stored, rows), folded(rebuilt, equity), duplicates, head)


def _report(
    replay: Replay,
    stored: tuple[Account, Sequence[SessionEquity]],
    equity: Sequence[SessionEquity],
    workspace: Workspace,
    *,
    dry_run: bool,
) -> ReconcileReport:
    """`stored` with the rows of its sessions, `equity` those that should be there."""
    ledger = replay.ledger
    return ReconcileReport(
        success=True,
        workspace_id=workspace.id,
        dry_run=dry_run,
        events_replayed=replay.read,
        duplicates_skipped=replay.duplicates,
        orders_rebuilt=ledger.orders_count,
        positions_rebuilt=len(ledger.holdings),
        cash_after=ledger.cash,
        realized_pnl_after=ledger.realized_pnl,
        last_event_at=None if ledger.last_event_at is None else from_micros(ledger.last_event_at),
        errors=[ReplayError(seq=error.seq, reason=error.reason) for error in replay.errors],
        drift=drift(folded(*stored), folded(Account(workspace.id, ledger), equity)),
    )
