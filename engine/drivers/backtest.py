"""A backtest: a spec over a dataset on a fresh stored account, everything closed at the end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from engine.account.ledger import Fill, Ledger, Trade
from engine.account.measure import metrics_of
from engine.account.metrics import Metrics
from engine.account.state import Account
from engine.broker.execute import create
from engine.broker.paper import Placement, check, place
from engine.drivers.bar_loop import BarLoop, Book, Submit, Tally, Terms
from engine.drivers.reasons import Asked, Stopped, reasons
from engine.drivers.trial import Span, TrialCount, Tried, count_trials, traded_span
from engine.errors import SystemFault
from engine.events import CountedStamps, EventRow, EventType, Stamps, account_event
from engine.intents import TradeIntent
from engine.market.bars import Dataset
from engine.numerals import table
from engine.policy.limits import Limits
from engine.policy.workspace import Workspace, WorkspaceKind
from engine.ports import Store, Trial, Unwatched, Watch
from engine.statistics.clock import Clock
from engine.statistics.holding import HoldingMetrics
from engine.statistics.verdict import sentence_of_run
from engine.strategies.spec import CompiledSpec
from engine.vocabulary import TradingState

BATCH = 5_000
"""Events written at once."""


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """What a run did, and what came of it.

    `bars` of all symbols in the window, `history_bars` of all before it; `notes` are sentences for a person. `stopped`
    is what kept entries from being filled, and `reasons` says so in words. `benchmark` is buying and holding on the
    run's clock, `worth` a sentence that says what the result is worth; None of an account that has traded no session.
    """

    workspace_id: UUID
    bars: int
    tally: Tally
    metrics: Metrics
    trades: list[Trade]
    history_bars: int = 0
    notes: tuple[str, ...] = ()
    stopped: Stopped = field(default_factory=Stopped.nothing)
    reasons: tuple[str, ...] = ()
    benchmark: HoldingMetrics | None = None
    worth: str | None = None

    def __repr__(self) -> str:
        did = f"{self.bars:,} bars, {self.tally.fills:,} of {self.tally.intents:,} orders filled"
        return f"<RunOutcome {self.workspace_id}: {did}, {len(self.trades):,} trades>"

    def _repr_html_(self) -> str:
        figures = self.metrics.model_dump().items()
        said = "" if self.worth is None else f". {self.worth}"
        return table(f"run {self.workspace_id}, {self.bars:,} bars{said}", figures)


class ClosedWorld:
    """A fresh account, kept out of the list of workspaces; its events are written in batches with its state."""

    def __init__(self, store: Store, workspace: Workspace, stamps: Stamps) -> None:
        self._store, self._workspace = store, workspace
        self._ids = CountedStamps(workspace.id, stamps.now)
        self._events: list[EventRow] = []
        self._created = False
        self.account = Account(workspace.id, Ledger.fresh(workspace.starting_equity))
        self.fills: list[Fill] = []
        self.trades: list[Trade] = []

    def submit(self, intent: TradeIntent, fill_price: float, ts: int) -> Placement:
        """Through the broker's checks onto the account in memory; an intent id of a closed world comes up once."""
        placement = place(check(intent, fill_price), self.account, self._workspace, ts, self._ids)
        self._events += placement.events
        if placement.fill is not None:
            self.fills.append(placement.fill)
        if placement.trade is not None:
            self.trades.append(placement.trade)
        # nobody else writes to this account, and a killed backtest is run anew: a commit now and then is enough
        if len(self._events) >= BATCH:
            self.flush()
        return placement

    def end(self, tried: Tried, span: Span, result: Mapping[str, Any], ts: int) -> TrialCount:
        """BACKTEST_RECORDED, what was tried, and all that is not written yet; `ts` is the time of the last bar.

        Returns how many tries on these data there have been so far.
        """
        kind, workspace_id, (first, last) = EventType.BACKTEST_RECORDED, str(self._workspace.id), span
        payload = {**tried.payload(first, last), **result}
        self._events.append(account_event(kind, workspace_id, self._ids, payload, ts))
        mine = tried.trial("backtest", workspace_id, first, last, 0)
        self.flush(lambda seq: replace(mine, seq=seq))
        with self._store.read() as views:
            return count_trials(mine, [one for one in views.trials() if one.seq < self.account.ledger.last_seq])

    def flush(self, trial: Callable[[int], Trial] | None = None) -> None:
        """Write what has happened since the last time, with the account state it makes, in one transaction."""
        with self._store.write() as unit:
            if not self._created:
                create(unit, self._workspace, self._ids)
            if self._events:
                last = unit.append(self._events)
                self.account.ledger.last_seq = last
                self.account.ledger.last_event_at = self._events[-1].ts
                if trial is not None:
                    unit.put_trial(trial(last))
            unit.replace(self.account)
            unit.commit()
        self._created = True
        self._events = []


def closed_workspace(workspace_id: UUID, like: Workspace, session_tz: str, created_at: int) -> Workspace:
    """A fresh hidden workspace with the equity, limits and fees of `like`, trading ACTIVE."""
    limits: Limits = like.limits.model_copy(update={"session_tz": session_tz})
    return replace(
        like,
        id=workspace_id,
        name=str(workspace_id),
        created_at=created_at,
        kind=WorkspaceKind.CLOSED,
        limits=limits,
        trading_state=TradingState.ACTIVE,
    )


def trade_all(walk: BarLoop, book: Book, submit: Submit, watch: Watch) -> tuple[Tally, int]:
    """Every tick of a closed world, then the close of what is open; CANCELLED when the watch says stop.

    With how many fills there were before that close.
    """
    tally, ledger = Tally(), book.ledger
    for count, tick in enumerate(walk.visit(lambda: ledger)):
        if count % 256 == 0:
            watch.advance(tick, len(walk.ticks))
            if watch.stopped():
                raise SystemFault("CANCELLED", "the run was stopped", hint="run it again: it starts afresh")
        walk.step(tick, book, submit, tally)
    ordinary = tally.fills
    walk.close_out(ledger, submit, tally)
    return tally, ordinary


def run_closed(
    store: Store,
    workspace: Workspace,
    spec: CompiledSpec,
    dataset: Dataset,
    stamps: Stamps,
    *,
    slippage_bps: float = 0.0,
    strategy_sha256: str = "",
    watch: Watch | None = None,
) -> RunOutcome:
    """A spec over a dataset in a backtest; the metrics are those of a sweep's baseline on the same data."""
    watch = watch or Unwatched()
    world = ClosedWorld(store, workspace, stamps)
    walk = BarLoop(spec, dataset, workspace.id, Terms(slippage_bps))
    tally, ordinary = trade_all(walk, Book(world.account.ledger, workspace.limits), world.submit, watch)
    clock = Clock(dataset, spec.symbols)
    held, sessions, _ = clock.world(workspace.starting_equity, world.fills, world.trades, ordinary)
    metrics = metrics_of(workspace.starting_equity, world.trades, held, sessions)
    tried, span = Tried.of(spec, strategy_sha256, dataset), traded_span(spec, dataset)
    stopped = Stopped.of_tally(tally, walk.unready())
    trials = world.end(tried, span, _came_of(slippage_bps, tally, metrics, stopped, clock), walk.last_ts)
    watch.advance(len(walk.ticks), len(walk.ticks))
    asked = Asked.of(spec, workspace, workspace.starting_equity, slippage_bps, dataset.bar_count)
    return RunOutcome(
        *(workspace.id, dataset.bar_count, tally, metrics, world.trades, dataset.history_bars),
        stopped=stopped,
        reasons=tuple(reasons(stopped, asked)),
        benchmark=clock.holding,
        worth=sentence_of_run(metrics.psr, metrics.alpha_annual_pct, metrics.trade_count, trials.on_these_data),
    )


def _came_of(slippage_bps: float, tally: Tally, metrics: Metrics, stopped: Stopped, clock: Clock) -> dict[str, Any]:
    """What BACKTEST_RECORDED says beside what was tried: on which terms, with what result."""
    return {
        "slippage_bps": slippage_bps,
        "intents": tally.intents,
        "fills": tally.fills,
        "rejected": tally.rejected,
        "metrics": metrics.model_dump(mode="json"),
        "sessions_a_year": clock.sessions_a_year,
        **stopped.document(),
    }
