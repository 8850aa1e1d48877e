"""Scores alone: those of the metrics, bit for bit, under every objective."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings

import engine.sweeps.simulation.simulate
from engine.errors import InvalidError
from engine.policy.limits import Limits
from engine.ports import Unwatched
from engine.strategies.spec import RiskSpec
from engine.sweeps.objectives import objective
from engine.sweeps.simulation.simulate import Simulation
from engine.vocabulary import Objective
from tests.engine.sweeps.test_simulate import account_of, compiled_spec, in_form, variants_of
from tests.support.variants import each_of
from tests.support.worlds import World, make_world, worlds


def assert_the_same(world: World, specs: list[Any]) -> int:
    """How many scores there were."""
    account, variants, found = account_of(world), each_of(specs), 0
    for name in Objective:
        simulated = Simulation(world.dataset, account, world.slippage_bps).simulate_each(variants)
        metrics = [each.result.metrics for each in simulated]
        expected = [None if each is None else objective(name)(each) for each in metrics]
        scores = list(Simulation(world.dataset, account, world.slippage_bps).scores(variants, name, Unwatched()))
        assert scores == expected
        found += sum(1 for score in scores if score is not None)
    return found


@given(worlds())
@settings(max_examples=60)
def test_they_are_those_of_the_metrics(world: World) -> None:
    for form in ("plain", "compiled"):
        with in_form(form):
            assert_the_same(world, [compiled_spec(world.spec)])


@pytest.mark.parametrize("form", ["plain", "compiled"])
@pytest.mark.parametrize("most", [1, 64])
def test_many_come_out_in_their_order(form: str, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """With one among them that the kernel leaves to the bar loop."""
    monkeypatch.setattr(engine.sweeps.simulation.simulate, "_MANY", most)
    found = 0
    for seed in (2, 5, 11, 17):
        world = make_world(Random(seed))
        specs = variants_of(world)
        huge = replace(specs[3], spec=specs[3].spec.model_copy(update={"risk": RiskSpec(dollars_per_trade=1e300)}))
        with in_form(form):
            found += assert_the_same(world, [*specs[:4], huge, *specs[4:]])
    assert found > 100


def test_under_a_rule_without_a_fast_form(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine.sweeps.simulation.simulate, "needs_bar_loop", lambda _: True)
    world = make_world(Random(5))
    assert assert_the_same(world, variants_of(world)[:3]) > 3


def test_a_variant_whose_strategy_fails_has_no_score(monkeypatch: pytest.MonkeyPatch) -> None:
    world = make_world(Random(11))
    variants = each_of(variants_of(world))
    whole = list(Simulation(world.dataset, account_of(world)).scores(variants, Objective.RETURN, Unwatched()))
    failing = next(place for place, score in enumerate(whole) if score is not None)
    entries_of = Simulation._entries_of

    def fails(self: Simulation, spec: Any) -> Any:
        if spec is variants[failing].compiled:
            raise InvalidError("INVALID_STRATEGY", "it failed")
        return entries_of(self, spec)

    monkeypatch.setattr(Simulation, "_entries_of", fails)
    scores = list(Simulation(world.dataset, account_of(world)).scores(variants, Objective.RETURN, Unwatched()))
    assert scores == [None if place == failing else score for place, score in enumerate(whole)]


class Stopping(Unwatched):
    def stopped(self) -> bool:
        return True


@pytest.mark.parametrize("limits", [Limits(), Limits(max_drawdown_pct=50.0)])
def test_they_end_early_when_they_are_stopped(limits: Limits) -> None:
    world = make_world(Random(5))
    account = replace(account_of(world), limits=limits)
    variants = each_of(variants_of(world))
    assert list(Simulation(world.dataset, account).scores(variants, Objective.RETURN, Stopping())) == []
