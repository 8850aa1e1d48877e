"""The reference: a variant through the bar loop, the policy and the broker, intent by intent. Exact, and slow."""

from __future__ import annotations

from engine.account.ledger import Fill, Ledger, Trade
from engine.account.measure import metrics_of
from engine.account.state import Account
from engine.broker.paper import Placement, check, place
from engine.drivers.backtest import trade_all
from engine.drivers.bar_loop import BarLoop, Book, Terms
from engine.drivers.reasons import Stopped
from engine.events import CountedStamps
from engine.intents import TradeIntent
from engine.market.bars import Dataset
from engine.policy.workspace import Workspace
from engine.ports import Unwatched, Watch
from engine.statistics.clock import Clock
from engine.sweeps.plan.run_plan import Variant
from engine.sweeps.results import Simulated, result_of


class _World:
    """An account in memory that takes intents as a closed world does, and keeps fills instead of events."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._stamps = CountedStamps(workspace.id, lambda: 0)
        self.account = Account(workspace.id, Ledger.fresh(workspace.starting_equity))
        self.fills: list[Fill] = []
        self.trades: list[Trade] = []

    def submit(self, intent: TradeIntent, fill_price: float, ts: int) -> Placement:
        placement = place(check(intent, fill_price), self.account, self._workspace, ts, self._stamps)
        if placement.fill is not None:
            self.fills.append(placement.fill)
        if placement.trade is not None:
            self.trades.append(placement.trade)
        return placement


def by_bar_loop(
    variant: Variant,
    dataset: Dataset,
    workspace: Workspace,
    slippage_bps: float,
    watch: Watch | None = None,
    clock: Clock | None = None,
) -> Simulated:
    """A variant in a world of its own; `workspace` gives equity, limits and fees. Raises what its strategy raises.

    `clock` is that of the dataset and the spec's symbols, where the caller has it.
    """
    world, spec = _World(workspace), variant.compiled
    walk = BarLoop(spec, dataset, workspace.id, Terms(slippage_bps))
    tally, ordinary = trade_all(walk, Book(world.account.ledger, workspace.limits), world.submit, watch or Unwatched())
    equity, clock = workspace.starting_equity, Clock(dataset, spec.symbols) if clock is None else clock
    held, sessions, curve = clock.world(equity, world.fills, world.trades, ordinary)
    metrics, stopped = metrics_of(equity, world.trades, held, sessions), Stopped.of_tally(tally, walk.unready())
    result = result_of(
        variant,
        "succeeded",
        metrics=metrics,
        refusals=stopped.refusals,
        held_back=stopped.held_back,
        short_history=stopped.short_history,
    )
    return Simulated(result, world.fills, curve)
