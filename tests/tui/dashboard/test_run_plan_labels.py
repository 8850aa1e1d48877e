"""Variants in few words: short, and never two alike."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import pytest

from engine.sweeps.results import VariantResult
from tui.dashboard.screens.run_plan.view import ROOM, abbreviated, brief_labels


def result(overrides: Mapping[str, Any]) -> VariantResult:
    label = ", ".join(f"{path}={value}" for path, value in overrides.items()) or "baseline"
    return VariantResult.model_construct(variant_id=label, label=label, overrides=dict(overrides))


def labels(*variants: Mapping[str, Any]) -> list[str]:
    return list(brief_labels([result(each) for each in variants]).values())


@pytest.mark.parametrize(
    ("names", "letters", "short"),
    [
        (["fast_period", "slow_period"], 0, ["fast", "slow"]),
        (["max_bars", "max_positions"], 0, ["max_bars", "max_positions"]),
        (["stop_loss_pct", "stop_loss", "period"], 0, ["stop_loss_pct", "stop_loss", "period"]),
        (["dollars_per_trade", "lookback_days"], 4, ["doll", "look"]),
        (["max_bars", "max_positions", "fast_period"], 1, ["max_b", "max_p", "f"]),
        (["period", "period_long"], 1, ["period", "period_l"]),
    ],
)
def test_a_name_is_as_short_as_it_can_be_told_from_the_others(names: list[str], letters: int, short: list[str]) -> None:
    assert list(abbreviated(names, letters).values()) == short


def test_what_all_variants_share_is_left_out() -> None:
    slow = {"entry.slow_period": 50}
    found = labels({}, {**slow, "entry.fast_period": 5}, {**slow, "entry.fast_period": 10})
    assert found == ["baseline", "fast=5", "fast=10"]
    assert labels({}, slow) == ["baseline", "slow=50"]


def test_the_same_name_in_two_parts_of_the_spec_is_told_by_its_part() -> None:
    found = labels({"entry.period": 5, "exit.period": 6}, {"entry.period": 6, "exit.period": 5})
    assert found == ["entry.period=5 exit.period=6", "entry.period=6 exit.period=5"]


def test_of_many_parameters_each_has_a_few_letters() -> None:
    paths = ("entry.fast_period", "entry.slow_period", "exit.stop_loss_pct", "exit.max_bars", "risk.max_positions")
    grid = [dict(zip(paths, values, strict=True)) for values in itertools.product((10, 20), (100, 200), *[(1, 2)] * 3)]
    found = labels({}, *grid)
    assert len(set(found)) == len(found)
    assert max(map(len, found)) <= ROOM
    assert found[1] == "f=10 sl=100 st=1 max_b=1 max_p=1"
