"""The measurements run on small data; what they took is nobody's business here."""

from __future__ import annotations

import itertools
import sys
from typing import Any

import pytest

from benchmarks import calls, stages
from benchmarks.children import ChildError, ask, repeated, run
from benchmarks.plans import Plan, quick, whole
from benchmarks.rivals import with_papertape
from benchmarks.work import daily, minutes
from engine.compiled import Kernel, is_loaded
from engine.sweeps.simulation import simulate

FEW = (1, 2)


@pytest.fixture(autouse=True)
def _forms(monkeypatch: pytest.MonkeyPatch) -> None:
    """A measurement of one form sets these, in a process of its own."""
    monkeypatch.setattr(simulate, "MUCH_WORK", simulate.MUCH_WORK)
    monkeypatch.setattr(Kernel, "_worthwhile", False)


def test_papertapes_side_gives_a_result_for_every_variant() -> None:
    work = daily(120, FEW)
    found = with_papertape.measure({"work": work.document(), "least": 1})
    assert [(lookback, dollars) for lookback, dollars, _, _ in found["results"]] == work.variants
    assert sum(trades for _, _, trades, _ in found["results"]) > 0
    assert len(found["seconds"]) >= 1


@pytest.mark.parametrize("strategy", ["breakout_52w_high", "sma_cross", "rsi_reversion"])
def test_every_strategy_is_called_with_all_its_variants(strategy: str) -> None:
    found = calls.measure({"work": minutes(800, FEW).document(), "case": "call", "strategy": strategy, "least": 1})
    assert found["variants"] == 1 + (10 if strategy == "breakout_52w_high" else 100)


@pytest.mark.parametrize("form", ["plain", "compiled"])
def test_the_simulation_is_measured_in_either_form(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Kernel, "_worthwhile", False)  # whatever ran in this process before
    for limit in ("MUCH_WORK", "BUSY"):
        monkeypatch.setattr(simulate, limit, getattr(simulate, limit))  # and what runs after
    question = {"work": daily(120, FEW).document(), "case": "simulation", "form": form, "least": 1}
    assert calls.measure(question)["variants"] == 11
    assert is_loaded() == (form == "compiled")


def test_the_journal_is_measured_by_its_events() -> None:
    assert calls.measure({"work": daily(120, FEW).document(), "case": "journal"})["events"] > 11 * 3


def test_a_child_that_fails_says_why() -> None:
    with pytest.raises(ChildError, match=r"(?s)benchmarks\.commands .*KeyError: 'work'"):
        ask("benchmarks.commands", {})


def test_a_command_is_measured_to_its_exit() -> None:
    ended = run([sys.executable, "-c", "print('said'); raise SystemExit(3)"], {})
    assert (ended.code, ended.printed) == (3, "said\n")
    assert ended.seconds > 0
    assert ended.peak_mb > 1


def test_repeated_keeps_within_its_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = itertools.count(0.0, 1.0)
    monkeypatch.setattr("benchmarks.children.time.perf_counter", lambda: next(clock))
    done: list[str] = []
    seconds = repeated(lambda: done.append("call"), least=2, most=9, budget=5.0, before=lambda: done.append("before"))
    assert seconds == [1.0] * 5
    assert done == ["before", "call"] * 5
    assert len(repeated(lambda: None, least=2, most=3, budget=100.0)) == 3
    assert len(repeated(lambda: None, least=2, most=3, budget=0.5)) == 2


def test_a_stage_within_a_stage_stops_the_outers_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("benchmarks.stages.time.time", lambda: now)
    clock = stages.Stages(began=98.0)
    clock.turn("the rest")
    with clock.stage("outer"):
        now += 1
        with clock.stage("inner"):
            now += 4
        now += 2
    now += 8
    clock.turn()
    assert clock.seconds == {"start": 2.0, "the rest": 8.0, "outer": 3.0, "inner": 4.0}


def test_the_first_outcome_is_a_stage_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr("benchmarks.stages.time.time", lambda: now)

    def outcomes() -> Any:
        nonlocal now
        for cost in (5.0, 1.0, 1.0):
            now += cost
            yield cost

    clock = stages.Stages(began=0.0)
    assert list(clock.wrapped_iterator(outcomes)()) == [5.0, 1.0, 1.0]
    clock.turn()
    assert clock.seconds == {"start": 0.0, "first variant": 5.0, "other variants": 2.0}


@pytest.mark.parametrize("plan", [quick(), whole()], ids=["quick", "whole"])
def test_a_plan_names_cases_that_there_are(plan: Plan) -> None:
    for owed in plan.owed:
        assert owed.question["case"] in calls._CASES
        assert bool(owed.unit) or owed.least_rate is None
    for curve in (plan.curve_bars, plan.curve_variants):
        assert len(curve) > 1
