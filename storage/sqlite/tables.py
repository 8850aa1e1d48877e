"""The tables, as SQLModel classes: columns, checks and indexes, from which a new database is made.

The models do not validate: the engine's strict models do, before a row gets here. Times are UTC microseconds, sessions
are days since 1970-01-01, lots are 1e-8 of a unit. A change here needs a migration that changes old databases alike.

`trade_events` has no foreign key, and no function in a CHECK or a partial index: see `storage.sqlite.schema`.
"""

from __future__ import annotations

from typing import Any, ClassVar

from sqlalchemy import REAL, CheckConstraint, Index, Integer, LargeBinary, Text, text
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from engine.intents import MAX_LOTS

FILLED = "event_type = 'ORDER_FILLED'"
PAPER_FILLED = f"{FILLED} AND mode = 'paper'"
RUN_EVENT = "event_type >= 'RUN_' AND event_type < 'RUN`'"
"""The RUN_* types: a backtick follows the underscore. A LIKE would be a function, see above."""

ORDER_INDEX = "trade_events_one_fill_per_order"


def fill_rule(row: str = "") -> str:
    """The conditions that a fill meets, as SQL. `row` is `NEW.` in a trigger."""
    named = " AND ".join(f"{row}{name} IS NOT NULL" for name in ("symbol", "intent_id", "order_id", "mode", "session"))
    return (
        f"{row}side IN (1, -1) AND {row}lots > 0 AND {row}lots <= {MAX_LOTS} AND {row}price > 0"
        f" AND {row}price < 9e999 AND {row}fees >= 0 AND {row}fees < 9e999 AND {named}"
    )


def _text(**options: Any) -> Any:
    return Field(sa_type=Text, **options)


def _integer(**options: Any) -> Any:
    return Field(sa_type=Integer, **options)


def _real(**options: Any) -> Any:
    return Field(sa_type=REAL, **options)


def _check(rule: str, name: str) -> CheckConstraint:
    return CheckConstraint(rule, name=name)


_KEPT_BY_KEY = {"sqlite_strict": True, "sqlite_with_rowid": False}


class Base(SQLModel, registry=registry()):
    """The base of papertape's tables, with metadata of their own."""


class WorkspaceRow(Base, table=True):
    """An account. Only kind `account` has a name; `limits` is the JSON of `Limits`."""

    __tablename__: ClassVar[Any] = "workspaces"
    __table_args__ = (
        _check("kind IN ('account', 'closed', 'variant')", "workspace_kind"),
        _check("trading_state IN ('ACTIVE', 'REDUCING', 'HALTED')", "workspace_trading_state"),
        _check("(name IS NULL) = (kind <> 'account')", "workspace_hidden_without_name"),
        _check("starting_equity > 0 AND starting_equity < 9e999", "workspace_equity"),
        _KEPT_BY_KEY,
    )

    id: str = _text(primary_key=True)
    name: str | None = _text(unique=True)
    starting_equity: float = _real()
    kind: str = _text()
    trading_state: str = _text()
    limits: str = _text()
    created_at: int = _integer()


class EventTypeRow(Base, table=True):
    """A type of event that the journal takes: a row for each member of `engine.vocabulary.EventType`."""

    __tablename__: ClassVar[Any] = "event_types"
    __table_args__ = (_KEPT_BY_KEY,)

    name: str = _text(primary_key=True)


class TradeEvent(Base, table=True):
    """The journal: `seq`, then the columns of `engine.events.EventRow`."""

    __tablename__: ClassVar[Any] = "trade_events"
    __table_args__ = (
        _check("seq > 0", "event_seq"),
        _check(f"event_type <> 'ORDER_FILLED' OR ({fill_rule()}) IS TRUE", "event_fill"),
        # the two keys: each costs half a microsecond a row
        Index("trade_events_event_id", "event_id", unique=True),
        # partial: a fill is one row in five
        Index(
            "trade_events_one_fill_per_intent",
            *("workspace_id", "intent_id", "mode"),
            unique=True,
            sqlite_where=text(FILLED),
        ),
        Index(ORDER_INDEX, "order_id", unique=True, sqlite_where=text(FILLED)),
        # replay without touching the table (SQLite before 3.41 does so too, though its plan does not say COVERING)
        Index(
            "trade_events_replay",
            *("workspace_id", "seq", "symbol", "side", "lots", "price", "fees", "ts", "session"),
            sqlite_where=text(PAPER_FILLED),
        ),
        # paging, counting and filtering a workspace's events without touching the table
        Index("trade_events_of_workspace", "workspace_id", "seq", "event_type", "symbol"),
        # a correlation id leads from signal to fill
        Index("trade_events_correlation", "correlation_id", sqlite_where=text("correlation_id IS NOT NULL")),
        # run plans among millions of executions; an execution's events are not in this index
        Index("trade_events_of_runs", "event_type", "correlation_id", sqlite_where=text(RUN_EVENT)),
        {"sqlite_strict": True},
    )

    seq: int = _integer(primary_key=True)
    event_id: str = _text()
    workspace_id: str = _text()
    event_type: str = _text()
    ts: int = _integer()
    recorded_at: int = _integer()
    correlation_id: str | None = _text()
    intent_id: str | None = _text()
    order_id: str | None = _text()
    mode: str | None = _text()
    symbol: str | None = _text()
    side: int | None = _integer()
    lots: int | None = _integer()
    price: float | None = _real()
    fees: float | None = _real()
    session: int | None = _integer()
    payload: str = _text()


class AccountStateRow(Base, table=True):
    """An account's state as of `last_seq`: what does not belong to a symbol or a session."""

    __tablename__: ClassVar[Any] = "account_states"
    __table_args__ = (_KEPT_BY_KEY,)

    workspace_id: str = _text(primary_key=True, foreign_key="workspaces.id")
    cash: float = _real()
    realized_pnl: float = _real()
    peak_equity: float = _real()
    orders_count: int = _integer()
    trades_count: int = _integer()
    last_seq: int = _integer()
    last_event_at: int | None = _integer()
    reconciled_at: int | None = _integer()


class AccountSymbolRow(Base, table=True):
    """An account's position in a symbol (`lots` to `entry_fees`, NULL when flat), its mark, and its last close."""

    __tablename__: ClassVar[Any] = "account_symbols"
    __table_args__ = (
        _check(
            "(lots IS NULL) = (avg_price IS NULL) AND (lots IS NULL) = (opened_at IS NULL)"
            " AND (lots IS NULL) = (entry_fees IS NULL)",
            "account_symbol_position",
        ),
        _KEPT_BY_KEY,
    )

    workspace_id: str = _text(primary_key=True, foreign_key="workspaces.id")
    symbol: str = _text(primary_key=True)
    lots: int | None = _integer()
    avg_price: float | None = _real()
    opened_at: int | None = _integer()
    entry_fees: float | None = _real()
    mark: float | None = _real()
    last_closed_at: int | None = _integer()


class AccountSessionRow(Base, table=True):
    """An account's realized P&L of one trading day."""

    __tablename__: ClassVar[Any] = "account_sessions"
    __table_args__ = (_KEPT_BY_KEY,)

    workspace_id: str = _text(primary_key=True, foreign_key="workspaces.id")
    session: int = _integer(primary_key=True)
    realized: float = _real()


class AccountEquityRow(Base, table=True):
    """What an account that trades on is worth at the end of a session, positions at their last closes.

    `is_exposed`: whether a position was open at the session's start or was opened in it.
    """

    __tablename__: ClassVar[Any] = "account_equity"
    __table_args__ = (_check("is_exposed IN (0, 1)", "account_equity_exposed"), _KEPT_BY_KEY)

    workspace_id: str = _text(primary_key=True, foreign_key="workspaces.id")
    session: int = _integer(primary_key=True)
    equity: float = _real()
    is_exposed: int = _integer()


class RunProgressRow(Base, table=True):
    """How far `run -w` has come with a spec; rows are in the order of the first runs.

    `intraday`, `first_ts` and `settled` are JSON objects by symbol. `strategy_sha256` is empty if the run was recorded
    without its strategy's code, `began` NULL if nothing has been traded, `clock_from` if no session counts yet.
    """

    __tablename__: ClassVar[Any] = "run_progress"
    __table_args__ = ({"sqlite_strict": True},)

    workspace_id: str = _text(primary_key=True, foreign_key="workspaces.id")
    spec_key: str = _text(primary_key=True)
    ts: int = _integer()
    timeframe: str = _text()
    untimed_key: str = _text()
    intraday: str = _text()
    first_ts: str = _text()
    strategy_sha256: str = _text(sa_column_kwargs={"server_default": text("''")})
    settled: str = _text(sa_column_kwargs={"server_default": text("'{}'")})
    began: int | None = _integer()
    clock_from: int | None = _integer()


class RecordingRow(Base, table=True):
    """The bars of one symbol and session that an account has seen, packed by `storage.sqlite.recordings`.

    The session comes before the symbol in the key, so that what one timestamp adds lies together. In the other order
    each symbol's bar would be on a page of its own, and a run over a hundred symbols take twice as long.
    """

    __tablename__: ClassVar[Any] = "recordings"
    __table_args__ = (_KEPT_BY_KEY,)

    workspace_id: str = _text(primary_key=True, foreign_key="workspaces.id")
    timeframe: str = _text(primary_key=True)
    session: int = _integer(primary_key=True)
    symbol: str = _text(primary_key=True)
    bars: bytes = Field(sa_type=LargeBinary)


class TrialRow(Base, table=True):
    """A run that tried a strategy: a run plan, a backtest, or a forward run. A projection of the journal, for counting.

    `bars` is a JSON object from symbol to the sha256 of its bars, `first_ts` to `last_ts` the time that was traded (UTC
    microseconds). `specs` are the first 16 bytes of the sha256 of each resolved spec with a result, end to end; empty
    if they are not known.
    """

    __tablename__: ClassVar[Any] = "trials"
    __table_args__ = (
        _check("kind IN ('plan', 'backtest', 'forward')", "trial_kind"),
        _check("length(specs) % 16 = 0", "trial_specs"),
        _KEPT_BY_KEY,
    )

    kind: str = _text(primary_key=True)
    run_id: str = _text(primary_key=True)
    spec_key: str = _text(primary_key=True)
    strategy_sha256: str = _text(primary_key=True)
    strategy_id: str = _text()
    bars: str = _text()
    first_ts: int | None = _integer()
    last_ts: int | None = _integer()
    specs: bytes = Field(sa_type=LargeBinary)
    seq: int = _integer()
