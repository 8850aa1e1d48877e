"""The demo's sweep: chosen on the earlier years, held against the later, run once, finished when it was stopped."""

from __future__ import annotations

import pytest

from tests.tui.console import Console
from tui.commands.demo import sweeps as showcase_sweeps
from tui.commands.progress import Watched


def test_the_best_of_the_earlier_years_is_held_against_the_later(console: Console) -> None:
    out = console.ok("demo", "--headless").out
    assert "What being best to 2008 was worth from 2009" in out
    rows = out.partition("to 2008 %")[2].splitlines()[2:4]
    assert [row.split()[0] for row in rows] == ["fast_period=10,", "baseline"]
    assert "Chosen anew each year, 5 folds: " in out
    assert "LIKE_LUCK: luck alone would do as well" in out


def test_the_sweep_is_a_run_plan_of_the_demo(console: Console) -> None:
    (found,) = console.json("demo")["sweeps"]
    plan = console.json("plan", "list")[0]
    assert plan["run_plan_id"] == found["run_plan_id"]
    assert (plan["status"], plan["failed"], plan["skipped"]) == ("completed", 0, 0)
    assert plan["variants"] == found["variants"] == 32
    detail = console.json("plan", "show", found["run_plan_id"])
    for name in ("best_variant_id", "holdout", "walk_forward"):
        assert detail[name] == found[name]
    assert detail["statistics"]["verdict"] == found["verdict"]
    assert (found["holdout"]["from"], found["holdout"]["opened"]) == ("2009-01-02", True)
    assert len(found["walk_forward"]["folds"]) == 5
    assert console.json("plan", "trades", found["run_plan_id"], "best")


def test_a_sweep_that_was_stopped_is_finished(console: Console) -> None:
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
    assert [each["status"] for each in console.json("plan", "list")] == ["completed", "cancelled", "completed"]
    assert console.json("demo")["sweeps"] == whole


def test_the_grid_is_of_parameters_that_the_strategy_has() -> None:
    from engine.strategies.registry import Registry
    from tui.commands.demo.showcase import ACCOUNT_STRATEGY

    params = Registry().get(ACCOUNT_STRATEGY).params.model_fields
    assert {path.partition(".")[2] for path in showcase_sweeps.GRID} <= set(params)
