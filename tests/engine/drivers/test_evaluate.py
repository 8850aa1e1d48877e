"""One strategy, two readings: `evaluate` on the bars so far decides what the walk decides on that row."""

from __future__ import annotations

from random import Random
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.account.ledger import Ledger
from engine.account.state import Account
from engine.broker.paper import Placement, check, place
from engine.desk.research import snapshot_at
from engine.drivers import bar_loop
from engine.drivers.bar_loop import BarLoop, Tally, Terms
from engine.intents import TradeIntent
from engine.market.bars import Dataset, make_bars
from engine.market.sessions import is_intraday
from engine.policy.limits import Limits
from engine.policy.workspace import Workspace
from engine.strategies.runner import StrategyRunner, decide_entry
from engine.strategies.sizing import Purse
from engine.strategies.spec import parse_spec
from engine.vocabulary import IntentAction
from tests.support.memory_desks import counted_stamps
from tests.support.worlds import DAY, World, make_world

WORKSPACE = Workspace(UUID("3f0c5b62-1f7e-4b0e-9a57-2a5a3b1d9c11"), "w", 10_000.0, 0, limits=Limits())


class Book:
    """An account that fills every intent at the intent's own price."""

    def __init__(self) -> None:
        self.account = Account(WORKSPACE.id, Ledger.fresh(WORKSPACE.starting_equity))
        self.stamps = counted_stamps()
        self.intents: list[TradeIntent] = []

    def submit(self, intent: TradeIntent, fill_price: float, ts: int) -> Placement:
        self.intents.append(intent)
        return place(check(intent, fill_price), self.account, WORKSPACE, ts, self.stamps)


def by_bar_loop(spec: Any, dataset: Dataset) -> list[TradeIntent]:
    """What the walk hands to the broker, with the data's last bar free to enter."""
    book = Book()
    compiled = StrategyRunner().compile(spec)
    walk, tally = BarLoop(compiled, dataset, WORKSPACE.id, Terms(closed=False)), Tally()
    for tick in walk.visit(lambda: book.account.ledger):
        walk.step(tick, bar_loop.Book(book.account.ledger, Limits()), book.submit, tally)
    return book.intents


def evaluated(spec: Any, dataset: Dataset) -> list[TradeIntent]:
    """The same driver written with nothing but `evaluate` on snapshots: exits, then entries."""
    book, runner = Book(), StrategyRunner(session_tz=dataset.session_tz)
    times = sorted({int(ts) for symbol in spec.symbols for ts in dataset.bars[symbol].ts[1:]})
    for ts in times:
        exited: set[str] = set()
        for action in (IntentAction.CLOSE_LONG, IntentAction.OPEN_LONG):
            for symbol in spec.symbols:
                bars = dataset.bars[symbol]
                if symbol in exited or ts not in bars.ts[1:]:
                    continue
                found = runner.evaluate(spec, snapshot_at(bars, ts, "daily"), book.account.state())
                assert len(found.intents) <= 1
                for intent in found.intents:
                    if intent.action is action:
                        book.submit(intent, intent.price or 0.0, ts)
                        exited.add(symbol)
    return book.intents


def as_snapshots_see_it(world: World) -> Dataset:
    """A symbol's bars from its first session of two bars on: before it, no snapshot knows that it is intraday."""
    bars = {}
    for symbol, column in world.dataset.bars.items():
        start = 0
        while is_intraday(column.session) and column.session[start] != column.session[start + 1]:
            start += 1
        bars[symbol] = column.slice(start, len(column))
    return Dataset(bars, world.zone)


@given(st.randoms(use_true_random=False).map(make_world))
@settings(max_examples=40)
def test_evaluate_on_the_bars_so_far_is_what_the_walk_decides(world: World) -> None:
    dataset = as_snapshots_see_it(world)
    spec = parse_spec(world.spec)
    assert evaluated(spec, dataset) == by_bar_loop(spec, dataset)


PURSE = Purse(1e4, 1e4, Limits(), 0.0)


def test_a_closed_worlds_last_bar_says_that_it_is_the_end_of_the_data() -> None:
    spec = parse_spec({"strategy_id": "rsi_reversion", "symbols": ["A"], "entry": {"period": 1, "buy_below": 100.0}})
    falls = np.array([9.0, 8.0, 7.0])
    bars = make_bars("A", np.arange(3) * DAY, falls, falls, falls, falls, np.ones(3))
    compiled = StrategyRunner().compile(spec)
    closed = BarLoop(compiled, Dataset({"A": bars}), WORKSPACE.id, Terms()).series[0]
    assert decide_entry(compiled, closed, 2, 0, PURSE) == "entry_skipped_end_of_data"
    onward = BarLoop(compiled, Dataset({"A": bars}), WORKSPACE.id, Terms(closed=False)).series[0]
    assert getattr(decide_entry(compiled, onward, 2, 0, PURSE), "code", None) == "rsi_reversion_entry"


@pytest.mark.parametrize("enabled", [True, False])
def test_a_disabled_spec_trades_nothing(enabled: bool) -> None:
    made = [make_world(Random(seed)) for seed in range(8)]
    found = [by_bar_loop(parse_spec(world.spec | {"enabled": enabled}), world.dataset) for world in made]
    assert any(found) is enabled
