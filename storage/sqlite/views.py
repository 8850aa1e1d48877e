"""Reads from one snapshot: workspaces, accounts, fills and events."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from engine.account.ledger import BUY, Fill
from engine.account.session_equity import SessionEquity
from engine.account.state import Account
from engine.errors import DamageFault
from engine.events import EventRow, EventType
from engine.market.recording import Recorded
from engine.payloads import damaged, event_named, stored_object, stored_uuid
from engine.policy.limits import Limits
from engine.policy.workspace import Workspace, WorkspaceKind, as_uuid
from engine.ports import EventFilter, JournalEvent, PriorFill, Progress, Trial
from engine.shapes import COUNT, FLAG, Each
from engine.validation import STORED, faults_of
from engine.vocabulary import IntentAction, TradingState
from storage.sqlite import statements as sql
from storage.sqlite.accounts import read_account, read_equity
from storage.sqlite.connection.database import guarded
from storage.sqlite.recordings import damaged_recordings, read_recordings
from storage.sqlite.run_plans import RunPlanViews, read_trials
from storage.sqlite.stored_values import Columns, rows_of_events, texts_named
from storage.sqlite.tables import RUN_EVENT

_NAMES = ("seq", *EventRow._fields)
_OF_FILLS = (*Fill._fields, "intent_id", "order_id", "mode")
_EVENT, _FILLED = Columns("trade_events", _NAMES), Columns("trade_events", _NAMES, needed=_OF_FILLS)
_FILL = Columns("trade_events", Fill._fields, needed=Fill._fields)
_WORKSPACE = Columns("workspaces", sql.columns_of("workspaces"))
_PROGRESS = Columns("run_progress", sql.columns_of("run_progress")[1:])
_SEARCHED = ("payload", "symbol", "event_type", "correlation_id", "intent_id", "order_id", "event_id")
_HOLDS = " OR ".join(f"{name} LIKE ? ESCAPE '/'" for name in _SEARCHED)


class SqliteViews(RunPlanViews):
    """`engine.ports.Views` on a read transaction (or, in the unit of work, on a write transaction)."""

    @guarded
    def workspace(self, ref: str | UUID) -> Workspace | None:
        """The workspace of this name or id, of any kind."""
        known_id = ref if isinstance(ref, UUID) else as_uuid(ref)
        if known_id is None:
            # bytes of a command line that are not UTF-8 arrive as surrogates, which no name holds
            name = str(ref).encode(errors="replace").decode()
            row = self._driver.execute(sql.WORKSPACE_BY_NAME, (name,)).fetchone()
        else:
            row = self._driver.execute(sql.WORKSPACE_BY_ID, (str(known_id),)).fetchone()
        return None if row is None else _workspace(*row)

    @guarded
    def workspaces(self) -> list[Workspace]:
        """The listed accounts, by name in code-point order."""
        return [_workspace(*row) for row in self._driver.execute(sql.LISTED_WORKSPACES)]

    @guarded
    def every_workspace(self) -> Iterator[Workspace | DamageFault]:
        """All workspaces in the order of their ids, unlisted ones too; a fault in place of a damaged one."""
        return map(_workspace_or_damage, self._driver.execute(sql.EVERY_WORKSPACE).fetchall())

    @guarded
    def account(self, workspace: Workspace) -> Account:
        """The stored account state; a fresh account when there is none."""
        return read_account(self._driver, workspace)

    @guarded
    def equity_by_session(self, workspace_id: UUID) -> list[SessionEquity]:
        """What an account that trades on was worth at the ends of its sessions, oldest first."""
        return read_equity(self._driver, str(workspace_id))

    @guarded
    def fills(self, workspace_id: UUID, after: int = 0) -> Iterator[Fill]:
        """The driver's cursor itself, on the covering index: a plain tuple for each fill, with no Python in between."""
        values = (str(workspace_id), after)
        with texts_named(self._driver, sql.FILLS, values):  # execute reads the first row already
            cursor = self._driver.execute(sql.FILLS, values)
        self._cursors.append(cursor)
        return cursor

    @guarded
    def duplicate_fills(self, workspace_id: UUID) -> frozenset[int]:
        """The `seq` of every fill with the order id of an earlier one; empty while the unique index exists."""
        if self._driver.execute(sql.ORDERS_ARE_UNIQUE).fetchone():
            return frozenset()
        return frozenset(seq for (seq,) in self._driver.execute(sql.DUPLICATE_FILLS, (str(workspace_id),)))

    @guarded
    def check_fills(self, workspace_id: UUID) -> None:
        """Raise DATABASE_ERROR, naming the first fill that has a value of a wrong type."""
        for row in rows_of_events(self._driver, sql.FILLS, (str(workspace_id), 0)):
            _FILL.check(row, event_named(row[0], EventType.ORDER_FILLED))

    @guarded
    def prior_fill(self, workspace_id: UUID, intent_id: UUID, mode: str) -> PriorFill | None:
        """The fill of this intent, if it was executed before."""
        row = self._driver.execute(sql.PRIOR_FILL, (str(workspace_id), str(intent_id), mode)).fetchone()
        if row is None:
            return None
        order_id, correlation_id, side, symbol, lots = row
        action = IntentAction.OPEN_LONG if side == BUY else IntentAction.CLOSE_LONG
        return PriorFill(order_id, correlation_id or "", action.value, symbol, lots)

    @guarded
    def events(self, where: EventFilter, *, limit: int | None, newest_first: bool = False) -> list[JournalEvent]:
        """Events in `seq` order (or newest first), at most `limit`."""
        conditions, values = _conditions(where)
        query = f"{sql.EVENTS} {conditions} ORDER BY seq {'DESC' if newest_first else 'ASC'} LIMIT ?"
        rows = rows_of_events(self._driver, query, (*values, -1 if limit is None else limit))
        return [_event(row) for row in rows]

    @guarded
    def seqs(self, after: int, limit: int) -> list[int]:
        """The `seq`s of the next events of all workspaces, at most `limit`."""
        return [seq for (seq,) in self._driver.execute(sql.NEXT_SEQS, (after, limit))]

    @guarded
    def event_count(self, where: EventFilter) -> int:
        """How many events match the filter."""
        conditions, values = _conditions(where)
        return int(self._driver.execute(f"{sql.EVENT_COUNT} {conditions}", values).fetchone()[0])

    @guarded
    def head(self, workspace_id: UUID | None = None) -> int:
        """The `seq` of the newest event (of a workspace), 0 when there is none."""
        query, key = (sql.HEAD, ()) if workspace_id is None else (sql.HEAD_OF, (str(workspace_id),))
        (seq,) = self._driver.execute(query, key).fetchone()
        return int(seq or 0)

    @guarded
    def progress(self, workspace_id: UUID, spec_key: str) -> Progress | None:
        """How far `run -w` has come with a spec."""
        row = self._driver.execute(sql.READ_PROGRESS, (str(workspace_id), spec_key)).fetchone()
        return None if row is None else _progress(row, _of_run(workspace_id))

    @guarded
    def progresses(self, workspace_id: UUID) -> list[Progress]:
        """How far `run -w` has come with every spec of a workspace, in the order of their first runs."""
        rows = self._driver.execute(sql.READ_PROGRESSES, (str(workspace_id),)).fetchall()
        return [_progress(row, _of_run(workspace_id)) for row in rows]

    @guarded
    def every_progress(self) -> list[tuple[UUID, Progress]]:
        """How far every `run -w` of every workspace has come."""
        where = "the stored progress of a run"
        rows = self._driver.execute(sql.EVERY_PROGRESS).fetchall()
        return [(stored_uuid(row[0], where), _progress(row[1:], where)) for row in rows]

    @guarded
    def recorded(self, workspace_id: UUID, timeframe: str, symbols: Sequence[str]) -> dict[str, Recorded]:
        """The bars that the workspace has seen of each symbol; empty columns for a symbol that it has not seen."""
        return read_recordings(self._driver, str(workspace_id), timeframe, symbols)

    @guarded
    def damaged_recordings(self) -> Iterator[DamageFault]:
        """A fault for each recording that cannot be read, or that holds values that no bar can have."""
        return damaged_recordings(self._driver)

    @guarded
    def trials(self) -> list[Trial]:
        """Every run that tried a strategy, in the order of their newest results."""
        return read_trials(self._driver)

    @guarded
    def first_timeframe(self, workspace_id: UUID, untimed_key: str) -> str | None:
        """The timeframe that the first run of a spec found; `untimed_key` is the spec's key without it."""
        row = self._driver.execute(sql.FIRST_TIMEFRAME, (str(workspace_id), untimed_key)).fetchone()
        return None if row is None else str(row[0])


def _conditions(where: EventFilter) -> tuple[str, list[Any]]:
    """The filter as a WHERE clause, and its values in order."""
    conditions: list[str] = []
    values: list[Any] = []

    def require(condition: str, *of: Any) -> None:
        conditions.append(condition)
        values.extend(of)

    of_runs = bool(where.types) and all(kind.startswith("RUN_") for kind in where.types)
    if where.workspace_id is not None:
        # the plus keeps SQLite from scanning the workspace's index to save a sort, if another index finds a few rows
        few = of_runs or where.correlation_id is not None
        require("+workspace_id = ?" if few else "workspace_id = ?", str(where.workspace_id))
    if of_runs:
        require(RUN_EVENT)  # lets SQLite use the partial index
    if where.types:
        require(f"event_type IN ({', '.join('?' * len(where.types))})", *where.types)
    if where.correlation_id is not None:
        require("correlation_id = ?", where.correlation_id)
    if where.symbol is not None:
        require("symbol = ?", where.symbol)
    if where.text:
        require(f"({_HOLDS})", *[_pattern(where.text)] * len(_SEARCHED))
    if where.after is not None:
        require("seq > ?", where.after)
    if where.before is not None:
        require("seq < ?", where.before)
    return f"WHERE {' AND '.join(conditions)}" if conditions else "", values


def _pattern(words: str) -> str:
    """A LIKE pattern for a text anywhere; LIKE ignores the case of ASCII letters."""
    for special in "/%_":
        words = words.replace(special, f"/{special}")
    return f"%{words}%"


def _event(row: tuple[Any, ...]) -> JournalEvent:
    columns = _FILLED if row[3] == EventType.ORDER_FILLED else _EVENT
    if why := columns.fault_in(row):
        raise damaged(event_named(row[0], str(row[3])), why)
    return JournalEvent(row[0], EventRow._make(row[1:]))


def _of_run(workspace_id: UUID) -> str:
    return f"the progress of a run in workspace {workspace_id}"


def _progress(row: tuple[Any, ...], where: str) -> Progress:
    _PROGRESS.check(row, where)
    key, ts, timeframe, untimed_key, intraday, first_ts, sha256, settled, began, clock_from = row
    by_symbol = (_flags(intraday, where), _times(first_ts, where))
    return Progress(key, ts, timeframe, untimed_key, *by_symbol, sha256, _times(settled, where), began, clock_from)


def _flags(document: str, where: str) -> dict[str, bool]:
    found: dict[str, bool] = stored_object(document, Each(FLAG, of=dict), where)
    return found


def _times(document: str, where: str) -> dict[str, int]:
    found: dict[str, int] = stored_object(document, Each(COUNT, of=dict), where)
    return found


@lru_cache(maxsize=256)
def _limits(document: str) -> Limits:
    try:
        return Limits.model_validate_json(document, context=STORED)
    except ValidationError as error:
        raise DamageFault(
            "DATABASE_ERROR",
            f"a workspace's limits cannot be read: {faults_of(error)}",
            hint="a newer papertape may have written them",
        ) from error


def _workspace_or_damage(row: tuple[Any, ...]) -> Workspace | DamageFault:
    try:
        return _workspace(*row)
    except DamageFault as error:
        return error


def _workspace(*row: Any) -> Workspace:
    """A row as a workspace; a hidden one is named by its id. Raises DATABASE_ERROR if the row is damaged."""
    where = f"workspace {row[0]}"
    _WORKSPACE.check(row, where)
    workspace_id, name, starting_equity, kind, trading_state, limits, created_at = row
    try:
        return Workspace(
            UUID(workspace_id),
            workspace_id if name is None else name,
            starting_equity,
            created_at,
            WorkspaceKind(kind),
            _limits(limits),
            TradingState(trading_state),
        )
    except ValueError as error:
        raise damaged(where, str(error)) from error
