"""`run -w`: a spec over a dataset in an account that goes on; what was done before is never done again.

The account keeps the bars it has seen and the signals behind its orders: data or a strategy that contradict them are
refused before anything is traded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from engine.account.ledger import Holding, Ledger
from engine.account.metrics import Metrics
from engine.account.state import Account
from engine.broker.account_life import life_of
from engine.broker.execute import record
from engine.broker.paper import Placement, check, place
from engine.drivers.acceptance import Acceptance, check_code
from engine.drivers.backtest import RunOutcome
from engine.drivers.bar_loop import Book, Tally
from engine.drivers.beginning import Beginning, OnwardTerms
from engine.drivers.memory import opened_by
from engine.drivers.order_signals import signals_of_row
from engine.drivers.reasons import Asked, Stopped, reasons
from engine.drivers.session_rows import SessionRows, rebuild_rows
from engine.drivers.trial import count_trials
from engine.errors import NotFoundError, PapertapeError, SystemFault
from engine.events import PAPER, EventRow, EventType, Stamps, account_event
from engine.intents import TradeIntent
from engine.market.bars import Dataset
from engine.market.sessions import iso, session_day
from engine.policy.workspace import Workspace
from engine.ports import JournalEvent, Progress, Store, UnitOfWork, Unwatched, Views, Watch
from engine.statistics.verdict import sentence_of_run
from engine.strategies.runner import Held
from engine.strategies.spec import CompiledSpec


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


class ForwardRun:
    """An onward run under way: every timestamp is a transaction, and each begins with the account as it is then.

    `start` is the first tick that was not traded before, `end` the last of the data (before `start` when nothing is
    new). `take` each tick between them, in order, or those alone that `walk.visit` names: the account is the same.
    Then `finish`. `notes` are sentences for a person.
    """

    def __init__(
        self,
        store: Store,
        workspace: Workspace,
        spec: CompiledSpec,
        dataset: Dataset,
        stamps: Stamps,
        terms: OnwardTerms | None = None,
        strategy_sha256: str = "",
    ) -> None:
        """Raises what `Beginning.of` does; nothing is written yet."""
        beginning = Beginning.of(store, workspace, spec, dataset, terms or OnwardTerms(), strategy_sha256)
        self._store, self._stamps, self._workspace_id = store, stamps, workspace.id
        self._beginning, self._acceptance = beginning, beginning.acceptance
        self._progress, self._is_new = beginning.progress, beginning.is_new
        self._unrecorded = beginning.unrecorded
        self._rows = SessionRows(spec.timeframe, {symbol: dataset.bars[symbol] for symbol in spec.symbols})
        self._enabled, self._workspace = spec.spec.enabled, workspace
        self.walk, self.notes = beginning.walk, beginning.notes
        after = beginning.after
        self.start = 0 if after is None else int(np.searchsorted(self.walk.ticks, after, side="right"))
        self.end = len(self.walk.ticks) - 1
        self.tally = Tally()
        self._own = dict(beginning.own)
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
        """The account's ledger as of the newest commit."""
        return self.account().ledger

    def take(self, tick: int) -> Taken:
        """Trade one timestamp: nothing is written where nothing would happen, unless it is the last.

        A disabled spec leaves its bars to the day it is enabled.
        """
        # the last timestamp is always written: it keeps how far the run has come, and the marks
        acts = self._enabled if tick == self.end else self.walk.would_act(tick, self._book())
        if not acts:
            return Taken()
        self._accept()
        return self._trade(tick)

    def _book(self) -> Book:
        """The account as of the newest commit, for decisions; what they lead to is decided anew in its transaction."""

        def is_own(holding: Holding) -> bool:
            with self._store.read() as views:
                return self._is_own(holding, views)

        return Book(self.ledger(), self._workspace.limits, is_own)

    def _is_own(self, holding: Holding, views: Views) -> bool:
        """Whether this spec opened a position; a position that is there does not change in this."""
        known = (holding.symbol, holding.opened_at)
        if known not in self._own:
            self._own[known] = opened_by(views, self._workspace_id, self._progress.spec_key, holding)
        return self._own[known]

    def held(self, symbol: str) -> Held | None:
        """A symbol's position as its exits see it, as of the newest commit; None while the symbol is flat."""
        book = self._book()
        holding = book.ledger.holdings.get(symbol)
        if holding is None:
            return None
        return Held(holding.quantity, holding.avg_price, holding.opened_at, book.is_own(holding))

    def stopped(self, stop: int | None = None) -> Stopped:
        """What kept this run's entries from being filled so far, before the tick `stop` (None: all are behind)."""
        stop = max(self.start, self.end + 1 if stop is None else stop)
        signalled = self.walk.signals_any(self.start, stop)
        return Stopped.of_tally(self.tally, self.walk.unready(self.start, stop), signalled=signalled)

    def reasons(self, stop: int | None = None) -> list[str]:
        """Sentences that explain why little was traded before tick `stop` (None: up to the end)."""
        stop = max(self.start, self.end + 1 if stop is None else stop)
        bars = self.walk.bars_between(self.start, stop)
        asked = Asked.of(self.walk.spec, self._workspace, self.ledger().cash, self.walk.slippage_bps, bars)
        return reasons(self.stopped(stop), asked)

    def finish(self) -> None:
        """Where no tick was new: take over what was accepted, begin or complete the recording, mark what is held.

        A spec that is new to the account has then begun, with the data as its history.
        """
        if not self._enabled or self.start <= self.end:
            return
        self._accept()
        closes = {
            symbol: close for symbol, close in self.walk.last_closes().items() if symbol in self._beginning.current
        }
        if self._is_new:
            ts = self.walk.last_ts
            self._progress = replace(self._progress, ts=max(ts, self._progress.ts))
        ts, marks = self._progress.ts, self.account().marks
        if not (self._is_new or self._unrecorded.has(ts) or any(marks.get(name) != at for name, at in closes.items())):
            return
        with self._store.write() as unit:
            workspace = self._found(unit.workspace(self._workspace_id))
            _mark(unit, unit.account(workspace), closes)
            self._unrecorded.write(unit, self._workspace_id, ts)
            if self._is_new:
                self._advance(unit, replace(self._progress, ts=ts, began=None), Taken(), {}, {})
            rebuild_rows(unit, workspace)
            unit.commit()
        self._unrecorded.written(ts)
        self._account = None

    def _accept(self) -> None:
        """Write what was accepted, once, in a transaction of its own."""
        if self._acceptance.is_needed:
            with self._store.write() as unit:
                self._acceptance.write(unit, self._workspace_id, self._stamps)
                rebuild_rows(unit, self._found(unit.workspace(self._workspace_id)))
                unit.commit()
            self._acceptance = Acceptance(self._acceptance.spec, self._acceptance.dataset)

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
            # within the transaction: another process may have traded this timestamp meanwhile
            known = unit.progress(self._workspace_id, self._progress.spec_key)
            if known is not None and known.ts >= ts:
                return Taken(elsewhere=True)
            check_code(self.walk.spec, known, self._progress.strategy_sha256)
            # counts hold only once the transaction does
            tally = self.tally.copy()
            workspace = self._found(unit.workspace(self._workspace_id))
            account = unit.account(workspace)
            before = account.ledger.last_seq
            self._execute(unit, workspace, account, tick, tally, taken)
            if not (taken.events or tick == self.end):
                self.tally = tally
                return taken
            self._unrecorded.write(unit, self._workspace_id, ts)
            progress = self._advanced(known, ts)
            self._rows.follow(unit, workspace, before, ts, self._beginning.clock_from(known))
            marks = self._rows.marks(account, session_day(ts, workspace.limits.session_tz))
            seq = self._advance(unit, progress, taken, self._signals(tick, taken), marks)
            self._rows.write(unit, workspace, marks, seq)
            unit.commit()
        self._rows.written()
        self._unrecorded.written(ts)
        self.tally, self._account, self._is_new = tally, None, False
        return taken

    def _advanced(self, known: Progress | None, ts: int) -> Progress:
        """How far the spec has come once it has traded the timestamp; `known` is how far it had come before."""
        began = None if known is None else known.began
        return replace(
            self._progress,
            ts=ts,
            began=int(self.walk.ticks[self.start]) if began is None else began,
            clock_from=self._beginning.clock_from(known),
        )

    def _signals(self, tick: int, taken: Taken) -> dict[str, Any]:
        """What the strategy said of every symbol in which an order was filled."""
        filled = {each.intent.symbol for each in taken.attempts if each.placement is not None and each.placement.fill}
        members = ((series, self.walk.decided(row), row) for series, row in self.walk.members(tick))
        return {
            series.bars.symbol: signals_of_row(series, decided, elsewhere=decided != row)
            for series, decided, row in members
            if series.bars.symbol in filled
        }

    def _execute(
        self, unit: UnitOfWork, workspace: Workspace, account: Account, tick: int, tally: Tally, taken: Taken
    ) -> None:
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

        book = Book(account.ledger, workspace.limits, lambda holding: self._is_own(holding, unit))
        self.walk.step(tick, book, submit, tally, taken.held_back.__setitem__)
        if tick == self.end:
            _mark(unit, account, self.walk.last_closes())

    def _advance(
        self,
        unit: UnitOfWork,
        progress: Progress,
        taken: Taken,
        signals: Mapping[str, Any],
        marks: Mapping[str, float],
    ) -> int:
        """Move the progress on, and journal it with the marks of what has no close; the event's `seq`."""
        unit.save_progress(self._workspace_id, progress)
        workspace_id, tried, ts, began = str(self._workspace_id), self._beginning.tried, progress.ts, progress.began
        payload = {
            "spec_key": progress.spec_key,
            "ts": iso(ts),
            "timeframe": progress.timeframe,
            "intraday": progress.intraday,
            "first_ts": {symbol: iso(first) for symbol, first in progress.first_ts.items()},
            "settled": {symbol: iso(last) for symbol, last in progress.settled.items()},
            **tried.payload(began, ts),
            "clock_from": None if progress.clock_from is None else iso(progress.clock_from),
            "marks": marks,
            "signals": signals,
        }
        event = account_event(EventType.RUN_ADVANCED, workspace_id, self._stamps, payload, ts)
        last = unit.append([event])
        taken.journaled([event], last)
        if began is not None:
            unit.put_trial(tried.trial("forward", workspace_id, began, ts, last, progress.spec_key))
        return last

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
    strategy_sha256: str = "",
    watch: Watch | None = None,
) -> RunOutcome:
    """Trade what is new in a dataset; raises what `ForwardRun` does. The metrics are of the workspace's whole life."""
    watch = watch or Unwatched()
    run = ForwardRun(store, workspace, spec, dataset, stamps, terms, strategy_sha256)
    end = run.end
    for count, tick in enumerate(run.walk.visit(run.ledger, run.start)):
        if tick == end:
            break
        if count % 16 == 0:
            watch.advance(tick, end + 1)
        if watch.stopped():
            raise SystemFault("CANCELLED", "the run was stopped", hint="run it again to resume where it stopped")
        run.take(tick)
    if run.start <= end:
        run.take(end)
    run.finish()
    watch.advance(end + 1, end + 1)
    with store.read() as views:
        life = life_of(views, workspace)
        worth = _worth(views, workspace, spec, life.metrics)
    return RunOutcome(
        *(workspace.id, dataset.bar_count, run.tally, life.metrics, life.trades, dataset.history_bars),
        notes=tuple(run.notes),
        stopped=run.stopped(),
        reasons=tuple(run.reasons()),
        benchmark=life.benchmark,
        worth=worth,
    )


def _worth(views: Views, workspace: Workspace, spec: CompiledSpec, metrics: Metrics) -> str | None:
    """What the account's result is worth, with the tries on the data of this spec; None before it has traded any."""
    trials = views.trials()
    here = [one for one in trials if (one.kind, one.run_id, one.spec_key) == ("forward", str(workspace.id), spec.key)]
    if not here:
        return None
    mine = here[-1]
    tries = count_trials(mine, [one for one in trials if one.seq < mine.seq])
    return sentence_of_run(metrics.psr, metrics.alpha_annual_pct, metrics.trade_count, tries.on_these_data)


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
