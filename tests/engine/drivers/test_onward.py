"""`run -w`: growing prefixes of a file come to what the whole file comes to at once, and nothing is done twice."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.desk import Desk
from engine.drivers.beginning import OnwardTerms
from engine.errors import InvalidError, SystemFault
from engine.market.bars import Bars, Dataset, make_bars
from engine.market.sessions import is_intraday, session_ends
from engine.policy.limits import Limits
from engine.policy.workspace import Workspace
from engine.ports import EventFilter, Unwatched
from engine.strategies.spec import ExecutionSpec, parse_spec
from engine.vocabulary import IntentAction
from tests.support.desks import open_test_desk
from tests.support.memory_desks import memory_desk
from tests.support.worlds import DAY, MINUTE, World, make_dataset, make_world

Outcome = tuple[dict[str, Any], list[tuple[Any, ...]], int]


def prepare(desk: Desk, world: World) -> Workspace:
    """The account `w` with the world's equity and limits."""
    desk.accounts.create("w", world.starting_equity)
    limits = {name: ",".join(value) if isinstance(value, list) else str(value) for name, value in world.limits.items()}
    desk.accounts.set_policy({**limits, "session_tz": world.zone}, "w")
    return desk.accounts.require("w")


def run(desk: Desk, world: World, data: Dataset, *, complete: bool = False) -> None:
    terms = OnwardTerms(world.slippage_bps, session_complete=complete)
    desk.research.run_onward(parse_spec(world.spec), data, desk.accounts.require("w"), terms=terms)


def outcome(desk: Desk) -> Outcome:
    """The account, its fills without the ids of the moment, and how many events there are."""
    state = desk.accounts.state("w").model_dump(exclude={"workspace_id", "last_seq", "last_event_at", "reconciled_at"})
    events = desk.journal.events("w")
    fills = [(e.symbol, e.side, e.quantity, e.price, e.fees, e.ts) for e in events if e.event_type == "ORDER_FILLED"]
    return state, fills, len(events)


def upto(data: Dataset, last: int) -> Dataset:
    """The bars with a time up to `last`."""
    stops = {symbol: int(np.searchsorted(bars.ts, last, side="right")) for symbol, bars in data.bars.items()}
    return replace(data, bars={symbol: bars.slice(0, stops[symbol]) for symbol, bars in data.bars.items()})


def ends(bars: Bars, part: Bars) -> bool:
    """Whether a part of the bars stops at the end of one of their sessions."""
    return bool(session_ends(bars.session)[len(part) - 1])


def kind_of_cut(data: Dataset, part: Dataset, symbols: list[str]) -> str | None:
    """`complete` or `inside` its last session; None for a cut that can be neither, or comes too early to tell."""
    pairs = [(data.bars[symbol], part.bars[symbol]) for symbol in symbols]
    if any(len(p) < 2 or is_intraday(p.session) != is_intraday(b.session) for b, p in pairs):
        return None
    last = max(int(p.session[-1]) for _, p in pairs)
    there = {ends(b, p) for b, p in pairs if int(p.session[-1]) == last and is_intraday(b.session)}
    return None if len(there) > 1 else "complete" if True in there else "inside"


def check_prefixes(world: World, source: Random, new_desk: Callable[[], Any]) -> None:
    data, symbols = world.dataset, world.spec["symbols"]
    complete = source.random() < 0.5
    with new_desk() as desk:
        prepare(desk, world)
        run(desk, world, data, complete=complete)
        at_once = outcome(desk)
    times = sorted({int(ts) for symbol in symbols for ts in data.bars[symbol].ts})
    with new_desk() as desk:
        prepare(desk, world)
        for last in sorted(source.sample(times, min(6, len(times)))):
            part = upto(data, last)
            cut = kind_of_cut(data, part, symbols)
            if cut is None:
                continue
            run(desk, world, part, complete=cut == "complete")
            before = outcome(desk)
            run(desk, world, part, complete=cut == "complete")
            assert outcome(desk) == before, "a run over the same data added something"
            assert desk.accounts.reconcile("w", dry_run=True).drift == {}
        run(desk, world, data, complete=complete)
        grown = outcome(desk)
    assert grown[:2] == at_once[:2]


@given(st.randoms(use_true_random=False))
@settings(max_examples=120)
def test_growing_prefixes_come_to_the_whole_at_once(source: Random) -> None:
    check_prefixes(make_world(source), source, memory_desk)


@pytest.mark.parametrize("seed", range(4))
def test_growing_prefixes_on_a_real_database(seed: int, tmp_path: Path) -> None:
    source = Random(seed)
    paths = iter(tmp_path / f"{i}.db" for i in range(9))

    @contextmanager
    def new_desk() -> Any:
        with open_test_desk(next(paths)) as desk:
            yield desk

    check_prefixes(make_world(source), source, new_desk)


def simple(**changes: Any) -> World:
    """A breakout on one daily symbol."""
    data = make_dataset(Random(22), zone="UTC", intraday=False)  # one in which much breaks out
    spec = {
        "strategy_id": "breakout_52w_high",
        "symbols": [data.symbols[0]],
        "entry": {"lookback_days": 2},
        "exit": {"type": "none", "max_bars": 3},
        **changes,
    }
    return World(spec, data, {}, 10_000.0, 0.0)


def test_a_disabled_spec_leaves_its_bars_to_the_day_it_is_enabled() -> None:
    world = simple(enabled=False)
    with memory_desk() as desk:
        prepare(desk, world)
        before = outcome(desk)
        run(desk, world, world.dataset)
        assert outcome(desk) == before
        run(desk, simple(), world.dataset)
        assert outcome(desk)[1]


def test_marks_are_the_last_closes_and_the_progress_is_journaled() -> None:
    world = simple()
    symbol = world.dataset.symbols[0]
    with memory_desk() as desk:
        prepare(desk, world)
        run(desk, world, world.dataset)
        bars = world.dataset.bars[symbol]
        assert desk.accounts.state("w").marks[symbol] == bars.close[-1]
        advanced = desk.journal.events("w", where=EventFilter(types=("RUN_ADVANCED",)))
        spec: ExecutionSpec = parse_spec(world.spec)
        assert advanced[-1].payload["spec_key"] == desk.research.compile(spec).key
        assert [int(e.ts.timestamp() * 1e6) for e in advanced][-1] == bars.ts[-1]


@pytest.mark.parametrize(
    ("strategy", "entry", "keep", "short"),
    [
        ("breakout_52w_high", {"lookback_days": 2}, 4, False),
        ("breakout_52w_high", {"lookback_days": 2}, 2, True),
        ("sma_cross", {"fast_period": 1, "slow_period": 3}, 4, False),
        ("sma_cross", {"fast_period": 1, "slow_period": 3}, 3, True),
        ("rsi_reversion", {"period": 2}, 15, True),
    ],
)
def test_data_without_the_history_that_is_needed_are_refused(
    strategy: str, entry: dict[str, int], keep: int, short: bool
) -> None:
    """`keep` bars, the first new one included, are left before the data's end."""
    world = simple(strategy_id=strategy, entry=entry, exit={"type": "none"})
    bars = world.dataset.bars[world.dataset.symbols[0]]
    first = replace(world.dataset, bars={bars.symbol: bars.slice(0, len(bars) - 1)})
    later = replace(world.dataset, bars={bars.symbol: bars.slice(len(bars) - keep, len(bars))})
    with memory_desk() as desk:
        prepare(desk, world)
        run(desk, world, first)
        before = outcome(desk)
        if short:
            with pytest.raises(InvalidError) as caught:
                run(desk, world, later)
            assert caught.value.code == "HISTORY_SHORT"
            assert outcome(desk) == before
        else:
            run(desk, world, later)
            grown = outcome(desk)
            with memory_desk() as other:
                prepare(other, world)
                run(other, world, world.dataset)
                assert outcome(other)[:2] == grown[:2]


@pytest.mark.parametrize(("cut", "short"), [(0, False), (1, True)])
def test_a_session_that_the_data_begin_within_is_no_history(cut: int, short: bool) -> None:
    """Three sessions of four bars, a lookback of two: the first of them has to be whole."""
    minutes = [day * DAY + 600 * MINUTE + i * MINUTE for day in range(20_000, 20_005) for i in range(4)]
    prices = np.array([100.0 + (i * 7) % 11 for i in range(len(minutes))])
    bars = make_bars("X", np.array(minutes), prices, prices, prices, prices, prices)
    world = World(
        {"strategy_id": "breakout_52w_high", "symbols": ["X"], "entry": {"lookback_days": 2}},
        Dataset({"X": bars}),
        {},
        10_000.0,
        0.0,
    )
    later = Dataset({"X": bars.slice(8 + cut, 20)})
    with memory_desk() as desk:
        prepare(desk, world)
        run(desk, world, Dataset({"X": bars.slice(0, 16)}), complete=True)
        if short:
            with pytest.raises(InvalidError, match="lack history"):
                run(desk, world, later)
        else:
            run(desk, world, later)
            assert desk.accounts.state("w").marks["X"] == prices[-1]


def test_an_open_position_s_bars_must_be_in_the_data_when_they_are_counted() -> None:
    world = simple(exit={"type": "none", "max_bars": 50}, entry={"lookback_days": 1})
    bars = world.dataset.bars[world.dataset.symbols[0]]
    with memory_desk() as desk:
        prepare(desk, world)
        run(desk, world, replace(world.dataset, bars={bars.symbol: bars.slice(0, len(bars) - 1)}))
        assert desk.accounts.state("w").positions
        with pytest.raises(InvalidError, match="after the open position's entry"):
            run(desk, world, replace(world.dataset, bars={bars.symbol: bars.slice(len(bars) - 3, len(bars))}))


def test_a_position_opened_by_hand_later_is_not_closed_by_earlier_bars() -> None:
    world = simple(exit={"type": "eod", "stop_loss_pct": 50.0, "max_bars": 1})
    symbol = world.spec["symbols"][0]
    with memory_desk() as desk:
        prepare(desk, world)
        bought = desk.trading.order(IntentAction.OPEN_LONG, symbol, 1.0, 1000.0, workspace="w")
        assert bought.success
        run(desk, world, world.dataset)
        state = desk.accounts.state("w")
        assert state.positions[symbol].quantity == 1.0
        assert desk.accounts.trades("w") == []


def test_a_timeframe_left_to_the_data_is_fixed_by_the_first_run() -> None:
    world = simple()
    with memory_desk() as desk:
        account = prepare(desk, world)
        spec = parse_spec(world.spec)
        desk.research.run_onward(spec, world.dataset, account, timeframe="daily")
        before = outcome(desk)
        desk.research.run_onward(spec, world.dataset, account, timeframe="2h")
        assert outcome(desk) == before


def test_a_stopped_run_goes_on_from_where_it_stopped() -> None:
    class Stopper(Unwatched):
        asked = 0

        def stopped(self) -> bool:
            self.asked += 1
            return self.asked > 3

    world = simple()
    with memory_desk() as desk:
        account = prepare(desk, world)
        with pytest.raises(SystemFault) as caught:
            desk.research.run_onward(parse_spec(world.spec), world.dataset, account, watch=Stopper())
        assert caught.value.code == "CANCELLED"
        run(desk, world, world.dataset)
        stopped = outcome(desk)[:2]
    with memory_desk() as desk:
        prepare(desk, world)
        run(desk, world, world.dataset)
        assert outcome(desk)[:2] == stopped


def test_limits_are_those_of_the_moment() -> None:
    world = simple()
    with memory_desk() as desk:
        prepare(desk, world)
        desk.accounts.set_policy({"deny_symbols": world.dataset.symbols[0]}, "w")
        run(desk, world, world.dataset)
        refused = desk.journal.events("w", where=EventFilter(types=("INTENT_REJECTED",)))
        assert refused
        assert outcome(desk)[1] == []
        assert Limits(deny_symbols=(world.dataset.symbols[0],)) == desk.accounts.require("w").limits
