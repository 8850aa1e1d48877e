"""One list of policy rules: whatever is in it, a sweep refuses what a run refuses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

import engine.sweeps.simulation.simulate
from engine.desk import Desk
from engine.policy import rules
from engine.policy.limits import OF_NO_RULE, Limits
from engine.policy.rules import ENTRY_RULES, Rule
from engine.ports import EventFilter
from engine.strategies.registry import Registry
from engine.strategies.spec import ExecutionSpec, compile_spec, parse_spec
from engine.sweeps.results import PlanResult, Simulated
from engine.sweeps.simulation import kernel
from engine.sweeps.simulation.reference import by_bar_loop
from engine.sweeps.simulation.simulate import Simulation
from engine.sweeps.simulation.terms import FAST, needs_bar_loop
from tests.engine.sweeps.cases import DATA
from tests.engine.sweeps.cases import spec as case
from tests.engine.sweeps.test_simulate import Failing, Stops
from tests.support.memory_desks import memory_desk
from tests.support.variants import each_of, variant_of

RISK: dict[str, Any] = {"dollars_per_trade": 3000.0, "max_positions": 3}
SWEEP: dict[str, Any] = {"risk.dollars_per_trade": [2000, 4000, 6000]}
SET = {"max_daily_loss": "4500", "max_order_notional": "5000", "max_exposure_pct": "65", "fee_fixed": "1"}
"""Under which the first entry is let in, and those after it are refused by one rule or another."""


def spec(**risk: Any) -> ExecutionSpec:
    return case(entry={"lookback_days": 1}, risk={**RISK, **risk})


def cash_kept(limits: Limits) -> float | None:
    """A limit of a field that there is already: whoever limits the daily loss keeps so much cash too."""
    return limits.max_daily_loss


KEEPS_CASH = Rule(
    "keeps_cash",
    limit=cash_kept,
    refuses=lambda o, limit: o.cash - o.cost < limit,
    figures=lambda o: {"cash": o.cash, "cost": o.cost},
    because=lambda o, limit: f"it would leave less than {limit}",
    keys=("max_daily_loss",),
)
SECOND_THOUGHTS = replace(KEEPS_CASH, name="second_thoughts", limit=lambda _: 4_500.0, keys=())
"""Always on, as buying power is."""


def raises(*_: object) -> Any:
    raise ZeroDivisionError("no luck")


@pytest.fixture
def put(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Put other rules in the place of the list."""

    def swap(*listed: Rule) -> None:
        monkeypatch.setattr(rules, "ENTRY_RULES", listed)

    return swap


def in_a_run(desk: Desk, result: PlanResult, place: int) -> dict[str, int]:
    """A variant's refusals, by rule, of a run of the same spec, whose metrics and trades are the variant's."""
    one = result.results[place]
    risk = {path.removeprefix("risk."): value for path, value in one.overrides.items()}
    alone = desk.research.run(spec(**risk), DATA)
    assert one.metrics == alone.metrics
    trades = desk.plans.trades(result.run_plan_id, one.variant_id, lambda _: DATA)
    assert trades == desk.accounts.trades(alone.workspace_id)
    refused = desk.journal.events(alone.workspace_id, where=EventFilter(types=("INTENT_REJECTED",)))
    return dict(Counter(str(event.payload["rule"]) for event in refused))


def swept(settings: dict[str, str], **options: Any) -> tuple[Desk, PlanResult]:
    desk = memory_desk()
    desk.accounts.set_policy(settings)
    return desk, desk.plans.run(spec(), DATA, SWEEP, **options)


LISTS = {
    "derived, last": (*ENTRY_RULES, KEEPS_CASH),
    "derived, first": (KEEPS_CASH, *ENTRY_RULES),
    "always on": (*ENTRY_RULES, SECOND_THOUGHTS),
    "one that cannot decide": (*ENTRY_RULES, replace(KEEPS_CASH, refuses=raises)),
    "one that cannot tell its limit": (*ENTRY_RULES, replace(KEEPS_CASH, limit=raises)),
    "stricter, under the same name": tuple(
        replace(rule, refuses=lambda o, limit: o.notional > limit / 2) if rule.name == "max_order_notional" else rule
        for rule in ENTRY_RULES
    ),
    "the other way round": ENTRY_RULES[::-1],
    "without buying power": tuple(rule for rule in ENTRY_RULES if rule.name != "buying_power"),
    "without a rule that is set": tuple(rule for rule in ENTRY_RULES if rule.name != "max_order_notional"),
    "none": (),
}


@pytest.mark.parametrize("listed", LISTS.values(), ids=LISTS)
@pytest.mark.parametrize("journal", ["full", "summary"])
def test_a_sweep_asks_the_rules_that_a_run_asks(
    listed: tuple[Rule, ...], journal: str, put: Callable[..., None]
) -> None:
    put(*listed)
    desk, result = swept(SET, verify=99, journal=journal)
    assert result.verified == sum(one.status == "succeeded" for one in result.results) == 5
    for place, one in enumerate(result.results):
        if one.status == "succeeded":
            assert one.refusals == in_a_run(desk, result, place)


EXPOSED = ({"max_exposure_pct": 1}, {}, {"max_exposure_pct": 4})


@pytest.mark.parametrize(
    ("listed", "refused"),
    {
        "derived, last": ({"keeps_cash": 4}, {"keeps_cash": 1}, {"max_exposure_pct": 4}, {"max_order_notional": 33}),
        "derived, first": ({"keeps_cash": 4}, {"keeps_cash": 1}, {"keeps_cash": 4}, {"keeps_cash": 33}),
        "one that cannot decide": (*[{"keeps_cash": 33}] * 3, {"max_order_notional": 33}),
        "stricter, under the same name": ({"max_order_notional": 33}, {}, *[{"max_order_notional": 33}] * 2),
        "without buying power": (*EXPOSED, {"max_order_notional": 33}),
        "without a rule that is set": (*EXPOSED, {"buying_power": 4}),
        "none": ({}, {}, {}, {}),
    }.items(),
)
def test_what_such_a_sweep_refuses(listed: str, refused: tuple[dict[str, int], ...], put: Callable[..., None]) -> None:
    """At 3,000, 2,000, 4,000 and 6,000 dollars a trade."""
    put(*LISTS[listed])
    assert tuple(one.refusals for one in swept(SET)[1].results[:4]) == refused


def test_a_rule_without_a_fast_form_costs_nothing_while_it_is_off(
    put: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = swept({"max_exposure_pct": "65"})[1]
    put(*ENTRY_RULES, KEEPS_CASH)

    def unwanted(*_: object) -> Simulated:
        raise AssertionError("it used the bar loop")

    monkeypatch.setattr(engine.sweeps.simulation.simulate, "by_bar_loop", unwanted)
    after = swept({"max_exposure_pct": "65"})[1]
    assert [one.metrics for one in after.results] == [one.metrics for one in before.results]
    refused = [{"max_exposure_pct": 1}, {}, {"max_exposure_pct": 4}, {"buying_power": 4}, {"max_exposure_pct": 1}]
    assert [one.refusals for one in after.results] == [one.refusals for one in before.results] == refused
    assert (needs_bar_loop(Limits()), needs_bar_loop(Limits(max_daily_loss=1.0))) == (False, True)


def test_every_rule_of_the_list_has_a_fast_form_and_none_walks() -> None:
    assert [rule.name for rule in FAST] == list(kernel.RULES)
    assert FAST == ENTRY_RULES, "a rule that comes without one is left out here, and said to be slow in docs/sweeps.md"
    assert not needs_bar_loop(Limits())
    everything = {
        "allow_symbols": ("A",),
        "deny_symbols": ("B",),
        **{name: 2.0 for name in Limits.model_fields if name.startswith("max_")},
        "max_positions": 2,
        "cooldown_minutes": 1.0,
    }
    assert not needs_bar_loop(Limits(**everything))


def test_every_limit_belongs_to_one_rule_or_is_said_to_belong_to_none() -> None:
    claimed = [key for rule in ENTRY_RULES for key in rule.keys] + list(OF_NO_RULE)
    assert sorted(claimed) == sorted(Limits.model_fields)
    for rule in ENTRY_RULES:
        assert rule.is_on(Limits()) == (rule.keys == ()), rule.name


def test_refusals_are_counted_in_the_order_of_the_rules() -> None:
    result = swept({"max_exposure_pct": "65", "max_daily_loss": "3", "fee_fixed": "1"})[1]
    counted = [list(one.refusals.items()) for one in result.results[2:4]]
    assert counted[0] == [("max_exposure_pct", 4), ("max_daily_loss", 2)]
    assert counted[1] == [("buying_power", 4), ("max_daily_loss", 2)]


def test_walked_variants_come_out_one_by_one_and_stop_when_they_are_told(put: Callable[..., None]) -> None:
    put(*ENTRY_RULES, SECOND_THOUGHTS)
    desk = memory_desk()
    compiled = compile_spec(spec(), Registry().get("breakout_52w_high"))
    simulation = Simulation(DATA, desk.accounts.require())
    came = [
        len(list(simulation.simulate_each(each_of([compiled] * 30), watch=Stops(after)))) for after in (0, 1, 5, 40, 60)
    ]
    assert came == [0, 0, 2, 20, 30], "asked once in each walk, and once after it"
    (slow,) = simulation.simulate_each(each_of([compiled]), fills=True)
    assert slow == by_bar_loop(variant_of(compiled), DATA, desk.accounts.require(), 0.0)
    assert (len(slow.fills) > 0, slow.result.refusals) == (True, {"second_thoughts": 4})
    (bare,) = simulation.simulate_each(each_of([compiled]))
    assert bare == replace(slow, fills=())


def test_a_strategy_that_fails_in_the_walk_fails_its_variant_alone(put: Callable[..., None]) -> None:
    put(*ENTRY_RULES, SECOND_THOUGHTS)
    failing = compile_spec(parse_spec({"strategy_id": "failing", "symbols": ["AAA"]}), Failing())
    account = memory_desk().accounts.require()
    (outcome,) = Simulation(DATA, account).simulate_each(each_of([failing]))
    assert (outcome.result.metrics, outcome.result.error_code) == (None, "INVALID_STRATEGY")
