"""An account that trades onward in a window: nothing before it, and all of the past for the strategy."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from random import Random
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.desk import Desk
from engine.errors import InvalidError
from engine.intents import TradeIntent
from engine.market.bars import Bound, Dataset, make_bars
from engine.market.sessions import from_micros
from engine.ports import EventFilter
from engine.strategies.spec import parse_spec
from engine.vocabulary import IntentAction
from tests.engine.drivers.test_onward import kind_of_cut, outcome, prepare, run, upto
from tests.support.memory_desks import memory_desk
from tests.support.worlds import DAY, World, make_window, make_world

PRICES = [10.0, 11.0, 12.0, 13.0, 14.0, 15.0, 16.0, 17.0]
SPEC: dict[str, Any] = {"strategy_id": "breakout_52w_high", "symbols": ["X"], "entry": {"lookback_days": 2}}


def rising(spec: dict[str, Any] = SPEC, prices: list[float] = PRICES) -> World:
    """Eight days from 2024-10-04 on, each above the one before."""
    close = np.array(prices)
    bars = make_bars("X", (20_000 + np.arange(len(close))) * DAY, close, close, close, close, np.ones(len(close)))
    return World(spec, Dataset({"X": bars}), {}, 10_000.0, 0.0)


def fills(desk: Desk) -> list[tuple[str, int]]:
    """Sides, and days of October."""
    return [(side, ts.day) for _, side, _, _, _, ts in outcome(desk)[1]]


@given(st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=60)
def test_growing_prefixes_of_a_window_come_to_the_whole_at_once(random: Random) -> None:
    world = make_world(random)
    start = make_window(random, world.dataset).start
    whole = world.dataset.window(start)
    with memory_desk() as desk:
        prepare(desk, world)
        run(desk, world, whole, complete=True)
        at_once = outcome(desk)
    assert not any(_is_before(ts, start, world.zone) for *_, ts in at_once[1])
    times = sorted({int(ts) for symbol in world.spec["symbols"] for ts in whole.bars[symbol].ts})
    with memory_desk() as desk:
        prepare(desk, world)
        for last in sorted(random.sample(times, min(5, len(times)))):
            part = upto(world.dataset, last)
            if kind_of_cut(world.dataset, part, world.spec["symbols"]) == "complete":
                run(desk, world, part.window(start), complete=True)
        run(desk, world, whole, complete=True)
        assert outcome(desk)[:2] == at_once[:2]


def _is_before(ts: datetime, start: Bound | None, zone: str) -> bool:
    if start is None:
        return False
    return ts < start if isinstance(start, datetime) else ts.astimezone(ZoneInfo(zone)).date() < start


def test_an_account_trades_on_the_first_day_of_its_window() -> None:
    world = rising()
    with memory_desk() as desk:
        prepare(desk, world)
        done = desk.research.run_onward(parse_spec(SPEC), world.dataset.window(date(2024, 10, 8)), "w")
        assert fills(desk) == [("BUY", 8), ("SELL", 9), ("BUY", 10), ("SELL", 11)]
        assert (done.bars, done.history_bars) == (4, 4)


def test_data_that_end_before_the_window_begin_the_account_and_trade_nothing() -> None:
    world = rising()
    with memory_desk() as desk:
        prepare(desk, world)
        before = outcome(desk)
        done = desk.research.run_onward(parse_spec(SPEC), world.dataset.window(date(2024, 11, 1)), "w")
        assert (done.bars, done.history_bars, done.tally.intents) == (0, 8, 0)
        state, fills, _ = outcome(desk)
        assert (state, fills) == ({**before[0], "marks": {"X": world.dataset.bars["X"].close[-1]}}, [])
        (advanced,) = desk.journal.events("w", where=EventFilter(types=("RUN_ADVANCED",)))
        assert advanced.payload["window"] is None


def test_what_is_held_is_not_sold_before_the_window() -> None:
    world = rising({**SPEC, "exit": {"type": "none", "max_bars": 2}})
    with memory_desk() as desk:
        prepare(desk, world)
        by_hand = TradeIntent(
            id=UUID(int=1),
            workspace_id=desk.accounts.require("w").id,
            symbol="X",
            action=IntentAction.OPEN_LONG,
            quantity=1.0,
            created_at=datetime(2024, 10, 4, tzinfo=UTC),
        )
        desk.trading.execute(by_hand, fill_price=10.0)
        run(desk, world, world.dataset.window(date(2024, 10, 9)))
        assert fills(desk)[1] == ("SELL", 9)  # due on the 6th; the bars before the window are counted


def test_a_replay_begins_with_the_window_and_shows_its_history() -> None:
    world = rising()
    with memory_desk() as desk:
        prepare(desk, world)
        replay = desk.research.replay(parse_spec(SPEC), world.dataset.window(date(2024, 10, 8)), "w")
        assert (replay.start, replay.length) == (0, 4)
        assert replay.past("X").bars.close.tolist() == PRICES[:4]
        (step,) = replay.step()
        assert (step.ts, step.number) == (datetime(2024, 10, 8, tzinfo=UTC), 1)
        assert [one.code for one in step.symbols] == ["breakout_entry"]
        assert replay.past("X").levels["prior_high"].tolist()[2:] == [11.0, 12.0, 13.0]


def test_a_replay_of_a_window_without_bars_is_over() -> None:
    world = rising()
    with memory_desk() as desk:
        prepare(desk, world)
        replay = desk.research.replay(parse_spec(SPEC), world.dataset.window(date(2024, 11, 1)), "w")
        assert (replay.is_over, replay.step()) == (True, [])
        assert replay.past("X").bars.close.tolist() == PRICES


@pytest.mark.parametrize("cut", [True, False])
def test_an_account_that_was_begun_on_cut_data_is_told_to_cut_again(cut: bool) -> None:
    """So `run -w --from` began one once: an RSI starts with the first bar, and more bars before it make another."""
    world = rising({**SPEC, "strategy_id": "rsi_reversion", "entry": {"period": 2}}, [9.0, 8.0, 7.0, 8.0, 9.0, 8.0])
    bars = world.dataset.bars["X"]
    with memory_desk() as desk:
        prepare(desk, world)
        run(desk, world, replace(world.dataset, bars={"X": bars.slice(1, 5)}))
        if cut:
            run(desk, world, replace(world.dataset, bars={"X": bars.slice(1, 6)}))
            return
        with pytest.raises(InvalidError) as caught:
            run(desk, world, world.dataset.window(from_micros(int(bars.ts[1]))))
        assert caught.value.code == "HISTORY_SHORT"
        assert caught.value.hint == "cut the earlier bars off again: --cut 2024-10-05T00:00:00+00:00"
