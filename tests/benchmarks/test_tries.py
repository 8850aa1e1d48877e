"""N after mixed runs, stops and kills, in small: `python -m benchmarks.tries` does 10,000 of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest

from benchmarks import tries
from benchmarks.tries import Runs, main
from benchmarks.tries_killed import execute, kill, open_desk
from benchmarks.tries_world import MARKETS, Setting, Sweep, Try
from engine.drivers import trial as counting
from engine.ports import Trial
from engine.sweeps.plan import trials

SWEEP = Sweep(MARKETS[0], Setting(3, 2, 500.0), {"entry.lookback_days": [4, 5, 6], "exit.max_bars": [0, 3]}, "code")


def _codeless(trial: Trial) -> Trial:
    return replace(trial, strategy_sha256="")


@pytest.fixture
def runs(tmp_path: Path) -> Iterator[Runs]:
    with closing(Runs(tmp_path, seed=5)) as made:
        yield made


def test_the_journal_counts_what_a_set_counts(runs: Runs) -> None:
    report = runs.run(60)
    assert report.faults == []
    assert report.compared > 30
    assert report.most > 100
    assert report.runs["killed"] >= 2


@pytest.mark.parametrize("fault", ["every run shares data", "no run shares data"])
def test_a_wrong_count_is_noticed(runs: Runs, monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    monkeypatch.setattr(counting, "shares_data", lambda *_: fault.startswith("every"))
    assert runs.run(25).faults


def test_a_count_that_forgets_the_code_is_noticed(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    def of_any_code(mine: Trial, others: Iterable[Trial]) -> counting.TrialCount:
        return counting.count_trials(_codeless(mine), map(_codeless, others))

    monkeypatch.setattr(tries, "_OF_CODE", 2)
    monkeypatch.setattr(trials, "count_trials", of_any_code)
    assert runs.run(40).faults


def test_a_sweep_dies_where_it_is_told_to(tmp_path: Path) -> None:
    path = tmp_path / "desk.db"
    with open_desk(path, lambda: "code") as desk:
        desk.accounts.ensure_default()
        for passings in (1, 2, 4, 8, 1000):  # before RUN_STARTED twice, after it, later, never
            kill(path, SWEEP, UUID(int=passings, version=4), passings)
        statuses = {plan.run_plan_id.int % 1024: plan.status for plan in desk.plans.all()}
    assert statuses == {4: "interrupted", 8: "interrupted", 1000: "completed"}


def test_the_set_is_what_a_sweep_makes(tmp_path: Path) -> None:
    with open_desk(tmp_path / "desk.db", lambda: "code") as desk:
        result = execute(desk, SWEEP)
    assert {SWEEP.try_of(one.overrides) for one in result.results if one.status == "succeeded"} == SWEEP.tries
    assert Try(("A",), Setting(3, 2, 500.0), "code") in SWEEP.tries


def test_markets_have_tries_in_common_by_name_or_by_bars_at_the_same_time() -> None:
    whole, late, until_late, before = MARKETS[:4]
    assert whole.has_tries_of(late)
    assert late.has_tries_of(until_late)
    assert not late.has_tries_of(before)
    copy, shorter_copy = MARKETS[7:9]
    assert whole.has_tries_of(copy)
    assert not whole.has_tries_of(shorter_copy)
    assert not copy.has_tries_of(MARKETS[5])


def test_the_command_says_how_many_were_wrong(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["--runs", "4"]) == 0
    assert "; 0 wrong" in capsys.readouterr().out
    monkeypatch.setattr(tries.Runs, "_counted", lambda *_: (0, 0))
    assert main(["--runs", "6"]) == 1
