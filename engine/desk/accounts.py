"""Accounts: workspaces, their state, results and limits, reconciliation and reset."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from engine.account.ledger import Ledger, Trade
from engine.account.metrics import Metrics
from engine.account.state import Account, PaperState
from engine.broker.account_life import AccountLife, curve_of, life_of
from engine.broker.execute import create
from engine.broker.reconcile import Comparison, ReconcileReport, compare, reconcile
from engine.broker.replay import replayed
from engine.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError
from engine.events import EventType, Stamps, account_event
from engine.intents import to_quantity
from engine.market.sessions import day_to_date, from_micros, session_day
from engine.numerals import real_number, table
from engine.payloads import read_payload
from engine.policy.limits import Limits
from engine.policy.workspace import (
    DEFAULT_EQUITY,
    DEFAULT_ID,
    DEFAULT_NAME,
    Workspace,
    WorkspaceKind,
    as_uuid,
    check_equity,
    check_name,
    check_open,
)
from engine.ports import EventFilter, Store, UnitOfWork, Watch
from engine.symbols import check_symbol
from engine.validation import StrictModel, UtcTime
from engine.vocabulary import TradingState


@dataclass(frozen=True, slots=True)
class DeskConfig:
    """`production` refuses resets; `workspace` is the workspace that calls without one mean."""

    production: bool = False
    workspace: str = "default"


class TradeView(StrictModel):
    """A round trip from flat to flat. `fees` are those of entry and exit, `pnl` is after fees (currency amounts)."""

    symbol: str
    entry_ts: UtcTime
    exit_ts: UtcTime
    quantity: float
    entry_price: float
    exit_price: float
    fees: float
    pnl: float

    @classmethod
    def of(cls, trade: Trade) -> TradeView:
        """The view of a trade of the ledger."""
        return cls(
            symbol=trade.symbol,
            entry_ts=from_micros(trade.entry_ts),
            exit_ts=from_micros(trade.exit_ts),
            quantity=to_quantity(trade.lots),
            entry_price=trade.entry_price,
            exit_price=trade.exit_price,
            fees=trade.fees,
            pnl=trade.pnl,
        )


class EquityPoint(StrictModel):
    """Equity at cost right after a trade was closed; the first point is the starting equity, without a time."""

    ts: UtcTime | None
    equity: float


class SessionPoint(StrictModel):
    """Equity at marks at the end of a session; the last point is the account now, on the day of its newest event.

    The first point is what the account was worth before, without a day.
    """

    session: date | None
    equity: float


@dataclass(frozen=True, slots=True)
class Overview:
    """An account and the heads of the journal, read in one snapshot.

    `head` is the `seq` of the workspace's newest event, `journal_head` that of the newest event of all workspaces.
    """

    workspace: Workspace
    state: PaperState
    head: int
    journal_head: int

    @property
    def is_behind(self) -> bool:
        """Whether the stored state lacks events of the journal: another program has written to the database."""
        return self.state.last_seq != self.head

    def _repr_html_(self) -> str:
        return table("workspace", [(self.workspace.name,)]) + self.state._repr_html_()


class Accounts:
    """Calls name a workspace by name or UUID; None is the configured one.

    Calls that read leave nothing behind. Those that write create `default` if it is missing.
    """

    def __init__(self, store: Store, stamps: Stamps, config: DeskConfig) -> None:
        self._store, self._stamps, self._config = store, stamps, config

    def create(self, name: str, starting_equity: float = DEFAULT_EQUITY) -> Workspace:
        """Store a new workspace. Raises WORKSPACE_EXISTS if the name is taken, or INVALID_WORKSPACE."""
        return self._store_new(self.unsaved(check_name(name), check_equity(starting_equity)))

    def all(self) -> list[Workspace]:
        """The accounts, by name, without closed worlds and variants."""
        with self._store.read() as views:
            return views.workspaces()

    def find(self, ref: str | UUID | None = None) -> Workspace | None:
        """The stored workspace of this name or UUID (None: the configured one), or None."""
        with self._store.read() as views:
            return views.workspace(self._ref(ref))

    def require(self, ref: str | UUID | None = None) -> Workspace:
        """The workspace, to read from; WORKSPACE_NOT_FOUND. Nothing is stored.

        `default` exists before it is stored: it is given as it would be created now.
        """
        return self.find(ref) or self._new_default(ref)

    get = require
    """Its name in earlier versions, kept for people's scripts."""

    def ensure_default(self, ref: str | UUID | None = None) -> Workspace:
        """The workspace, to write to: `default` is created if it is missing; any other is WORKSPACE_NOT_FOUND."""
        workspace = self.find(ref)
        if workspace is not None:
            return workspace
        missing = self._new_default(ref)
        try:
            return self._store_new(missing)
        except ConflictError:  # another process created it between the two transactions
            return self.ensure_default(ref)

    def unsaved(self, name: str, starting_equity: float = DEFAULT_EQUITY) -> Workspace:
        """A workspace that is not stored; `default` has the same id in every database."""
        known_as = DEFAULT_ID if name == DEFAULT_NAME else UUID(self._stamps.new_id())
        return Workspace(known_as, name, starting_equity, self._stamps.now())

    def missing_default(self, workspace_id: UUID) -> Workspace | None:
        """The `default` that an intent for this id creates; None for another id, and when `default` is stored.

        A database of an older version has a `default` with an id of its own, so its name is looked up.
        """
        if workspace_id != DEFAULT_ID or self.find(DEFAULT_NAME) is not None:
            return None
        return self.unsaved(DEFAULT_NAME)

    def state(self, ref: str | UUID | None = None) -> PaperState:
        """The state of the account now: cash, positions, P&L."""
        workspace = self.require(ref)
        with self._store.read() as views:
            return views.account(workspace).state()

    def overview(self, ref: str | UUID | None = None) -> Overview:
        """What a screen shows of a stored account, read in one snapshot; WORKSPACE_NOT_FOUND."""
        name = self._ref(ref)
        with self._store.read() as views:
            workspace = views.workspace(name)
            if workspace is None:
                raise not_found(name)
            state = views.account(workspace).state()
            return Overview(workspace, state, views.head(workspace.id), views.head())

    def trades(self, ref: str | UUID | None = None) -> list[TradeView]:
        """Every round trip, in the order of closing."""
        return [TradeView.of(trade) for trade in self._trades(self.require(ref))]

    def equity(self, ref: str | UUID | None = None) -> list[EquityPoint]:
        """The trade-equity curve: the starting equity, then the equity in dollars after each closed trade."""
        workspace = self.require(ref)
        start = EquityPoint(ts=None, equity=workspace.starting_equity)
        trades = self._trades(workspace)
        return [start, *(EquityPoint(ts=from_micros(trade.exit_ts), equity=trade.equity) for trade in trades)]

    def equity_by_session(self, ref: str | UUID | None = None) -> list[SessionPoint]:
        """Equity at marks session by session, of an account that `run -w` trades; empty of any other."""
        workspace = self.require(ref)
        with self._store.read() as views:
            curve, account = curve_of(views, workspace), views.account(workspace)
        if not curve.rows:
            return []
        now, newest = account.ledger.equity_at(account.marks), curve.rows[-1].session
        points = [SessionPoint(session=None, equity=curve.start)]
        points += [SessionPoint(session=day_to_date(row.session), equity=row.equity) for row in curve.rows]
        if now != points[-1].equity:  # an order or a mark by hand since
            ts = account.ledger.last_event_at
            today = newest if ts is None else session_day(ts, workspace.limits.session_tz)
            points.append(SessionPoint(session=day_to_date(max(newest, today)), equity=now))
        return points

    def metrics(self, ref: str | UUID | None = None) -> Metrics:
        """The metrics of the workspace over its whole life; of a backtest those that were recorded with it."""
        workspace = self.require(ref)
        recorded = self._recorded(workspace) if workspace.kind is WorkspaceKind.CLOSED else None
        return recorded or self.life(workspace.id).metrics

    def life(self, ref: str | UUID | None = None) -> AccountLife:
        """The account's whole life: its trades, its metrics, and buying and holding beside them."""
        workspace = self.require(ref)
        with self._store.read() as views:
            return life_of(views, workspace)

    def _recorded(self, workspace: Workspace) -> Metrics | None:
        """The metrics of a backtest from its BACKTEST_RECORDED; None of one from before there was such an event."""
        where = EventFilter(workspace.id, (EventType.BACKTEST_RECORDED.value,))
        with self._store.read() as views:
            for event in views.events(where, limit=1):
                said = read_payload(event.row.payload, event.row.event_type, event.seq)
                return Metrics.model_validate(said["metrics"])
        return None

    def reconcile(
        self, ref: str | UUID | None = None, *, dry_run: bool = False, watch: Watch | None = None
    ) -> ReconcileReport:
        """Rebuild the state from the journal and store it. A dry run only reports. CANCELLED if the watch stops it."""
        workspace = self.require(ref) if dry_run else self.ensure_default(ref)
        return reconcile(self._store, workspace, self._stamps, dry_run=dry_run, watch=watch)

    def compare(self, ref: str | UUID | None = None, *, watch: Watch | None = None) -> Comparison:
        """The stored state beside the one rebuilt from the journal. Nothing is written."""
        return compare(self._store, self.require(ref), watch=watch)

    def reset(self, ref: str | UUID | None = None, *, confirmed: bool = False) -> PaperState:
        """Put the state back to its start. The journal stays, so executed ids stay executed, and a reconcile undoes it.

        Raises FORBIDDEN_IN_PRODUCTION, or CONFIRMATION_REQUIRED without `confirmed`.
        """
        if self._config.production:
            raise ForbiddenError(
                "FORBIDDEN_IN_PRODUCTION",
                "reset is refused while the environment is production",
                hint="`workspace create` makes a fresh account",
            )
        if not confirmed:
            raise InvalidError(
                "CONFIRMATION_REQUIRED",
                "reset puts the account back to its start; the journal stays, and a reconcile brings the fills back",
                hint="say --yes, or make a fresh account with `workspace create`",
            )
        workspace = check_open(self.ensure_default(ref))
        with self._store.write() as unit:
            fresh = Account(workspace.id, Ledger.fresh(workspace.starting_equity))
            unit.replace(fresh)
            payload = {"journal": "stays", "starting_equity": workspace.starting_equity}
            unit.append([account_event(EventType.STATE_RESET, str(workspace.id), self._stamps, payload)])
            unit.commit()
        return self.state(workspace.id)

    def mark(self, symbol: str, price: float, ref: str | UUID | None = None) -> PaperState:
        """Set the price at which a position is valued. Raises INVALID_PRICE.

        A symbol that is held can be marked even if today's rules would not accept its name.
        """
        self._check_marked(symbol, ref)
        price = _price(price)
        workspace = check_open(self.ensure_default(ref))
        with self._store.write() as unit:
            account = unit.account(workspace)
            if account.value_at({symbol: price}):
                raise InvalidError(
                    "INVALID_PRICE",
                    f"{symbol} at {price!r} makes an amount that is not finite",
                    hint="nothing was changed; give a smaller price",
                )
            unit.save(account, (symbol,), ())
            unit.commit()
        return self.state(workspace.id)

    def set_policy(self, settings: Mapping[str, str], ref: str | UUID | None = None) -> Limits:
        """Change limits and fees by `key=value` texts (`off` clears one). The old and new values are journaled."""
        check_open(self.require(ref)).limits.changed(settings)  # settings that are refused must not create `default`
        workspace = self.ensure_default(ref)
        with self._store.write() as unit:
            current = self._current(unit, workspace)
            limits = current.limits.changed(settings)
            old, new = (values.model_dump(mode="json") for values in (current.limits, limits))
            changes = {key: [old[key], new[key]] for key in new if old[key] != new[key]}
            if changes:
                unit.put_limits(workspace.id, limits)
                unit.append([account_event(EventType.POLICY_CHANGED, str(workspace.id), self._stamps, changes)])
                unit.commit()
        return limits

    def set_trading_state(self, state: TradingState, ref: str | UUID | None = None) -> Workspace:
        """Set the state: ACTIVE, REDUCING (exits only) or HALTED (nothing is executed). Raises INVALID_POLICY."""
        if state not in tuple(TradingState):
            known = ", ".join(TradingState)
            raise InvalidError("INVALID_POLICY", f"{state!r} is not a trading state", hint=f"one of {known}")
        state = TradingState(state)
        workspace = check_open(self.ensure_default(ref))
        with self._store.write() as unit:
            current = self._current(unit, workspace)
            if current.trading_state is not state:
                unit.put_trading_state(workspace.id, state)
                payload = {"from": current.trading_state.value, "to": state.value}
                unit.append([account_event(EventType.TRADING_STATE_CHANGED, str(workspace.id), self._stamps, payload)])
                unit.commit()
        return self.require(workspace.id)

    def _check_marked(self, symbol: str, ref: str | UUID | None) -> None:
        try:
            check_symbol(symbol)
        except ValueError as error:
            workspace = self.find(ref) if isinstance(symbol, str) else None
            if workspace is None or symbol not in self.state(workspace.id).positions:
                raise InvalidError("INVALID_PRICE", f"the symbol {error}", hint="name the symbol to mark") from error

    def _new_default(self, ref: str | UUID | None) -> Workspace:
        """`default`, where the reference means it by name or id; WORKSPACE_NOT_FOUND for any other."""
        name = self._ref(ref)
        if name == DEFAULT_NAME:
            return self.unsaved(DEFAULT_NAME)
        known_id = name if isinstance(name, UUID) else as_uuid(name)
        default = None if known_id is None else self.missing_default(known_id)
        if default is None:
            raise not_found(name)
        return default

    def _store_new(self, workspace: Workspace) -> Workspace:
        with self._store.write() as unit:
            create(unit, workspace, self._stamps)
            unit.commit()
        return workspace

    def _trades(self, workspace: Workspace) -> list[Trade]:
        trades: list[Trade] = []
        with self._store.read() as views:
            replayed(views, workspace, trades)
        return trades

    def _current(self, unit: UnitOfWork, workspace: Workspace) -> Workspace:
        return unit.workspace(workspace.id) or workspace

    def _ref(self, ref: str | UUID | None) -> str | UUID:
        if ref is None:
            return self._config.workspace
        if not isinstance(ref, (str, UUID)):
            raise not_found(str(ref))
        return ref


def _price(price: float) -> float:
    try:
        value = real_number(price)
    except ValueError as error:
        raise InvalidError("INVALID_PRICE", f"the mark: {error}", hint="give a finite number above zero") from error
    if not math.isfinite(value) or value <= 0:
        raise InvalidError("INVALID_PRICE", f"{value!r} is not a price", hint="give a finite number above zero")
    return value


def not_found(name: str | UUID) -> NotFoundError:
    """WORKSPACE_NOT_FOUND, with the hint to list or create workspaces."""
    return NotFoundError(
        "WORKSPACE_NOT_FOUND",
        f"there is no workspace {str(name)!r}",
        hint="`workspace list` shows the workspaces, `workspace create` makes one",
    )
