"""The kernel against the walk: fill for fill and bit for bit, plain and compiled."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from random import Random
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given, settings

import engine.sweeps.simulation.simulate
from engine.compiled import Kernel, expect_much_work
from engine.market.bars import Bars, Dataset, make_bars
from engine.policy.limits import Limits
from engine.policy.workspace import Workspace
from engine.strategies.base import Candidates, Params, Signals, Strategy, Window
from engine.strategies.held_back import LOOKBACK_PARTIAL, NO_HISTORY, NO_STOP, TOO_SMALL
from engine.strategies.spec import CompiledSpec, RiskSpec, compile_spec, parse_spec
from engine.sweeps.results import Simulated, trades_of
from engine.sweeps.simulation.kernel import HELD_BACK, RULES
from engine.sweeps.simulation.reference import by_bar_loop
from engine.sweeps.simulation.simulate import Simulation
from tests.support.sized_strategies import sized_registry
from tests.support.variants import each_of, variant_of
from tests.support.worlds import World, make_entry, make_spec_12, make_world, make_world_12, worlds, worlds_12

REGISTRY = sized_registry()


@pytest.fixture(params=["plain", "compiled"])
def form(request: pytest.FixtureRequest) -> Iterator[str]:
    """Which form of the kernels runs."""
    with in_form(request.param):
        yield request.param


class in_form:  # noqa: N801 - it reads as a statement
    """Kernels in one form, whatever ran before."""

    def __init__(self, form: str) -> None:
        self._form = form

    def __enter__(self) -> None:
        self._before = Kernel._worthwhile
        expect_much_work()
        Kernel._worthwhile = self._form == "compiled"

    def __exit__(self, *_: object) -> None:
        Kernel._worthwhile = self._before


def account_of(world: World) -> Workspace:
    limits = {key: tuple(value) if isinstance(value, list) else value for key, value in world.limits.items()}
    return Workspace(UUID(int=7), "plan", world.starting_equity, 0, limits=Limits(**limits, session_tz=world.zone))


def compiled_spec(document: dict[str, Any]) -> CompiledSpec:
    spec = parse_spec(document)
    return compile_spec(spec, REGISTRY.get(spec.strategy_id))


def assert_same(fast: Simulated, slow: Simulated) -> None:
    assert fast.result.metrics == slow.result.metrics
    assert list(fast.fills) == list(slow.fills)
    assert fast.result.refusals == slow.result.refusals
    assert list((fast.result.held_back or {}).items()) == list((slow.result.held_back or {}).items())
    assert fast.result.short_history == slow.result.short_history
    assert (fast.result.status, fast.result.error) == ("succeeded", None)


def no_bar_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    def unwanted(*_: object) -> Simulated:
        raise AssertionError("the kernel gave up")

    monkeypatch.setattr(engine.sweeps.simulation.simulate, "by_bar_loop", unwanted)


def both(world: World) -> tuple[Simulated, Simulated]:
    spec, account = compiled_spec(world.spec), account_of(world)
    fast = Simulation(world.dataset, account, world.slippage_bps).simulate(variant_of(spec))
    return fast, by_bar_loop(variant_of(spec), world.dataset, account, world.slippage_bps)


@given(worlds())
@settings(deadline=None, max_examples=150)
def test_the_plain_kernel_is_the_bar_loop(world: World) -> None:
    with in_form("plain"):
        assert_same(*both(world))


@given(worlds())
@settings(deadline=None, max_examples=150)
def test_the_compiled_kernel_is_the_bar_loop(world: World) -> None:
    with in_form("compiled"):
        assert_same(*both(world))


def test_seeded_worlds_meet_every_rule_and_exit(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fixed set of worlds, in which each rule refuses and the kernel never gives up."""
    refused: set[str] = set()
    held_back: set[str] = set()
    fills = crowded = 0
    for seed in range(400):
        fast, slow = both(make_world(Random(seed)))
        assert_same(fast, slow)
        refused |= set(slow.result.refusals)
        held_back |= set(slow.result.held_back or {})
        fills += len(slow.fills)
        crowded += "max_positions" in slow.result.refusals
    no_bar_loop(monkeypatch)
    for seed in range(40):
        both(make_world(Random(seed)))
    assert refused == set(RULES)
    assert held_back == {*HELD_BACK, LOOKBACK_PARTIAL, NO_HISTORY} - {NO_STOP, TOO_SMALL}
    assert fills > 3000
    assert crowded > 5


@given(worlds_12())
@settings(deadline=None, max_examples=200)
def test_every_fill_size_and_exit_is_the_bar_loops_in_plain_python(world: World) -> None:
    with in_form("plain"):
        assert_same(*both(world))


@given(worlds_12())
@settings(deadline=None, max_examples=200)
def test_every_fill_size_and_exit_is_the_bar_loops_compiled(world: World) -> None:
    with in_form("compiled"):
        assert_same(*both(world))


def test_seeded_worlds_meet_every_fill_size_and_exit(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fixed set of worlds, in which every rule refuses, every code holds back, and every exit is met."""
    worlds = [make_world_12(Random(seed)) for seed in range(300)]
    outcomes = [both(world) for world in worlds]
    for fast, slow in outcomes:
        assert_same(fast, slow)
    assert set().union(*(slow.result.refusals for _, slow in outcomes)) == set(RULES)
    assert set().union(*(slow.result.held_back or {} for _, slow in outcomes)) == {
        *HELD_BACK,
        LOOKBACK_PARTIAL,
        NO_HISTORY,
    }
    assert sum(len(slow.fills) for _, slow in outcomes) > 3000
    fills = {world.spec.get("execution", {}).get("fill", "close") for world in worlds}
    assert fills == {"close", "next_open", "pessimistic"}
    no_bar_loop(monkeypatch)
    assert sum(len(both(world)[0].fills) for world in worlds[:40]) > 300


@pytest.mark.parametrize("workers", [1, 3])
def test_a_sweep_over_fills_sizes_and_exits_is_its_variants_one_by_one(
    form: str, workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Variants of several fill models and columns share one call of the kernel where they can, and no result."""
    monkeypatch.setattr(engine.sweeps.simulation.simulate, "_WORTH_A_THREAD", 0)
    for seed in range(12):
        world, random = make_world_12(Random(seed)), Random(seed)
        documents = [make_spec_12(random, world.spec["symbols"]) for _ in range(60)]
        specs = [compiled_spec(one) for one in documents if one["strategy_id"] == world.spec["strategy_id"]]
        account = account_of(world)
        outcomes = list(
            Simulation(world.dataset, account, world.slippage_bps).simulate_each(each_of(specs), workers=workers)
        )
        for spec, outcome in zip(specs, outcomes, strict=True):
            slow = by_bar_loop(variant_of(spec), world.dataset, account, world.slippage_bps)
            assert_same(outcome, replace(slow, fills=()))


def variants_of(world: World, count: int = 12) -> list[CompiledSpec]:
    """The world's spec with other parameters, exits and sizes."""
    random = Random(repr(world.spec))
    found = []
    for _ in range(count):
        document = {**world.spec, "entry": make_entry(random, world.spec["strategy_id"])}
        risk = {**document["risk"], "dollars_per_trade": random.choice([500.0, 1000.0, 4000.0])}
        leave = {**document["exit"], "stop_loss_pct": random.choice([None, 5.0, 12.5])}
        found.append(compiled_spec({**document, "risk": risk, "exit": leave}))
    return found


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("seed", range(6))
def test_a_sweep_is_its_variants_one_by_one(
    form: str, workers: int, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Shared work, threads and buffers used again show in no result, and outcomes come in the order asked for."""
    monkeypatch.setattr(engine.sweeps.simulation.simulate, "_WORTH_A_THREAD", 0)
    world = make_world(Random(seed))
    specs, account = variants_of(world), account_of(world)
    simulation = Simulation(world.dataset, account, world.slippage_bps)
    outcomes = list(simulation.simulate_each(each_of(specs), fills=True, workers=workers))
    assert len(outcomes) == len(specs)
    for spec, outcome in zip(specs, outcomes, strict=True):
        assert_same(outcome, by_bar_loop(variant_of(spec), world.dataset, account, world.slippage_bps))
    bare = list(simulation.simulate_each(each_of(specs), workers=workers))
    assert [each.result.metrics for each in bare] == [each.result.metrics for each in outcomes]
    assert all(len(each.fills) == 0 for each in bare)


def test_the_fills_make_the_trades_that_the_metrics_count(form: str) -> None:
    for seed in range(30):
        world = make_world(Random(seed))
        outcome, _ = both(world)
        trades = trades_of(world.starting_equity, outcome.fills)
        assert outcome.result.metrics is not None
        assert len(trades) == outcome.result.metrics.trade_count
        if trades:
            assert trades[-1].equity == outcome.result.metrics.ending_equity


def one_symbol(closes: list[float]) -> Dataset:
    close = np.array(closes)
    ts = (20_000 + np.arange(len(close))) * 86_400_000_000
    return Dataset({"X": make_bars("X", ts, close, close, close, close, np.ones(len(close)))})


BREAKOUT = {"strategy_id": "breakout_52w_high", "symbols": ["X"], "entry": {"lookback_days": 1}}


@pytest.mark.parametrize(
    ("closes", "dollars", "equity"),
    [
        ([1e-9, 2e-9, 3e-9, 2e-9, 4e-9], 5000.0, 10_000.0),  # more lots than the broker takes
        ([1.0, 2.0, 1e308, 1.5e308, 1.0], 1e308, 1.7e308),  # amounts that are not finite
        ([1e-4, 1.1e-4, 1.2e-4, 1e-4, 1.3e-4], 9000.0, 10_000.0),  # beyond 2^26 units
    ],
    ids=["too many lots", "not finite", "many units"],
)
def test_what_the_kernel_leaves_to_the_walk_is_the_walks(
    form: str, closes: list[float], dollars: float, equity: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    walks = []

    def counted(*arguments: Any) -> Simulated:
        walks.append(1)
        return by_bar_loop(*arguments)

    monkeypatch.setattr(engine.sweeps.simulation.simulate, "by_bar_loop", counted)
    spec = compiled_spec({**BREAKOUT, "risk": {"dollars_per_trade": dollars}})
    account, data = Workspace(UUID(int=7), "plan", equity, 0), one_symbol(closes)
    assert_same(Simulation(data, account).simulate(variant_of(spec)), by_bar_loop(variant_of(spec), data, account, 0.0))
    assert walks


def test_a_disabled_spec_does_nothing(form: str) -> None:
    spec = compiled_spec({**BREAKOUT, "enabled": False})
    account, data = Workspace(UUID(int=7), "plan", 1000.0, 0), one_symbol([1.0, 2.0, 3.0, 4.0])
    simulation = Simulation(data, account)
    assert_same(simulation.simulate(variant_of(spec)), by_bar_loop(variant_of(spec), data, account, 0.0))
    assert simulation.simulate(variant_of(spec)).result.held_back == {"strategy_disabled": 3}
    assert simulation.simulate(variant_of(compiled_spec(BREAKOUT))).result.held_back == {"entry_skipped_end_of_data": 1}


@pytest.mark.parametrize(
    ("strategy", "closes", "held_back", "short"),
    [
        ({"entry": {"lookback_days": 9}}, [1, 2, 3, 4], {"lookback_partial": 3}, ("X", 3, 9, "sessions")),
        ({"entry": {"lookback_days": 3}}, [1, 2, 3, 4], {"lookback_partial": 2, "entry_skipped_end_of_data": 1}, None),
        ({"strategy_id": "sma_cross", "entry": {}}, [1, 2, 3], {"lookback_partial": 2}, ("X", 2, 50, "bars")),
        ({"strategy_id": "rsi_reversion", "entry": {}}, [1, 2], {"lookback_partial": 1}, ("X", 1, 14, "bars")),
        ({"risk": {"dollars_per_trade": 1e-9}}, [1, 2, 1], {"entry_skipped_zero_quantity": 1}, None),
        ({}, [3, 2, 1], {}, None),
    ],
    ids=["short", "short but for the last", "averages", "index", "no lot", "no signal"],
)
def test_what_holds_entries_back_is_counted(
    form: str, strategy: dict[str, Any], closes: list[float], held_back: dict[str, int], short: Any
) -> None:
    spec, account = compiled_spec({**BREAKOUT, **strategy}), Workspace(UUID(int=7), "plan", 1000.0, 0)
    data = one_symbol(closes)
    fast = Simulation(data, account).simulate(variant_of(spec))
    assert_same(fast, by_bar_loop(variant_of(spec), data, account, 0.0))
    assert fast.result.held_back == held_back
    assert (None if fast.result.short_history is None else tuple(vars(fast.result.short_history).values())) == short


class Counting(Strategy[Params]):
    """Counts its past in a way of its own, and prepares candidates without saying so."""

    key = "counting"

    def signals(self, bars: Bars, params: Params) -> Signals:
        rows = np.arange(len(bars))
        return Signals(rows % 5 == 0, history=np.where(rows % 7 == 0, 0, rows % 4), needed=3)

    def window(self, params: Params) -> Window:
        raise ValueError("nobody knows")

    def prepare(self, bars: Bars) -> Any:
        return lambda params: Candidates(np.flatnonzero(self.signals(bars, params).entry))


def test_a_past_that_a_strategy_of_ones_own_counts(form: str) -> None:
    spec = compile_spec(parse_spec({"strategy_id": "counting", "symbols": ["X"]}), Counting())
    account, data = Workspace(UUID(int=7), "plan", 1000.0, 0), one_symbol([*map(float, range(1, 60))])
    fast = Simulation(data, account).simulate(variant_of(spec))
    assert_same(fast, by_bar_loop(variant_of(spec), data, account, 0.0))
    counts = fast.result.held_back or {}
    assert (counts["entry_skipped_no_history"], counts["lookback_partial"]) == (20, 26)


class Failing(Strategy[Params]):
    """Fails on every bar."""

    key = "failing"

    def signals(self, bars: Bars, params: Params) -> Signals:
        raise ZeroDivisionError("nothing to divide by")

    def window(self, params: Params) -> Window:
        return Window(bars=1)


def test_a_strategy_that_fails_fails_its_variant_alone() -> None:
    spec = compile_spec(parse_spec({"strategy_id": "failing", "symbols": ["X"]}), Failing())
    account, data = Workspace(UUID(int=7), "plan", 1000.0, 0), one_symbol([1.0, 2.0, 3.0, 4.0])
    first, second = Simulation(data, account).simulate_each(each_of([spec, spec]))
    assert first.result.metrics is None
    assert first == second
    assert (first.result.status, first.result.error_code) == ("failed", "INVALID_STRATEGY")
    assert "nothing to divide by" in (first.result.error or "")


class Stops:
    """A watch that says stop after some questions."""

    def __init__(self, after: int) -> None:
        self.left = after

    def advance(self, done: int, total: int) -> None:
        """Nothing."""

    def stopped(self) -> bool:
        self.left -= 1
        return self.left < 0


@pytest.mark.parametrize("workers", [1, 2])
def test_a_stopped_sweep_gives_the_first_outcomes_and_no_more(
    form: str, workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine.sweeps.simulation.simulate, "_WORTH_A_THREAD", 0)
    specs = [replace(compiled_spec(BREAKOUT)) for _ in range(200)]
    account, data = Workspace(UUID(int=7), "plan", 1000.0, 0), one_symbol([1.0, 2.0, 3.0, 4.0])
    outcomes = list(Simulation(data, account).simulate_each(each_of(specs), workers=workers, watch=Stops(6)))
    assert len(outcomes) < 200
    assert len({each.result.metrics.ending_equity for each in outcomes if each.result.metrics}) <= 1


@pytest.mark.parametrize("most", [1, 3, 64])
def test_variants_come_out_the_same_however_many_come_together(
    form: str, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Variants of one strategy share a call of the kernel: other candidates, exits and sizes in it, one that walks."""
    monkeypatch.setattr(engine.sweeps.simulation.simulate, "_MANY", most)
    for seed in (2, 5, 11, 17):
        world = make_world(Random(seed))
        specs, account = variants_of(world), account_of(world)
        huge = replace(specs[3], spec=specs[3].spec.model_copy(update={"risk": RiskSpec(dollars_per_trade=1e300)}))
        specs[3:4] = [specs[3], huge]
        outcomes = list(Simulation(world.dataset, account, world.slippage_bps).simulate_each(each_of(specs)))
        for spec, fast in zip(specs, outcomes, strict=True):
            slow = by_bar_loop(variant_of(spec), world.dataset, account, world.slippage_bps)
            assert (fast.result.metrics, fast.result.refusals) == (slow.result.metrics, slow.result.refusals)


def test_each_variant_of_one_call_has_its_own_terms(form: str) -> None:
    """Exits, sizes and positions of one variant are not another's, in whichever order they come."""
    world = make_world(Random(5))
    base = {**world.spec, "exit": {"type": "none"}, "risk": {"dollars_per_trade": 900.0, "max_positions": 3}}
    parts: list[dict[str, Any]] = [
        {},
        *({"exit": {"type": kind}} for kind in ("eod", "none")),
        {"exit": {"type": "none", "max_bars": 2}},
        {"exit": {"type": "none", "stop_loss_pct": 1.0}},
        {"exit": {"type": "none", "take_profit_pct": 1.0}},
        *({"risk": {"dollars_per_trade": 900.0, "max_positions": most}} for most in (1, 2)),
        {"risk": {"dollars_per_trade": 450.0, "max_positions": 3}},
    ]
    specs = [compiled_spec({**base, **part}) for part in parts]
    account = Workspace(UUID(int=7), "plan", 5_000.0, 0)
    slow = [by_bar_loop(variant_of(spec), world.dataset, account, 0.0).result.metrics for spec in specs]
    assert len({repr(each) for each in slow}) >= 7, "the terms tell"
    for order in (specs, specs[::-1]):
        fast = [each.result.metrics for each in Simulation(world.dataset, account).simulate_each(each_of(order))]
        assert fast == (slow if order is specs else slow[::-1])


def test_much_work_loads_the_compiled_kernels_and_little_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[int] = []
    monkeypatch.setattr(Kernel, "_worthwhile", False)
    monkeypatch.setattr(engine.sweeps.simulation.simulate, "_steps_taken", deque())
    monkeypatch.setattr(engine.sweeps.simulation.simulate, "expect_much_work", lambda: loaded.append(1))
    account, data = Workspace(UUID(int=7), "plan", 1000.0, 0), one_symbol([1.0, 2.0, 3.0, 4.0])
    specs = [compiled_spec(BREAKOUT)] * 25
    list(Simulation(data, account).simulate_each(each_of(specs)))
    assert not loaded
    monkeypatch.setattr(
        engine.sweeps.simulation.simulate, "BUSY", 100
    )  # three candidates, 25 variants: 75 steps a sweep
    list(Simulation(data, account).simulate_each(each_of(specs)))
    assert not loaded
    list(Simulation(data, account).simulate_each(each_of(specs)))
    assert loaded, "what a process has done before counts"


def test_one_large_sweep_loads_the_compiled_kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[int] = []
    monkeypatch.setattr(Kernel, "_worthwhile", False)
    monkeypatch.setattr(engine.sweeps.simulation.simulate, "_steps_taken", deque())
    monkeypatch.setattr(engine.sweeps.simulation.simulate, "MUCH_WORK", 40)
    monkeypatch.setattr(engine.sweeps.simulation.simulate, "expect_much_work", lambda: loaded.append(1))
    account, data = Workspace(UUID(int=7), "plan", 1000.0, 0), one_symbol([1.0, 2.0, 3.0, 4.0])
    list(Simulation(data, account).simulate_each(each_of([compiled_spec(BREAKOUT)] * 25)))
    assert loaded


def touching(low: float, high: float, at: int, rows: int = 40) -> Dataset:
    """Bought at 16 on the third bar; then nothing happens but at one bar, which reaches from `low` to `high`."""
    close = np.array([15.0, 15.0, *[16.0] * (rows - 2)])
    lows, highs = close.copy(), close.copy()
    lows[at], highs[at] = low, high
    ts = (20_000 + np.arange(rows)) * 86_400_000_000
    return Dataset({"X": make_bars("X", ts, close, highs, lows, close, np.ones(rows))})


@pytest.mark.parametrize("at", [3, 7, 8, 15, 16, 30])
@pytest.mark.parametrize(
    ("low", "high", "exit_price"),
    [(14.0, 16.0, 14.0), (14.0 + 2**-40, 16.0, 16.0), (16.0, 20.0, 20.0), (16.0, 20.0 - 2**-40, 16.0), (14, 20, 14.0)],
    ids=["stop touched", "stop missed", "target touched", "target missed", "both"],
)
def test_a_price_that_is_just_reached_is_hit(form: str, at: int, low: float, high: float, exit_price: float) -> None:
    leave = {"type": "none", "stop_loss_pct": 12.5, "take_profit_pct": 25.0}
    spec = compiled_spec({**BREAKOUT, "exit": leave})
    account, data = Workspace(UUID(int=7), "plan", 10_000.0, 0), touching(low, high, at)
    fast = Simulation(data, account).simulate(variant_of(spec))
    assert_same(fast, by_bar_loop(variant_of(spec), data, account, 0.0))
    assert [fill.price for fill in fast.fills][:2] == [16.0, exit_price]
    assert fast.fills[1].ts == data.bars["X"].ts[at if exit_price != 16.0 else -1]


@pytest.mark.parametrize(
    ("limits", "filled"),
    [
        ({}, True),  # the cost is the cash
        ({"fee_fixed": 2**-30}, False),
        ({"max_order_notional": 1024.0}, True),
        ({"max_order_notional": 1023.0}, False),
        ({"max_position_notional": 1024.0}, True),
        ({"max_position_notional": 1023.0}, False),
        ({"max_exposure_pct": 100.0}, True),
        ({"max_exposure_pct": 99.0}, False),
    ],
    ids=str,
)
def test_a_limit_that_is_just_met_lets_in(form: str, limits: dict[str, Any], filled: bool) -> None:
    spec = compiled_spec({**BREAKOUT, "exit": {"type": "none"}, "risk": {"dollars_per_trade": 1024.0}})
    account = Workspace(UUID(int=7), "plan", 1024.0, 0, limits=Limits(**limits))
    data = touching(16.0, 16.0, 5)
    fast = Simulation(data, account).simulate(variant_of(spec))
    assert_same(fast, by_bar_loop(variant_of(spec), data, account, 0.0))
    assert bool(fast.fills) == filled
    assert bool(fast.result.refusals) != filled


def crowd(seed: int, symbols: int = 9, rows: int = 120) -> Dataset:
    """Many symbols on one grid, at prices whose sums depend on the order in the last bit."""
    random, ts = Random(seed), (20_000 + np.arange(rows)) * 86_400_000_000
    bars = {}
    for index in range(symbols):
        close = np.cumprod([random.uniform(7, 90), *(random.uniform(0.97, 1.035) for _ in range(rows - 1))])
        name = chr(ord("A") + index)
        bars[name] = make_bars(name, ts, close, close * 1.01, close * 0.99, close, np.ones(rows))
    return Dataset(bars)


@pytest.mark.parametrize("seed", range(8))
def test_equity_is_summed_in_the_order_of_names_not_of_the_spec(form: str, seed: int) -> None:
    data = crowd(seed)
    names = list(data.bars)
    Random(seed).shuffle(names)
    leave = {"type": "none", "max_bars": 5, "stop_loss_pct": 4.0}
    risk = {"dollars_per_trade": 913.7, "max_positions": 9}
    spec = compiled_spec({**BREAKOUT, "symbols": names, "exit": leave, "risk": risk, "entry": {"lookback_days": 3}})
    limits = Limits(fee_bps=1.7, fee_per_share=0.0031, max_drawdown_pct=40.0)
    account = Workspace(UUID(int=7), "plan", 10_000.0, 0, limits=limits)
    fast = Simulation(data, account, 1.3).simulate(variant_of(spec))
    assert_same(fast, by_bar_loop(variant_of(spec), data, account, 1.3))
    assert len(fast.fills) > 100


class Always(Strategy[Params]):
    """Would enter on every bar, and leave on every third."""

    key = "always"
    has_exit = True

    def signals(self, bars: Bars, params: Params) -> Signals:
        return Signals(entry=np.ones(len(bars), dtype=np.bool_), exit=np.arange(len(bars)) % 3 == 0)

    def window(self, params: Params) -> Window:
        return Window(anchored=True)


@pytest.mark.parametrize("leave", [{"type": "eod"}, {"type": "signal"}, {"type": "none", "max_bars": 1}], ids=str)
def test_a_strategy_of_ones_own_that_always_enters(form: str, leave: dict[str, Any]) -> None:
    """A symbol starts at its second bar, and its last one does not enter."""
    data = crowd(1, symbols=3, rows=30)
    risk = {"dollars_per_trade": 400.0}
    spec = compile_spec(
        parse_spec({"strategy_id": "always", "symbols": ["C", "A", "B"], "exit": leave, "risk": risk}), Always()
    )
    account = Workspace(UUID(int=7), "plan", 1000.0, 0)
    fast = Simulation(data, account).simulate(variant_of(spec))
    assert_same(fast, by_bar_loop(variant_of(spec), data, account, 0.0))
    assert fast.fills[0].ts == data.bars["A"].ts[1]
    assert fast.result.refusals["buying_power"] > 0


@pytest.mark.parametrize(
    ("limits", "again"),
    [
        ({"max_daily_loss": 32.0}, False),
        ({"max_daily_loss": 32.5}, True),
        ({"max_drawdown_pct": 3.125}, False),
        ({"max_drawdown_pct": 3.25}, True),
        ({"cooldown_minutes": 1.0}, True),
        ({"cooldown_minutes": 1.5}, False),
    ],
    ids=str,
)
def test_a_loss_or_a_wait_that_just_meets_its_limit(form: str, limits: dict[str, Any], again: bool) -> None:
    """32 units are bought at 16 and sold at 15 a minute later, 32.0 or 3.125 % lost; can it enter a minute after?"""
    close = np.array([16.0, 16.0, 15.0, 15.0, 15.0])
    ts = 20_000 * 86_400_000_000 + np.arange(len(close)) * 60_000_000
    data = Dataset({"X": make_bars("X", ts, close, close, close, close, np.ones(len(close)))})
    leave, risk = {"type": "none", "max_bars": 1}, {"dollars_per_trade": 512.0}
    spec = compile_spec(parse_spec({"strategy_id": "always", "symbols": ["X"], "exit": leave, "risk": risk}), Always())
    account = Workspace(UUID(int=7), "plan", 1024.0, 0, limits=Limits(**limits))
    fast = Simulation(data, account).simulate(variant_of(spec))
    assert_same(fast, by_bar_loop(variant_of(spec), data, account, 0.0))
    assert [fill.price for fill in fast.fills[:2]] == [16.0, 15.0]
    assert (len(fast.fills) > 2) == again
    assert fast.result.refusals == ({} if again else {next(iter(limits)): 1})
