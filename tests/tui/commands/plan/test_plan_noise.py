"""`plan noise`: a run plan on shuffled bars, printed, gated, stopped and gone on with."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from engine.sweeps.noise.draws import NoiseDraws
from engine.vocabulary import NOISE_DRAWS
from tests.tui.console import Console
from tui.commands.progress import Watched

SMA = ("--strategy", "sma_cross", "--symbol", "GOOG", "--data", "sample:GOOG", "--sweep", "entry.fast_period=5,10")


@pytest.fixture
def planned(console: Console) -> Console:
    console.ok("plan", "run", *SMA, "--journal", "summary")
    return console


def test_the_probability_and_the_distribution_at_80_columns(planned: Console) -> None:
    out = planned.ok("plan", "noise", "last", "--draws", "9").out
    found = planned.json("plan", "show", "last")["noise"]
    lines = out.splitlines()
    assert max(map(len, lines)) <= 80
    as_good = sum(1 for score in found["scores"] if score >= found["best_score"])
    assert found["p_noise"] == (1 + as_good) / 10
    assert lines[1].split() == [
        "p_noise",
        f"{found['p_noise']:.3f}",
        *f"on {as_good} of 9 shuffles the best did as well".split(),
    ]
    assert f"by sharpe_annual {found['best_score']:.4f}" in lines[2]
    assert lines[3].endswith(f"all up to {max(found['scores']):.4f}")
    assert lines[-1] == f"columns: the best score of each draw   │ the plan's best, {found['best_score']:.4f}"
    assert sum(1 for line in lines if "│" in line) > 10
    assert lines[1].split() in map(str.split, planned.ok("plan", "show", "last").out.splitlines())


def test_it_is_known_the_second_time_and_json_has_all_of_it(planned: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    found = planned.json("plan", "noise", "last", "--draws", "3")
    assert len(found["scores"]) == 3
    assert found["fail_if"] is None
    monkeypatch.setattr(NoiseDraws, "best_scores", lambda *_, **__: pytest.fail("it is known"))
    assert planned.json("plan", "noise", "last", "--draws", "3") == found
    assert planned.json("plan", "noise", "last", "--draws", "2")["scores"] == found["scores"][:2]


def test_the_number_of_draws_is_that_of_the_desk(planned: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def noted(self: NoiseDraws, draws: int, **_: Any) -> Iterator[float]:
        asked.append(draws)
        return iter([0.0] * draws)

    monkeypatch.setattr(NoiseDraws, "best_scores", noted)
    planned.ok("plan", "noise", "last")
    assert asked == [NOISE_DRAWS]


@pytest.mark.parametrize(("condition", "code"), [("plan.p_noise < 0.05", 0), ("plan.p_noise > 0.05", 1)])
def test_a_condition_is_told_of(planned: Console, condition: str, code: int) -> None:
    ended = planned.run("plan", "noise", "last", "--draws", "3", "--fail-if", condition, "--json")
    assert ended.code == code
    document = json.loads(ended.out)
    assert document["fail_if"]["holds"] is (code == 1)
    if code:
        assert document["error_code"] == "FAIL_IF_HOLDS"
        assert "p_noise is" in document["error"]


def test_a_plan_run_does_not_know_it(console: Console) -> None:
    ended = console.run("plan", "run", *SMA, "--fail-if", "plan.p_noise > 0.05")
    assert ended.code == 1
    assert "plan.p_noise has no value" in ended.err


def test_what_is_stopped_is_kept_and_gone_on_with(planned: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[int] = []
    with monkeypatch.context() as patch:
        patch.setattr(Watched, "advance", lambda self, done, total: heard.append(done))
        patch.setattr(Watched, "stopped", lambda self: heard[-1:] == [4])
        ended = planned.run("plan", "noise", "last", "--draws", "9", "--workers", "1")
    assert ended.code == 1
    assert "CANCELLED: the noise test was stopped with 4 of 9 draws done" in ended.err
    assert "stopped after 4 of 9 draws; `plan noise` goes on" in planned.ok("plan", "show", "last").out
    document = planned.json("plan", "noise", "last", "--draws", "9")
    assert document["p_noise"] is not None
    other = planned.json("plan", "noise", "last", "--draws", "9")
    assert other == document


def test_what_cannot_be_tested_is_one_line(console: Console, planned: Console) -> None:
    assert planned.run("plan", "noise", "0000").code == 6
    assert planned.run("plan", "noise", "last", "--draws", "0").code == 2
    console.ok("plan", "run", *SMA, "--set", "entry.slow_period=2000")
    ended = console.run("plan", "noise", "last")
    assert ended.code == 4
    assert ended.err.startswith("error RUN_NOT_COMPLETE: no variant of run plan")
