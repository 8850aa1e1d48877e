"""Reconciliation: the account rebuilt from its fills, and how the stored state differs from them."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from operator import itemgetter
from typing import Any
from uuid import UUID

from engine.account.fold import Unapplied, replay_fills
from engine.account.ledger import Fill, Ledger
from engine.account.state import Account, drift, folded
from engine.errors import PapertapeError, SystemFault
from engine.events import EventType, Stamps, account_event
from engine.market.sessions import from_micros
from engine.policy.workspace import Workspace
from engine.ports import Store, Unwatched, Views, Watch
from engine.validation import StrictModel, UtcTime

_BLOCK = 50_000
_symbol = itemgetter(1)


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


@dataclass(slots=True)
class _Replay:
    """A replay in progress, which can continue with later fills."""

    ledger: Ledger
    read: int = 0
    duplicates: int = 0
    head: int = 0
    errors: list[Unapplied] = field(default_factory=list)
    last: dict[str, Fill] = field(default_factory=dict)
    """Each symbol's last fill that was applied"""

    def take(self, views: Views, workspace_id: UUID, watch: Watch) -> None:
        """Replay the fills after `head`. Raises CANCELLED if the watch stops it."""
        skip = views.duplicate_fills(workspace_id)
        total = views.head(workspace_id)
        with sound_fills(views, workspace_id):
            for block in _blocks(views.fills(workspace_id, after=self.head)):
                self._apply(block, skip)
                watch.advance(self.head, total)
                if watch.stopped():
                    raise SystemFault("CANCELLED", "the reconciliation was stopped", hint="nothing was changed")

    def _apply(self, block: list[Fill], skip: frozenset[int]) -> None:
        self.read += len(block)
        self.head = block[-1][0]
        if skip:
            kept = [fill for fill in block if fill[0] not in skip]
            self.duplicates += len(block) - len(kept)
            block = kept
        unapplied = replay_fills(self.ledger, block)
        self.errors += unapplied
        if unapplied:
            without = {error.seq for error in unapplied}
            block = [fill for fill in block if fill[0] not in without]
        self.last.update(zip(map(_symbol, block), block, strict=True))

    def mark(self, rebuilt: Account, stored: Account) -> None:
        """Set marks: the last fill's price of each symbol, or the stored mark unless a fill came after it.

        A reset removes the marks with the state; its event comes after the fills that it undoes.
        """
        late = {symbol for symbol, fill in self.last.items() if fill[0] > stored.ledger.last_seq}
        rebuilt.value_at({symbol: fill[4] for symbol, fill in self.last.items()})
        rebuilt.value_at({symbol: mark for symbol, mark in stored.marks.items() if symbol not in late})


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
    replay = _Replay(Ledger.fresh(workspace.starting_equity))
    with without_gc(), store.read() as views:
        replay.take(views, workspace.id, watch)
    with store.write() as unit:
        # under the write lock: the fills since the snapshot, so that none is missed
        replay.take(unit, workspace.id, watch)
        stored = unit.account(workspace)
        with sound_fills(unit, workspace.id):
            report = _report(replay, stored, workspace, dry_run=False)
        now = stamps.now()
        rebuilt = Account(workspace.id, replay.ledger, reconciled_at=now)
        replay.mark(rebuilt, stored)
        unit.replace(rebuilt)
        payload = report.model_dump(mode="json", exclude={"success", "workspace_id", "dry_run"})
        unit.append([account_event(EventType.STATE_RECONCILED, str(workspace.id), stamps, payload, now)])
        unit.commit()
    return report


def compare(store: Store, workspace: Workspace, *, watch: Watch | None = None) -> Comparison:
    """A dry run: the account rebuilt beside the stored one, both from one snapshot. Nothing is written."""
    replay = _Replay(Ledger.fresh(workspace.starting_equity))
    with without_gc(), store.read() as views:
        replay.take(views, workspace.id, watch or Unwatched())
        stored, rebuilt = views.account(workspace), Account(workspace.id, replay.ledger)
        duplicates = tuple(sorted(views.duplicate_fills(workspace.id)))
        head = views.head(workspace.id)
        with sound_fills(views, workspace.id):
            report = _report(replay, stored, workspace, dry_run=True)
            return Comparison(report, folded(stored), folded(rebuilt), duplicates, head)


def replayed(views: Views, workspace: Workspace, trades: list[Any] | None = None) -> Ledger:
    """The ledger that the journal makes, over an account's whole life; closed trades are appended to `trades`."""
    ledger = Ledger.fresh(workspace.starting_equity)
    skip = views.duplicate_fills(workspace.id)
    fills: Iterator[Fill] = views.fills(workspace.id)
    if skip:
        fills = (fill for fill in fills if fill[0] not in skip)
    with without_gc(), sound_fills(views, workspace.id):
        for block in _blocks(fills):
            replay_fills(ledger, block, trades)
    return ledger


def _report(replay: _Replay, stored: Account, workspace: Workspace, *, dry_run: bool) -> ReconcileReport:
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
        drift=drift(stored, Account(workspace.id, ledger)),
    )


def _blocks(fills: Iterator[Fill]) -> Iterator[list[Fill]]:
    while block := list(islice(fills, _BLOCK)):
        yield block


@contextmanager
def sound_fills(views: Views, workspace_id: UUID) -> Iterator[None]:
    """If the body fails on a damaged fill, raise DATABASE_ERROR naming it; else the body's own error.

    The fold does not check the types of millions of values beforehand.
    """
    try:
        yield
    except PapertapeError:
        raise
    except Exception:
        views.check_fills(workspace_id)
        raise


@contextmanager
def without_gc() -> Iterator[None]:
    """Switch the garbage collector off: it would scan millions of tuples that have no cycles."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
