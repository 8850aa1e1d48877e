"""Replay of the journal: an account's fills, applied one after the other to a fresh ledger."""

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
from engine.account.state import Account
from engine.errors import PapertapeError, SystemFault
from engine.policy.workspace import Workspace
from engine.ports import Views, Watch

_BLOCK = 50_000
_symbol = itemgetter(1)


@dataclass(slots=True)
class Replay:
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
