"""What the best of a sweep is worth: on the page, in JSON, in `--fail-if`, and what becomes of a damaged one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.errors import DamageFault
from engine.payloads import read_payload
from engine.statistics.verdict import Verdict
from tests.support.desks import open_test_desk
from tests.tui.commands.test_damage import around_the_guards, first_of
from tests.tui.console import Console, breakout, write_bars
from tui.commands.plan.fail_if import Gate
from tui.shared.words import MEANINGS, probability

SMA = ("--strategy", "sma_cross", "--symbol", "GOOG", "--data", "sample:GOOG")
FAST = ("--sweep", "entry.fast_period=5:25:5", "--sweep", "exit.stop_loss_pct=null,5")
SOME_LUCK = "partly the luckiest"


@pytest.fixture
def bars(tmp_path: Path) -> Path:
    return write_bars(tmp_path / "x.csv")


def block_of(out: str) -> list[str]:
    """The lines from the verdict to the chart, or to the end."""
    lines = out.splitlines()
    start = next(place for place, line in enumerate(lines) if line.partition(":")[0] in set(Verdict))
    ends = [place for place, line in enumerate(lines) if "┌" in line and place > start]
    return lines[start : ends[0] if ends else None]


def field(lines: list[str], name: str) -> str:
    return next(line[len(name) :].strip() for line in lines if line.startswith(f"{name} "))


def test_the_verdict_and_its_figures_stand_below_the_leaderboard_at_80_columns(console: Console) -> None:
    ran = console.ok("plan", "run", *SMA, *FAST)
    document = console.json("plan", "show", "last")
    said, lines = document["statistics"], block_of(ran.out)
    assert max(map(len, ran.out.splitlines())) <= 80
    assert lines[0] == f"{said['verdict']}: {MEANINGS[said['verdict']]}"
    assert said["because"] in " ".join(lines)
    for name in ("p_luck", "dsr", "pbo"):
        assert field(lines, name).startswith(f"{said[name]:.3f}  ")
    assert field(lines, "tries") == "10 in this plan, 10 on these data"
    assert field(lines, "holding").startswith(f"+{document['benchmark']['return_pct']:.2f} %")
    assert field(lines, "break-even").startswith(f"{said['costs']['breakeven_bps']:.1f} bps more on each side")
    assert SOME_LUCK not in ran.out
    assert block_of(console.ok("plan", "show", "last").out) == lines[:-1]  # without the empty line before the chart
    check_fills(lines, said["costs"]["fills"])


def check_fills(lines: list[str], fills: dict[str, Any]) -> None:
    """The best and the baseline stand under each fill model with its figures."""
    head = next(place for place, line in enumerate(lines) if line.startswith("fill "))
    rows = [line.split() for line in lines[head + 2 : head + 8]]
    assert [row[0] for row in rows[::2]] == list(fills)
    for fill, best, baseline in zip(fills, rows[::2], rows[1::2], strict=True):
        assert best[1] == "best"
        assert baseline[0] == "baseline"
        assert best[-1] == str(fills[fill]["best"]["trade_count"])
        assert float(baseline[1]) == pytest.approx(fills[fill]["baseline"]["return_pct"], abs=0.005)


def test_a_best_that_is_the_baseline_has_one_row_a_fill_model(console: Console) -> None:
    lines = block_of(console.ok("plan", "run", *SMA).out)
    assert [line.split()[1] for line in lines if line.startswith(("close ", "next_open ", "pessimistic "))] == (
        ["baseline"] * 3
    )


def test_each_parameters_median_scores_stand_below_its_values(console: Console) -> None:
    lines = block_of(console.ok("plan", "run", *SMA, "--sweep", "entry.fast_period=2:31:1").out)
    (values,) = console.json("plan", "show", "last")["statistics"]["sensitivity"]["parameters"].values()
    start = next(place for place, line in enumerate(lines) if line.startswith("entry.fast_period"))
    end = next(place for place, line in enumerate(lines) if line.startswith("neighbours"))
    words = [line.removeprefix("entry.fast_period").split() for line in lines[start:end]]
    assert [value for row in words[::2] for value in row] == [str(each["value"]) for each in values]
    assert [score for row in words[1::2] for score in row] == [f"{each['median_score']:.4f}" for each in values]
    assert max(map(len, lines)) <= 80


def test_without_statistics_holding_and_the_caution_remain(console: Console) -> None:
    ran = console.ok("plan", "run", *SMA, *FAST, "--no-statistics")
    document = console.json("plan", "show", "last")
    assert document["statistics"] is None
    assert document["benchmark"]["return_pct"] > 0
    assert SOME_LUCK in " ".join(ran.out.split())
    assert "holding " in ran.out
    assert "p_luck" not in ran.out
    assert "tries        10 in this plan" in ran.out
    assert "p_luck" not in console.ok("plan", "show", "last").out


def test_a_plan_of_an_older_version_shows_nothing_of_it(console: Console, bars: Path) -> None:
    console.ok("plan", "run", *breakout(bars), "--sweep", "entry.lookback_days=2,3")
    seq, payload = first_of(console.db, "RUN_COMPLETED")
    older = {name: value for name, value in json.loads(payload).items() if name not in {"benchmark", "statistics"}}
    around_the_guards(console.db, "UPDATE trade_events SET payload = ? WHERE seq = ?", json.dumps(older), seq)
    out = console.ok("plan", "show", "last").out
    assert "holding" not in out
    assert not any(verdict in out for verdict in Verdict)
    document = console.json("plan", "show", "last")
    assert (document["benchmark"], document["statistics"]) == (None, None)


def test_a_plan_of_a_newer_version_is_read_for_what_is_known(console: Console, bars: Path) -> None:
    console.ok("plan", "run", *breakout(bars), "--sweep", "entry.lookback_days=2,3")
    seq, payload = first_of(console.db, "RUN_COMPLETED")
    said = json.loads(payload)
    newer = {**said, "statistics": {**said["statistics"], "verdict": "BRILLIANT", "p_more": 0.5}}
    around_the_guards(console.db, "UPDATE trade_events SET payload = ? WHERE seq = ?", json.dumps(newer), seq)
    assert "\nBRILLIANT\n" in console.ok("plan", "show", "last").out
    assert "p_more" not in console.json("plan", "show", "last")["statistics"]


def damaged_parts(said: Any) -> Iterator[Any]:
    """A document with one of its values, at any depth, of a type that no value there has."""
    if isinstance(said, dict):
        for key, value in said.items():
            yield from ({**said, key: other} for other in damaged_parts(value))
    yield [None, {"z": True}]


def test_a_damaged_one_is_said_to_be_damaged(console: Console, bars: Path) -> None:
    console.ok("plan", "run", *breakout(bars), "--sweep", "entry.lookback_days=2,3")
    seq, payload = first_of(console.db, "RUN_COMPLETED")
    said = json.loads(payload)
    for part in ("benchmark", "statistics"):
        others = list(damaged_parts(said[part]))
        assert len(others) > len(said[part])
        for other in others:
            with pytest.raises(DamageFault, match=rf"event {seq} .* is damaged: its payload\.{part}"):
                read_payload(json.dumps({**said, part: other}), "RUN_COMPLETED", seq)
    around_the_guards(
        console.db,
        "UPDATE trade_events SET payload = ? WHERE seq = ?",
        json.dumps({**said, "statistics": {**said["statistics"], "costs": {}}}),
        seq,
    )
    for command in (("plan", "show", "last"), ("plan", "list"), ("plan", "resume", "last")):
        ran = console.run(*command)
        assert ran.err.startswith(f"error DATABASE_ERROR: event {seq} of the journal (RUN_COMPLETED) is damaged"), ran


CONDITIONS = {
    "plan.p_luck > 0.05": True,
    "plan.p_luck > 1": False,
    "plan.dsr >= 0 and plan.pbo >= 0": True,
    "best.return_pct < benchmark.return_pct": True,
    "benchmark.sharpe_annual < 0": False,
    "benchmark.max_drawdown_marked_pct > best.max_drawdown_marked_pct": True,
}


def test_a_condition_knows_the_plan_and_its_benchmark(console: Console) -> None:
    plan = console.json("plan", "run", *SMA, *FAST)["run_plan_id"]
    with open_test_desk(console.db) as desk:
        result = desk.plans.result(plan)
    for condition, holds in CONDITIONS.items():
        gate = Gate.read(condition)
        tested, error = gate.test(result), gate.error(result)
        assert tested is not None
        assert (tested.holds, error is not None) == (holds, holds), tested.because


def test_a_figure_that_is_none_cannot_be_told(console: Console) -> None:
    ran = console.run("plan", "run", *SMA, *FAST, "--no-statistics", "--fail-if", "plan.p_luck > 0.05")
    assert ran.code == 1
    assert "'plan.p_luck > 0.05' cannot be told: plan.p_luck has no value" in ran.err
    assert console.run("plan", "run", *SMA, "--fail-if", "plan.p_lock > 0.05").code == 2


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "-"),
        (0.0, "0.000"),
        (1e-9, "<0.001"),
        (0.0005, "0.001"),
        (0.1949, "0.195"),
        (0.9996, ">0.999"),
        (1.0, "1.000"),
    ],
)
def test_a_probability_that_is_not_certain_is_not_shown_as_certain(value: float | None, shown: str) -> None:
    assert probability(value) == shown


def test_every_verdict_has_a_meaning() -> None:
    assert set(MEANINGS) == set(Verdict)
