"""Holdouts and walk-forwards at the command line: asked for, shown, opened, refused, held against conditions."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.desks import open_test_desk
from tests.tui.console import Console
from tui.commands.plan.fail_if import Gate

SMA = ("--strategy", "sma_cross", "--symbol", "GOOG", "--data", "sample:GOOG", "--journal", "summary")
RUN = ("plan", "run", *SMA, "--sweep", "entry.fast_period=5,15")
BOTH = ("--holdout", "20%", "--walk-forward", "train=504,test=252")


def lines_below(out: str, heading: str) -> list[str]:
    """The lines below a heading, up to the next empty one."""
    lines = out.splitlines()
    start = lines.index(heading) + 1
    return lines[start : next((place for place, line in enumerate(lines) if place > start and not line), None)]


def test_both_stand_below_the_verdict_at_80_columns(console: Console) -> None:
    out = console.ok(*RUN, *BOTH).out
    shown = console.json("plan", "show", "last")
    assert max(map(len, out.splitlines())) <= 80
    walk, holdout = shown["walk_forward"], shown["holdout"]
    table = lines_below(out, "Walk-forward")
    assert [line[:24] for line in table[2:6]] == [f"{fold['test_from']} to {fold['test_to']}" for fold in walk["folds"]]
    whole = walk["out_of_sample"]
    assert table[6].startswith("all tests")
    assert f"{whole['return_pct']:+.2f}" in table[6]
    assert f"{walk['efficiency']:.2f} of the growth" in " ".join(table)
    counts = ", ".join(f"{each['value']} in {each['folds']}" for each in walk["chosen"]["entry.fast_period"])
    assert f"entry.fast_period  {counts}" in table
    sealed = lines_below(out, "Holdout")
    assert sealed[0] == f"sessions  {holdout['from']} to {holdout['to']}, sealed"
    assert sealed[1] == "seen      by no other run"
    assert sealed[2] == f"to open it, once:  papertape plan open {shown['run_plan_id']}"


def test_of_many_folds_the_last_are_printed_and_all_are_in_json(console: Console) -> None:
    out = console.ok(*RUN, "--walk-forward", "train=504,test=20", "--no-statistics").out
    folds = console.json("plan", "show", "last")["walk_forward"]["folds"]
    assert len(folds) == 82
    table = lines_below(out, "Walk-forward")
    tests = [f"{fold['test_from']} to {fold['test_to']}" for fold in folds]
    assert [line[:24] for line in table[2:42]] == tests[-40:]
    assert table[42].startswith("all tests")
    assert table[43] == "the last 40 of 82 folds; --json has all of them"


def test_it_is_opened_once_by_its_command(console: Console) -> None:
    console.ok(*RUN)
    console.ok(*RUN, "--holdout", "2012-01-01")
    opened = console.json("plan", "open", "last")
    assert opened["holdout"]["from"] == "2012-01-03"
    assert opened["holdout"]["seen_by_trials"] == 3
    out = console.ok("plan", "open", "last").out
    held = lines_below(out, "Holdout")
    assert held[0] == "sessions  2012-01-03 to 2013-03-01, opened"
    assert held[1] == "seen      3 configurations of other runs traded on these sessions"
    assert f"{opened['holdout']['best']['return_pct']:+.2f}" in held[-2]
    assert held[-1].startswith("baseline")
    console.ok(*RUN, "--holdout", "10%")
    assert "spent     opened once before by other run plans" in console.ok("plan", "show", "last").out
    assert console.json("plan", "show", "last")["holdout"]["opened_before"] == 1
    types = [event["event_type"] for event in console.json("plan", "show", opened["run_plan_id"])["events"]]
    assert types.count("RUN_HOLDOUT_OPENED") == 1


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        (("--holdout", "100%"), "a holdout of 100% leaves nothing on one side"),
        (
            ("--holdout", "2013-03-02"),
            "a holdout from 2013-03-02 has no session in it: the sessions go from 2004-08-19",
        ),
        (("--walk-forward", "train=2000,test=200"), "needs 2,200 sessions, and there are 2,148"),
        (("--walk-forward", "train=2000,test=100", "--holdout", "10%"), "needs 2,100 sessions, and there are 1,934"),
    ],
)
def test_windows_that_are_none_are_refused_with_the_figures(console: Console, asked: tuple[str, ...], why: str) -> None:
    ran = console.run(*RUN, *asked)
    assert (ran.code, ran.out) == (5, "")
    assert ran.err.startswith("error INVALID_SPEC: ")
    assert why in ran.err
    assert len(ran.err.splitlines()) == 1
    assert console.json("plan", "list") == []


def test_what_has_none_cannot_be_opened(console: Console) -> None:
    console.ok(*RUN)
    ran = console.run("plan", "open", "last")
    assert (ran.code, ran.out) == (4, "")
    assert "error HOLDOUT_NOT_OPENABLE: run plan" in ran.err


def test_changed_data_are_refused(console: Console, tmp_path: Path) -> None:
    from storage.samples import sample_path

    copy = tmp_path / "goog.csv.gz"
    copy.write_bytes(sample_path("GOOG").read_bytes())
    data = ("--data", f"GOOG={copy}")
    console.ok("plan", "run", *SMA[:4], *data, "--journal", "summary", "--holdout", "20%")
    copy.write_bytes(sample_path("IBM").read_bytes())
    ran = console.run("plan", "open", "last")
    assert ran.code == 5
    assert "error DATASET_CHANGED" in ran.err
    assert not console.json("plan", "show", "last")["holdout"]["opened"]


CONDITIONS = {
    "holdout.sharpe_annual < 100": True,
    "holdout.trade_count < 0": False,
    "walk_forward.return_pct > 1000 or walk_forward.trade_count < 1": False,
    "walk_forward.sharpe_annual < best.sharpe_annual": True,
}


@pytest.mark.parametrize(
    ("terms", "condition", "way_on"),
    [
        ((), "holdout.return_pct < 0", "`--holdout` keeps sessions from the sweep"),
        (("--holdout", "20%"), "holdout.return_pct < 0", "give this condition to `papertape plan open "),
        ((), "walk_forward.return_pct < 0", "`--walk-forward` gives"),
        ((), "plan.p_noise > 0.05", "give this condition to `papertape plan noise "),
    ],
)
def test_a_condition_on_what_is_not_there_yet_says_what_gives_it(
    console: Console, terms: tuple[str, ...], condition: str, way_on: str
) -> None:
    ran = console.run(*RUN, *terms, "--fail-if", condition)
    assert ran.code == 1
    assert way_on in ran.err
    known = console.run(*RUN, *terms, "--fail-if", f"best.trade_count > 0 or {condition}")
    assert known.code == 1
    assert "`papertape plan show " in known.err
    assert way_on not in known.err


def test_a_symbol_that_begins_within_the_holdout_is_refused_with_a_way_on(console: Console, tmp_path: Path) -> None:
    for symbol, first in (("OLD", 1), ("NEW", 15)):
        rows = "".join(f"2024-01-{day:02d},10,11,9,10,5\n" for day in range(first, 29))
        (tmp_path / f"{symbol}.csv").write_text("ts,open,high,low,close,volume\n" + rows)
    data = [
        part
        for symbol in ("OLD", "NEW")
        for part in ("--symbol", symbol, "--data", f"{symbol}={tmp_path / symbol}.csv")
    ]
    sweep = ("--strategy", "sma_cross", *data, "--sweep", "entry.fast_period=2,3")
    ran = console.run("plan", "run", *sweep, "--holdout", "2024-01-10")
    assert ran.code == 5
    assert "'NEW' has no bar in the window: its bars begin after the end; begin the holdout later" in ran.err
    assert console.json("plan", "list") == []


def test_a_condition_knows_both(console: Console) -> None:
    sealed = console.run(*RUN, *BOTH, "--fail-if", "holdout.sharpe_annual < 0")
    assert sealed.code == 1
    assert "cannot be told: holdout.sharpe_annual has no value" in sealed.err
    opened = console.run("plan", "open", "last", "--fail-if", "holdout.sharpe_annual < 100")
    assert opened.code == 1
    assert "--fail-if 'holdout.sharpe_annual < 100' is true" in opened.err
    with open_test_desk(console.db) as desk:
        result = desk.plans.result(desk.plans.all()[0].run_plan_id)
    for condition, holds in CONDITIONS.items():
        tested = Gate.read(condition).test(result)
        assert tested is not None
        assert tested.holds == holds, tested.because
