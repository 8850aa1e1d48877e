"""The store and its unit of work: a write transaction that stores events and account state together or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar
from uuid import UUID

from engine.account.ledger import Ledger
from engine.account.session_equity import SessionEquity
from engine.account.state import Account
from engine.errors import ConflictError, NotFoundError, ReadOnlyFault
from engine.events import EventRow
from engine.jsontext import compact_json
from engine.market.bars import IntArray
from engine.market.recording import Recorded, Span
from engine.policy.limits import Limits
from engine.policy.workspace import Workspace, WorkspaceKind
from engine.ports import Progress, Trial
from engine.vocabulary import TradingState
from storage.sqlite import statements as sql
from storage.sqlite.accounts import rewrite_accounts, write_account, write_equity
from storage.sqlite.connection.database import Database, Known, Link, Transaction, guarded
from storage.sqlite.connection.driver import sqlite
from storage.sqlite.connection.faults import DATABASE_ERRORS, RetryPolicy
from storage.sqlite.connection.files import identity
from storage.sqlite.connection.opening import file_behind, prepare, read_only_file
from storage.sqlite.recordings import rewrite_recording, write_bars
from storage.sqlite.run_plans import write_trial
from storage.sqlite.schema import SHIPPED, Schema
from storage.sqlite.views import SqliteViews

Found = TypeVar("Found")


class SqliteUnitOfWork(SqliteViews):
    """`engine.ports.UnitOfWork`: a write transaction, rolled back unless it is committed."""

    def __init__(self, link: Link, path: Path) -> None:
        super().__init__(link.driver, path)
        self._link = link
        self._head: int | None = None
        self._loaded: list[tuple[str, Account]] = []
        self._newest: dict[str, tuple[int, int]] = {}
        self._recalled = link.recall()
        self._known = None if self._recalled is None else Known(self._recalled.workspace)

    @guarded
    def workspace(self, ref: str | UUID) -> Workspace | None:
        """The workspace of this name or id, of any kind; None if there is none."""
        if self._known is not None and self._known.workspace.id == ref:
            return self._known.workspace
        workspace = super().workspace(ref)
        self._known = None if workspace is None else Known(workspace)
        return workspace

    @guarded
    def account(self, workspace: Workspace) -> Account:
        """The stored account. Its `last_seq` follows this transaction's events; do not keep it afterwards."""
        recalled, self._recalled = self._recalled, None
        if recalled is not None and recalled.workspace is workspace:
            account = recalled.account
        else:
            self._follow()
            account = super().account(workspace)
        if self._known is not None and self._known.workspace is workspace:
            self._known = Known(workspace, account)
        self._loaded.append((str(workspace.id), account))
        return account

    @guarded
    def add_workspace(self, workspace: Workspace) -> None:
        """A new workspace and its fresh account state; WORKSPACE_EXISTS when the name is taken."""
        named = workspace.kind is WorkspaceKind.ACCOUNT
        if (named and self.workspace(workspace.name)) or self.workspace(workspace.id):
            raise ConflictError(
                "WORKSPACE_EXISTS",
                f"there is a workspace {workspace.name!r} already",
                hint="choose another name, or use the one that is there",
            )
        self.add_workspaces([workspace])

    @guarded
    def add_workspaces(self, workspaces: Sequence[Workspace]) -> None:
        """Store new workspaces and their fresh account states. The caller knows that none is stored yet."""
        limits = {
            id(workspace.limits): workspace.limits.model_dump_json() for workspace in workspaces
        }  # the variants of a sweep share one object
        rows = (_workspace_row(workspace, limits[id(workspace.limits)]) for workspace in workspaces)
        sql.ADD_WORKSPACES.put(self._driver, rows)
        rewrite_accounts(
            self._driver, [Account(workspace.id, Ledger.fresh(workspace.starting_equity)) for workspace in workspaces]
        )

    @guarded
    def put_limits(self, workspace_id: UUID, limits: Limits) -> None:
        """Replace a workspace's limits as a whole."""
        self._put(sql.PUT_LIMITS, workspace_id, limits.model_dump_json())

    @guarded
    def put_trading_state(self, workspace_id: UUID, state: TradingState) -> None:
        """Replace a workspace's trading state."""
        self._put(sql.PUT_TRADING_STATE, workspace_id, state.value)

    @guarded
    def append(self, events: Sequence[EventRow]) -> int:
        """Append events at consecutive `seq`s and return the last one. Stored and loaded account states follow."""
        self._recalled = None  # an account that was not asked for before does not follow these events
        if self._head is None:
            # read under the write lock: nobody else appends until this transaction ends
            self._head = self.head()
        sql.APPEND.put(self._driver, ((seq, *row) for seq, row in enumerate(events, self._head + 1)))
        newest = {row.workspace_id: (seq, row.ts) for seq, row in enumerate(events, self._head + 1)}
        self._head += len(events)
        self._newest |= newest
        for key, account in self._loaded:
            if key in newest:
                account.ledger.last_seq, account.ledger.last_event_at = newest[key]
        return self._head

    @guarded
    def save(self, account: Account, symbols: Iterable[str], sessions: Iterable[int]) -> None:
        """Store an account's state; of its symbols and trading days only those named."""
        write_account(self._driver, account, symbols, sessions)
        self._note(account)

    @guarded
    def replace(self, *accounts: Account) -> None:
        """Store these accounts' states in place of everything stored of them."""
        rewrite_accounts(self._driver, accounts)
        for account in accounts:
            self._note(account)

    @guarded
    def save_progress(self, workspace_id: UUID, progress: Progress) -> None:
        """Store how far a run has come."""
        plain = (progress.spec_key, progress.ts, progress.timeframe, progress.untimed_key)
        documents = (compact_json(progress.intraday), compact_json(progress.first_ts))
        code = (progress.strategy_sha256, compact_json(progress.settled), progress.began, progress.clock_from)
        self._driver.execute(sql.WRITE_PROGRESS, (str(workspace_id), *plain, *documents, *code))

    @guarded
    def save_equity(self, workspace_id: UUID, rows: Sequence[SessionEquity]) -> None:
        """Store what an account is worth at the ends of sessions, in place of the rows of the same sessions."""
        write_equity(self._driver, str(workspace_id), rows)

    @guarded
    def replace_equity(self, workspace_id: UUID, rows: Sequence[SessionEquity]) -> None:
        """Store what an account is worth at the ends of sessions, in place of all that was stored of it."""
        self._driver.execute(sql.DROP_EQUITY, (str(workspace_id),))
        write_equity(self._driver, str(workspace_id), rows)

    @guarded
    def record_bars(self, workspace_id: UUID, timeframe: str, spans: Sequence[Span]) -> None:
        """Add bars to what the workspace has seen; HISTORY_CHANGED where it has seen others."""
        write_bars(self._driver, str(workspace_id), timeframe, spans)

    @guarded
    def put_trial(self, trial: Trial) -> None:
        """Store what a run has tried so far, in place of what was stored of it."""
        write_trial(self._driver, trial)

    @guarded
    def replace_recording(
        self, workspace_id: UUID, timeframe: str, symbol: str, days: IntArray, bars: Recorded
    ) -> None:
        """Replace a symbol's recording; `days` are the sessions, shape (n,)."""
        rewrite_recording(self._driver, str(workspace_id), timeframe, symbol, days, bars)

    @guarded
    def commit(self) -> None:
        """Commit durably, which ends the transaction."""
        self._follow()
        try:
            self._driver.execute("COMMIT")  # the only place where anything becomes durable
        except DATABASE_ERRORS as error:
            fault = self._die(error)
            # an error while the -wal is synced does not tell whether the commit is in it
            fault.hint = "whether it was written is not certain: do it again, what was executed is not executed twice"
            raise fault from error
        self._over = "it was committed"
        self._link.stored = None if self._known is None else self._known.stored

    def _follow(self) -> None:
        """Bring the stored states' `last_seq` to the events appended since."""
        if self._newest:
            self._driver.executemany(sql.FOLLOW, ((seq, ts, key) for key, (seq, ts) in self._newest.items()))
            self._newest = {}

    def _note(self, account: Account) -> None:
        """Note that an account was stored, with its workspace's newest event if that is the newest one."""
        key, ledger = str(account.workspace_id), account.ledger
        if self._newest.get(key) == (ledger.last_seq, ledger.last_event_at):
            del self._newest[key]
        if self._known is not None and self._known.account is account:
            self._known.is_stored = True
        else:
            # another object was stored: what is remembered of this workspace may be outdated
            self._known = self._recalled = None

    def _put(self, statement: str, workspace_id: UUID, value: str) -> None:
        # limits and trading state are fields of the remembered workspace
        self._known = self._recalled = None
        if self._driver.execute(statement, (value, str(workspace_id))).rowcount != 1:
            raise NotFoundError(
                "WORKSPACE_NOT_FOUND", f"there is no workspace {workspace_id}", hint="`workspace list` shows them"
            )


def _workspace_row(workspace: Workspace, limits: str) -> tuple[Any, ...]:
    """The values of one row of the table `workspaces`; only accounts have a name there."""
    name = workspace.name if workspace.kind is WorkspaceKind.ACCOUNT else None
    kind, state = workspace.kind.value, workspace.trading_state.value
    return (str(workspace.id), name, workspace.starting_equity, kind, state, limits, workspace.created_at)


class SqliteStore:
    """`engine.ports.Store` on a file, which is created or upgraded when it is opened. Any thread may use it.

    A file that cannot be written can be read: `write` then raises a `ReadOnlyFault`. Opening raises `SystemFault`:
    DATABASE_NOT_OURS, DATABASE_TOO_NEW, DATABASE_BUSY, or DATABASE_ERROR.
    """

    def __init__(self, path: Path | str, *, retry: RetryPolicy | None = None, schema: Schema = SHIPPED) -> None:
        self.path = file_behind(path)
        retry = retry or RetryPolicy()
        try:
            prepare(self.path, retry, schema)
            self._database = self._opened(Database(self.path, schema.generation, retry))
        except ReadOnlyFault:
            if identity(self.path) is None:
                raise
            reading = read_only_file(self.path, retry, schema)
            self._database = self._opened(Database(self.path, schema.generation, retry, reading))

    @property
    def is_read_only(self) -> bool:
        """Whether the database can only be read."""
        return self._database.reading is not None

    def _opened(self, database: Database) -> Database:
        """The database, once a transaction on it has worked: opening raises what a later call would."""
        try:
            with database.transaction(lambda link: SqliteViews(link.driver, self.path), writing=False):
                return database
        except BaseException:
            database.close()
            raise

    def write(self) -> AbstractContextManager[SqliteUnitOfWork]:
        """Begin a write transaction at once; leaving it without `commit` rolls it back."""
        return self._database.transaction(lambda link: SqliteUnitOfWork(link, self.path), writing=True)

    def read(self) -> AbstractContextManager[SqliteViews]:
        """A snapshot to read from."""
        return self._database.transaction(lambda link: SqliteViews(link.driver, self.path), writing=False)

    def inspect(self, look: Callable[[sqlite.Connection], Found]) -> Found:
        """The result of `look`, called with a connection in a snapshot; for what only SQLite can tell."""
        with self._database.transaction(lambda link: Transaction(link.driver, self.path), writing=False) as transaction:
            return transaction.ask(look)

    def data_version(self) -> int:
        """A number that changes when anybody has written."""
        return self._database.data_version()

    def close(self) -> None:
        """Close the idle connections; call it when no transaction is open."""
        self._database.close()

    def __enter__(self) -> SqliteStore:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
