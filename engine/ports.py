"""What the engine asks of a store. `storage` implements it on SQLite."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple, Protocol
from uuid import UUID

from engine.account.ledger import Fill
from engine.account.state import Account
from engine.errors import DamageFault
from engine.events import EventRow
from engine.market.bars import IntArray
from engine.market.recording import Recorded, Span
from engine.policy.limits import Limits
from engine.policy.workspace import Workspace
from engine.vocabulary import TradingState


class PriorFill(NamedTuple):
    """The first order of an intent that was executed before."""

    order_id: str
    correlation_id: str
    action: str
    symbol: str
    lots: int


@dataclass(frozen=True, slots=True)
class Progress:
    """How far `run -w` has taken a spec in a workspace, and what its first run fixed (times in UTC microseconds).

    `untimed_key` is the spec key without its timeframe: a spec that leaves the timeframe to the data keeps the one
    that its first run found. `strategy_sha256` is what the strategy's code was then, empty where it is not known.
    `settled`: of a symbol whose history was accepted as changed, up to when its bars are history, traded or not.
    """

    spec_key: str
    ts: int
    timeframe: str = "daily"
    untimed_key: str = ""
    intraday: dict[str, bool] = field(default_factory=dict)
    first_ts: dict[str, int] = field(default_factory=dict)
    strategy_sha256: str = ""
    settled: dict[str, int] = field(default_factory=dict)

    began: int | None = None
    """The first timestamp that the spec traded here; None before it has traded any"""

    def with_settled(self, symbol: str, ts: int) -> Progress:
        """The same with a symbol's bars up to a time as history."""
        return replace(self, settled={**self.settled, symbol: ts})


SPEC_DIGEST = 16
"""Bytes of a resolved spec's sha256 that tell it apart where many are kept."""

TrialKind = Literal["plan", "backtest", "forward"]


@dataclass(frozen=True, slots=True)
class Trial:
    """One run that tried a strategy: a run plan, a backtest, or a spec with which an account trades on.

    `run_id` is the run plan's or the workspace's id, `spec_key` a forward run's. `bars` has the sha256 of each symbol's
    bars; `first_ts` to `last_ts` is the time that was traded (UTC microseconds). `specs` are the first 16 bytes of the
    sha256 of each resolved spec that has a result, each once, end to end; none of a run that was journaled without
    them, which cannot be counted. `seq` is that of its newest result.
    """

    kind: TrialKind
    run_id: str
    strategy_id: str
    strategy_sha256: str
    bars: Mapping[str, str]
    first_ts: int | None
    last_ts: int | None
    specs: bytes
    seq: int
    spec_key: str = ""

    @property
    def is_countable(self) -> bool:
        """Whether it is known what was tried."""
        return bool(self.specs)

    @property
    def count(self) -> int:
        """How many configurations it tried."""
        return len(self.specs) // SPEC_DIGEST

    def digests(self) -> Iterator[bytes]:
        """Those of its resolved specs."""
        return (self.specs[start : start + SPEC_DIGEST] for start in range(0, len(self.specs), SPEC_DIGEST))


class JournalEvent(NamedTuple):
    """An event as it was read: its `seq`, and its row."""

    seq: int
    row: EventRow


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which events: of a workspace (None: all), of types, of a correlation id, of a symbol, holding a text.

    `after` and `before` are exclusive bounds of `seq`.
    """

    workspace_id: UUID | None = None
    types: tuple[str, ...] = ()
    correlation_id: str | None = None
    symbol: str | None = None
    text: str | None = None
    after: int | None = None
    before: int | None = None


class StoredPayload(NamedTuple):
    """An event's payload as it was read, JSON text, and the event's `seq`."""

    seq: int
    text: str


class RunMark(NamedTuple):
    """A RUN_* event of an execution as a whole. The payload is JSON text; RUN_STARTED's is left out."""

    seq: int
    run_plan_id: str
    workspace_id: str
    event_type: str
    event_id: str
    recorded_at: int
    payload: str


class RunSoFar(NamedTuple):
    """How many variants came out how, which has the best score, when the last was written (0: none was)."""

    counts: dict[str, int]
    best_variant_id: str | None
    best_score: float | None
    last_at: int


@dataclass(frozen=True, slots=True)
class Owner:
    """Who executes a run: a process, by host, pid and start (a pid is used again), and the number of its claim."""

    host: str
    pid: int
    started: str
    claim: int


class Owners(Protocol):
    """Which processes own runs, and whether they are still alive."""

    def claim(self) -> Owner:
        """This process, as the owner of a run that it begins."""
        ...

    def release(self, owner: Owner) -> None:
        """The run is over, for this process."""
        ...

    def alive(self, owner: Owner) -> bool:
        """Whether an owner is still at work, as far as can be told from here."""
        ...


class RunViews(Protocol):
    """Reads of run plans, from `RUN_*` events alone."""

    def run_plans(self, prefix: str, limit: int) -> list[str]:
        """Ids of run plans that begin with a text, at most `limit`."""
        ...

    def run_marks(self, run_plan_id: str | None = None) -> list[RunMark]:
        """Starts, resumptions, requests to cancel and ends, of one run plan or of all, in `seq` order."""
        ...

    def run_heading(self, run_plan_id: str) -> dict[str, Any]:
        """What RUN_STARTED says beside the variants, as far as lists show it."""
        ...

    def run_document(self, run_plan_id: str) -> StoredPayload:
        """The payload of the plan's RUN_STARTED event."""
        ...

    def run_variants(self, run_plan_id: str) -> list[StoredPayload]:
        """The payloads of RUN_VARIANT_COMPLETED, in `seq` order."""
        ...

    def run_so_far(self, run_plan_id: str) -> RunSoFar:
        """What came out of a run that has not ended."""
        ...

    def run_plans_with(self, fingerprint: str) -> list[str]:
        """Completed run plans of this fingerprint, in the order of their ends."""
        ...


class Views(RunViews, Protocol):
    """Reads that belong together: one snapshot of the database."""

    def workspace(self, ref: str | UUID) -> Workspace | None:
        """The workspace of this name or id, of any kind."""
        ...

    def workspaces(self) -> list[Workspace]:
        """The listed accounts, by name."""
        ...

    def every_workspace(self) -> Iterator[Workspace | DamageFault]:
        """Those that are not listed too, in the order of their ids; what is wrong with one that is damaged."""
        ...

    def account(self, workspace: Workspace) -> Account:
        """The stored account state; a fresh account when there is none."""
        ...

    def fills(self, workspace_id: UUID, after: int = 0) -> Iterator[Fill]:
        """Paper fills with `seq > after`, in `seq` order, as plain tuples of `Fill`'s shape."""
        ...

    def duplicate_fills(self, workspace_id: UUID) -> frozenset[int]:
        """The `seq` of every paper fill whose order id an earlier one has; empty while the database enforces it."""
        ...

    def check_fills(self, workspace_id: UUID) -> None:
        """DATABASE_ERROR names the first paper fill that has a value of a wrong type."""
        ...

    def prior_fill(self, workspace_id: UUID, intent_id: UUID, mode: str) -> PriorFill | None:
        """The fill of an intent that was executed before."""
        ...

    def events(self, where: EventFilter, *, limit: int | None, newest_first: bool = False) -> list[JournalEvent]:
        """Events in `seq` order (or newest first), at most `limit`."""
        ...

    def seqs(self, after: int, limit: int) -> list[int]:
        """The `seq`s of the next events of all workspaces, at most `limit`."""
        ...

    def event_count(self, where: EventFilter) -> int:
        """How many events a filter finds."""
        ...

    def head(self, workspace_id: UUID | None = None) -> int:
        """The `seq` of the newest event (of a workspace), 0 when there is none."""
        ...

    def progress(self, workspace_id: UUID, spec_key: str) -> Progress | None:
        """How far `run -w` has come with a spec."""
        ...

    def progresses(self, workspace_id: UUID) -> list[Progress]:
        """How far `run -w` has come with every spec of a workspace, in the order of their first runs."""
        ...

    def every_progress(self) -> list[tuple[UUID, Progress]]:
        """How far every `run -w` of every workspace has come."""
        ...

    def recorded(self, workspace_id: UUID, timeframe: str, symbols: Sequence[str]) -> dict[str, Recorded]:
        """The bars of symbols that the workspace has seen, each symbol named; no bars of one that it does not know."""
        ...

    def damaged_recordings(self) -> Iterator[DamageFault]:
        """What is wrong with each recording that cannot be read, or that holds what no bar can be."""
        ...

    def trials(self) -> list[Trial]:
        """Every run that tried a strategy, in the order of their newest results."""
        ...

    def first_timeframe(self, workspace_id: UUID, untimed_key: str) -> str | None:
        """The timeframe that the first run of a spec found, by its key without one."""
        ...


class UnitOfWork(Views, Protocol):
    """One write transaction. What is not committed never happened; every read in it sees the newest state.

    An account that it gives belongs to it and is not to be kept: the next transaction may change the same object.
    """

    def add_workspace(self, workspace: Workspace) -> None:
        """A new workspace and its fresh account state; WORKSPACE_EXISTS when the name is taken."""
        ...

    def add_workspaces(self, workspaces: Sequence[Workspace]) -> None:
        """Many new workspaces, none of which may be stored, and their fresh account states."""
        ...

    def put_limits(self, workspace_id: UUID, limits: Limits) -> None:
        """Replace a workspace's limits as a whole."""
        ...

    def put_trading_state(self, workspace_id: UUID, state: TradingState) -> None:
        """Replace a workspace's trading state."""
        ...

    def append(self, events: Sequence[EventRow]) -> int:
        """Append events; the `seq` of the last one. The workspaces' stored `last_seq` and `last_event_at` follow."""
        ...

    def save(self, account: Account, symbols: Iterable[str], sessions: Iterable[int]) -> None:
        """Store an account's state, of its parts only the symbols and trading days named."""
        ...

    def replace(self, *accounts: Account) -> None:
        """Store accounts' states in place of all that was stored of them."""
        ...

    def save_progress(self, workspace_id: UUID, progress: Progress) -> None:
        """Store how far a run has come."""
        ...

    def put_trial(self, trial: Trial) -> None:
        """Store what a run has tried so far, in place of what was stored of it."""
        ...

    def record_bars(self, workspace_id: UUID, timeframe: str, spans: Sequence[Span]) -> None:
        """Add bars to what the workspace has seen; HISTORY_CHANGED where it has seen others."""
        ...

    def replace_recording(
        self, workspace_id: UUID, timeframe: str, symbol: str, days: IntArray, bars: Recorded
    ) -> None:
        """Put a symbol's recording in place of all that was recorded of it; `days` are the sessions, shape (n,)."""
        ...

    def commit(self) -> None:
        """Commit the transaction durably: it survives a crash once this returns."""
        ...


class Store(Protocol):
    """A database of workspaces and their journal."""

    @property
    def is_read_only(self) -> bool:
        """Whether it can be read and not written: `write` raises a `ReadOnlyFault` then."""
        ...

    def write(self) -> AbstractContextManager[UnitOfWork]:
        """Begin a write transaction at once; leaving it without `commit` rolls it back."""
        ...

    def read(self) -> AbstractContextManager[Views]:
        """A snapshot to read from."""
        ...

    def close(self) -> None:
        """Let go of the database."""
        ...

    def data_version(self) -> int:
        """A number that changes when another process has written."""
        ...


class Watch(Protocol):
    """Who watches a long call: told how far it is, asked whether to stop."""

    def advance(self, done: int, total: int) -> None:
        """`done` of `total` steps are behind."""
        ...

    def stopped(self) -> bool:
        """Whether the call should end early."""
        ...


class Unwatched:
    """A Watch that never requests a stop."""

    def advance(self, done: int, total: int) -> None:
        """Do nothing: progress is not reported."""

    def stopped(self) -> bool:
        """Always False: a stop is never requested."""
        return False
