"""A workspace rebuilt from the journal, event by event."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.account.fold import apply_fills
from engine.account.ledger import Fill, Ledger, Trade
from engine.audit.findings import Findings
from engine.events import EventType
from engine.payloads import event_named
from engine.policy.limits import Limits
from engine.policy.workspace import Workspace, WorkspaceKind
from engine.ports import JournalEvent
from engine.vocabulary import TradingState


class World:
    """A workspace as its events make it. `ledger` has all fills, or those since the last reset that still counts."""

    def __init__(self, workspace: Workspace, duplicates: frozenset[int]) -> None:
        self.workspace = workspace
        self.ledger = Ledger.fresh(workspace.starting_equity)
        self.reconciled_at: int | None = None
        self.progress: dict[str, Mapping[str, Any]] = {}
        """By spec key, what the newest RUN_ADVANCED says"""
        self.is_broken = False
        """Whether one of its fills is lost, so that nothing more can be said of its state"""
        self._whole = self.ledger
        """What all fills make; the state itself until a reset"""
        self.duplicates = duplicates
        """The `seq`s of fills whose order an earlier one has; replay skips them"""
        self._head: tuple[int, int | None] = (0, None)
        self._limits: dict[str, Any] | None = None
        self._trading_state = TradingState.ACTIVE.value
        self._strategy: Any = None

    def break_off(self) -> None:
        """Record that an execution is incomplete, so the account is not checked from here on."""
        self.is_broken = True

    def seen(self, event: JournalEvent) -> None:
        """Note an event of the workspace, of any type."""
        self._head = (event.seq, event.row.ts)

    def fill(self, fill: Fill) -> tuple[Trade | None, str]:
        """Apply a fill; the trade that it closed, and why it could not be applied."""
        trades: list[Trade] = []
        unapplied = apply_fills(self.ledger, (fill,), trades)
        if self._whole is not self.ledger:
            apply_fills(self._whole, (fill,))
        return (trades[0] if trades else None), (unapplied[0].reason if unapplied else "")

    def strategy(self, said: Mapping[str, Any]) -> Any:
        """The strategy of an order: the only one of a closed world or a variant, or the one that an account's event
        names.
        """
        if self._strategy is None or self.workspace.kind is WorkspaceKind.ACCOUNT:
            self._strategy = said.get("strategy_id")
        return self._strategy

    def take(self, event: JournalEvent, said: dict[str, Any], findings: Findings) -> None:
        """Apply an event of the account itself; a finding for each contradiction."""
        seq, row = event
        where = event_named(seq, row.event_type)
        if row.event_type == EventType.WORKSPACE_CREATED:
            self._create(event, said, findings)
        elif row.event_type == EventType.POLICY_CHANGED:
            self._change_policy(where, said, findings)
        elif row.event_type == EventType.TRADING_STATE_CHANGED:
            findings.compare(where, said, {"from": self._trading_state})
            self._trading_state = str(said.get("to"))
        elif row.event_type == EventType.STATE_RESET:
            self.ledger, self.reconciled_at = Ledger.fresh(self.workspace.starting_equity), None
            findings.compare(where, said, {"starting_equity": self.workspace.starting_equity})
        elif row.event_type == EventType.STATE_RECONCILED:
            self.ledger, self.reconciled_at = self._whole, row.ts
            self._compare_report(where, said, findings)
        else:
            self._accept(row.event_type, said)

    def _accept(self, kind: str, said: dict[str, Any]) -> None:
        """Note what a user accepted of a changed past or strategy, as the progress of its specs has it from then on."""
        if kind == EventType.STRATEGY_ACCEPTED:
            self._know(said["spec_key"], {"strategy_sha256": said["to"]})
        elif kind == EventType.HISTORY_ACCEPTED:
            for key, settled in said["settled"].items():
                self._know(key, {"settled": {**self.progress.get(key, {}).get("settled", {}), **settled}})

    def _know(self, key: str, said: Mapping[str, Any]) -> None:
        if key in self.progress:
            self.progress[key] = {**self.progress[key], **said}

    def _compare_report(self, where: str, said: dict[str, Any], findings: Findings) -> None:
        made = self.ledger
        rebuilt = {"cash_after": made.cash, "realized_pnl_after": made.realized_pnl}
        counted = {"orders_rebuilt": made.orders_count, "positions_rebuilt": len(made.holdings)}
        if not self.is_broken:
            findings.compare(where, said, {**rebuilt, **counted})

    def close(self) -> Ledger:
        """The state that should be stored at the workspace's newest event."""
        self.ledger.last_seq, self.ledger.last_event_at = self._head
        return self.ledger

    def compare_workspace(self, findings: Findings) -> None:
        """Add a finding for limits or a trading state that differ from those its events make."""
        stored = self.workspace
        if self._limits is not None:
            where = f"workspace {stored.name}"
            findings.compare(where, stored.limits.model_dump(mode="json"), self._limits)
            findings.compare(
                where, {"trading_state": stored.trading_state.value}, {"trading_state": self._trading_state}
            )

    def _create(self, event: JournalEvent, said: dict[str, Any], findings: Findings) -> None:
        stored, where = self.workspace, event_named(event.seq, event.row.event_type)
        if stored.kind is not WorkspaceKind.VARIANT:  # whose events begin with the data
            findings.compare(where, {"ts": event.row.ts}, {"ts": stored.created_at})
        known = {"name": stored.name, "kind": stored.kind.value, "starting_equity": stored.starting_equity}
        findings.compare(where, said, known)
        if "policy" in said:
            self._limits = {**Limits().model_dump(mode="json"), **said["policy"]}
        else:
            findings.add(f"{where} has no policy")

    def _change_policy(self, where: str, said: dict[str, Any], findings: Findings) -> None:
        if self._limits is not None:
            findings.compare(where, {name: pair[0] for name, pair in said.items()}, self._known_of(said))
            self._limits |= {name: pair[1] for name, pair in said.items()}

    def _known_of(self, said: dict[str, Any]) -> dict[str, Any]:
        assert self._limits is not None  # noqa: S101 - for the type checker
        return {name: self._limits.get(name) for name in said}
