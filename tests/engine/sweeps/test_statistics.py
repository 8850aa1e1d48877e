"""A plan's statistics beside plain loops over its variants' equity, and the tries that they count."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from engine.drivers.trial import short_digest, spec_sha256
from engine.market.bars import Dataset
from engine.market.synthetic import synthetic_daily
from engine.strategies.spec import ExecutionSpec, parse_spec
from engine.sweeps.plan.document import plan_of, read_plan
from engine.sweeps.plan.generator import generate
from engine.sweeps.record.earlier_tries import earlier_sharpes, resolved
from engine.sweeps.results import PlanResult
from engine.sweeps.simulation.reference import by_bar_loop
from tests.oracles import statistics as oracle
from tests.support.memory_desks import memory_desk
from tests.support.memory_store import MemoryStore

DATA = Dataset({"SYN": synthetic_daily(100, 11)})
SWEEP: dict[str, list[Any]] = {"entry.fast_period": [2, 4, 8], "entry.slow_period": [10, 20]}


def spec(**parts: Any) -> ExecutionSpec:
    entry = {"fast_period": 3, "slow_period": 12}
    return parse_spec({"strategy_id": "sma_cross", "symbols": ["SYN"], "entry": entry, **parts})


def returns_of(result: PlanResult, desk: Any, sweep: dict[str, list[Any]]) -> list[list[float]]:
    """The session returns of every variant, through the bar loop."""
    variants = generate(desk.research.compile(spec()), sweep).variants
    account = desk.accounts.require()
    columns = []
    for variant in variants:
        equity = by_bar_loop(variant, DATA, account, 0.0).equity
        assert equity is not None
        columns.append(oracle.returns([account.starting_equity, *equity.tolist()]))
    assert len(columns) == len(result.results)
    return columns


def test_the_figures_are_those_of_plain_loops() -> None:
    desk = memory_desk()
    result = desk.plans.run(spec(), DATA, SWEEP)
    found = result.statistics
    assert found is not None
    assert result.trials is not None
    columns = returns_of(result, desk, SWEEP)
    best = [one.variant_id for one in result.results].index(str(result.best_variant_id))
    series = DATA.bars["SYN"]
    bars = [(int(day), float(close), True) for day, close in zip(series.session, series.close, strict=True)]
    days, held = oracle.hold(1.0, {"SYN": bars})
    sharpes = [oracle.sharpe(column) for column in columns]
    assert found.sessions == len(days) == len(columns[0])
    assert found.dsr == pytest.approx(oracle.dsr(columns[best], result.trials.on_these_data, sharpes), abs=1e-9)
    traded = [c for c, one in zip(columns, result.results, strict=True) if one.metrics and one.metrics.trade_count]
    assert found.pbo == pytest.approx(oracle.pbo(traded, 12), abs=1e-9)
    p_plan, _ = oracle.p_plan(columns, oracle.returns(held), best, DATA.columns_sha256, 2_000)
    assert found.p_plan == found.p_luck == pytest.approx(p_plan, abs=1e-9)
    assert result.benchmark is not None
    assert result.benchmark.return_pct == pytest.approx((held[-1] - 1) * 100)


def test_a_plan_is_the_same_after_a_stop_and_without_statistics_says_nothing_of_them() -> None:
    without = memory_desk().plans.run(spec(), DATA, SWEEP, statistics=False)
    assert without.statistics is None
    assert without.benchmark is not None
    desk = memory_desk()
    assert desk.plans.get(desk.plans.run(spec(), DATA, SWEEP).run_plan_id).statistics is not None


def test_a_variants_resolved_spec_is_found_without_its_strategy() -> None:
    desk = memory_desk()
    base = desk.research.compile(spec(exit={"stop_loss_pct": 5.0}))
    sweep = {
        "entry.fast_period": [3, 5],
        "exit.stop_loss_pct": [None, 5],
        "exit.take_profit_by_bars": [None, [[1, 2], [5, 1.5]]],
        "execution.fill": ["close", "next_open"],
        "risk.size": ["dollars", "equity"],
        "risk.equity_pct": [10],
    }
    for variant in generate(base, sweep).variants:
        assert variant.spec is not None
        assert resolved(base.base(), variant.overrides) == variant.spec.base(), variant.label


def test_the_ratios_of_earlier_tries_are_read_once_each_and_not_those_of_the_plan() -> None:
    store = MemoryStore()
    desk = memory_desk(store)
    desk.research.run(spec(entry={"fast_period": 3, "slow_period": 9}), DATA)
    first = desk.plans.run(spec(), DATA, SWEEP)
    desk.plans.run(spec(), DATA, SWEEP)  # the same tries once more
    last = desk.plans.run(spec(), DATA, {"entry.fast_period": [2, 5], "entry.slow_period": [10]})
    plan = desk.plans.get(last.run_plan_id)
    assert last.trials is not None
    with store.read() as views:
        stored = views.run_document(str(last.run_plan_id))
        made = plan_of(read_plan(stored.text, stored.seq), stored.seq, desk.research.compile)
        found = earlier_sharpes(views, made, last.run_plan_id)
    own = {short_digest(spec_sha256(variant.spec.base())) for variant in made.variants if variant.spec}
    assert len(found) == last.trials.on_these_data - last.trials.in_plan
    assert not own & {digest for _, digest in found}
    assert plan.statistics is not None
    assert first.statistics is not None
    assert np.isfinite(list(found.values())).all()
