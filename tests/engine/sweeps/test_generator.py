"""Variants: the baseline, the grid, the ablations; ids that are stable for ever."""

from __future__ import annotations

import math
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InvalidError
from engine.strategies.registry import Registry
from engine.strategies.spec import CompiledSpec, compile_spec, parse_spec
from engine.sweeps.plan.generator import generate
from engine.sweeps.plan.overrides import base_value
from engine.sweeps.plan.run_plan import variant_id


def compiled(strategy: str = "breakout_52w_high", **parts: Any) -> CompiledSpec:
    spec = parse_spec({"strategy_id": strategy, "symbols": ["AAPL", "IBM"], **parts})
    return compile_spec(spec, Registry().get(strategy))


def test_the_order_is_baseline_grid_ablations() -> None:
    made = generate(compiled(), {"entry.lookback_days": [20, 55], "risk.dollars_per_trade": [500, 5000]})
    shown = [(variant.tags, tuple(variant.overrides.values())) for variant in made.variants]
    grid = [(("grid",), pair) for pair in ((20, 500.0), (20, 5000.0), (55, 500.0), (55, 5000.0))]
    assert shown == [(("baseline",), ()), *grid, (("ablation",), (252, 500.0)), (("ablation",), (20, 1000.0))]
    assert made.dropped == 0
    assert made.variants[1].label == "lookback_days=20, dollars_per_trade=500"


def test_ids_are_stable_for_ever() -> None:
    made = generate(compiled(), {"entry.lookback_days": [200], "exit.stop_loss_pct": [None, 2]})
    assert {variant.label: variant.variant_id for variant in made.variants} == KNOWN


KNOWN = {
    "baseline": "7e664544a3e151ab",
    "lookback_days=200, stop_loss_pct=null": "d7537a08eeaa9ac6",
    "lookback_days=200, stop_loss_pct=2": "51a6833b5ba7c7c7",
    "lookback_days=252, stop_loss_pct=null": "be5145ebb2101218",
}


def test_what_does_not_decide_results_does_not_change_ids() -> None:
    plain = generate(compiled(), {"entry.lookback_days": [20]})
    named = generate(
        compiled(name="x", instance_id="0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b", description="y"),
        {"entry.lookback_days": [20]},
    )
    assert [v.variant_id for v in plain.variants] == [v.variant_id for v in named.variants]


def test_values_take_the_specs_types_and_stand_once() -> None:
    made = generate(compiled(), {"risk.dollars_per_trade": [1000, 1000.0, 2000]}, include_ablations=False)
    assert [variant.overrides for variant in made.variants[1:]] == [
        {"risk.dollars_per_trade": 1000.0},
        {"risk.dollars_per_trade": 2000.0},
    ]
    # the base value written out is a variant of its own: overrides equal to the base are kept
    assert made.variants[0].variant_id != made.variants[1].variant_id


def test_an_ablation_that_the_grid_has_is_not_made_again() -> None:
    made = generate(compiled(), {"entry.lookback_days": [20, 252], "risk.max_positions": [1]})
    assert [v.overrides for v in made.variants if v.tags == ("ablation",)] == [
        {"entry.lookback_days": 20, "risk.max_positions": 5}
    ]


def test_out_of_bounds_is_kept_and_skipped_with_every_reason() -> None:
    made = generate(compiled(), {"entry.lookback_days": [0], "risk.max_positions": [0]}, include_ablations=False)
    reason = made.variants[1].skip_reason
    assert reason is not None
    assert made.variants[1].spec is None
    assert "lookback_days" in reason
    assert "max_positions" in reason


def test_rules_between_parameters_skip_a_variant() -> None:
    made = generate(compiled("sma_cross"), {"entry.fast_period": [10, 60]}, include_ablations=False)
    assert [variant.spec is None for variant in made.variants] == [False, False, True]


def test_an_exit_that_the_strategy_lacks_is_skipped() -> None:
    made = generate(compiled(), {"exit.type": ["signal", "none"]}, include_ablations=False)
    assert [variant.spec is None for variant in made.variants] == [False, True, False]


@pytest.mark.parametrize(
    ("sweep", "said"),
    [
        ({"entry.lookback": [1]}, "entry.lookback_days"),
        ({"lookback_days": [1]}, "entry.lookback_days"),
        ({"entry.lookback_days": [1.5]}, "not of the type int"),
        ({"entry.lookback_days": [True]}, "not of the type int"),
        ({"risk.dollars_per_trade": ["1000"]}, "not of the type float"),
        ({"risk.dollars_per_trade": [math.nan]}, "not a finite number"),
        ({"risk.dollars_per_trade": [math.inf]}, "not a finite number"),
        ({"entry.lookback_days": []}, "no values"),
        ({"entry.lookback_days": "20"}, "not a list of values"),
        ({"entry.lookback_days": 20}, "not a list of values"),
        ({"entry.lookback_days": [[20]]}, "not of the type int"),
    ],
)
def test_what_cannot_be_swept_is_an_error(sweep: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidError) as caught:
        generate(compiled(), sweep)
    assert caught.value.code == "INVALID_SPEC"
    assert said in caught.value.sentence


def test_a_sweep_of_10_to_the_12_answers_at_once_and_counts_exactly() -> None:
    began = time.perf_counter()
    made = generate(compiled(), LARGE, max_variants=10)
    assert time.perf_counter() - began < 1
    # of the ablations, 252 days and 1000 dollars are in the grid
    assert (len(made.variants), made.dropped) == (10, 1 + 10**12 + 2 - 10)


POOLS: dict[str, st.SearchStrategy[Any]] = {
    "entry.lookback_days": st.integers(-1, 5),
    "risk.dollars_per_trade": st.one_of(st.integers(0, 3), st.floats(0, 3, width=16), st.just(1000)),
    "risk.max_positions": st.integers(0, 6),
    "exit.stop_loss_pct": st.sampled_from([None, 1, 1.0, 100.0]),
    "exit.type": st.sampled_from([None, "eod", "none", "signal"]),
}
SWEEPS = st.lists(st.sampled_from(sorted(POOLS)), unique=True, max_size=4).flatmap(
    lambda paths: st.fixed_dictionaries({path: st.lists(POOLS[path], min_size=1, max_size=4) for path in paths})
)


@given(SWEEPS, st.integers(1, 40), st.booleans())
def test_the_laws_of_generation(sweep: dict[str, Any], most: int, ablate: bool) -> None:
    base = compiled()
    everything = generate(base, sweep, include_ablations=ablate, max_variants=10**6)
    made = generate(base, sweep, include_ablations=ablate, max_variants=most)
    assert made.variants == everything.variants[:most]
    assert len(made.variants) + made.dropped == len(everything.variants)
    assert everything.dropped == 0
    ids = [variant.variant_id for variant in everything.variants]
    assert len(set(ids)) == len(ids)
    assert ids == [variant_id(base.base(), variant.overrides) for variant in everything.variants]
    for variant in everything.variants:
        assert (variant.spec is None) == (variant.skip_reason is not None)
        if variant.spec is not None:
            assert all(base_value(variant.spec, path) == value for path, value in variant.overrides.items())
            rest = {path for path in base_paths(base) if path not in variant.overrides}
            assert all(base_value(variant.spec, path) == base_value(base, path) for path in rest)


@given(SWEEPS, st.integers(1, 40), st.booleans())
def test_the_laws_of_a_sample(sweep: dict[str, Any], size: int, ablate: bool) -> None:
    """The baseline, then part of the grid in its order, then the ablations of its first, each once."""
    base = compiled()
    whole = [v for v in generate(base, sweep, max_variants=10**6).variants if v.tags == ("grid",)]
    made = generate(base, sweep, include_ablations=ablate, max_variants=10**6, sample=size)
    drawn = [v for v in made.variants if v.tags == ("grid",)]
    assert made.variants[0].tags == ("baseline",)
    assert list(made.variants[1 : 1 + len(drawn)]) == drawn
    assert len(drawn) == min(size, len(whole))
    assert drawn == [v for v in whole if v in drawn]
    ablations = made.variants[1 + len(drawn) :]
    assert all(v.tags == ("ablation",) for v in ablations)
    asked = {path: base_value(base, path) for path in drawn[0].overrides} if ablate and drawn else {}
    expected = [{**drawn[0].overrides, path: value} for path, value in asked.items()]
    assert [v.overrides for v in ablations] == [each for each in expected if each not in [v.overrides for v in drawn]]
    assert made.dropped == len(whole) - len(drawn)
    assert len({v.variant_id for v in made.variants}) == len(made.variants)


@given(SWEEPS, st.integers(1, 20), st.integers(1, 20))
def test_a_smaller_sample_is_part_of_a_larger_one(sweep: dict[str, Any], one: int, other: int) -> None:
    fewer, more = (
        {v.variant_id for v in generate(compiled(), sweep, include_ablations=False, sample=size).variants}
        for size in sorted((one, other))
    )
    assert fewer <= more


LARGE = {
    "entry.lookback_days": range(1, 1001),
    "risk.dollars_per_trade": [float(i) for i in range(1, 1001)],
    "exit.stop_loss_pct": [i / 20 for i in range(1, 1001)],
    "exit.take_profit_pct": [i / 20 for i in range(1, 1001)],
}


def test_a_sample_of_10_to_the_12_is_spread_over_all_of_it() -> None:
    began = time.perf_counter()
    made = generate(compiled(), LARGE, sample=900)
    assert time.perf_counter() - began < 1
    assert (len(made.variants), made.dropped) == (905, 10**12 - 900)
    for path, values in LARGE.items():
        of_path = [v.overrides[path] for v in made.variants if v.tags == ("grid",)]
        assert len(set(of_path)) > 500
        middle = values[500]
        assert 380 < sum(1 for value in of_path if value < middle) < 520


def test_a_sample_is_drawn_by_what_the_plan_is_made_of() -> None:
    """The values below are fixed for ever: they decide what plans try."""
    sweep = {"entry.lookback_days": list(range(2, 1002)), "risk.max_positions": list(range(1, 1001))}
    made = generate(compiled(), sweep, include_ablations=False, sample=4)
    assert [tuple(v.overrides.values()) for v in made.variants[1:]] == FIRST_DRAWN
    other = generate(compiled(exit={"max_bars": 9}), sweep, include_ablations=False, sample=4)
    assert [tuple(v.overrides.values()) for v in other.variants[1:]] != FIRST_DRAWN


FIRST_DRAWN = [(360, 184), (590, 101), (596, 736), (677, 258)]


@pytest.mark.parametrize(
    ("sample", "most", "said"), [(0, 10, "sample is 0"), (10, 10, "max_variants of 11"), (99, 10, "max_variants of 21")]
)
def test_a_sample_that_cannot_be_had_is_an_error(sample: int, most: int, said: str) -> None:
    with pytest.raises(InvalidError) as caught:
        generate(compiled(), {"entry.lookback_days": range(1, 21)}, max_variants=most, sample=sample)
    assert caught.value.code == "INVALID_SPEC"
    assert said in caught.value.sentence


def base_paths(base: CompiledSpec) -> set[str]:
    return {f"{part}.{name}" for part in ("entry", "exit", "risk") for name in base.base()[part]}


@given(SWEEPS)
def test_the_same_values_in_any_writing_are_the_same_variants(sweep: dict[str, Any]) -> None:
    floats = {
        path: [float(v) if path == "risk.dollars_per_trade" else v for v in values] for path, values in sweep.items()
    }
    ids = [[v.variant_id for v in generate(compiled(), each).variants] for each in (sweep, floats)]
    assert ids[0] == ids[1]
