"""The demo's sweeps: the same grid on two spans of years, run once, finished when they were stopped."""

from __future__ import annotations

import pytest

from tests.tui.console import Console
from tui.commands.demo import sweeps as showcase_sweeps
from tui.commands.progress import Watched


def test_the_order_of_the_earlier_years_is_compared_with_the_later(console: Console) -> None:
    out = console.ok("demo", "--headless").out
    assert "What being best to 2008 was worth from 2009" in out
    rows = out.partition("rank to 2008")[2].splitlines()[2:7]
    assert [row.split()[0] for row in rows[:2]] == ["fast_period=10,", "fast_period=5,"]
    assert sum(row.startswith("baseline") for row in rows) == 1
    assert "The best of many is partly the luckiest." in out


def test_the_sweeps_are_run_plans_of_the_demo(console: Console) -> None:
    found = console.json("demo")["sweeps"]
    assert [each["years"] for each in found] == ["to 2008", "from 2009"]
    plans = {each["run_plan_id"]: each for each in console.json("plan", "list")}
    assert list(plans)[:2] == [each["run_plan_id"] for each in reversed(found)]
    for each in found:
        plan = plans[each["run_plan_id"]]
        assert (plan["status"], plan["failed"], plan["skipped"]) == ("completed", 0, 0)
        assert plan["variants"] == each["variants"] == 32
        assert plan["best_variant_id"] == each["best_variant_id"]
        assert 1 < each["best_ranks_elsewhere"] <= 32
        assert console.json("plan", "trades", each["run_plan_id"], "best")


def test_sweeps_that_were_stopped_are_finished(console: Console) -> None:
    stopped = {"left": 3}

    def after_a_few(self: Watched) -> bool:
        if self._what.startswith("a sweep"):
            stopped["left"] -= 1
        return stopped["left"] < 0

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Watched, "stopped", after_a_few)
        ran = console.run("demo")
    assert (ran.code, ran.err) == (1, "error CANCELLED: the demo was stopped; run it again: it resumes\n")
    assert [each["status"] for each in console.json("plan", "list")] == ["cancelled", "cancelled", "completed"]
    whole = console.json("demo")["sweeps"]
    assert [each["status"] for each in console.json("plan", "list")][:2] == ["completed", "completed"]
    assert console.json("demo")["sweeps"] == whole


def test_the_grid_is_of_parameters_that_the_strategy_has() -> None:
    from engine.strategies.registry import Registry
    from tui.commands.demo.showcase import ACCOUNT_STRATEGY

    params = Registry().get(ACCOUNT_STRATEGY).params.model_fields
    assert {path.partition(".")[2] for path in showcase_sweeps.GRID} <= set(params)
