"""What the engine needs of a store; `storage` implements it on SQLite."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple, Protocol
from uuid import UUID

from engine.account.ledger import Fill
from engine.account.session_equity import SessionEquity
from engine.account.state import Account
from engine.errors import DamageFault
from engine.events import EventRow
from engine.market.bars import IntArray
from engine.market.recording import Recorded, Span
from engine.policy.limits import Limits
from engine.policy.workspace import Workspace
from engine.vocabulary import EventType, TradingState


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

    `untimed_key` is the spec key without its timeframe: a spec that names no timeframe keeps the one that its first run
    found. `strategy_sha256` is the digest of the strategy's code then, empty if it is not known. `settled` gives, for a
    symbol whose changed history was accepted, the time up to which its bars are history, traded or not.
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

    clock_from: int | None = None
    """The first bar from which on the account's sessions count for this spec; None before it has traded any"""

    def with_settled(self, symbol: str, ts: int) -> Progress:
        """A copy in which the symbol's bars up to `ts` are history."""
        return replace(self, settled={**self.settled, symbol: ts})


SPEC_DIGEST = 16
"""Bytes of a resolved spec's sha256 that tell it apart where many are kept."""

TrialKind = Literal["plan", "backtest", "forward"]


@dataclass(frozen=True, slots=True)
class Trial:
    """One run that tried a strategy: a run plan, a backtest, or a forward run.

    `run_id` is the run plan's or the workspace's id, `spec_key` a forward run's. `bars` has the sha256 of each symbol's
    bars; `first_ts` to `last_ts` is the time that was traded (UTC microseconds). `specs` are the first 16 bytes of the
    sha256 of each resolved spec with a result, each once, end to end; empty for a run that was journaled without them
    and cannot be counted. `seq` is that of its newest result.
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
        """The number of configurations it tried."""
        return len(self.specs) // SPEC_DIGEST

    def digests(self) -> Iterator[bytes]:
        """The digests in `specs`, one by one."""
        return (self.specs[start : start + SPEC_DIGEST] for start in range(0, len(self.specs), SPEC_DIGEST))


class JournalEvent(NamedTuple):
    """An event as it was read: its `seq`, and its row."""

    seq: int
    row: EventRow


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which events: of a workspace (None: all), of types, with a correlation id, of a symbol, containing a text.

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
    """A RUN_* event about a run as a whole. The payload is JSON text, empty for RUN_STARTED."""

    seq: int
    run_plan_id: str
    workspace_id: str
    event_type: str
    event_id: str
    recorded_at: int
    payload: str


class RunSoFar(NamedTuple):
    """The number of variants by outcome, the best one and its score, and the `seq` of the last (0: none yet)."""

    counts: dict[str, int]
    best_variant_id: str | None
    best_score: float | None
    last_at: int


@dataclass(frozen=True, slots=True)
class Owner:
    """The process that executes a run: its host, pid and start time (pids are reused), and the number of its claim."""

    host: str
    pid: int
    started: str
    claim: int


class Owners(Protocol):
    """The processes that own runs, and whether they are still running."""

    def claim(self) -> Owner:
        """This process, as the owner of a run that it begins."""
        ...

    def release(self, owner: Owner) -> None:
        """Give up the claim: the run is over for this process."""
        ...

    def alive(self, owner: Owner) -> bool:
        """Whether an owner is still running, as far as can be told from this machine."""
        ...


class RunViews(Protocol):
    """Reads of run plans, from `RUN_*` events alone."""

    def run_plans(self, prefix: str, limit: int) -> list[str]:
        """Ids of run plans that begin with `prefix`, at most `limit`."""
        ...

    def run_marks(self, run_plan_id: str | None = None) -> list[RunMark]:
        """Starts, resumptions, requests to cancel and ends, of one run plan or of all, in `seq` order."""
        ...

    def run_heading(self, run_plan_id: str) -> dict[str, Any]:
        """The fields of RUN_STARTED that lists show, without the variants."""
        ...

    def run_document(self, run_plan_id: str) -> StoredPayload:
        """The payload of the plan's RUN_STARTED event."""
        ...

    def run_variants(self, run_plan_id: str) -> list[StoredPayload]:
        """The payloads of RUN_VARIANT_COMPLETED, in `seq` order."""
        ...

    def run_payloads(self, kind: EventType, run_plan_id: str | None = None) -> list[StoredPayload]:
        """The payloads of a type of `RUN_*` event, of one run plan or of all, in `seq` order."""
        ...

    def run_so_far(self, run_plan_id: str) -> RunSoFar:
        """The outcome so far of a run that has not ended."""
        ...

    def run_plans_with(self, fingerprint: str) -> list[str]:
        """Completed run plans of this fingerprint, in the order of their ends."""
        ...


class Views(RunViews, Protocol):
    """Reads in one snapshot of the database."""

    def workspace(self, ref: str | UUID) -> Workspace | None:
        """The workspace with this name or id, of any kind; None if there is none."""
        ...

    def workspaces(self) -> list[Workspace]:
        """The listed accounts, by name."""
        ...

    def every_workspace(self) -> Iterator[Workspace | DamageFault]:
        """All workspaces in the order of their ids, unlisted ones too; a fault in place of a damaged one."""
        ...

    def account(self, workspace: Workspace) -> Account:
        """The stored account state; a fresh one if none is stored."""
        ...

    def equity_by_session(self, workspace_id: UUID) -> list[SessionEquity]:
        """What an account that trades on was worth at the ends of its sessions, oldest first."""
        ...

    def fills(self, workspace_id: UUID, after: int = 0) -> Iterator[Fill]:
        """Paper fills with `seq > after`, in `seq` order, as plain tuples of `Fill`'s shape."""
        ...

    def duplicate_fills(self, workspace_id: UUID) -> frozenset[int]:
        """The `seq` of every paper fill with the order id of an earlier one; empty while the database prevents it."""
        ...

    def check_fills(self, workspace_id: UUID) -> None:
        """Raise DATABASE_ERROR, naming the first paper fill that has a value of a wrong type."""
        ...

    def prior_fill(self, workspace_id: UUID, intent_id: UUID, mode: str) -> PriorFill | None:
        """The fill of this intent, if it was executed before."""
        ...

    def events(self, where: EventFilter, *, limit: int | None, newest_first: bool = False) -> list[JournalEvent]:
        """Events in `seq` order (or newest first), at most `limit`."""
        ...

    def seqs(self, after: int, limit: int) -> list[int]:
        """The `seq`s of the next events of all workspaces, at most `limit`."""
        ...

    def event_count(self, where: EventFilter) -> int:
        """How many events match the filter."""
        ...

    def head(self, workspace_id: UUID | None = None) -> int:
        """The `seq` of the newest event (of a workspace), 0 if there is none."""
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
        """The bars that the workspace has seen of each symbol; empty columns for a symbol that it has not seen."""
        ...

    def damaged_recordings(self) -> Iterator[DamageFault]:
        """A fault for each recording that cannot be read, or that holds values that no bar can have."""
        ...

    def trials(self) -> list[Trial]:
        """Every run that tried a strategy, in the order of their newest results."""
        ...

    def first_timeframe(self, workspace_id: UUID, untimed_key: str) -> str | None:
        """The timeframe that the first run of a spec found; `untimed_key` is the spec's key without it."""
        ...


class UnitOfWork(Views, Protocol):
    """One write transaction, rolled back unless it is committed. Reads in it see its own writes.

    Do not keep an account that it returns: the next transaction may change the same object.
    """

    def add_workspace(self, workspace: Workspace) -> None:
        """Store a new workspace and its fresh account state. Raises WORKSPACE_EXISTS if the name is taken."""
        ...

    def add_workspaces(self, workspaces: Sequence[Workspace]) -> None:
        """Store new workspaces and their fresh account states. The caller knows that none is stored yet."""
        ...

    def put_limits(self, workspace_id: UUID, limits: Limits) -> None:
        """Replace a workspace's limits as a whole."""
        ...

    def put_trading_state(self, workspace_id: UUID, state: TradingState) -> None:
        """Replace a workspace's trading state."""
        ...

    def append(self, events: Sequence[EventRow]) -> int:
        """Append events and return the last `seq`. The stored `last_seq` and `last_event_at` of their workspaces
        follow.
        """
        ...

    def save(self, account: Account, symbols: Iterable[str], sessions: Iterable[int]) -> None:
        """Store an account's state; of its symbols and trading days only those named."""
        ...

    def replace(self, *accounts: Account) -> None:
        """Store these accounts' states in place of everything stored of them."""
        ...

    def save_progress(self, workspace_id: UUID, progress: Progress) -> None:
        """Store how far a run has come."""
        ...

    def put_trial(self, trial: Trial) -> None:
        """Store what a run has tried so far, in place of what was stored of it."""
        ...

    def save_equity(self, workspace_id: UUID, rows: Sequence[SessionEquity]) -> None:
        """Store what an account is worth at the ends of sessions, in place of the rows of the same sessions."""
        ...

    def replace_equity(self, workspace_id: UUID, rows: Sequence[SessionEquity]) -> None:
        """Store what an account is worth at the ends of sessions, in place of all that was stored of it."""
        ...

    def record_bars(self, workspace_id: UUID, timeframe: str, spans: Sequence[Span]) -> None:
        """Add bars to those that the workspace has seen. Raises HISTORY_CHANGED if it has seen others."""
        ...

    def replace_recording(
        self, workspace_id: UUID, timeframe: str, symbol: str, days: IntArray, bars: Recorded
    ) -> None:
        """Replace a symbol's recording; `days` are the sessions, shape (n,)."""
        ...

    def commit(self) -> None:
        """Commit the transaction durably: it survives a crash once this returns."""
        ...


class Store(Protocol):
    """A database of workspaces and their journal."""

    @property
    def is_read_only(self) -> bool:
        """Whether the database can only be read: `write` then raises a `ReadOnlyFault`."""
        ...

    def write(self) -> AbstractContextManager[UnitOfWork]:
        """Begin a write transaction at once; leaving it without `commit` rolls it back."""
        ...

    def read(self) -> AbstractContextManager[Views]:
        """A snapshot to read from."""
        ...

    def close(self) -> None:
        """Close the database."""
        ...

    def data_version(self) -> int:
        """A number that changes with every commit, of this process or another."""
        ...


class Watch(Protocol):
    """Watches a long call: hears how far it is, and can request a stop."""

    def advance(self, done: int, total: int) -> None:
        """Report that `done` of `total` steps are finished; `total` 0 means that it is not known."""
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
