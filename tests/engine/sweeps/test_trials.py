"""How many tries there have been: what is counted, over which data, and when."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.desk import Desk
from engine.drivers.beginning import OnwardTerms
from engine.drivers.trial import TrialCount, count_trials, shares_data, short_digest, spec_sha256
from engine.errors import SystemFault
from engine.market.bars import Dataset, make_bars
from engine.ports import Trial, Unwatched
from engine.strategies.spec import parse_spec
from engine.sweeps.plan.generator import generate
from engine.sweeps.plan.trials import SpecDigests
from tests.support.desks import open_test_desk
from tests.support.memory_desks import memory_desk
from tests.support.worlds import DAY

SPEC: dict[str, Any] = {
    "strategy_id": "breakout_52w_high",
    "symbols": ["X"],
    "entry": {"lookback_days": 3},
    "exit": {"type": "none", "max_bars": 2},
}


def dataset(symbol: str = "X", *, first: int = 19_000, count: int = 60, shift: float = 0.0) -> Dataset:
    close = 100.0 + shift + (np.arange(count) * 7) % 13 + np.arange(count) / 10
    ts = (first + np.arange(count, dtype=np.int64)) * DAY
    return Dataset({symbol: make_bars(symbol, ts, close, close + 1, close - 1, close, np.ones(count))})


def spec(**changes: Any) -> Any:
    return parse_spec({**SPEC, **changes})


def sweep(desk: Desk, data: Dataset, values: list[int], symbol: str = "X", **options: Any) -> TrialCount:
    result = desk.plans.run(spec(symbols=[symbol]), data, {"entry.lookback_days": values}, **options)
    assert result.trials is not None
    assert desk.plans.result(result.run_plan_id).trials == result.trials
    assert desk.plans.get(result.run_plan_id).trials == result.trials
    return result.trials


@pytest.fixture(params=["memory", "database"])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    with memory_desk() if request.param == "memory" else open_test_desk(tmp_path / "papertape.db") as opened:
        yield opened


def counted(in_plan: int, on_these_data: int, not_countable: int = 0) -> TrialCount:
    return TrialCount(in_plan=in_plan, on_these_data=on_these_data, not_countable=not_countable)


def test_a_grid_value_that_equals_the_baseline_is_one_with_it(desk: Desk) -> None:
    assert sweep(desk, dataset(), [2, 3, 4]) == counted(3, 3)


def test_every_kind_of_run_on_the_same_data_counts_and_a_repeated_one_counts_once(desk: Desk) -> None:
    data = dataset()
    desk.accounts.create("w")
    desk.research.run(spec(), data)  # the baseline of what follows
    desk.research.run(spec(entry={"lookback_days": 9}), data)
    desk.research.run_onward(spec(entry={"lookback_days": 8}), data, "w")
    assert sweep(desk, data, [2, 3, 4]) == counted(3, 5)
    assert sweep(desk, data, [2, 3, 4]) == counted(3, 5)
    assert sweep(desk, data, [4, 5]) == counted(3, 6)
    kinds = [(trial.kind, trial.count) for trial in desk.journal.trials()]
    assert kinds == [("backtest", 1), ("backtest", 1), ("forward", 1), ("plan", 3), ("plan", 3), ("plan", 3)]


def test_other_symbols_and_other_times_do_not_count_and_the_same_bars_do(desk: Desk) -> None:
    sweep(desk, dataset("Y", shift=5.0), [20, 21], "Y")
    sweep(desk, dataset(first=10_000), [30, 31])
    sweep(desk, dataset("COPY"), [40, 41], "COPY")
    # the base with 3 days is another spec for each symbol
    assert sweep(desk, dataset(), [2]) == counted(2, 2 + 3)
    assert [trial.bars.keys() for trial in desk.journal.trials("COPY")] == [{"COPY"}]


def test_a_window_counts_for_the_time_it_trades(desk: Desk) -> None:
    data = dataset(first=19_000, count=60)
    half = data.window(date(2022, 2, 10))
    sweep(desk, data.window(None, date(2022, 2, 9)), [20, 21])
    assert sweep(desk, half, [2]) == counted(2, 2), "they share bars, and not a day that was traded"
    assert sweep(desk, data, [2]) == counted(2, 4)


def test_variants_without_a_result_do_not_count(desk: Desk) -> None:
    desk.plans.run(spec(), dataset(), {"exit.max_bars": [0, 1]})  # 0 is out of bounds
    assert sweep(desk, dataset(), [3]) == counted(1, 2)


def test_what_a_stopped_plan_tried_counts_and_a_resume_keeps_its_count(desk: Desk) -> None:
    class Stop(Unwatched):
        told = 0

        def stopped(self) -> bool:
            self.told += 1
            return self.told > 3

    stopped = desk.plans.run(spec(), dataset(), {"entry.lookback_days": list(range(4, 40))}, watch=Stop())
    assert stopped.status == "cancelled"
    done = sum(1 for one in stopped.results if one.status == "succeeded")
    assert 0 < done < 37
    assert sweep(desk, dataset(), [99]) == counted(2, done + 1)
    resumed = desk.plans.resume(stopped.run_plan_id, lambda _: dataset())
    assert resumed.trials == stopped.trials == counted(37, 37)
    assert sweep(desk, dataset(), [99]) == counted(2, 38)


def test_a_backtest_that_was_stopped_has_no_result(desk: Desk) -> None:
    class Stop(Unwatched):
        def stopped(self) -> bool:
            return True

    with pytest.raises(SystemFault):
        desk.research.run(spec(), dataset(), watch=Stop())
    assert desk.journal.trials() == []


def test_an_account_that_has_not_traded_a_bar_has_tried_nothing(desk: Desk) -> None:
    desk.accounts.create("w")
    waiting = replace(dataset(), first_rows={"X": 60})
    desk.research.run_onward(spec(), waiting, "w", terms=OnwardTerms(from_window=True))
    assert desk.journal.trials() == []
    desk.research.run_onward(spec(), dataset(count=61), "w")
    (trial,) = desk.journal.trials()
    assert (trial.first_ts, trial.last_ts) == (19_060 * DAY, 19_060 * DAY)


def test_another_code_of_a_strategy_is_another_try() -> None:
    code = {"sha256": "one"}
    with memory_desk(source_sha256=lambda kind: code["sha256"]) as desk:
        desk.research.run(spec(), dataset())
        code["sha256"] = "two"
        assert sweep(desk, dataset(), [3]) == counted(1, 2)


def test_the_digest_of_a_variant_is_that_of_its_resolved_spec() -> None:
    with memory_desk() as desk:
        base = desk.research.compile(spec())
    sweeps: dict[str, list[Any]] = {
        "entry.lookback_days": [2, 3],
        "exit.max_bars": [None, 2, 5],
        "risk.dollars_per_trade": [500, 1000.0],
        "execution.fill": ["close", "next_open", "pessimistic"],
        "exit.take_profit_by_bars": [None, [[1, 5], [30, 3]]],
    }
    digests = SpecDigests(base)
    for variant in generate(base, sweeps).variants:
        assert variant.spec is not None
        assert digests.of(variant.spec) == short_digest(spec_sha256(variant.spec.base())), variant.label


def trial(**changes: Any) -> Trial:
    made = Trial("plan", "p", "s", "code", {"X": "bars"}, 10, 20, b"1" * 16 + b"2" * 16, 7)
    return replace(made, **changes)


@pytest.mark.parametrize(
    ("changes", "shares"),
    [
        ({}, True),
        ({"bars": {"Y": "bars"}}, True),
        ({"bars": {"X": "others"}}, True),
        ({"bars": {"Y": "others"}}, False),
        ({"first_ts": 20, "last_ts": 30}, True),
        ({"first_ts": 21, "last_ts": 30}, False),
        ({"first_ts": 1, "last_ts": 9}, False),
        ({"first_ts": None, "last_ts": None}, True),
        ({"bars": {"Y": ""}}, False),
    ],
)
def test_which_runs_share_data(changes: dict[str, Any], shares: bool) -> None:
    assert shares_data(trial(), trial(**changes)) is shares
    assert shares_data(trial(**changes), trial()) is shares
    assert not shares_data(trial(bars={"Z": ""}), trial(bars={"Y": ""}))


def test_older_runs_are_told_and_not_counted() -> None:
    older = trial(specs=b"", first_ts=None, last_ts=None, bars={"X": ""}, strategy_sha256="")
    elsewhere = replace(older, bars={"Y": ""})
    assert count_trials(trial(), [older, elsewhere, trial(specs=b"2" * 16 + b"3" * 16)]) == counted(2, 3, 1)
