"""Forward runs and replays with every fill model, size and exit: in steps, over growing files, after a kill."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.desk import Desk, DeskConfig
from engine.drivers.beginning import OnwardTerms
from engine.drivers.replay import Replay
from engine.errors import InvalidError
from engine.intents import TradeIntent
from engine.market.bars import Dataset, make_bars
from engine.market.sessions import from_micros, to_micros
from engine.strategies.spec import parse_spec
from engine.vocabulary import IntentAction
from tests.engine.drivers.test_onward import check_prefixes, outcome, prepare, run, upto
from tests.engine.sweeps.cases import Crash, CutStore
from tests.support.desks import open_test_desk
from tests.support.memory_desks import counted_stamps, memory_desk
from tests.support.sized_strategies import OWN, sized_registry
from tests.support.worlds import DAY, World, make_world_12


@contextmanager
def new_desk() -> Iterator[Desk]:
    with memory_desk(registry=sized_registry()) as desk:
        yield desk


@given(st.randoms(use_true_random=False))
@settings(max_examples=120, deadline=None)
def test_growing_prefixes_come_to_the_whole_at_once(source: Random) -> None:
    check_prefixes(make_world_12(source), source, new_desk)


@pytest.mark.parametrize("seed", range(6))
def test_growing_prefixes_on_a_real_database(seed: int, tmp_path: Path) -> None:
    source = Random(seed)
    paths = iter(tmp_path / f"{i}.db" for i in range(9))

    @contextmanager
    def on_disk() -> Iterator[Desk]:
        with open_test_desk(next(paths)) as desk:
            for kind in OWN:
                desk.research.registry.add(kind, "tests")
            yield desk

    check_prefixes(make_world_12(source), source, on_disk)


@given(st.randoms(use_true_random=False))
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.large_base_example])
def test_a_replay_in_steps_comes_to_the_run(source: Random) -> None:
    world = make_world_12(source)
    with new_desk() as desk:
        prepare(desk, world)
        run(desk, world, world.dataset)
        at_once = outcome(desk)
    with new_desk() as desk:
        prepare(desk, world)
        replay = begin(desk, world)
        while not replay.is_over:
            replay.step(source.choice([1, 2, 7]))
            if source.random() < 0.3:
                replay = begin(desk, world)
        assert outcome(desk) == at_once


def begin(desk: Desk, world: World) -> Replay:
    terms = OnwardTerms(world.slippage_bps)
    return desk.research.replay(parse_spec(world.spec), world.dataset, desk.accounts.require("w"), terms=terms)


@pytest.mark.parametrize("after", [False, True], ids=["before the commit", "after the commit"])
@pytest.mark.parametrize("seed", range(8))
def test_a_run_killed_at_any_commit_is_simply_run_again(seed: int, after: bool) -> None:
    world = make_world_12(Random(seed))
    with new_desk() as desk:
        prepare(desk, world)
        run(desk, world, world.dataset)
        whole = outcome(desk)[:2]
    for cut in range(1, 40, 4):
        store = CutStore(1_000, after)
        desk = memory_desk(store, sized_registry())
        prepare(desk, world)
        store.cut = store.commits + cut
        try:
            run(desk, world, world.dataset)
        except Crash:
            store.dead, store.cut = False, -1
            desk = Desk(store, counted_stamps(UUID(int=cut)), DeskConfig(), sized_registry())
            run(desk, world, world.dataset)
        assert outcome(desk)[:2] == whole


def daily(closes: list[float], opens: list[float] | None = None) -> Dataset:
    close = np.array(closes)
    opening = close if opens is None else np.array(opens)
    ts = (20_000 + np.arange(len(close), dtype=np.int64)) * DAY
    high, low = np.maximum(opening, close), np.minimum(opening, close)
    return Dataset({"X": make_bars("X", ts, opening, high, low, close, np.ones(len(close)))})


def world_of(data: Dataset, **parts: Any) -> World:
    spec = {
        "strategy_id": "breakout_52w_high",
        "symbols": ["X"],
        "entry": {"lookback_days": 2},
        "exit": {"type": "none"},
        "execution": {"fill": "next_open"},
        **parts,
    }
    return World(spec, data, {}, 10_000.0, 0.0)


def fills(desk: Desk) -> list[tuple[str, float, int]]:
    rows = [each for each in desk.journal.events("w") if each.event_type == "ORDER_FILLED"]
    return [(str(each.payload["action"]), float(each.price or 0), to_micros(each.ts) // DAY - 20_000) for each in rows]


def test_the_last_bars_decision_is_done_when_the_next_bar_comes() -> None:
    world = world_of(daily([1.0, 1.0, 1.0, 2.0, 2.0], [1.0, 1.0, 1.0, 1.0, 1.5]))
    with new_desk() as desk:
        prepare(desk, world)
        run(desk, world, upto(world.dataset, 20_003 * DAY))
        assert fills(desk) == []
        run(desk, world, world.dataset)
        run(desk, world, world.dataset)
        assert fills(desk) == [("OPEN_LONG", 1.5, 4)]


def test_what_bars_before_the_start_decided_is_not_done() -> None:
    """The breakout of day 3 would be filled on day 4, where trading starts: its bar is history, and decides nothing."""
    world = world_of(daily([1.0, 1.0, 1.0, 2.0, 2.0, 3.0, 3.0]))
    started = replace(world.dataset, first_rows={"X": 4})
    with new_desk() as desk:
        prepare(desk, world)
        run(desk, world, replace(started, bars={"X": started.bars["X"].slice(0, 5)}))
        assert fills(desk) == []
        run(desk, world, world.dataset)
        assert fills(desk) == [("OPEN_LONG", 3.0, 6)]


def test_a_position_opened_by_hand_has_no_distances_and_is_held_from_the_next_bar() -> None:
    """Bought by hand on day 2 at the time of its bar; the spec's trailing stop follows it from day 3 on."""
    prices = [10.0, 10.0, 10.0, 14.0, 13.0, 12.0]
    spec = {"strategy_id": "atr_breakout", "entry": {"stop_ranges": 0.1}, "exit": {"type": "none", "trail_pct": 10.0}}
    world = world_of(daily(prices), **spec)
    with new_desk() as desk:
        account = prepare(desk, world)
        run(desk, world, upto(world.dataset, 20_001 * DAY))
        intent = TradeIntent(
            id=UUID(int=1),
            workspace_id=account.id,
            symbol="X",
            action=IntentAction.OPEN_LONG,
            quantity=1.0,
            created_at=from_micros(20_002 * DAY),
        )
        desk.trading.execute(intent, 10.0)
        run(desk, world, world.dataset)
        # day 3 is the first held (h = 1, peak 10), its high of 14 makes the peak: 12.6 is hit on day 5 at 12
        assert fills(desk)[:2] == [("OPEN_LONG", 10.0, 2), ("CLOSE_LONG", 12.0, 5)]


def test_history_must_reach_back_to_the_entry_and_to_what_decided_it() -> None:
    prices = [10.0, 10.0, 11.0, 11.0, 11.0, 12.0, 12.0, 12.0, 12.0, 12.0]
    for parts, stays in (
        ({"exit": {"type": "none", "trail_pct": 50.0}}, False),
        ({"exit": {"type": "none", "take_profit_by_bars": [[1, 500.0]]}}, False),
        ({"exit": {"type": "none", "stop_loss_pct": 50.0}}, True),
        (
            {
                "strategy_id": "atr_breakout",
                "entry": {"period": 1, "target_ranges": 90.0, "stop_ranges": 5.0},
                "exit": {"type": "none"},
            },
            False,
        ),
    ):
        world = world_of(daily(prices), **{"entry": {"lookback_days": 1}, **parts})
        with new_desk() as desk:
            prepare(desk, world)
            run(desk, world, upto(world.dataset, 20_007 * DAY))
            assert len(fills(desk)) == 1, parts
            late = replace(world.dataset, bars={"X": world.dataset.bars["X"].slice(5, len(prices))})
            if stays:
                run(desk, world, late)
                continue
            with pytest.raises(InvalidError) as refused:
                run(desk, world, late)
            assert refused.value.code == "HISTORY_SHORT", parts


def test_where_symbols_are_compared_every_symbol_needs_its_past() -> None:
    """A short file of the other symbol would change the ranks: it is refused, and no look-ahead is claimed."""
    rise = [10.0 + 0.1 * day for day in range(60)]
    fall = [10.0 - 0.05 * day for day in range(60)]
    bars = {"X": daily(rise).bars["X"], "Y": replace(daily(fall).bars["X"], symbol="Y")}
    data = Dataset(bars)
    spec = {"strategy_id": "strongest", "symbols": ["X", "Y"], "entry": {"lookback": 5}, "exit": {"type": "none"}}
    world = World(spec, data, {}, 10_000.0, 0.0)
    with new_desk() as desk:
        prepare(desk, world)
        run(desk, world, upto(data, 20_040 * DAY))
        assert desk.accounts.state("w").orders_count > 0
        short = replace(data, bars={"X": bars["X"], "Y": bars["Y"].slice(38, 41)})
        with pytest.raises(InvalidError) as refused:
            run(desk, world, short)
        assert (refused.value.code, "Y" in refused.value.message) == ("HISTORY_SHORT", True)
        run(desk, world, data)
