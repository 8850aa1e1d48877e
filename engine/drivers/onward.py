"""`run -w`: a spec over a dataset in an account that goes on; what was done before is never done again."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from uuid import UUID

import numpy as np

from engine.account.ledger import Ledger, Trade
from engine.account.metrics import metrics_of
from engine.account.state import Account
from engine.broker.execute import record
from engine.broker.paper import PAPER, Placement, check, place
from engine.broker.reconcile import replayed
from engine.drivers.closed import RunOutcome
from engine.drivers.walk import Tally, Terms, Walk
from engine.errors import InvalidError, NotFoundError, SystemFault
from engine.events import EventType, Stamps, account_event
from engine.intents import TradeIntent
from engine.market.bars import Bars, Dataset
from engine.market.sessions import MICROS_PER_DAY, is_intraday, iso
from engine.policy.workspace import Workspace
from engine.ports import Progress, Store, UnitOfWork, Unwatched, Watch
from engine.strategies.base import Window
from engine.strategies.guard import window_of
from engine.strategies.spec import CompiledSpec


@dataclass(frozen=True, slots=True)
class OnwardTerms:
    """How an onward run fills, and whether the session that the data end in is a whole one."""

    slippage_bps: float = 0.0
    session_complete: bool = False


@dataclass(slots=True)
class _Run:
    """One onward run: every timestamp is a transaction, and each begins with the account as it is then."""

    store: Store
    workspace_id: UUID
    walk: Walk
    progress: Progress
    stamps: Stamps
    tally: Tally = field(default_factory=Tally)
    account: Account | None = None
    seen_version: int = -1

    def ledger(self) -> Ledger:
        """The account's ledger as of the newest commit, read again only when somebody has written."""
        version = self.store.data_version()
        if self.account is None or version != self.seen_version:
            with self.store.read() as views:
                self.account = views.account(self._found(views.workspace(self.workspace_id)))
            self.seen_version = version
        return self.account.ledger

    def tick(self, tick: int, *, last: bool) -> None:
        """One timestamp: its executions, the marks when it is the last, and how far the run has come."""
        ts = int(self.walk.ticks[tick])
        with self.store.write() as unit:
            known = unit.progress(self.workspace_id, self.progress.spec_key)
            if known is not None and known.ts >= ts:
                return  # another process was here
            tally = replace(self.tally)
            wrote = self._execute(unit, tick, tally)
            if not (wrote or last):
                return
            self._advance(unit, ts)
            unit.commit()
        self.tally, self.account = tally, None

    def _execute(self, unit: UnitOfWork, tick: int, tally: Tally) -> bool:
        workspace = self._found(unit.workspace(self.workspace_id))
        account = unit.account(workspace)
        wrote = False

        def submit(intent: TradeIntent, fill_price: float, ts: int) -> Placement:
            nonlocal wrote
            prior = unit.prior_fill(workspace.id, intent.id, PAPER)
            placement = place(check(intent, fill_price), account, workspace, ts, self.stamps, prior)
            record(unit, account, placement)
            wrote = True
            return placement

        self.walk.step(tick, account.ledger, submit, tally)
        if tick == len(self.walk.ticks) - 1:
            closes = self.walk.last_closes()
            account.marks.update(closes)
            unit.save(account, closes, ())
        return wrote

    def _advance(self, unit: UnitOfWork, ts: int) -> None:
        progress = replace(self.progress, ts=ts)
        unit.save_progress(self.workspace_id, progress)
        payload = {
            "spec_key": progress.spec_key,
            "ts": iso(ts),
            "timeframe": progress.timeframe,
            "intraday": progress.intraday,
            "first_ts": {symbol: iso(first) for symbol, first in progress.first_ts.items()},
        }
        unit.append([account_event(EventType.RUN_ADVANCED, str(self.workspace_id), self.stamps, payload, ts)])

    def _found(self, workspace: Workspace | None) -> Workspace:
        if workspace is None:
            raise NotFoundError("WORKSPACE_NOT_FOUND", f"there is no workspace {self.workspace_id}")
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
    watch, terms = watch or Unwatched(), terms or OnwardTerms()
    with store.read() as views:
        known = views.progress(workspace.id, spec.key)
        account = views.account(workspace)
    progress = known or _first_progress(spec, dataset)
    if known is not None:
        _check_history(spec, dataset, known, account.ledger)
    walk = Walk(
        spec,
        dataset,
        workspace.id,
        Terms(terms.slippage_bps, closed=False, session_complete=terms.session_complete, intraday=progress.intraday),
    )
    run = _Run(store, workspace.id, walk, progress, stamps)
    start = 0 if known is None else int(np.searchsorted(walk.ticks, known.ts, side="right"))
    end = len(walk.ticks) - 1
    for count, tick in enumerate(walk.visit(run.ledger, start)):
        if tick == end:
            break
        if count % 16 == 0:
            watch.advance(tick, end + 1)
        if watch.stopped():
            raise SystemFault("CANCELLED", "the run was stopped", hint="run it again: it goes on from where it stopped")
        if walk.would_act(tick, run.ledger()):
            run.tick(tick, last=False)
    if start <= end and spec.spec.enabled:  # a disabled spec leaves its bars to the day it is enabled
        run.tick(end, last=True)
    watch.advance(end + 1, end + 1)
    trades: list[Trade] = []
    with store.read() as views:
        replayed(views, workspace, trades)
    metrics = metrics_of(workspace.starting_equity, trades)
    return RunOutcome(workspace.id, dataset.bar_count, run.tally, metrics, trades)


def with_first_timeframe(store: Store, workspace: Workspace, spec: CompiledSpec) -> CompiledSpec:
    """A spec that leaves its timeframe to the data, with the timeframe that its first run here found."""
    if spec.spec.timeframe is not None:
        return spec
    with store.read() as views:
        first = views.first_timeframe(workspace.id, spec.untimed_key)
    return spec if first is None else replace(spec, timeframe=first)


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


def _check_history(spec: CompiledSpec, dataset: Dataset, known: Progress, ledger: Ledger) -> None:
    """The data must hold what the strategy needs of the bars before the first new one."""
    window = window_of(spec.strategy, spec.params)
    for symbol in spec.symbols:
        bars = dataset.bars[symbol]
        first_new = int(np.searchsorted(bars.ts, known.ts, side="right"))
        if first_new == len(bars):
            continue
        start, began = int(bars.ts[0]), known.first_ts[symbol]
        if start != began and (window.anchored or start > began) and not _covers(window, bars, first_new):
            raise _short(symbol, f"its bars begin at {iso(start)}, the first run's at {iso(began)}")
        held = ledger.holdings.get(symbol)
        if held is not None and spec.exit.max_bars is not None and start > held.opened_at:
            raise _short(symbol, f"its bars begin at {iso(start)}, after the open position's entry")


def _covers(window: Window, bars: Bars, first_new: int) -> bool:
    """Whether the row `first_new` has its whole window in the data."""
    if window.anchored:
        return False
    if first_new < max(window.bars - 1, 1):
        return False
    days = bars.session[: first_new + 1]
    earlier = int(np.count_nonzero(days[1:] != days[:-1]))
    return earlier >= window.sessions + _begins_within_a_session(bars)


def _begins_within_a_session(bars: Bars) -> bool:
    """Whether the first session seems cut: it begins later in its day than another one does."""
    starts = np.flatnonzero(np.r_[True, bars.session[1:] != bars.session[:-1]])
    into_day = bars.ts[starts] - bars.session[starts] * MICROS_PER_DAY
    return bool(np.any(into_day[1:] < into_day[0]))


def _short(symbol: str, why: str) -> InvalidError:
    return InvalidError(
        "HISTORY_SHORT", f"{symbol}: the data lack history that the strategy needs: {why}", hint="give the whole file"
    )
