"""Windows with history: `run`, the walk, every variant of a sweep and plain loops come to the same, bit for bit."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.account.metrics import Metrics
from engine.errors import DataError
from engine.market.bars import Bound, Dataset, make_bars
from engine.ports import EventFilter
from engine.strategies.base import Params, Signals, Strategy
from engine.strategies.base import Window as Needs
from engine.strategies.spec import CompiledSpec, compile_spec, parse_spec
from engine.sweeps.results import Simulated, trades_of
from engine.sweeps.simulation.reference import by_bar_loop
from engine.sweeps.simulation.simulate import Simulation
from tests.engine.sweeps.test_simulate import account_of, assert_same, compiled_spec, in_form, variants_of
from tests.oracles.comparing import loops
from tests.oracles.worth import assert_worth, worth_of
from tests.support.memory_desks import memory_desk
from tests.support.variants import each_of, variant_of
from tests.support.worlds import DAY, MINUTE, Window, World, make_window, make_world


def oracle(world: World, document: dict[str, Any], window: Window) -> dict[str, Any]:
    """Plain loops over the bars up to the end, with entries before the start forbidden."""
    plain = loops(replace(world, spec=document), window=window)
    return {**plain.run(), "worth": worth_of(plain)}


def assert_measured(metrics: Metrics, expected: dict[str, Any]) -> None:
    found = metrics.model_dump()
    assert {name: found[name] for name in expected["metrics"]} == expected["metrics"]
    assert_worth(found, expected["worth"])


def assert_plain(outcome: Simulated, expected: dict[str, Any], equity: float) -> None:
    assert [trade._asdict() for trade in trades_of(equity, outcome.fills)] == expected["trades"]
    assert outcome.result.metrics is not None
    assert_measured(outcome.result.metrics, expected)
    assert dict(outcome.result.refusals) == Counter(rule for _, _, rule in expected["refusals"])


def check_sweep(world: World, window: Window) -> int:
    """Every variant by the kernel, by the walk and by the loops; how many fills there were."""
    inside = replace(world, dataset=world.dataset.window(window.start, window.end))
    documents = [world.spec, *variant_documents(world)]
    specs, account = [compiled_spec(each) for each in documents], account_of(world)
    fills = 0
    outcomes = Simulation(inside.dataset, account, world.slippage_bps).simulate_each(each_of(specs), fills=True)
    for document, spec, fast in zip(documents, specs, outcomes, strict=True):
        assert_same(fast, by_bar_loop(variant_of(spec), inside.dataset, account, world.slippage_bps))
        assert_plain(fast, oracle(world, document, window), world.starting_equity)
        fills += len(fast.fills)
    return fills


def variant_documents(world: World) -> list[dict[str, Any]]:
    return [spec.spec.model_dump(exclude_none=True, exclude_defaults=True) for spec in variants_of(world, 3)]


def check_run(world: World, window: Window) -> bool:
    """`run` and the baseline of a plan; whether every symbol had a bar in the window."""
    data, spec = world.dataset.window(window.start, window.end), parse_spec(world.spec)
    desk = memory_desk()
    desk.accounts.create("like", world.starting_equity)
    limits = {name: ",".join(v) if isinstance(v, list) else repr(v) for name, v in world.limits.items()}
    desk.accounts.set_policy(limits, "like")
    if data.untraded(spec.symbols):
        for refused in (desk.research.run, lambda *each, **more: desk.plans.run(*each, {}, **more)):
            with pytest.raises(DataError, match="has no bar in the window"):
                refused(spec, data, like="like")
        return False
    alone = desk.research.run(spec, data, like="like", slippage_bps=world.slippage_bps)
    plan = desk.plans.run(spec, data, {}, like="like", slippage_bps=world.slippage_bps, journal="summary")
    expected = oracle(world, world.spec, window)
    assert [trade._asdict() for trade in alone.trades] == expected["trades"]
    assert plan.results[0].metrics == alone.metrics
    assert_measured(alone.metrics, expected)
    assert (alone.tally.intents, alone.tally.fills) == (expected["intents"], expected["fills"])
    assert alone.bars + alone.history_bars == sum(map(len, data.bars.values()))
    assert (plan.bar_count, plan.history_bars) == (alone.bars, alone.history_bars)
    assert desk.accounts.reconcile(alone.workspace_id, dry_run=True).drift == {}
    return True


@given(st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=120)
def test_a_sweep_in_any_window_is_the_walk_and_the_plain_loops(random: Random) -> None:
    world = make_world(random)
    with in_form("plain"):
        check_sweep(world, make_window(random, world.dataset))


def test_the_compiled_kernel_in_seeded_windows_too() -> None:
    fills = 0
    with in_form("compiled"):
        for seed in range(150):
            random = Random(seed)
            world = make_world(random)
            fills += check_sweep(world, make_window(random, world.dataset))
    assert fills > 2000


def test_run_in_seeded_windows_is_the_baseline_and_the_plain_loops() -> None:
    whole = 0
    for seed in range(150):
        random = Random(seed)
        world = make_world(random)
        whole += check_run(world, make_window(random, world.dataset))
    assert 60 < whole < 150


def daily(closes: list[float], symbol: str = "X", first: int = 20_000) -> Dataset:
    close = np.array(closes)
    ts = (first + np.arange(len(close))) * DAY
    return Dataset({symbol: make_bars(symbol, ts, close, close, close, close, np.ones(len(close)))})


def day(number: int) -> date:
    return date.fromordinal(date(1970, 1, 1).toordinal() + number)


RISING = [10.0, 11.0, 12.0, 13.0, 14.0, 15.0, 16.0, 17.0]
BREAKOUT = {"strategy_id": "breakout_52w_high", "symbols": ["X"], "entry": {"lookback_days": 2}}


def entries(data: Dataset, document: dict[str, Any] = BREAKOUT) -> list[int]:
    """The rows of X at which a spec enters, by the kernel; the walk's are the same."""
    spec, account = compiled_spec(document), account_of(World(document, data, {}, 10_000.0, 0.0))
    fast = Simulation(data, account).simulate(variant_of(spec))
    assert_same(fast, by_bar_loop(variant_of(spec), data, account, 0.0))
    ts = data.bars["X"].ts.tolist()
    return [ts.index(trade.entry_ts) for trade in trades_of(10_000.0, fast.fills)]


@pytest.mark.parametrize(
    ("start", "end", "rows"),
    [
        (None, None, [2, 4, 6]),
        (day(20_004), None, [4, 6]),  # the case of the issue: on the first day, with the lookback behind it
        (day(20_005), None, [5]),  # bought at row 5, sold at row 6, which therefore does not buy
        (datetime(2024, 10, 9, tzinfo=UTC), None, [5]),
        (datetime(2024, 10, 9, 0, 0, 1, tzinfo=UTC), None, [6]),
        (day(20_007), None, []),  # the last bar does not enter
        (day(19_000), None, [2, 4, 6]),
        (day(20_000), None, [2, 4, 6]),
        (day(20_001), None, [2, 4, 6]),
        (day(20_003), day(20_006), [3, 5]),  # closed at its end
        (day(20_003), day(20_005), [3]),
        (None, day(20_005), [2, 4]),
        (day(20_003), day(20_003), []),
        (None, day(20_000), []),  # a single bar decides nothing
        (None, day(19_000), []),
    ],
)
def test_where_a_window_begins_and_ends(start: Bound | None, end: Bound | None, rows: list[int]) -> None:
    assert entries(daily(RISING).window(start, end)) == rows


def test_a_window_ends_as_a_closed_world() -> None:
    """What is open is closed at its last close, and nothing is seen of the bars after it."""
    document = {**BREAKOUT, "exit": {"type": "none"}}
    data = daily(RISING).window(day(20_003), day(20_005))
    outcome = by_bar_loop(
        variant_of(compiled_spec(document)), data, account_of(World(document, data, {}, 10_000.0, 0.0)), 0.0
    )
    (trade,) = trades_of(10_000.0, outcome.fills)
    assert (trade.entry_ts, trade.entry_price) == (20_003 * DAY, 13.0)
    assert (trade.exit_ts, trade.exit_price) == (20_005 * DAY, 15.0)


def test_a_window_of_a_window_is_what_both_have_in_common() -> None:
    data = daily(RISING)
    assert data.window(day(20_003)).window(day(20_002)).first_rows == {"X": 3}
    assert data.window(day(20_002)).window(day(20_003)).first_rows == {"X": 3}
    assert data.window(end=day(20_004)).window(end=day(20_006)).bar_count == 5
    within = data.window(day(20_006)).window(end=day(20_004))
    assert (within.bar_count, within.history_bars, len(within.traded("X"))) == (0, 5, 0)


def test_intraday_and_a_second_bar_are_the_whole_datas() -> None:
    """In the window each session has one bar; two before it still keep `eod` from entering on a session's last bar."""
    ts = np.array([20_000 * DAY, 20_000 * DAY + MINUTE, 20_001 * DAY, 20_002 * DAY, 20_003 * DAY])
    close = np.array([10.0, 11.0, 12.0, 13.0, 14.0])
    data = Dataset({"X": make_bars("X", ts, close, close, close, close, np.ones(5))})
    document = {**BREAKOUT, "entry": {"lookback_days": 1}}
    assert entries(data.window(day(20_001)), document) == []
    late = daily(RISING).window(day(20_000))
    assert entries(late, {**BREAKOUT, "exit": {"type": "none", "max_bars": 1}}) == [2, 4, 6]


class Everywhere(Strategy[Params]):
    """Would enter at every bar, and refuses data without two of them."""

    key = "everywhere"
    has_exit = True
    default_exit = "signal"

    def signals(self, bars: Any, params: Params) -> Signals:
        if len(bars) < 2:
            raise ValueError("no bars")
        always = np.ones(len(bars), dtype=np.bool_)
        return Signals(always, always)

    def window(self, params: Params) -> Needs:
        return Needs(bars=1)


@pytest.mark.parametrize("form", ["plain", "compiled"])
def test_a_symbol_without_bars_in_the_window_is_left_alone(form: str) -> None:
    """Not listed yet, listed on the window's last day, or gone before it begins: the others trade as without it."""
    there = daily(RISING).bars["X"]
    later = daily(RISING, "LATER", 20_006).bars["LATER"]
    last_day = daily(RISING, "LAST", 20_005).bars["LAST"]
    gone = daily([5.0, 6.0], "GONE", 19_990).bars["GONE"]
    data = Dataset({"LATER": later, "X": there, "LAST": last_day, "GONE": gone}).window(day(20_002), day(20_005))
    assert [len(data.bars[each]) for each in ("LATER", "LAST")] == [0, 1]
    assert data.untraded(("LATER", "X", "LAST", "GONE")) == [
        "'LATER' has no bar in the window: its bars begin after the end",
        "'GONE' has no bar in the window: its 2 bars end at 2024-09-25T00:00:00+00:00",
    ]

    def traded(symbols: list[str]) -> list[tuple[Any, ...]]:
        spec = parse_spec({"strategy_id": "everywhere", "symbols": symbols})
        compiled: CompiledSpec = compile_spec(spec, Everywhere())
        account = account_of(World({}, data, {}, 10_000.0, 0.0))
        with in_form(form):
            fast = Simulation(data, account).simulate(variant_of(compiled))
        assert_same(fast, by_bar_loop(variant_of(compiled), data, account, 0.0))
        return [tuple(fill) for fill in fast.fills]

    assert traded(["LATER", "X", "LAST", "GONE"]) == traded(["GONE", "LAST", "X", "LATER"]) == traded(["X"])
    assert len(traded(["X"])) == 4
    assert traded(["LATER"]) == []


def test_a_plan_s_accounts_begin_with_the_window() -> None:
    desk = memory_desk()
    data = daily(RISING).window(day(20_004))
    result = desk.plans.run(parse_spec(BREAKOUT), data, {"entry.lookback_days": [1, 3]})
    for one in result.results:
        assert one.workspace_id is not None
        (created,) = desk.journal.events(one.workspace_id, where=EventFilter(types=("WORKSPACE_CREATED",)))
        assert created.ts == datetime(2024, 10, 8, tzinfo=UTC)
