"""The SQL of the hot paths, composed once from the tables' columns and run on the driver's own cursor.

Measured on 100,000 rows: ORM objects append 8,000 rows a second, SQLAlchemy Core 46,000, the driver over 80,000.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any

from engine.account.ledger import Fill
from engine.events import EventRow
from storage.sqlite.connection.driver import sqlite
from storage.sqlite.tables import FILLED, ORDER_INDEX, PAPER_FILLED, Base

MOST_VALUES = 850
"""Bound in one statement: 50 rows of the journal. More cost more again (measured: 17.0 microseconds a row one by one,
11.4 by 850 values, 13.0 by 32,000, which is what SQLite can bind)."""

_STEP = 10
"""Each size is so many times the next one: 50, 5 and 1 events, and an execution has five."""


class ManyRows:
    """An INSERT of several rows in one statement. `how` is its verb, `conflict` its last clause."""

    def __init__(self, table: str, columns: Sequence[str], *, how: str = "INSERT", conflict: str = "") -> None:
        self._head = f"{how} INTO {table} ({', '.join(columns)}) VALUES "
        self._row, self._tail = f"({', '.join('?' * len(columns))})", conflict
        self._most = MOST_VALUES // len(columns)

    @property
    def one(self) -> str:
        """The statement that inserts a single row."""
        return self.of(1)

    @lru_cache(maxsize=16)  # noqa: B019 - there are a few of these, made once
    def of(self, rows: int) -> str:
        """The statement that inserts so many rows."""
        return self._head + ", ".join([self._row] * rows) + (f" {self._tail}" if self._tail else "")

    def put(self, driver: sqlite.Connection, rows: Iterable[Sequence[Any]]) -> None:
        """Insert the rows in their order, `MOST_VALUES` values at a time."""
        left, at, size = list(rows), 0, self._most
        while at < len(left):
            while size > len(left) - at:
                size = max(1, size // _STEP)
            driver.execute(self.of(size), tuple(chain.from_iterable(left[at : at + size])))
            at += size


def columns_of(table: str) -> tuple[str, ...]:
    """The names of a table's columns, in their order."""
    return tuple(column.name for column in Base.metadata.tables[table].columns)


def _upsert(table: str, keys: tuple[str, ...], **rules: str) -> ManyRows:
    """Insert whole rows, or replace those with the same keys. `rules` give a column's new value as SQL."""
    names = columns_of(table)
    updates = ", ".join(f"{name} = {rules.get(name, f'excluded.{name}')}" for name in names if name not in keys)
    return ManyRows(table, names, conflict=f"ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {updates}")


# OR FAIL, as the trigger: SQLite opens no statement journal for each row, see storage.sqlite.schema
APPEND = ManyRows("trade_events", ("seq", *EventRow._fields), how="INSERT OR FAIL")
FOLLOW = "UPDATE account_states SET last_seq = ?, last_event_at = ? WHERE workspace_id = ?"

EVENTS = f"SELECT seq, {', '.join(EventRow._fields)} FROM trade_events"
NEXT_SEQS = "SELECT seq FROM trade_events WHERE seq > ? ORDER BY seq LIMIT ?"
EVENT_COUNT = "SELECT count(*) FROM trade_events"
FILLS = (
    f"SELECT {', '.join(Fill._fields)} FROM trade_events"
    f" WHERE workspace_id = ? AND {PAPER_FILLED} AND seq > ? ORDER BY seq"
)
PRIOR_FILL = (
    "SELECT order_id, correlation_id, side, symbol, lots FROM trade_events"
    # the plus keeps SQLite from weighing another index by the value of mode, and so from compiling for each value
    f" WHERE {FILLED} AND workspace_id = ? AND intent_id = ? AND mode = +?"
)
HEAD = "SELECT max(seq) FROM trade_events"
HEAD_OF = f"{HEAD} WHERE workspace_id = ?"
ORDERS_ARE_UNIQUE = f"SELECT 1 FROM sqlite_master WHERE name = '{ORDER_INDEX}' AND sql LIKE 'CREATE UNIQUE INDEX%'"
DUPLICATE_FILLS = (
    "SELECT seq FROM (SELECT seq, row_number() OVER (PARTITION BY order_id ORDER BY seq) AS nth"
    f" FROM trade_events WHERE workspace_id = ? AND {PAPER_FILLED}) WHERE nth > 1"
)

READ_STATE = f"SELECT {', '.join(columns_of('account_states')[1:])} FROM account_states WHERE workspace_id = ?"
READ_SYMBOLS = (
    f"SELECT {', '.join(columns_of('account_symbols')[1:])} FROM account_symbols WHERE workspace_id = ? ORDER BY symbol"
)
READ_SESSIONS = "SELECT session, realized FROM account_sessions WHERE workspace_id = ? ORDER BY session"

# the journal only grows, so a stored state never goes back to an earlier event
WRITE_STATES = _upsert(
    "account_states",
    ("workspace_id",),
    last_seq="max(last_seq, excluded.last_seq)",
    last_event_at="CASE WHEN excluded.last_seq < last_seq THEN last_event_at ELSE excluded.last_event_at END",
)
WRITE_SYMBOLS = _upsert("account_symbols", ("workspace_id", "symbol"))
DROP_SYMBOL = "DELETE FROM account_symbols WHERE workspace_id = ? AND symbol = ?"
WRITE_SESSIONS = _upsert("account_sessions", ("workspace_id", "session"))
DROP_SESSION = "DELETE FROM account_sessions WHERE workspace_id = ? AND session = ?"

READ_EQUITY = "SELECT session, equity, is_exposed FROM account_equity WHERE workspace_id = ? ORDER BY session"
WRITE_EQUITY = _upsert("account_equity", ("workspace_id", "session"))
DROP_EQUITY = "DELETE FROM account_equity WHERE workspace_id = ?"

_WORKSPACE = f"SELECT {', '.join(columns_of('workspaces'))} FROM workspaces"
WORKSPACE_BY_ID = f"{_WORKSPACE} WHERE id = ?"
WORKSPACE_BY_NAME = f"{_WORKSPACE} WHERE name = ?"
ADD_WORKSPACES = ManyRows("workspaces", columns_of("workspaces"))
PUT_LIMITS = "UPDATE workspaces SET limits = ? WHERE id = ?"
PUT_TRADING_STATE = "UPDATE workspaces SET trading_state = ? WHERE id = ?"
EVERY_WORKSPACE = f"{_WORKSPACE} ORDER BY id"
LISTED_WORKSPACES = f"{_WORKSPACE} WHERE name IS NOT NULL ORDER BY name"

READ_PROGRESS = (
    f"SELECT {', '.join(columns_of('run_progress')[1:])} FROM run_progress WHERE workspace_id = ? AND spec_key = ?"
)
EVERY_PROGRESS = f"SELECT {', '.join(columns_of('run_progress'))} FROM run_progress ORDER BY rowid"
FIRST_TIMEFRAME = "SELECT timeframe FROM run_progress WHERE workspace_id = ? AND untimed_key = ? ORDER BY rowid LIMIT 1"
WRITE_PROGRESS = _upsert("run_progress", ("workspace_id", "spec_key")).one
READ_PROGRESSES = (
    f"SELECT {', '.join(columns_of('run_progress')[1:])} FROM run_progress WHERE workspace_id = ? ORDER BY rowid"
)

READ_RECORDINGS = "SELECT symbol, session, bars FROM recordings WHERE workspace_id = ? AND timeframe = ?"
EVERY_RECORDING = "SELECT workspace_id, symbol, session, bars FROM recordings"
READ_RECORDED_SESSION = (
    "SELECT bars FROM recordings WHERE workspace_id = ? AND timeframe = ? AND session = ? AND symbol = ?"
)
DROP_RECORDING = "DELETE FROM recordings WHERE workspace_id = ? AND timeframe = ? AND symbol = ?"
ADD_RECORDINGS = ManyRows("recordings", columns_of("recordings"), how="INSERT OR IGNORE")
WRITE_RECORDING = _upsert("recordings", ("workspace_id", "timeframe", "session", "symbol")).one

READ_TRIALS = f"SELECT {', '.join(columns_of('trials'))} FROM trials ORDER BY seq, kind, run_id, spec_key"
WRITE_TRIAL = _upsert("trials", ("kind", "run_id", "spec_key", "strategy_sha256")).one
DROP_UNCOUNTED = (
    "DELETE FROM trials WHERE kind = 'forward' AND run_id = ? AND spec_key = ? AND strategy_sha256 = '' AND specs = x''"
)
