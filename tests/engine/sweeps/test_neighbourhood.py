"""Around the best of a sweep: between its values and the nearest ones that were tried."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InvalidError
from engine.strategies.registry import Registry
from engine.strategies.spec import compile_spec, parse_spec
from engine.sweeps.plan.generator import generate
from engine.sweeps.plan.neighbourhood import neighbourhood

BASE = compile_spec(
    parse_spec({"strategy_id": "breakout_52w_high", "symbols": ["X"], "exit": {"stop_loss_pct": 3.0}}),
    Registry().get("breakout_52w_high"),
)


@pytest.mark.parametrize(
    ("sweep", "best", "between", "around"),
    [
        ({"entry.lookback_days": [20, 100, 60]}, {"entry.lookback_days": 60}, 3, [30, 40, 50, 60, 70, 80, 90]),
        ({"entry.lookback_days": [20, 60]}, {"entry.lookback_days": 60}, 1, [40, 60]),
        ({"entry.lookback_days": [20, 60]}, {"entry.lookback_days": 20}, 1, [20, 40]),
        ({"entry.lookback_days": [5, 7, 10]}, {"entry.lookback_days": 7}, 3, [6, 7, 8, 9]),
        ({"entry.lookback_days": [6, 7, 9]}, {"entry.lookback_days": 7}, 3, [7, 8]),
        ({"entry.lookback_days": [100, 300]}, {}, 1, [176, 252, 276]),  # the baseline has 252
        ({"exit.stop_loss_pct": [0.1, 0.2, 0.3]}, {"exit.stop_loss_pct": 0.2}, 1, [0.15, 0.2, 0.25]),
        ({"exit.stop_loss_pct": [None, 1.0, 2.0]}, {"exit.stop_loss_pct": 2.0}, 3, [1.25, 1.5, 1.75, 2.0]),
        ({"risk.dollars_per_trade": [1e3, 2e3]}, {"risk.dollars_per_trade": 1e3}, 2, [1e3, 4e3 / 3, 5e3 / 3]),
    ],
)
def test_values_between_the_best_and_its_neighbours(
    sweep: dict[str, Any], best: dict[str, Any], between: int, around: list[Any]
) -> None:
    (found,) = neighbourhood(BASE, sweep, best, between).values()
    assert found == around
    assert [type(value) for value in found] == [type(value) for value in around]


def test_what_is_no_number_keeps_the_best_s_value() -> None:
    sweep = {"exit.type": ["eod", "none"], "exit.take_profit_pct": [None, 4.0], "entry.lookback_days": [10, 20]}
    best = {"exit.type": "none", "exit.take_profit_pct": None, "entry.lookback_days": 10}
    found = neighbourhood(BASE, sweep, best, 1)
    assert found == {"exit.type": ["none"], "exit.take_profit_pct": [None], "entry.lookback_days": [10, 15]}


@pytest.mark.parametrize(
    ("sweep", "best", "between", "said"),
    [
        ({"entry.lookback_days": [7, 8, 9]}, {"entry.lookback_days": 8}, 3, "nothing to try"),
        ({"entry.lookback_days": [7]}, {"entry.lookback_days": 7}, 3, "nothing to try"),
        ({"exit.type": ["eod", "none"]}, {"exit.type": "eod"}, 3, "nothing to try"),
        ({}, {}, 3, "nothing to try"),
        ({"entry.lookback_days": [7, 20]}, {"entry.lookback_days": 7}, 0, "0 values"),
    ],
)
def test_where_nothing_new_would_be_tried(sweep: dict[str, Any], best: dict[str, Any], between: int, said: str) -> None:
    with pytest.raises(InvalidError, match=said) as caught:
        neighbourhood(BASE, sweep, best, between)
    assert caught.value.code == "INVALID_SPEC"


NUMBERS = st.lists(st.integers(1, 400), min_size=2, unique=True) | st.lists(
    st.floats(0.001, 99.0, allow_nan=False), min_size=2, unique=True
)


@given(NUMBERS, st.data(), st.integers(1, 9))
def test_every_value_is_new_and_lies_between_neighbours(values: list[Any], data: st.DataObject, between: int) -> None:
    best = data.draw(st.sampled_from(values))
    path = "entry.lookback_days" if isinstance(best, int) else "exit.stop_loss_pct"
    try:
        (found,) = neighbourhood(BASE, {path: values}, {path: best}, between).values()
    except InvalidError:
        return
    assert found == sorted(set(found))
    assert set(found) & set(values) == {best}
    lower = max((value for value in values if value < best), default=best)
    upper = min((value for value in values if value > best), default=best)
    assert all(lower <= value <= upper for value in found)
    assert all(sum(1 for value in found if side(value)) <= between for side in (best.__gt__, best.__lt__))
    assert {v.overrides[path] for v in generate(BASE, {path: found}).variants if v.tags == ("grid",)} == set(found)
