"""A replay comes to what `run -w` comes to, in steps of any length, and tells what it saw."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any, ClassVar
from uuid import UUID, uuid5

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import engine.drivers.replay
from engine.desk import Desk
from engine.desk.research import snapshot_at
from engine.drivers.beginning import OnwardTerms
from engine.drivers.replay import Replay, Step
from engine.errors import InvalidError
from engine.market.bars import Bars, Dataset, make_bars
from engine.market.sessions import from_micros
from engine.ports import EventFilter, Unwatched
from engine.strategies.base import Params, Signals, Strategy, Window
from engine.strategies.runner import StrategyRunner
from engine.strategies.spec import compile_spec, parse_spec
from engine.vocabulary import IntentAction, TradingState
from tests.engine.drivers.test_onward import prepare, simple, upto
from tests.support.desks import open_test_desk
from tests.support.memory_desks import counted_stamps, memory_desk
from tests.support.memory_store import MemoryStore
from tests.support.worlds import DAY, World, make_world

IDS = frozenset({"event_id", "workspace_id", "recorded_at", "intent_id", "correlation_id", "order_id"})


def begin(desk: Desk, world: World, *, complete: bool = False) -> Replay:
    terms = OnwardTerms(world.slippage_bps, session_complete=complete)
    return desk.research.replay(parse_spec(world.spec), world.dataset, desk.accounts.require("w"), terms=terms)


def plain(value: Any) -> Any:
    """A payload without the ids and the clock of the moment."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items() if key not in IDS and key != "id"}
    return value


def outcome(desk: Desk) -> tuple[Any, ...]:
    """The account, and every event but for ids and the wall clock."""
    state = desk.accounts.state("w").model_dump(exclude={"workspace_id", "last_seq"})
    events = [plain(event.model_dump(exclude={"seq"})) for event in desk.journal.events("w")]
    return state, [each for each in events if each["event_type"] not in {"WORKSPACE_CREATED", "POLICY_CHANGED"}]


def check_steps(world: World, source: Random, new_desk: Callable[[], Any]) -> None:
    """In one go by `run -w`; in random steps, with new replays in between; and nothing more after the end."""
    complete = source.random() < 0.5
    with new_desk() as desk:
        account = prepare(desk, world)
        terms = OnwardTerms(world.slippage_bps, session_complete=complete)
        done = desk.research.run_onward(parse_spec(world.spec), world.dataset, account, terms=terms)
        at_once = outcome(desk)
    with new_desk() as desk:
        prepare(desk, world)
        head = desk.journal.head()
        replay, steps = begin(desk, world, complete=complete), list[Step]()
        while not replay.is_over:
            steps += replay.step(source.choice([1, 1, 2, 7, 1000]))
            if source.random() < 0.2:
                assert begin(desk, world, complete=complete).position <= replay.position
        assert outcome(desk) == at_once
        assert replay.tally == done.tally
        check_steps_tell(world, steps, done.tally.fills)
        journaled = desk.journal.events("w", where=EventFilter(after=head))
        assert [(each.seq, each.event_id) for each in journaled] == [
            (each.seq, each.row.event_id) for step in steps for each in step.events
        ]
        again = begin(desk, world, complete=complete)
        if world.spec.get("enabled", True):
            assert again.is_over
        again.step(1000)
        assert outcome(desk) == at_once
        assert desk.accounts.reconcile("w", dry_run=True).drift == {}


def check_steps_tell(world: World, steps: list[Step], fills: int) -> None:
    """Each timestamp once, with its bars, and every fill in one of them."""
    times = sorted({int(ts) for symbol in world.spec["symbols"] for ts in world.dataset.bars[symbol].ts[1:]})
    assert [step.ts for step in steps] == [from_micros(ts) for ts in times]
    assert [step.number for step in steps] == list(range(1, len(steps) + 1))
    filled = [one for step in steps for one in step.attempts if one.placement and one.placement.fill]
    assert len(filled) == fills
    for step in steps:
        for attempt in step.attempts:
            seen = next(each for each in step.symbols if each.symbol == attempt.intent.symbol)
            assert seen.code == attempt.intent.reason


@given(st.randoms(use_true_random=False))
@settings(max_examples=80)
def test_steps_of_any_length_come_to_the_whole_at_once(source: Random) -> None:
    check_steps(make_world(source), source, memory_desk)


@pytest.mark.parametrize("seed", range(4))
def test_steps_on_a_real_database(seed: int, tmp_path: Path) -> None:
    source = Random(seed)
    paths = iter(tmp_path / f"{i}.db" for i in range(2))

    @contextmanager
    def new_desk() -> Any:
        with open_test_desk(next(paths)) as desk:
            yield desk

    check_steps(make_world(source), source, new_desk)


@given(st.randoms(use_true_random=False))
@settings(max_examples=60)
def test_a_replay_that_is_left_and_begun_again_goes_on(source: Random) -> None:
    world = make_world(source)
    with memory_desk() as desk:
        account = prepare(desk, world)
        terms = OnwardTerms(world.slippage_bps)
        desk.research.run_onward(parse_spec(world.spec), world.dataset, account, terms=terms)
        at_once = outcome(desk)
    with memory_desk() as desk:
        prepare(desk, world)
        for _ in range(3):
            begin(desk, world).step(source.randint(1, 40))
        begin(desk, world).step(1000)
        assert outcome(desk) == at_once


def test_data_that_grow_are_replayed_from_where_they_ended() -> None:
    world = simple()
    bars = world.dataset.bars[world.spec["symbols"][0]]
    first = replace(world, dataset=upto(world.dataset, int(bars.ts[len(bars) // 2])))
    with memory_desk() as desk:
        prepare(desk, world)
        begin(desk, first).step(1000)
        later = begin(desk, world)
        assert later.position == later.start == len(bars) // 2
        assert later.past(bars.symbol).bars.ts[-1] == bars.ts[len(bars) // 2]
        later.step(1000)
        grown = desk.accounts.state("w").model_dump(exclude={"workspace_id", "last_seq"})
    with memory_desk() as desk:
        prepare(desk, world)
        begin(desk, world).step(1000)
        assert desk.accounts.state("w").model_dump(exclude={"workspace_id", "last_seq"}) == grown


def test_a_step_says_what_an_evaluation_says() -> None:
    """The codes and the levels are those of `evaluate` on the same bars and the account as it was."""
    world = simple(entry={"lookback_days": 4}, risk={"max_positions": 1})
    spec, runner = parse_spec(world.spec), StrategyRunner()
    symbol = spec.symbols[0]
    with memory_desk() as desk:
        prepare(desk, world)
        replay, codes = begin(desk, world), set()
        for ts in world.dataset.bars[symbol].ts[1:]:
            before = desk.accounts.state("w")
            asked = runner.evaluate(spec, snapshot_at(world.dataset.bars[symbol], int(ts), "daily"), before)
            (step,) = replay.step()
            (seen,) = step.symbols
            assert ([seen.code] if seen.code else []) == asked.signals
            assert seen.levels == asked.metadata
            codes.add(seen.code)
    assert {None, "breakout_entry", "max_bars_exit", "lookback_partial_1_of_4"} <= codes


def test_figures_are_at_the_closes_that_were_seen() -> None:
    world = simple()
    symbol = world.spec["symbols"][0]
    with memory_desk() as desk:
        prepare(desk, world)
        held = 0
        replay = begin(desk, world)
        while not replay.is_over:
            (step,) = replay.step()
            (seen,) = step.symbols
            state = desk.accounts.state("w")
            assert step.cash == state.cash
            if seen.held is None:
                assert step.equity == state.cash
                continue
            held += 1
            assert seen.held.mark == seen.close
            assert step.equity == state.cash + state.positions[symbol].quantity * seen.close
        assert held


def test_the_account_is_worth_what_a_step_says_it_is() -> None:
    world = simple()
    symbol = world.spec["symbols"][0]
    with memory_desk() as desk:
        prepare(desk, world)
        replay, held = begin(desk, world), 0
        while not replay.is_over:
            newest = replay.step(2)[-1]
            state = desk.accounts.state("w")
            assert state.equity == newest.equity
            held += symbol in state.positions
        assert held


def test_a_mark_of_what_is_not_held_stays() -> None:
    world = simple()
    symbol = world.spec["symbols"][0]
    with memory_desk() as desk:
        prepare(desk, world)
        desk.accounts.mark(symbol, 12.5, "w")
        replay = begin(desk, world)
        replay.step()
        assert symbol not in desk.accounts.state("w").positions
        assert desk.accounts.state("w").marks[symbol] == 12.5


def test_nothing_later_than_the_replay_is_shown() -> None:
    world = simple()
    symbol = world.spec["symbols"][0]
    bars = world.dataset.bars[symbol]
    with memory_desk() as desk:
        prepare(desk, world)
        replay = begin(desk, world)
        assert list(replay.past(symbol).bars.ts) == [bars.ts[0]]
        replay.step(5)
        past = replay.past(symbol, 3)
        assert list(past.bars.ts) == list(bars.ts[3:6])
        assert {len(column) for column in past.levels.values()} == {3}


def test_what_is_held_is_shown_with_the_stop_and_the_target_of_the_next_bar() -> None:
    """Whatever the next bar does, it leaves at that stop or target where it touches one."""
    world = simple(exit={"type": "none", "stop_loss_pct": 2.0, "take_profit_pct": 3.0})
    symbol = world.spec["symbols"][0]
    seen = left = 0
    with memory_desk() as desk:
        prepare(desk, world)
        replay = begin(desk, world)
        while not replay.is_over:
            past = replay.past(symbol)
            held = desk.accounts.state("w").positions.get(symbol)
            assert (past.entry_price is None) is (held is None)
            (step,) = replay.step(1)
            if held is None:
                assert (past.stop, past.target) == (None, None)
                continue
            seen += 1
            assert past.entry_price == held.avg_price
            assert past.stop == held.avg_price * (1 - 2.0 / 100)
            assert past.target == held.avg_price * (1 + 3.0 / 100)
            bar = step.symbols[0]
            touched = bar.low <= past.stop or bar.high >= past.target
            codes = {attempt.intent.reason for attempt in step.attempts}
            if touched:
                left += 1
                assert codes & {"stop_loss_exit", "take_profit_exit"}
    assert seen > 2
    assert left


def test_refusals_and_what_another_process_did_are_told() -> None:
    world = simple()
    with memory_desk() as desk:
        account = prepare(desk, world)
        desk.accounts.set_trading_state(TradingState.REDUCING, "w")
        replay = begin(desk, world)
        steps = replay.step(30)
        refused = [one for step in steps for one in step.attempts]
        assert refused
        assert all(one.placement is not None and one.placement.fill is None for one in refused)
        assert desk.accounts.state("w").orders_count == 0
        desk.accounts.set_trading_state(TradingState.ACTIVE, "w")
        desk.research.run_onward(parse_spec(world.spec), world.dataset, account)
        after = outcome(desk)
        steps = replay.step(1000)
        assert any(step.elsewhere for step in steps)
        assert not any(step.attempts for step in steps)
        assert outcome(desk) == after


def test_an_intent_that_raises_is_told_and_writes_nothing() -> None:
    """The position was sold by hand under the id that the strategy would use."""
    world = simple()
    symbol = world.spec["symbols"][0]
    with memory_desk() as one:
        prepare(one, world)
        replay = begin(one, world)
        steps = replay.step(1000)
        entry = next(a for s in steps for a in s.attempts if a.intent.action is IntentAction.OPEN_LONG)
    with memory_desk() as desk:
        account = prepare(desk, world)
        replay = begin(desk, world)
        when = entry.intent.created_at
        assert when is not None
        taken = uuid5(account.id, f"{replay.spec.key}:{symbol}:{when.isoformat()}:OPEN_LONG")
        desk.trading.order(IntentAction.OPEN_LONG, symbol, 1.0, entry.fill_price, workspace="w", intent_id=taken)
        desk.trading.order(IntentAction.CLOSE_LONG, symbol, 1.0, entry.fill_price, workspace="w")
        head = desk.journal.head()
        while not (steps := replay.step())[0].attempts:
            pass
        (attempt,) = steps[0].attempts
        assert attempt.placement is None
        assert attempt.refused is not None
        assert attempt.refused.code == "INTENT_ID_REUSED"
        assert desk.journal.head() == head
        assert steps[0].events == []


def test_a_disabled_spec_says_so_and_trades_nothing() -> None:
    world = simple(enabled=False)
    with memory_desk() as desk:
        prepare(desk, world)
        before = outcome(desk)
        steps = begin(desk, world).step(1000)
        assert {seen.code for step in steps for seen in step.symbols} == {"strategy_disabled"}
        assert outcome(desk) == before


def test_a_stopped_step_keeps_what_it_did() -> None:
    class Stopper(Unwatched):
        asked = 0

        def stopped(self) -> bool:
            self.asked += 1
            return self.asked > 3

    world = simple()
    with memory_desk() as desk:
        prepare(desk, world)
        replay = begin(desk, world)
        assert [step.number for step in replay.step(1000, Stopper())] == [1, 2, 3]
        assert replay.position == 3
        assert replay.step()[0].number == 4


def test_data_without_their_past_are_refused() -> None:
    world = simple(exit={"type": "none"}, entry={"lookback_days": 10})
    bars = world.dataset.bars[world.spec["symbols"][0]]
    with memory_desk() as desk:
        prepare(desk, world)
        begin(desk, replace(world, dataset=upto(world.dataset, int(bars.ts[-2])))).step(1000)
        short = replace(world.dataset, bars={bars.symbol: bars.slice(len(bars) - 3, len(bars))})
        with pytest.raises(InvalidError, match="lack history"):
            begin(desk, replace(world, dataset=short))


@pytest.mark.parametrize(
    ("strategy", "entry", "prices"),
    [
        ("breakout_52w_high", {"lookback_days": 2}, {"price", "prior_high"}),
        ("sma_cross", {"fast_period": 1, "slow_period": 3}, {"fast", "slow"}),
        ("rsi_reversion", {"period": 2}, set()),
    ],
)
def test_levels_that_are_prices_are_known(strategy: str, entry: dict[str, int], prices: set[str]) -> None:
    world = simple(strategy_id=strategy, entry=entry, exit={"type": "none"})
    with memory_desk() as desk:
        prepare(desk, world)
        assert begin(desk, world).price_levels(world.spec["symbols"][0]) == prices


def two_symbols() -> World:
    """A has bars on even days and rises, B has one on each and falls: B would enter whenever it is flat."""
    ts = np.arange(8) * DAY + 20_000 * DAY
    rows = {"A": ts[::2], "B": ts}
    bars = {}
    for name, times in rows.items():
        close = 10.0 + np.arange(len(times)) * (2.0 if name == "A" else -0.5)
        bars[name] = make_bars(name, times, close - 0.25, close + 1.0, close - 1.0, close, np.ones(len(times)))
    spec = {
        "strategy_id": "rsi_reversion",
        "symbols": ["B", "A"],
        "entry": {"period": 1, "buy_below": 100.0, "sell_above": 100.0},
        "exit": {"type": "none"},
        "risk": {"dollars_per_trade": 100.0, "max_positions": 1},
    }
    return World(spec, Dataset(bars), {}, 10_000.0, 0.0)


def test_a_step_shows_the_bars_of_its_time_and_values_every_position_at_the_close_seen_last() -> None:
    world = two_symbols()
    a, b = (world.dataset.bars[name] for name in "AB")
    with memory_desk() as desk:
        prepare(desk, world)
        desk.trading.order(IntentAction.OPEN_LONG, "A", 2.0, 9.0, workspace="w")
        desk.trading.order(IntentAction.OPEN_LONG, "ELSE", 1.0, 50.0, workspace="w")
        desk.accounts.mark("ELSE", 60.0, "w")
        steps = begin(desk, world).step(3)
        for number, (step, row) in enumerate(zip(steps, (1, 2, 3), strict=True), 1):
            seen = {each.symbol: each for each in step.symbols}
            assert list(seen) == (["B", "A"] if row == 2 else ["B"])
            shown = seen["B"]
            assert (shown.open, shown.high, shown.low, shown.close) == (
                b.close[row] - 0.25,
                b.close[row] + 1.0,
                b.close[row] - 1.0,
                b.close[row],
            )
            assert (shown.code, shown.held, step.number) == ("entry_blocked_max_positions", None, number)
            mark = a.close[1] if row >= 2 else 9.0
            assert step.equity == step.cash + 2.0 * mark + 60.0
        held = {each.symbol: each for each in steps[1].symbols}["A"]
        assert (held.code, held.held and held.held.mark) == (None, a.close[1])


def test_what_is_held_is_not_said_to_lack_history() -> None:
    world = simple(entry={"lookback_days": 4}, exit={"type": "none"})
    symbol = world.spec["symbols"][0]
    with memory_desk() as desk:
        prepare(desk, world)
        (step,) = begin(desk, world).step()
        assert step.symbols[0].code == "lookback_partial_1_of_4"
        desk.trading.order(IntentAction.OPEN_LONG, symbol, 1.0, 10.0, workspace="w")
        (step,) = begin(desk, world).step()
        assert (step.symbols[0].code, step.symbols[0].held is not None) == (None, True)


def test_a_step_tells_how_far_it_is() -> None:
    class Watching(Unwatched):
        heard: ClassVar[list[tuple[int, int]]] = []

        def advance(self, done: int, total: int) -> None:
            self.heard.append((done, total))

    world = simple()
    with memory_desk() as desk:
        prepare(desk, world)
        replay = begin(desk, world)
        replay.step(2)
        replay.step(3, Watching())
        assert Watching.heard == [(2, replay.length), (3, replay.length), (4, replay.length)]


def test_the_past_is_what_there_is_when_more_is_asked_for() -> None:
    world = simple()
    symbol = world.spec["symbols"][0]
    with memory_desk() as desk:
        prepare(desk, world)
        replay = begin(desk, world)
        replay.step(5)
        for most in (None, 6, 100):
            assert list(replay.past(symbol, most).bars.ts) == list(world.dataset.bars[symbol].ts[:6])


class Levels(Strategy[Params]):
    """Shows each of a bar's columns, and what is none of its prices."""

    key = "levels"
    lengths: ClassVar[list[tuple[int, float]]] = []

    def signals(self, bars: Bars, params: Params) -> Signals:
        self.lengths.append((len(bars), float(bars.close[0])))
        prices = {name: getattr(bars, name) for name in ("open", "high", "low", "close")}
        others = {"volume": bars.volume, "range": bars.high / bars.low, "product": bars.high * bars.low}
        return Signals(entry=np.zeros(len(bars), dtype=np.bool_), levels={**prices, **others})

    def window(self, params: Params) -> Window:
        return Window(bars=1)


def test_every_price_is_known_to_be_one_from_the_first_bars(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine.drivers.replay, "_PROBED", 5)
    world = two_symbols()
    spec = compile_spec(parse_spec({"strategy_id": "levels", "symbols": ["B"]}), Levels())
    store = MemoryStore()
    with memory_desk(store) as desk:
        replay = Replay(store, prepare(desk, world), spec, world.dataset, counted_stamps(UUID(int=5)))
        Levels.lengths.clear()
        assert replay.price_levels("B") == {"open", "high", "low", "close"}
        assert Levels.lengths == [(5, 10.0), (5, 20.0)]
        assert replay.price_levels("B") == {"open", "high", "low", "close"}
        assert len(Levels.lengths) == 2, "found out once"
