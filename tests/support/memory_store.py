"""`engine.ports.Store` in memory: what is not committed never happened, and the journal's unique keys hold."""

from __future__ import annotations

import copy
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from uuid import UUID

from engine.account.ledger import Fill, Ledger
from engine.account.session_equity import SessionEquity
from engine.account.state import Account
from engine.errors import ConflictError, DamageFault, SystemFault
from engine.events import EventRow, EventType
from engine.market.bars import IntArray
from engine.market.recording import Recorded, Span, merged
from engine.policy.limits import Limits
from engine.policy.workspace import Workspace, WorkspaceKind
from engine.ports import EventFilter, JournalEvent, PriorFill, Progress, RunMark, RunSoFar, StoredPayload, Trial
from engine.vocabulary import TradingState


class MemoryStore:
    """Workspaces and their journal. One writer at a time; readers see what is committed."""

    is_read_only = False

    def __init__(self) -> None:
        self.journal: list[EventRow] = []
        self.workspaces: dict[UUID, Workspace] = {}
        self.accounts: dict[UUID, Account] = {}
        self.progress: dict[tuple[UUID, str], Progress] = {}
        self.recordings: dict[tuple[UUID, str, str], Recorded] = {}
        self.trials: dict[tuple[str, ...], Trial] = {}
        self.equity: dict[UUID, dict[int, SessionEquity]] = {}
        self._unique: set[tuple[object, ...]] = set()
        self._writing = False
        self.version = 0

    @contextmanager
    def write(self) -> Iterator[MemoryUnit]:
        if self._writing:
            raise SystemFault("DATABASE_BUSY", "another transaction is open")
        self._writing = True
        try:
            yield MemoryUnit(self)
        finally:
            self._writing = False

    @contextmanager
    def read(self) -> Iterator[MemoryViews]:
        yield MemoryViews(self)

    def close(self) -> None:
        pass

    def data_version(self) -> int:
        return self.version


class MemoryViews:
    """Reads of copies, so that no caller changes what is stored."""

    def __init__(self, store: MemoryStore) -> None:
        self._rows: list[EventRow] = store.journal
        self._workspaces = dict(store.workspaces)
        self._accounts = dict(store.accounts)
        self._progress = dict(store.progress)
        self._recordings = dict(store.recordings)
        self._trials = dict(store.trials)
        self._equity = {workspace_id: dict(rows) for workspace_id, rows in store.equity.items()}

    def workspace(self, ref: str | UUID) -> Workspace | None:
        found = [each for each in self._workspaces.values() if str(ref) in {str(each.id), each.name}]
        return found[0] if found else None

    def workspaces(self) -> list[Workspace]:
        listed = (each for each in self._workspaces.values() if each.kind is WorkspaceKind.ACCOUNT)
        return sorted(listed, key=lambda each: each.name)

    def every_workspace(self) -> Iterator[Workspace]:
        return iter(sorted(self._workspaces.values(), key=lambda each: str(each.id)))

    def account(self, workspace: Workspace) -> Account:
        stored = self._accounts.get(workspace.id)
        return Account(workspace.id, Ledger.fresh(workspace.starting_equity)) if stored is None else _copy(stored)

    def equity_by_session(self, workspace_id: UUID) -> list[SessionEquity]:
        return sorted(self._equity.get(workspace_id, {}).values())

    def fills(self, workspace_id: UUID, after: int = 0) -> Iterator[Fill]:
        for seq, row in self._numbered(EventFilter(workspace_id, (EventType.ORDER_FILLED.value,), after=after)):
            if row.mode == "paper":
                yield Fill(seq, row.symbol, row.side, row.lots, row.price, row.fees, row.ts, row.session)

    def duplicate_fills(self, workspace_id: UUID) -> frozenset[int]:
        return frozenset()

    def check_fills(self, workspace_id: UUID) -> None:
        """Nothing is damaged in memory."""

    def prior_fill(self, workspace_id: UUID, intent_id: UUID, mode: str) -> PriorFill | None:
        for _, row in self._numbered(EventFilter(workspace_id, (EventType.ORDER_FILLED.value,))):
            if row.intent_id == str(intent_id) and row.mode == mode:
                action = "OPEN_LONG" if row.side == 1 else "CLOSE_LONG"
                return PriorFill(row.order_id, row.correlation_id, action, row.symbol, row.lots)
        return None

    def events(self, where: EventFilter, *, limit: int | None, newest_first: bool = False) -> list[JournalEvent]:
        found = [JournalEvent(seq, row) for seq, row in self._numbered(where)]
        if newest_first:
            found.reverse()
        return found[:limit]

    def seqs(self, after: int, limit: int) -> list[int]:
        return [seq for seq, _ in self._numbered(EventFilter(after=after))][:limit]

    def event_count(self, where: EventFilter) -> int:
        return sum(1 for _ in self._numbered(where))

    def head(self, workspace_id: UUID | None = None) -> int:
        return max((seq for seq, _ in self._numbered(EventFilter(workspace_id))), default=0)

    def progress(self, workspace_id: UUID, spec_key: str) -> Progress | None:
        return self._progress.get((workspace_id, spec_key))

    def progresses(self, workspace_id: UUID) -> list[Progress]:
        return [progress for (workspace, _), progress in self._progress.items() if workspace == workspace_id]

    def every_progress(self) -> list[tuple[UUID, Progress]]:
        return [(workspace_id, progress) for (workspace_id, _), progress in self._progress.items()]

    def recorded(self, workspace_id: UUID, timeframe: str, symbols: Sequence[str]) -> dict[str, Recorded]:
        keys = {symbol: (workspace_id, symbol, timeframe) for symbol in symbols}
        return {symbol: self._recordings.get(key, Recorded.joined([])) for symbol, key in keys.items()}

    def damaged_recordings(self) -> Iterator[DamageFault]:
        return iter(())

    def trials(self) -> list[Trial]:
        return sorted(self._trials.values(), key=lambda each: (each.seq, each.kind, each.run_id, each.spec_key))

    def first_timeframe(self, workspace_id: UUID, untimed_key: str) -> str | None:
        for (workspace, _), progress in self._progress.items():
            if workspace == workspace_id and progress.untimed_key == untimed_key:
                return progress.timeframe
        return None

    def run_plans(self, prefix: str, limit: int) -> list[str]:
        started = self._runs(EventType.RUN_STARTED)
        return [row.correlation_id for _, row in started if row.correlation_id.startswith(prefix)][:limit]

    def run_marks(self, run_plan_id: str | None = None) -> list[RunMark]:
        kinds = {kind.value for kind in EventType if kind.value.startswith("RUN_")}
        kinds -= {EventType.RUN_ADVANCED.value, EventType.RUN_VARIANT_COMPLETED.value}
        where = EventFilter(types=tuple(kinds), correlation_id=run_plan_id)
        return [
            RunMark(
                seq,
                row.correlation_id,
                row.workspace_id,
                row.event_type,
                row.event_id,
                row.recorded_at,
                "" if row.event_type == EventType.RUN_STARTED else row.payload,
            )
            for seq, row in self._numbered(where)
        ]

    def run_heading(self, run_plan_id: str) -> dict[str, Any]:
        said = json.loads(self.run_document(run_plan_id).text)
        names = ("owner", "strategy_id", "objective", "journal", "variants_count", "fingerprint")
        return {name: said[name] for name in names}

    def run_document(self, run_plan_id: str) -> StoredPayload:
        ((seq, row),) = self._runs(EventType.RUN_STARTED, run_plan_id)
        return StoredPayload(seq, row.payload)

    def run_variants(self, run_plan_id: str) -> list[StoredPayload]:
        return [
            StoredPayload(seq, row.payload) for seq, row in self._runs(EventType.RUN_VARIANT_COMPLETED, run_plan_id)
        ]

    def run_payloads(self, kind: EventType, run_plan_id: str | None = None) -> list[StoredPayload]:
        return [StoredPayload(seq, row.payload) for seq, row in self._runs(kind, run_plan_id)]

    def run_so_far(self, run_plan_id: str) -> RunSoFar:
        rows = [row for _, row in self._runs(EventType.RUN_VARIANT_COMPLETED, run_plan_id)]
        said = [json.loads(row.payload) for row in rows]
        scored = [each for each in said if each["objective_score"] is not None]
        best = min(scored, key=_rank, default={"variant_id": None, "objective_score": None})
        counts = dict(Counter(each["status"] for each in said))
        last_at = max((row.recorded_at for row in rows), default=0)
        return RunSoFar(counts, best["variant_id"], best["objective_score"], last_at)

    def run_plans_with(self, fingerprint: str) -> list[str]:
        ended = self._runs(EventType.RUN_COMPLETED)
        return [row.correlation_id for _, row in ended if json.loads(row.payload)["fingerprint"] == fingerprint]

    def _runs(self, kind: EventType, run_plan_id: str | None = None) -> Iterator[tuple[int, EventRow]]:
        return self._numbered(EventFilter(types=(kind.value,), correlation_id=run_plan_id))

    def _numbered(self, where: EventFilter) -> Iterator[tuple[int, EventRow]]:
        return ((seq, row) for seq, row in enumerate(self._rows, start=1) if _matches(where, seq, row))


class MemoryUnit(MemoryViews):
    """One write transaction over copies, put in place by `commit`."""

    def __init__(self, store: MemoryStore) -> None:
        super().__init__(store)
        self._store = store
        self._rows = list(store.journal)
        self._new_keys: set[tuple[object, ...]] = set()
        self._committed = False

    def add_workspace(self, workspace: Workspace) -> None:
        if any(workspace.name == each.name or workspace.id == each.id for each in self._workspaces.values()):
            raise ConflictError("WORKSPACE_EXISTS", f"there is a workspace {workspace.name!r}")
        self._workspaces[workspace.id] = workspace
        self._accounts[workspace.id] = Account(workspace.id, Ledger.fresh(workspace.starting_equity))

    def add_workspaces(self, workspaces: Sequence[Workspace]) -> None:
        for workspace in workspaces:
            self.add_workspace(workspace)

    def put_limits(self, workspace_id: UUID, limits: Limits) -> None:
        self._workspaces[workspace_id] = replace(self._workspaces[workspace_id], limits=limits)

    def put_trading_state(self, workspace_id: UUID, state: TradingState) -> None:
        self._workspaces[workspace_id] = replace(self._workspaces[workspace_id], trading_state=state)

    def append(self, events: Sequence[EventRow]) -> int:
        for row in events:
            for key in _keys(row):
                if key in self._store._unique or key in self._new_keys:
                    raise SystemFault("DATABASE_ERROR", f"not unique: {key}")
                self._new_keys.add(key)
            self._rows.append(row)
            self._follow(UUID(row.workspace_id), len(self._rows), row.ts)
        return len(self._rows)

    def save(self, account: Account, symbols: Iterable[str], sessions: Iterable[int]) -> None:
        """Only what is named is taken over: a caller that forgets a symbol loses it, as in a database."""
        stored, taken = self._stored(account.workspace_id), _copy(account)
        stored.reconciled_at = taken.reconciled_at
        for name in ("cash", "realized_pnl", "peak_equity", "orders_count", "trades_count"):
            setattr(stored.ledger, name, getattr(taken.ledger, name))
        for symbol in symbols:
            _carry(taken.ledger.holdings, stored.ledger.holdings, symbol)
            _carry(taken.ledger.last_closed_at, stored.ledger.last_closed_at, symbol)
            _carry(taken.marks, stored.marks, symbol)
        stored.ledger.holdings = dict(sorted(stored.ledger.holdings.items()))
        for session in sessions:
            _carry(taken.ledger.realized_by_session, stored.ledger.realized_by_session, session)
        self._accounts[account.workspace_id] = stored

    def replace(self, *accounts: Account) -> None:
        for account in accounts:
            self._accounts[account.workspace_id] = _copy(account)

    def save_progress(self, workspace_id: UUID, progress: Progress) -> None:
        self._progress[workspace_id, progress.spec_key] = progress

    def put_trial(self, trial: Trial) -> None:
        self._trials[trial.kind, trial.run_id, trial.spec_key, trial.strategy_sha256] = trial

    def save_equity(self, workspace_id: UUID, rows: Sequence[SessionEquity]) -> None:
        self._equity.setdefault(workspace_id, {}).update({row.session: row for row in rows})

    def replace_equity(self, workspace_id: UUID, rows: Sequence[SessionEquity]) -> None:
        self._equity[workspace_id] = {row.session: row for row in rows}

    def record_bars(self, workspace_id: UUID, timeframe: str, spans: Sequence[Span]) -> None:
        for bars, start, stop in spans:
            known, seen = (
                self.recorded(workspace_id, timeframe, [bars.symbol])[bars.symbol],
                Recorded.of(bars, start, stop),
            )
            self._recordings[workspace_id, bars.symbol, timeframe] = merged(bars.symbol, known, seen)

    def replace_recording(
        self, workspace_id: UUID, timeframe: str, symbol: str, days: IntArray, bars: Recorded
    ) -> None:
        assert len(days) == len(bars)
        self._recordings[workspace_id, symbol, timeframe] = bars

    def commit(self) -> None:
        if self._committed:
            raise SystemFault("DATABASE_ERROR", "the transaction is over")
        store = self._store
        store.journal, store.workspaces = self._rows, self._workspaces
        store.accounts, store.progress, store.recordings = self._accounts, self._progress, self._recordings
        store.trials, store.equity = self._trials, self._equity
        store._unique |= self._new_keys
        store.version += 1
        self._committed = True

    def _follow(self, workspace_id: UUID, seq: int, ts: int) -> None:
        stored = self._stored(workspace_id)
        stored.ledger.last_seq, stored.ledger.last_event_at = seq, ts
        self._accounts[workspace_id] = stored

    def _stored(self, workspace_id: UUID) -> Account:
        mine, theirs = self._accounts[workspace_id], self._store.accounts.get(workspace_id)
        return _copy(mine) if mine is theirs else mine


def _rank(said: dict[str, Any]) -> tuple[float, float, float, str]:
    metrics = said["metrics"]
    return (-said["objective_score"], -metrics["return_pct"], metrics["max_drawdown_pct"], said["variant_id"])


def _copy(account: Account) -> Account:
    return Account(account.workspace_id, copy.deepcopy(account.ledger), dict(account.marks), account.reconciled_at)


def _carry(source: dict, target: dict, key: object) -> None:
    if key in source:
        target[key] = source[key]
    else:
        target.pop(key, None)


def _keys(row: EventRow) -> list[tuple[object, ...]]:
    keys: list[tuple[object, ...]] = [("event", row.event_id)]
    if row.event_type == EventType.ORDER_FILLED.value:
        if row.side not in {1, -1} or not row.lots > 0 or not row.price > 0 or not row.fees >= 0:
            raise SystemFault("DATABASE_ERROR", "a fill needs a side, a positive quantity and price, and fees")
        keys += [("intent", row.workspace_id, row.intent_id, row.mode), ("order", row.order_id)]
    return keys


def _matches(where: EventFilter, seq: int, row: EventRow) -> bool:
    return (
        (where.workspace_id is None or row.workspace_id == str(where.workspace_id))
        and (not where.types or row.event_type in where.types)
        and (where.correlation_id is None or row.correlation_id == where.correlation_id)
        and (where.symbol is None or row.symbol == where.symbol)
        and (where.text is None or where.text in row.payload)
        and (where.after is None or seq > where.after)
        and (where.before is None or seq < where.before)
    )
