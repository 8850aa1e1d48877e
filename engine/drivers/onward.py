"""`run -w`: a spec over a dataset in an account that goes on; what was done before is never done again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from engine.account.ledger import Ledger, Trade
from engine.account.metrics import metrics_of
from engine.account.state import Account
from engine.broker.execute import record
from engine.broker.paper import PAPER, Placement, check, place
from engine.broker.reconcile import replayed
from engine.drivers.closed import RunOutcome
from engine.drivers.history import check_history
from engine.drivers.walk import Tally, Terms, Walk
from engine.errors import NotFoundError, PapertapeError, SystemFault
from engine.events import EventRow, EventType, Stamps, account_event
from engine.intents import TradeIntent
from engine.market.bars import Dataset
from engine.market.sessions import is_intraday, iso
from engine.policy.workspace import Workspace, check_open
from engine.ports import JournalEvent, Progress, Store, UnitOfWork, Unwatched, Watch
from engine.strategies.spec import CompiledSpec


@dataclass(frozen=True, slots=True)
class OnwardTerms:
    """How an onward run fills, and whether the session that the data end in is a whole one."""

    slippage_bps: float = 0.0
    session_complete: bool = False


@dataclass(frozen=True, slots=True)
class Attempt:
    """An intent that was handed to the broker: what it placed, or why it raised. One of the two is None."""

    intent: TradeIntent
    fill_price: float
    placement: Placement | None
    refused: PapertapeError | None


@dataclass(slots=True)
class Taken:
    """What came of one timestamp: the intents in order, the entries that were held back (code by symbol), the events
    that were journaled. `elsewhere`: another process had taken it before."""

    attempts: list[Attempt] = field(default_factory=list)
    held_back: dict[str, str] = field(default_factory=dict)
    events: list[JournalEvent] = field(default_factory=list)
    elsewhere: bool = False

    def journaled(self, rows: Sequence[EventRow], last: int) -> None:
        """These rows were appended, the last of them at this `seq`."""
        self.events += map(JournalEvent, range(last - len(rows) + 1, last + 1), rows)


class Onward:
    """An onward run under way: every timestamp is a transaction, and each begins with the account as it is then.

    `start` is the first tick that was not traded before, `end` the last of the data (before `start` when nothing is
    new). `take` each tick between them, in order, or those alone that `walk.visit` names: the account is the same.
    """

    def __init__(
        self,
        store: Store,
        workspace: Workspace,
        spec: CompiledSpec,
        dataset: Dataset,
        stamps: Stamps,
        terms: OnwardTerms | None = None,
    ) -> None:
        """HISTORY_SHORT when the data lack the past that the strategy needs to go on; WORKSPACE_CLOSED."""
        check_open(workspace)
        terms = terms or OnwardTerms()
        with store.read() as views:
            known = views.progress(workspace.id, spec.key)
            account = views.account(workspace)
        if known is not None:
            check_history(spec, dataset, known, account.ledger)
        self._progress = known or _first_progress(spec, dataset)
        self._store, self._stamps, self._workspace_id = store, stamps, workspace.id
        self._enabled = spec.spec.enabled
        self.walk = Walk(spec, dataset, workspace.id, _walk_terms(terms, self._progress))
        self.start = 0 if known is None else int(np.searchsorted(self.walk.ticks, known.ts, side="right"))
        self.end = len(self.walk.ticks) - 1
        self.tally = Tally()
        self._account: Account | None = None
        self._seen_version = -1

    def account(self) -> Account:
        """The account as of the newest commit, read again only when somebody has written."""
        version = self._store.data_version()
        if self._account is None or version != self._seen_version:
            with self._store.read() as views:
                self._account = views.account(self._found(views.workspace(self._workspace_id)))
            self._seen_version = version
        return self._account

    def ledger(self) -> Ledger:
        """The account's ledger."""
        return self.account().ledger

    def take(self, tick: int) -> Taken:
        """Trade one timestamp: nothing is written where nothing would happen, unless it is the last.

        A disabled spec leaves its bars to the day it is enabled.
        """
        acts = self._enabled if tick == self.end else self.walk.would_act(tick, self.ledger())
        return self._trade(tick) if acts else Taken()

    def mark(self, closes: Mapping[str, float]) -> None:
        """Value what is held at these closes from now on, as `desk.accounts.mark` would: nothing is journaled."""
        if not _news(self.account(), closes):
            return
        with self._store.write() as unit:
            account = unit.account(self._found(unit.workspace(self._workspace_id)))
            _mark(unit, account, _news(account, closes))
            unit.commit()
        self._account = None

    def _trade(self, tick: int) -> Taken:
        """One timestamp: its executions, the marks when it is the last, and how far the run has come."""
        ts, taken = int(self.walk.ticks[tick]), Taken()
        with self._store.write() as unit:
            known = unit.progress(self._workspace_id, self._progress.spec_key)
            if known is not None and known.ts >= ts:
                return Taken(elsewhere=True)
            tally = replace(self.tally)
            self._execute(unit, tick, tally, taken)
            if not (taken.events or tick == self.end):
                return taken
            self._advance(unit, ts, taken)
            unit.commit()
        self.tally, self._account = tally, None
        return taken

    def _execute(self, unit: UnitOfWork, tick: int, tally: Tally, taken: Taken) -> None:
        workspace = self._found(unit.workspace(self._workspace_id))
        account = unit.account(workspace)

        def submit(intent: TradeIntent, fill_price: float, ts: int) -> Placement:
            prior = unit.prior_fill(workspace.id, intent.id, PAPER)
            try:
                placement = place(check(intent, fill_price), account, workspace, ts, self._stamps, prior)
            except PapertapeError as error:
                taken.attempts.append(Attempt(intent, fill_price, None, error))
                raise
            taken.journaled(placement.events, record(unit, account, placement))
            taken.attempts.append(Attempt(intent, fill_price, placement, None))
            return placement

        self.walk.step(tick, account.ledger, submit, tally, taken.held_back.__setitem__)
        if tick == self.end:
            _mark(unit, account, self.walk.last_closes())

    def _advance(self, unit: UnitOfWork, ts: int, taken: Taken) -> None:
        progress = replace(self._progress, ts=ts)
        unit.save_progress(self._workspace_id, progress)
        payload = {
            "spec_key": progress.spec_key,
            "ts": iso(ts),
            "timeframe": progress.timeframe,
            "intraday": progress.intraday,
            "first_ts": {symbol: iso(first) for symbol, first in progress.first_ts.items()},
        }
        event = account_event(EventType.RUN_ADVANCED, str(self._workspace_id), self._stamps, payload, ts)
        taken.journaled([event], unit.append([event]))

    def _found(self, workspace: Workspace | None) -> Workspace:
        if workspace is None:
            raise NotFoundError("WORKSPACE_NOT_FOUND", f"there is no workspace {self._workspace_id}")
        return workspace


def run_onward(
    store: Store,
    workspace: Workspace,
    spec: CompiledSpec,
    dataset: Dataset,
    stamps: Stamps,
    *,
    terms: OnwardTerms | None = None,
    watch: Watch | None = None,
) -> RunOutcome:
    """Trade what is new in a dataset; HISTORY_SHORT when it lacks the past that the strategy needs to go on.

    The metrics are of the workspace's whole life.
    """
    watch = watch or Unwatched()
    run = Onward(store, workspace, spec, dataset, stamps, terms)
    end = run.end
    for count, tick in enumerate(run.walk.visit(run.ledger, run.start)):
        if tick == end:
            break
        if count % 16 == 0:
            watch.advance(tick, end + 1)
        if watch.stopped():
            raise SystemFault("CANCELLED", "the run was stopped", hint="run it again: it goes on from where it stopped")
        run.take(tick)
    if run.start <= end:
        run.take(end)
    watch.advance(end + 1, end + 1)
    trades: list[Trade] = []
    with store.read() as views:
        replayed(views, workspace, trades)
    metrics = metrics_of(workspace.starting_equity, trades)
    return RunOutcome(workspace.id, dataset.bar_count, run.tally, metrics, trades, dataset.history_bars)


def with_first_timeframe(store: Store, workspace: Workspace, spec: CompiledSpec) -> CompiledSpec:
    """A spec that leaves its timeframe to the data, with the timeframe that its first run here found."""
    if spec.spec.timeframe is not None:
        return spec
    with store.read() as views:
        first = views.first_timeframe(workspace.id, spec.untimed_key)
    return spec if first is None else replace(spec, timeframe=first)


def _news(account: Account, closes: Mapping[str, float]) -> dict[str, float]:
    """The closes of what is held that are not its marks yet."""
    held = account.ledger.holdings
    return {symbol: close for symbol, close in closes.items() if symbol in held and account.marks.get(symbol) != close}


def _mark(unit: UnitOfWork, account: Account, closes: Mapping[str, float]) -> None:
    account.value_at(closes)
    unit.save(account, closes, ())


def _first_progress(spec: CompiledSpec, dataset: Dataset) -> Progress:
    bars = {symbol: dataset.bars[symbol] for symbol in spec.symbols}
    return Progress(
        spec_key=spec.key,
        ts=0,
        timeframe=spec.timeframe,
        untimed_key=spec.untimed_key if spec.spec.timeframe is None else "",
        intraday={symbol: is_intraday(column.session) for symbol, column in bars.items()},
        first_ts={symbol: int(column.ts[0]) for symbol, column in bars.items()},
    )


def _walk_terms(terms: OnwardTerms, progress: Progress) -> Terms:
    return Terms(terms.slippage_bps, closed=False, session_complete=terms.session_complete, intraday=progress.intraday)
