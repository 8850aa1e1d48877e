"""Beyond the grid: a sample of it, and a new plan around a plan's best, cut, resumed and counted like any other."""

from __future__ import annotations

from typing import Any

import pytest

from engine.desk import Desk
from engine.errors import ConflictError, InvalidError
from engine.market.bars import Dataset
from engine.sweeps.results import PlanResult
from tests.engine.sweeps.cases import DATA, Crash, CutStore, other_desk, same, spec
from tests.support.memory_desks import memory_desk
from tests.support.memory_store import MemoryStore

SWEEP: dict[str, Any] = {
    "risk.dollars_per_trade": [500, 1500, 2500],
    "exit.max_bars": [2, 9],
    "exit.type": ["eod", "none"],
}


def load(_: Any) -> Dataset:
    return DATA


def planned(desk: Desk, **terms: Any) -> PlanResult:
    return desk.plans.run(spec(), DATA, SWEEP, **terms)


def best_of(result: PlanResult) -> dict[str, Any]:
    return next(one.overrides for one in result.results if one.variant_id == result.best_variant_id)


def test_a_refined_plan_tries_values_around_the_best() -> None:
    desk = memory_desk()
    old = planned(desk, objective="return", slippage_bps=2.5, journal="summary", include_ablations=False)
    best = best_of(old)
    new = desk.plans.refine(old.run_plan_id, load, between=1)
    detail = desk.plans.get(new.run_plan_id)
    for path, values in detail.plan["sweep"].items():
        tried = SWEEP[path]
        assert best[path] in values
        assert set(values) & set(tried) == {best[path]}
    assert detail.plan["sweep"]["exit.type"] == [best["exit.type"]]
    assert detail.plan["refines"] == str(old.run_plan_id)
    assert (detail.objective, detail.plan["slippage_bps"], detail.journal) == ("return", 2.5, "summary")
    assert detail.workspace_id == desk.plans.get(old.run_plan_id).workspace_id
    best_again = next(one for one in new.results if one.overrides == best)
    before = next(one for one in old.results if one.overrides == best)
    assert (best_again.variant_id, best_again.metrics) == (before.variant_id, before.metrics)


def test_every_try_is_counted() -> None:
    desk = memory_desk()
    old = planned(desk)
    new = desk.plans.refine(old.run_plan_id, load)
    assert old.trials is not None
    assert new.trials is not None
    assert new.trials.on_these_data > max(old.trials.on_these_data, new.trials.in_plan)


def test_it_begins_with_the_account_that_the_plan_began_with() -> None:
    desk = memory_desk()
    old = planned(desk)
    desk.accounts.set_policy({"fee_fixed": "9", "max_order_notional": "1"})
    new = desk.plans.refine(old.run_plan_id, load)
    baselines = [next(one for one in each.results if "baseline" in one.tags) for each in (old, new)]
    assert baselines[0].metrics == baselines[1].metrics
    assert desk.plans.get(new.run_plan_id).plan["limits"] == desk.plans.get(old.run_plan_id).plan["limits"]


@pytest.mark.parametrize("cut", [3, 4])
def test_a_sample_and_a_refined_plan_are_resumed_as_they_were(cut: int) -> None:
    with memory_desk() as desk:
        whole = planned(desk, sample=5)
    assert sum(1 for one in whole.results if "grid" in one.tags) == 5
    store = CutStore(cut, after=True)
    with pytest.raises(Crash):
        planned(memory_desk(store), sample=5, watch=None)
    store.mend()
    desk = other_desk(store)
    plan = desk.plans.all()[0]
    resumed = (
        desk.plans.result(plan.run_plan_id) if plan.status == "completed" else desk.plans.resume(plan.run_plan_id, load)
    )
    assert same(resumed) == same(whole)
    detail = desk.plans.get(plan.run_plan_id)
    assert (detail.plan["sample"], detail.plan["refines"]) == (5, None)


def test_the_same_sample_is_the_same_plan_and_another_is_not() -> None:
    desk = memory_desk()
    first, again, other = (planned(desk, sample=size) for size in (5, 5, 4))
    assert again.duplicate_of == [str(first.run_plan_id)]
    assert other.fingerprint != first.fingerprint


def test_a_holdout_stays_sealed_in_a_refined_plan() -> None:
    desk = memory_desk()
    old = planned(desk, holdout="25%")
    new = desk.plans.refine(old.run_plan_id, load)
    assert new.holdout is not None
    assert old.holdout is not None
    assert (new.holdout.from_, new.holdout.opened, new.bar_count) == (old.holdout.from_, False, old.bar_count)


def test_where_there_is_no_best_or_nothing_new_it_is_refused() -> None:
    store = MemoryStore()
    desk = memory_desk(store)
    without = desk.plans.run(spec(entry={"lookback_days": 99}), DATA, SWEEP)
    single = desk.plans.run(spec(), DATA, {"exit.max_bars": [3]})
    events = len(store.journal)
    with pytest.raises(ConflictError) as caught:
        desk.plans.refine(without.run_plan_id, load)
    assert caught.value.code == "RUN_NOT_COMPLETE"
    with pytest.raises(InvalidError, match="nothing to try"):
        desk.plans.refine(single.run_plan_id, load, between=3) if best_of(single) else pytest.fail("no best")
    assert len(store.journal) == events
