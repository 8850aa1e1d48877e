"""The RUN_* events of a sweep compared with each other and with its variants' accounts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from engine.account.ledger import Ledger
from engine.audit.findings import Findings
from engine.events import EventType
from engine.payloads import event_named
from engine.policy.workspace import as_uuid
from engine.ports import JournalEvent
from engine.sweeps.plan.run_plan import variant_workspace_id
from engine.sweeps.record.status import ENDS

_HEADING = ("strategy_id", "objective", "journal", "variants_count", "fingerprint")


@dataclass(slots=True)
class Promise:
    """What a result says of an account: that of a variant, or of a backtest."""

    where: str
    ending_equity: float
    trade_count: int
    fills: int | None = None

    def compare(self, ledger: Ledger, findings: Findings) -> None:
        """Add a finding if the account is not as the result says."""
        made: dict[str, Any] = {"ending_equity": ledger.cash, "trade_count": ledger.trades_count}
        said: dict[str, Any] = {"ending_equity": self.ending_equity, "trade_count": self.trade_count}
        if self.fills is not None:
            made["fills"], said["fills"] = ledger.orders_count, self.fills
        findings.compare(self.where, said, made)


@dataclass(slots=True)
class Sweep:
    """A run plan's events so far: its variants' ids, and the status and score of those with a result."""

    heading: dict[str, Any]
    variant_ids: list[str]
    ts: int | None = None
    """Of the data's last bar, which each RUN_VARIANT_COMPLETED has"""
    done: dict[int, tuple[str, float | None]] = field(default_factory=dict)


class Sweeps:
    """Every run plan of a journal, event by event. `promised` has the variants' accounts by workspace id."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._sweeps: dict[str, Sweep] = {}
        self._unreadable: set[str] = set()
        self.promised: dict[str, Promise] = {}

    def take(self, event: JournalEvent, said: dict[str, Any]) -> None:
        """Compare the next RUN_* event with the run plan's earlier ones."""
        kind, run_plan_id = event.row.event_type, event.row.correlation_id or ""
        where = event_named(event.seq, kind)
        if run_plan_id in self._unreadable:
            return
        if as_uuid(run_plan_id) is None:
            self._findings.add(f"{where} is of no run plan: its correlation_id is {run_plan_id!r}")
        elif kind == EventType.RUN_STARTED:
            ids = [named["variant_id"] for named in said["variants"]]
            self._sweeps[run_plan_id] = Sweep({name: said[name] for name in _HEADING}, ids)
            self._findings.compare(where, said, {"variants_count": len(ids)})
        elif run_plan_id not in self._sweeps:
            self._findings.add(f"{where} is of run plan {run_plan_id}, of which there is no RUN_STARTED")
        elif kind == EventType.RUN_VARIANT_COMPLETED:
            self._done(event, self._sweeps[run_plan_id], run_plan_id, said)
        elif kind in ENDS:
            self._ended(where, self._sweeps[run_plan_id], said)

    def promise(self, event: JournalEvent, said: dict[str, Any]) -> None:
        """Note what BACKTEST_RECORDED, the last event of an account, says of it."""
        where, metrics = event_named(event.seq, event.row.event_type), said["metrics"]
        promised = Promise(where, metrics["ending_equity"], metrics["trade_count"], said["fills"])
        self.promised[event.row.workspace_id] = promised

    def leave_out(self, run_plan_id: str | None) -> None:
        """Ignore a run plan whose RUN_STARTED cannot be read, which was reported."""
        self._unreadable.add(run_plan_id or "")

    def _done(self, event: JournalEvent, sweep: Sweep, run_plan_id: str, said: dict[str, Any]) -> None:
        where, place, ids = event_named(event.seq, event.row.event_type), said["index"], sweep.variant_ids
        if sweep.ts is None:
            sweep.ts = event.row.ts
        self._findings.compare(where, {"ts": event.row.ts}, {"ts": sweep.ts})
        if not 0 <= place < len(ids):
            self._findings.add(f"{where} is of variant {place} of {len(ids):,}")
            return
        self._findings.compare(where, said, {"variant_id": ids[place]})
        sweep.done[place] = (said["status"], said["objective_score"])
        metrics = said["metrics"] or {}
        if sweep.heading["journal"] == "full" and {"ending_equity", "trade_count"} <= metrics.keys():
            workspace_id = str(variant_workspace_id(UUID(run_plan_id), ids[place]))
            self.promised[workspace_id] = Promise(where, metrics["ending_equity"], metrics["trade_count"])

    def _ended(self, where: str, sweep: Sweep, said: dict[str, Any]) -> None:
        states = [status for status, _ in sweep.done.values()]
        counts = {"done": len(states), "failed": states.count("failed"), "skipped": states.count("skipped")}
        self._findings.compare(where, said, {**sweep.heading, **counts})
        best = said["best_variant_id"]
        if best is None:
            return
        scores = {sweep.variant_ids[place]: score for place, (_, score) in sweep.done.items()}
        self._findings.compare(where, {"best_variant_id": best in scores}, {"best_variant_id": True})
        self._findings.compare(where, said, {"best_score": scores.get(best)})
