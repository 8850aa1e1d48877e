"""A database that a desk would have after years: a million events of several workspaces, and two hundred run plans.

The events are the paper broker's own, executed on accounts in memory and appended in bulk; the run plans are executed.
"""

from __future__ import annotations

import json
import os
import random
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

from benchmarks.children import ChildError, run
from engine.account.ledger import Ledger
from engine.account.state import Account
from engine.broker.execute import create
from engine.broker.paper import check, place
from engine.desk import Desk, DeskConfig
from engine.events import CountedStamps, EventRow, LiveStamps
from engine.intents import TradeIntent
from engine.policy.limits import Limits
from engine.policy.workspace import Workspace
from engine.ports import EventFilter
from engine.strategies.registry import Registry
from engine.vocabulary import IntentAction
from storage.datasets import load_again, loading
from storage.samples import sample_path
from storage.spec_files import spec_from_flags
from storage.sqlite.owners import ProcessOwners
from storage.sqlite.unit_of_work import SqliteStore
from storage.strategies.files import strategy_source

MINUTE = 60_000_000
BEGAN = 1_420_452_000_000_000  # 2015-01-05 10:00 UTC
NAMESPACE = UUID("7d0f6a3e-0000-4000-8000-000000000000")
STRATEGIES = ("breakout_52w_high", "sma_cross", "rsi_reversion", "manual")
LARGEST = 20_000.0
"""Dollars of an order from which on the policy refuses: about one entry in twelve."""

KILLED = 9
"""What a process that loses its run plan ends with."""

Grid = dict[str, list[Any]]


@dataclass(frozen=True)
class Size:
    """Events in all, run plans, variants of the largest of them, positions of the largest account."""

    events: int = 1_000_000
    plans: int = 200
    variants: int = 5_000
    held: int = 600


WHOLE = Size()
QUICK = Size(events=30_000, plans=12, variants=150, held=60)
WORKSPACES = {"desk": 0.76, "momentum": 0.1, "reversion": 0.07, "paper": 0.04, "experiments": 0.02, "new": 0.01}
"""Each workspace's share of what is executed; the first is the large one."""


class Clock:
    """A wall clock of the past: it is set, and moves by a millisecond each time it is read."""

    def __init__(self) -> None:
        self.now = BEGAN

    def __call__(self) -> int:
        self.now += 1_000
        return self.now


class Trader:
    """Executes made-up intents on an account in memory, one every `pause` microseconds of trading time."""

    def __init__(self, workspace: Workspace, held: int, pause: int) -> None:
        self.workspace, self._held, self._pause = workspace, held, pause
        self.account = Account(workspace.id, Ledger.fresh(workspace.starting_equity))
        self._clock = Clock()
        self._stamps = CountedStamps(workspace.id, self._clock)
        self._random = random.Random(workspace.name)
        self._flat = [f"{chr(65 + nth % 26)}{chr(65 + nth // 26 % 26)}{nth:03d}" for nth in range(held * 2)]
        self._prices = dict.fromkeys(self._flat, 100.0)

    @property
    def now(self) -> int:
        """The time of its newest execution."""
        return self._clock.now

    def events(self, count: int) -> list[EventRow]:
        """At least so many events, all of whole executions."""
        rows: list[EventRow] = []
        while len(rows) < count:
            self._clock.now += self._pause
            intent, price = self._intent()
            placement = place(check(intent, price), self.account, self.workspace, self._clock.now, self._stamps)
            if placement.position_action == "opened":
                self._flat.remove(intent.symbol)
            elif placement.position_action == "closed":
                self._flat.append(intent.symbol)
            rows += placement.events
        return rows

    def _intent(self) -> tuple[TradeIntent, float]:
        holdings, chance = self.account.ledger.holdings, self._random.random()
        full = len(holdings) >= self._held
        if holdings and chance < (0.5 if full else 0.4):
            symbol = self._random.choice(list(holdings))
            price = self._price(symbol)
            return self._made(symbol, IntentAction.CLOSE_LONG, holdings[symbol].quantity), price
        symbol = self._random.choice(list(holdings) if full else self._flat)
        price = self._price(symbol)
        dollars = LARGEST * (self._random.random() * 1.05 + 0.04)
        return self._made(symbol, IntentAction.OPEN_LONG, round(dollars / price, 2)), price

    def _price(self, symbol: str) -> float:
        moved = self._prices[symbol] * (1 + (self._random.random() - 0.495) * 0.04)
        self._prices[symbol] = min(max(round(moved, 2), 5.0), 900.0)
        return self._prices[symbol]

    def _made(self, symbol: str, action: IntentAction, quantity: float) -> TradeIntent:
        return TradeIntent(
            id=UUID(self._stamps.new_id()),
            workspace_id=self.workspace.id,
            symbol=symbol,
            action=action,
            quantity=quantity,
            strategy_id=self._random.choice(STRATEGIES),
            signal_strength=round(self._random.random(), 2),
            reason="close above the prior high" if action is IntentAction.OPEN_LONG else "own exit",
        )


class StopAt:
    """A watch that ends a sweep after so many variants: by asking it to stop, or with its process."""

    def __init__(self, variants: int, *, killed: bool = False) -> None:
        self._variants, self._killed, self._done = variants, killed, 0

    def advance(self, done: int, total: int) -> None:
        self._done = done
        if self._killed and done >= self._variants:
            os._exit(KILLED)

    def stopped(self) -> bool:
        return self._done >= self._variants


def build(db: Path, size: Size) -> None:
    """Make the database: whole, or not at all."""
    unfinished = db.with_name(f"{db.name}.unfinished")
    for part in ("", "-wal", "-shm"):
        unfinished.with_name(f"{unfinished.name}{part}").unlink(missing_ok=True)
    clock = Clock()
    with SqliteStore(unfinished) as store, open_desk_at(unfinished, clock) as desk:
        traders = list(_traders(store, clock, size))
        for nth in range(size.plans):
            clock.now = max(clock.now, *(trader.now for trader in traders))
            _run_plan(desk, unfinished, clock, nth, size)
            _trade(store, traders, size.events * (nth + 1) // (size.plans + 1) - desk.journal.head())
        _trade(store, traders, size.events - desk.journal.head())
        with store.write() as unit:
            for trader in traders:
                unit.replace(trader.account)
            unit.commit()
    unfinished.rename(db)


def contents(db: Path) -> dict[str, int]:
    """What there is in it, counted."""
    with open_desk_at(db, Clock()) as desk:
        overview = desk.accounts.overview(next(iter(WORKSPACES)))
        plans = desk.plans.all()
        return {
            "events": desk.journal.count(EventFilter()),
            "run_plans": len(plans),
            "variants": max(plan.variants for plan in plans),
            "positions": len(overview.state.positions),
            "fills": overview.state.orders_count,
        }


def open_desk_at(db: Path, clock: Clock) -> Desk:
    """A desk as `storage.desk.open_desk` wires it, at another time."""
    return Desk(
        SqliteStore(db),
        LiveStamps(clock),
        DeskConfig(),
        Registry(),
        owners=ProcessOwners(),
        source_sha256=lambda kind: strategy_source(kind)[1],
    )


def _traders(store: SqliteStore, clock: Clock, size: Size) -> Iterator[Trader]:
    limits = Limits(max_order_notional=LARGEST, fee_fixed=0.5, fee_bps=1.0, cooldown_minutes=1)
    for name, share in WORKSPACES.items():
        workspace = Workspace(uuid5(NAMESPACE, name), name, 20_000_000.0 * share, clock(), limits=limits)
        with store.write() as unit:
            create(unit, workspace, CountedStamps(uuid5(workspace.id, "created"), clock))
            unit.commit()
        yield Trader(workspace, max(3, round(size.held * share / max(WORKSPACES.values()))), round(10 * MINUTE / share))


def _trade(store: SqliteStore, traders: Sequence[Trader], count: int) -> None:
    """About so many events more, each account's in one piece, in one transaction."""
    with store.write() as unit:
        for trader in traders:
            rows = trader.events(round(count * WORKSPACES[trader.workspace.name]))
            if rows:
                trader.account.ledger.last_seq = unit.append(rows)
                trader.account.ledger.last_event_at = rows[-1].ts
        unit.commit()


def _run_plan(desk: Desk, db: Path, clock: Clock, nth: int, size: Size) -> None:
    """The largest is the last. One in sixteen is cancelled, and two lose their process: they are interrupted."""
    if nth in (size.plans // 3, size.plans * 2 // 3):
        told = json.dumps({"db": str(db), "now": clock.now, "nth": nth, "size": asdict(size)})
        ended = run([sys.executable, "-m", "benchmarks.dashboard_world", told], {})
        if ended.code != KILLED:
            raise ChildError(f"run plan {nth} was not interrupted: {ended.printed}")
    else:
        cancelled = nth % 16 == 3 and nth < size.plans - 1
        _execute(desk, nth, size, StopAt(5) if cancelled else None)


def _execute(desk: Desk, nth: int, size: Size, watch: StopAt | None) -> None:
    """Of the small ones, one in eight keeps every fill."""
    is_largest = nth == size.plans - 1
    data = loading([("GOOG", sample_path("GOOG"))], symbols=["GOOG"])
    strategy, grid = _largest(size.variants) if is_largest else _small(nth)
    desk.plans.run(
        spec_from_flags(strategy, ["GOOG"], ["risk.dollars_per_trade=4000"]),
        load_again(data),
        grid,
        workspace=list(WORKSPACES)[0 if is_largest else nth % len(WORKSPACES)],
        journal="full" if nth % 8 == 1 and not is_largest else "summary",
        include_ablations=not is_largest,
        max_variants=size.variants + 1_000,
        data=data,
        run_plan_id=uuid5(NAMESPACE, f"run plan {nth}"),
        watch=watch,
    )


def _largest(variants: int) -> tuple[str, Grid]:
    """A grid of at least so many variants, of three parameters; the dollars share their signals."""
    dollars: list[Any] = [1_000.0 * (1 + nth) for nth in range(10)]
    slow: list[Any] = list(range(60, 160, 5))
    fast: list[Any] = list(range(2, 2 + -(-variants // (len(dollars) * len(slow))), 1))
    return "sma_cross", {"entry.fast_period": fast, "entry.slow_period": slow, "risk.dollars_per_trade": dollars}


def _small(nth: int) -> tuple[str, Grid]:
    """Six to twelve variants; of the averages, some are out of bounds."""
    if nth % 3 == 0:
        return "breakout_52w_high", {"entry.lookback_days": [10 + nth % 7, 20, 55, 100, 150, 252]}
    if nth % 3 == 1:
        return "sma_cross", {"entry.fast_period": [5, 10 + nth % 9, 40], "entry.slow_period": [30, 50, 100]}
    return "rsi_reversion", {"entry.buy_below": [20, 25 + nth % 5, 35], "entry.sell_above": [50, 60, 70]}


def _lose(told: dict[str, Any]) -> None:
    """Begin a run plan, and end with it half done."""
    clock = Clock()
    clock.now = told["now"]
    with open_desk_at(Path(told["db"]), clock) as desk:
        _execute(desk, told["nth"], Size(**told["size"]), StopAt(3, killed=True))


if __name__ == "__main__":
    _lose(json.loads(sys.argv[1]))
