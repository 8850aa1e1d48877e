"""The store, and its unit of work: a write transaction in which events and account state go together or not at all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from uuid import UUID

from sqlalchemy import Connection, update
from sqlmodel import col

from engine.account.ledger import Ledger
from engine.account.state import Account
from engine.errors import ConflictError, NotFoundError
from engine.events import EventRow
from engine.jsontext import compact_json
from engine.policy.limits import Limits, TradingState
from engine.policy.workspace import Workspace, WorkspaceKind
from engine.ports import Progress
from storage import statements as sql
from storage.accounts import rewrite_account, write_account
from storage.database import Database
from storage.faults import DATABASE_ERRORS
from storage.opening import SHIPPED, Schema, prepare
from storage.patience import Patience
from storage.tables import WorkspaceRow
from storage.transaction import guarded
from storage.views import SqliteViews


class SqliteUnitOfWork(SqliteViews):
    """`engine.ports.UnitOfWork`: what is not committed never happened."""

    def __init__(self, connection: Connection, path: Path) -> None:
        super().__init__(connection, path)
        self._head: int | None = None
        self._loaded: list[Account] = []

    @guarded
    def account(self, workspace: Workspace) -> Account:
        """The stored account state; its `last_seq` follows what this transaction appends."""
        account = super().account(workspace)
        self._loaded.append(account)
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
        row = {
            "id": str(workspace.id),
            "name": workspace.name if named else None,
            "starting_equity": workspace.starting_equity,
            "kind": workspace.kind.value,
            "trading_state": workspace.trading_state.value,
            "limits": workspace.limits.model_dump_json(),
            "created_at": workspace.created_at,
        }
        self._driver.execute(sql.ADD_WORKSPACE, row)  # a sweep adds one for each of its variants
        write_account(self._driver, Account(workspace.id, Ledger.fresh(workspace.starting_equity)), (), ())

    @guarded
    def put_limits(self, workspace_id: UUID, limits: Limits) -> None:
        """Replace a workspace's limits."""
        self._put(workspace_id, limits=limits.model_dump_json())

    @guarded
    def put_trading_state(self, workspace_id: UUID, state: TradingState) -> None:
        """Replace a workspace's trading state."""
        self._put(workspace_id, trading_state=state.value)

    @guarded
    def append(self, events: Sequence[EventRow]) -> int:
        """Append events at consecutive `seq`s; the last one. The workspaces' stored and loaded states follow."""
        if self._head is None:
            self._head = self.head()
        first = self._head + 1
        self._driver.executemany(sql.APPEND, ((seq, *row) for seq, row in enumerate(events, first)))
        self._head += len(events)
        newest = {row.workspace_id: (seq, row.ts) for seq, row in enumerate(events, first)}
        self._driver.executemany(sql.FOLLOW, ((seq, ts, key) for key, (seq, ts) in newest.items()))
        for account in self._loaded:
            ledger = account.ledger
            ledger.last_seq, ledger.last_event_at = newest.get(
                str(account.workspace_id), (ledger.last_seq, ledger.last_event_at)
            )
        return self._head

    @guarded
    def save(self, account: Account, symbols: Iterable[str], sessions: Iterable[int]) -> None:
        """Store an account's state, of its parts only the symbols and trading days named."""
        write_account(self._driver, account, symbols, sessions)

    @guarded
    def replace(self, account: Account) -> None:
        """Store an account's state in place of all that was stored of it."""
        rewrite_account(self._driver, account)

    @guarded
    def save_progress(self, workspace_id: UUID, progress: Progress) -> None:
        """Store how far a run has come."""
        plain = (progress.spec_key, progress.ts, progress.timeframe, progress.untimed_key)
        documents = (compact_json(progress.intraday), compact_json(progress.first_ts))
        self._driver.execute(sql.WRITE_PROGRESS, (str(workspace_id), *plain, *documents))

    @guarded
    def commit(self) -> None:
        """Make it so, durably; the transaction is over."""
        try:
            self._connection.commit()
        except DATABASE_ERRORS as error:
            fault = self._die(error)
            fault.hint = "whether it was written is not certain: do it again, what was executed is not executed twice"
            raise fault from error
        self._over = "it was committed"

    def _put(self, workspace_id: UUID, **values: str) -> None:
        row = update(WorkspaceRow).where(col(WorkspaceRow.id) == str(workspace_id)).values(**values)
        if self._connection.execute(row).rowcount != 1:
            raise NotFoundError(
                "WORKSPACE_NOT_FOUND", f"there is no workspace {workspace_id}", hint="`workspace list` shows them"
            )


class SqliteStore:
    """`engine.ports.Store` on a file, which is made, or upgraded, when it is opened. Any thread may use it.

    Raises `SystemFault`: DATABASE_NOT_OURS, DATABASE_TOO_NEW, DATABASE_BUSY, or DATABASE_ERROR with what is wrong.
    """

    def __init__(self, path: Path | str, *, patience: Patience | None = None, schema: Schema = SHIPPED) -> None:
        self.path = Path(path).expanduser().resolve()
        patience = patience or Patience()
        prepare(self.path, patience, schema)
        self._database = Database(self.path, schema.generation, patience)
        try:
            with self.read():
                pass  # what stands in the way of a connection is said now
        except BaseException:
            self.close()
            raise

    @contextmanager
    def write(self) -> Iterator[SqliteUnitOfWork]:
        """Begin a write transaction at once; leaving it without `commit` rolls it back."""
        with self._database.transaction(writing=True) as connection:
            unit = SqliteUnitOfWork(connection, self.path)
            try:
                yield unit
            finally:
                unit.finish()

    @contextmanager
    def read(self) -> Iterator[SqliteViews]:
        """A snapshot to read from."""
        with self._database.transaction(writing=False) as connection:
            views = SqliteViews(connection, self.path)
            try:
                yield views
            finally:
                views.finish()

    def data_version(self) -> int:
        """A number that changes when anybody has written."""
        return self._database.data_version()

    def close(self) -> None:
        """Let go of the database."""
        self._database.close()

    def __enter__(self) -> SqliteStore:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
