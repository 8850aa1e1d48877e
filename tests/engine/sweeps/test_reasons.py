"""Why a sweep's variants traded little: counted with every result, told in words, the same however the plan is run."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from uuid import UUID

import numpy as np
import pytest

import engine.sweeps.simulation.rerun
from engine.desk import Desk
from engine.errors import SystemFault
from engine.events import EventType
from engine.market.bars import Dataset, make_bars
from engine.strategies.spec import ExecutionSpec, parse_spec
from engine.sweeps.results import PlanResult, Simulated
from engine.sweeps.simulation.reference import by_bar_loop
from tests.engine.sweeps.cases import DATA, older, run, same
from tests.support.memory_desks import memory_desk
from tests.support.memory_store import MemoryStore
from tests.support.variants import variant_of


def rising(days: int = 6) -> Dataset:
    """One symbol that closes higher every day."""
    close = 100.0 + np.arange(days)
    ts = (20_000 + np.arange(days)) * 86_400_000_000
    return Dataset({"X": make_bars("X", ts, close, close, close, close, np.ones(days))})


def breakout(**parts: Any) -> ExecutionSpec:
    return parse_spec({"strategy_id": "breakout_52w_high", "symbols": ["X"], "entry": {"lookback_days": 1}, **parts})


def swept(values: dict[str, Any], desk: Desk | None = None, *, data: Dataset | None = None, **parts: Any) -> PlanResult:
    sweep = desk or memory_desk()
    return sweep.plans.run(breakout(**parts), data or rising(), values, include_ablations=False)


def test_a_stake_of_everything_is_refused_with_figures_and_the_remedy() -> None:
    desk = memory_desk()
    desk.accounts.set_policy({"fee_bps": "10"})
    found = swept({"risk.dollars_per_trade": [1000.0, 10_000.0]}, desk)
    assert [one.refusals for one in found.results] == [{}, {}, {"buying_power": 4}]
    assert found.reasons == [
        "1 of 3 variants did not trade: 4 of 4 entries refused by buying_power: an order of 10,000.00 and fees of 10.00"
        " cost more than the cash of 10,000.00; a smaller risk.dollars_per_trade fits, and risk.short_of_cash=scale"
        " buys what the cash is enough for (dollars_per_trade=10000)"
    ]
    assert desk.plans.get(found.run_plan_id).reasons == found.reasons


def test_a_lookback_that_the_data_are_too_short_for() -> None:
    found = swept({"entry.lookback_days": [1, 252, 300]})
    assert [one.held_back for one in found.results[2:]] == [{"lookback_partial": 5}] * 2
    short = found.results[2].short_history
    assert short is not None
    assert short.model_dump() == {"symbol": "X", "have": 5, "needed": 252, "unit": "sessions"}
    assert found.reasons == [
        "2 of 4 variants did not trade: no entry was possible: X has 5 of the 252 earlier sessions that"
        " entry.lookback_days asks for; give a longer file or a smaller entry.lookback_days"
        " (lookback_days=252; lookback_days=300)"
    ]


def test_refusals_among_trades_are_told_by_the_commonest_rule() -> None:
    desk = memory_desk()
    desk.accounts.set_policy({"cooldown_minutes": "4000", "max_drawdown_pct": "50"})
    found = swept({}, desk, exit={"type": "none", "max_bars": 1}, data=rising(9))
    (only,) = found.results
    assert only.metrics is not None
    assert only.metrics.trade_count > 0
    assert found.reasons == [
        f"1 of 1 variant had entries refused: {only.refusals['cooldown_minutes']} of"
        f" {sum(only.refusals.values()) + only.metrics.trade_count} entries refused by cooldown_minutes:"
        " cooldown_minutes is 4,000.0; `policy set cooldown_minutes=N` sets it otherwise, and `off` clears it"
        " (baseline)"
    ]


@pytest.mark.parametrize("options", [{"journal": "summary"}, {"workers": 3}, {"verify": 99}], ids=str)
def test_counts_and_words_do_not_depend_on_how_a_plan_is_run(options: dict[str, Any]) -> None:
    usual, otherwise = run(memory_desk()), run(memory_desk(), **options)
    assert any(one.held_back for one in usual.results)
    for one, other in zip(usual.results, otherwise.results, strict=True):
        assert list((one.held_back or {}).items()) == list((other.held_back or {}).items())
        assert (one.refusals, one.short_history) == (other.refusals, other.short_history)
    assert otherwise.reasons == usual.reasons


def test_every_variant_counts_what_its_walk_counts() -> None:
    desk = memory_desk()
    found = run(desk)
    plan = desk.plans.get(found.run_plan_id)
    for one in plan.results:
        if one.status == "succeeded":
            document = {**plan.plan["base"], "enabled": True}
            for path, value in one.overrides.items():
                part, name = path.split(".")
                document[part] = {**document[part], name: value}
            spec = desk.research.compile(parse_spec(document))
            slow = by_bar_loop(variant_of(spec), DATA, desk.accounts.require(), 0.0)
            assert (one.refusals, one.held_back) == (slow.result.refusals, slow.result.held_back)


def test_a_plan_from_before_says_nothing_rather_than_nought() -> None:
    store = MemoryStore()
    desk = memory_desk(store)
    found = swept({"entry.lookback_days": [252]}, desk)
    older(store)
    read = desk.plans.get(found.run_plan_id)
    assert {one.held_back is None for one in read.results} == {True}
    assert read.reasons == []
    assert same(desk.plans.result(found.run_plan_id))["results"][0]["held_back"] is None


def test_verify_compares_what_was_held_back(monkeypatch: pytest.MonkeyPatch) -> None:
    def otherwise(*arguments: Any) -> Simulated:
        simulated = by_bar_loop(*arguments)
        changed = {"held_back": {"entry_skipped_eod": 7}, "short_history": None}
        return replace(simulated, result=simulated.result.model_copy(update=changed))

    monkeypatch.setattr(engine.sweeps.simulation.rerun, "by_bar_loop", otherwise)
    with pytest.raises(SystemFault) as fault:
        run(memory_desk(), verify=1)
    assert (fault.value.code, "has other held_back" in fault.value.message) == ("VERIFY_FAILED", True)


def test_a_damaged_count_is_named() -> None:
    store = MemoryStore()
    desk = memory_desk(store)
    found = swept({}, desk)
    for place, row in enumerate(store.journal):
        if row.event_type == EventType.RUN_VARIANT_COMPLETED:
            said = {**json.loads(row.payload), "short_history": {"symbol": "X", "have": "five"}}
            store.journal[place] = row._replace(payload=json.dumps(said))
    with pytest.raises(SystemFault) as fault:
        desk.plans.get(UUID(str(found.run_plan_id)))
    assert (fault.value.code, "short_history" in fault.value.message) == ("DATABASE_ERROR", True)
