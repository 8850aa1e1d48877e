"""Holdout and walk-forward of any world, beside plain loops over its bars."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date
from fractions import Fraction
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.account.metrics import Metrics
from engine.desk import Desk
from engine.errors import PapertapeError
from engine.strategies.spec import parse_spec
from engine.sweeps.results import PlanResult
from tests.oracles import out_of_sample as plain
from tests.oracles.rows import rows_of
from tests.oracles.worth import assert_worth
from tests.support.memory_desks import memory_desk
from tests.support.memory_store import MemoryStore
from tests.support.sized_strategies import sized_registry
from tests.support.worlds import World, make_world, make_world_12

EXACT = ("return", "return_dd_penalty", "calmar", "sharpe")
"""Objectives that plain loops come to bit for bit."""


def desk_of(world: World) -> Desk:
    desk = memory_desk(MemoryStore(), sized_registry())
    desk.accounts.create("like", world.starting_equity)
    desk.accounts.set_policy(
        {name: ",".join(v) if isinstance(v, list) else repr(v) for name, v in world.limits.items()}, "like"
    )
    return desk


def market_of(world: World) -> plain.Market:
    rows = {symbol: rows_of(world.dataset.bars[symbol], world.zone) for symbol in world.spec["symbols"]}
    return plain.Market(rows, world.zone, world.limits, world.slippage_bps)


def variants_of(world: World, result: PlanResult) -> list[plain.Variant]:
    """Spec documents with the overrides put in."""
    found = []
    for one in result.results:
        document = {**world.spec}
        for path, value in one.overrides.items():
            part, name = path.split(".", 1)
            document[part] = {**document.get(part, {}), name: value}
        found.append(plain.Variant(one.variant_id, document))
    return found


def sweep_of(random: Random) -> dict[str, list[Any]]:
    choices: dict[str, list[Any]] = {
        "exit.max_bars": [1, 2, 4],
        "exit.stop_loss_pct": [5.0, 20.0],
        "risk.max_positions": [1, 3],
        "execution.fill": ["close", "next_open"],
    }
    return {path: choices[path] for path in random.sample(sorted(choices), 2)}


def walk_of(random: Random, sessions: int) -> plain.Walk:
    test = random.randint(1, max(1, sessions // 4))
    train = random.randint(1, max(1, sessions // 2))
    return plain.Walk(
        train, test, test + random.choice([0, 0, 1, 3]), random.choice([0, 0, 1, 4]), random.random() < 0.4
    )


def text_of(walk: plain.Walk) -> str:
    lengths = f"train={walk.train},test={walk.test},step={walk.step},purge={walk.purge}"
    return f"{lengths},anchored" if walk.anchored else lengths


def same_metrics(ours: Metrics | None, theirs: plain.Traded) -> None:
    assert ours is not None
    assert_all(ours.model_dump(), theirs.metrics)


def assert_all(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    """What comes of trades bit for bit, what comes of sessions to nine digits."""
    exact = {name for name in EXACT_METRICS if name in theirs}
    assert {name: ours[name] for name in exact} == {name: theirs[name] for name in exact}
    assert_worth(ours, {name: value for name, value in theirs.items() if name not in exact})


EXACT_METRICS = (
    "trade_count",
    "starting_equity",
    "ending_equity",
    "return_pct",
    "max_drawdown_pct",
    "win_rate",
    "profit_factor",
    "gross_profit",
    "gross_loss",
    "sharpe",
)


def check_walk(world: World, random: Random) -> Counter[str]:
    """One walk-forward and the loops'; what came up."""
    market = market_of(world)
    sessions = plain.sessions_of(market.rows, world.spec["symbols"])
    walk, objective = walk_of(random, len(sessions)), random.choice([*EXACT, "sharpe_annual", "calmar_annual"])
    desk, sweep = desk_of(world), sweep_of(random)
    terms: dict[str, Any] = {"objective": objective, "journal": "summary", "statistics": False, "like": "like"}
    run: Any = lambda: desk.plans.run(  # noqa: E731
        parse_spec(world.spec),
        world.dataset,
        sweep,
        walk_forward=text_of(walk),
        slippage_bps=world.slippage_bps,
        **terms,
    )
    folds = plain.folds_of(sessions, walk)
    if not folds:
        with pytest.raises(PapertapeError, match=f"needs {walk.train + walk.purge + walk.test:,} sessions"):
            run()
        return Counter({"no whole fold": 1})
    result: PlanResult = run()
    ours = result.walk_forward
    assert ours is not None
    said = [fold.best_variant_id for fold in ours.folds]
    theirs = plain.walk_forward(
        market,
        variants_of(world, result),
        objective,
        folds,
        world.starting_equity,
        () if objective in EXACT else said,
    )
    assert [(f.train_from, f.train_to, f.test_from, f.test_to) for f in ours.folds] == [
        (f.train[0], f.train[-1], f.test[0], f.test[-1]) for f in folds
    ]
    assert said == theirs.chosen
    for fold, score, tested in zip(ours.folds, theirs.scores, theirs.tested, strict=True):
        assert fold.score == (None if score is None else pytest.approx(score, rel=1e-9, abs=1e-9))
        same_metrics(fold.metrics, tested)
    assert_all(ours.out_of_sample.model_dump(), plain.out_of_sample(market, theirs))
    efficiency = plain.efficiency(theirs)
    assert ours.efficiency == (None if efficiency is None else pytest.approx(efficiency, rel=1e-9))
    check_chosen(world, result, theirs, list(sweep))
    return Counter(
        {
            "traded": ours.out_of_sample.trade_count > 0,
            "without a score": None in theirs.scores,
            "another choice": len(set(said)) > 1,
            "several symbols": len(world.spec["symbols"]) > 1,
            "efficiency": efficiency is not None,
            "a symbol that is not there yet": any(
                rows and rows[0].day > folds[0].train[-1] for rows in market.rows.values()
            ),
            "a symbol that has ended": any(rows[-1].day < folds[-1].test[0] for rows in market.rows.values()),
        }
    )


def check_chosen(world: World, result: PlanResult, theirs: plain.Walked, paths: list[str]) -> None:
    assert result.walk_forward is not None
    base = parse_spec(world.spec)
    for path in paths:
        part, name = path.split(".", 1)
        standing = getattr(getattr(base, part), name)
        values = {one.variant_id: one.overrides.get(path, standing) for one in result.results}
        listed = [(each.value, each.folds) for each in result.walk_forward.chosen[path]]
        counted = Counter(values[name] for name in theirs.chosen)
        assert dict(listed) == {value: counted[value] for value in values.values()}
        assert sum(folds for _, folds in listed) == len(theirs.folds)


SEEDS = st.integers(0, 2**32 - 1)


@given(SEEDS)
@settings(max_examples=60, deadline=None)
def test_any_walk_forward_is_that_of_the_plain_loops(seed: int) -> None:
    random = Random(seed)
    check_walk(make_world(random), random)


@given(SEEDS)
@settings(max_examples=60, deadline=None)
def test_so_is_one_of_any_fill_size_and_strategy(seed: int) -> None:
    random = Random(seed)
    check_walk(make_world_12(random), random)


def test_the_worlds_meet_what_a_walk_forward_can_meet() -> None:
    """The comparison means nothing for what does not come up."""
    met: Counter[str] = Counter()
    for seed in range(120):
        random = Random(seed)
        met += check_walk(make_world(random), random)
    assert len(met) == 8, met
    assert min(met.values()) >= 3, met


def holdout_of(random: Random, sessions: list[date]) -> tuple[str, Fraction | date]:
    if random.random() < 0.5:
        percent = random.choice(["10", "12.5", "20", "33.3", "50", "90"])
        return f"{percent}%", Fraction(percent) / 100
    day = random.choice(sessions)
    return day.isoformat(), day


def check_holdout(world: World, random: Random) -> Counter[str]:
    market = market_of(world)
    symbols = world.spec["symbols"]
    sessions = plain.sessions_of(market.rows, symbols)
    text, asked = holdout_of(random, sessions)
    before, held = plain.held_out(sessions, asked)
    desk, spec, sweep = desk_of(world), parse_spec(world.spec), sweep_of(random)
    terms: dict[str, Any] = {"objective": "return", "journal": "summary", "like": "like", "statistics": False}
    terms["slippage_bps"] = world.slippage_bps
    begins_later = [symbol for symbol in symbols if before and market.rows[symbol][0].day > before[-1]]
    if not before or not held or begins_later:
        with pytest.raises(PapertapeError):
            desk.plans.run(spec, world.dataset, sweep, holdout=text, **terms)
        assert desk.plans.all() == []
        return Counter({"refused": 1})
    result = desk.plans.run(spec, world.dataset, sweep, holdout=text, **terms)
    alone = desk.plans.run(spec, world.dataset.window(end=before[-1]), sweep, **terms)
    assert result.results == alone.results
    assert (result.best_variant_id, result.benchmark) == (alone.best_variant_id, alone.benchmark)
    assert result.holdout is not None
    assert (result.holdout.from_, result.holdout.to, result.holdout.opened) == (held[0], held[-1], False)
    opened = desk.plans.open(result.run_plan_id, lambda _: world.dataset).holdout
    assert opened is not None
    variants = {each.id: each for each in variants_of(world, result)}
    baseline = result.results[0].variant_id
    same_metrics(opened.baseline, plain.trade(market, variants[baseline].spec, held, world.starting_equity))
    if result.best_variant_id is None:
        assert opened.best is None
    else:
        best = variants[result.best_variant_id].spec
        same_metrics(opened.best, plain.trade(market, best, held, world.starting_equity))
    return Counter({"opened": 1, "traded": opened.baseline is not None and opened.baseline.trade_count > 0})


@given(SEEDS)
@settings(max_examples=60, deadline=None)
def test_any_holdout_is_that_of_the_plain_loops(seed: int) -> None:
    random = Random(seed)
    check_holdout(random.choice([make_world, make_world_12])(random), random)


def test_with_both_the_walk_goes_over_the_sessions_before_the_holdout() -> None:
    world = replace(make_world(Random(7)), limits={})
    sessions = plain.sessions_of(market_of(world).rows, world.spec["symbols"])
    before, _ = plain.held_out(sessions, Fraction(1, 4))
    desk, walk = desk_of(world), plain.Walk(8, 4, 4)
    terms: dict[str, Any] = {"journal": "summary", "like": "like", "walk_forward": text_of(walk)}
    spec = parse_spec(world.spec)
    both = desk.plans.run(spec, world.dataset, {"exit.max_bars": [1, 2]}, holdout="25%", **terms)
    alone = desk.plans.run(spec, world.dataset.window(end=before[-1]), {"exit.max_bars": [1, 2]}, **terms)
    assert both.walk_forward == alone.walk_forward
    assert both.walk_forward is not None
    assert both.walk_forward.folds[-1].test_to <= before[-1]
