"""Values that are lists, enums, and every field of a spec: swept, kept in the journal, read back and resumed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from engine.desk import Desk
from engine.numerals import value_text
from engine.ports import Unwatched
from engine.strategies.spec import parse_spec
from engine.sweeps.record import lifecycle
from tests.support.memory_desks import memory_desk
from tests.support.samples import sample_dataset

STEPS = "exit.take_profit_by_bars"
LISTS: list[Any] = [[[1, 5]], [[2, 3], [9, 1.5]], None]
TUPLES = [((1, 5.0),), ((2, 3.0), (9, 1.5)), None]
IBM = parse_spec({"strategy_id": "sma_cross", "symbols": ["IBM"]})
DATA = sample_dataset("IBM")


class Acting(Unwatched):
    """A watch that does something as soon as a variant came out."""

    def __init__(self, act: Callable[[], None]) -> None:
        self._act = act

    def advance(self, done: int, total: int) -> None:
        self._act()


def newest(desk: Desk) -> Any:
    return desk.plans.all(limit=1)[0].run_plan_id


def test_lists_are_swept_and_read_back_as_they_were() -> None:
    desk = memory_desk()
    ran = desk.plans.run(IBM, DATA, {STEPS: LISTS, "execution.fill": ["close", "next_open"]}, verify=7)
    assert [result.overrides.get(STEPS) for result in ran.results[1:7:2]] == TUPLES
    assert ran.results[3].label == "take_profit_by_bars=[[2,3],[9,1.5]], fill=close"
    assert {result.status for result in ran.results} == {"succeeded"}
    detail = desk.plans.get(newest(desk))
    assert [result.overrides for result in detail.results] == [result.overrides for result in ran.results]
    assert detail.model_dump(mode="json")["results"][3]["overrides"][STEPS] == [[2, 3.0], [9, 1.5]]
    trades = {len(desk.plans.trades(newest(desk), result.variant_id, lambda _: DATA)) for result in ran.results}
    assert trades == {37}


def test_a_sweep_of_lists_goes_on_where_it_was_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    desk, values = memory_desk(), {STEPS: LISTS, "exit.trail_pct": [None, 10], "risk.short_of_cash": ["scale"]}
    monkeypatch.setattr(lifecycle, "LOOK_EVERY", 0)
    desk.plans.run(IBM, DATA, values, watch=Acting(lambda: desk.plans.cancel(newest(desk))))
    resumed = desk.plans.resume(newest(desk), lambda _: DATA)
    whole = memory_desk().plans.run(IBM, DATA, values)
    assert [result.variant_id for result in resumed.results] == [result.variant_id for result in whole.results]
    assert [result.metrics for result in resumed.results] == [result.metrics for result in whole.results]
    assert resumed.fingerprint == whole.fingerprint


def test_lists_and_whole_numbers_in_them_are_one_variant_however_they_are_written() -> None:
    made = memory_desk().plans.generate(IBM, {STEPS: [[[1, 5]], [[1, 5.0]], ((1, 5),)]}, include_ablations=False)
    assert [variant.overrides for variant in made.variants] == [{}, {STEPS: ((1, 5.0),)}]


def test_out_of_bounds_is_skipped_and_a_wrong_type_refused() -> None:
    made = memory_desk().plans.generate(IBM, {STEPS: [[], [[9, 1], [2, 3]], [[1, -5]]], "execution.fill": ["never"]})
    reasons = [variant.skip_reason or "" for variant in made.variants if "grid" in variant.tags]
    assert ["at least one pair" in reasons[0], "must rise" in reasons[1], "take_profit_by_bars.0.1" in reasons[2]] == [
        True,
        True,
        True,
    ]
    assert all("fill: Input should be 'close', 'next_open' or 'pessimistic'" in reason for reason in reasons)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (((1, 5.0), (30, 3.25)), "[[1,5],[30,3.25]]"),
        ([[1, 5.0]], "[[1,5]]"),
        ((), "[]"),
        (("a,]", None, True), '["a,]",null,true]'),
        (0.1, "0.1"),
        (None, "null"),
        (False, "false"),
        ("next_open", "next_open"),
    ],
)
def test_values_as_text(value: Any, text: str) -> None:
    assert value_text(value) == text
