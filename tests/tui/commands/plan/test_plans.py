"""`plan`: sweeps on the command line, from their variants to a file of their results."""

from __future__ import annotations

import csv
import json
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from engine.vocabulary import Objective
from storage.sqlite.connection.driver import sqlite as sqlite3
from tests.tui.commands.test_exit_codes import contents
from tests.tui.console import BARS, Console, breakout, write_bars
from tests.tui.probes import probe

SPEC_FIELDS = [
    *("run_plan_id", "fingerprint", "dataset_sha256", "bar_count", "history_bars"),
    *("objective", "best_variant_id", "variants_dropped"),
    "results",
]
RESULT_FIELDS = [
    *("variant_id", "label", "tags", "overrides", "status", "objective_score", "metrics", "workspace_id", "error"),
    "skip_reason",
]
SMA = ("--strategy", "sma_cross", "--symbol", "GOOG", "--data", "sample:GOOG")
GRID = ("--sweep", "entry.fast_period=5,10", "--sweep", "entry.slow_period=30,60,8")


@pytest.fixture
def bars(tmp_path: Path) -> Path:
    return write_bars(tmp_path / "bars.csv")


def sweep(console: Console, *arguments: object) -> dict[str, Any]:
    found = console.json("plan", "run", *arguments)
    assert isinstance(found, dict)
    return found


def rows_of(name: str) -> list[dict[str, str]]:
    with Path(name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def lookbacks(bars: Path, values: str = "1,2,3") -> tuple[str, ...]:
    return (*breakout(bars), "--sweep", f"entry.lookback_days={values}")


def test_every_objective_has_its_formula() -> None:
    from engine.sweeps.objectives import OBJECTIVES

    assert list(OBJECTIVES) == list(Objective)


def test_the_document_of_a_sweep(console: Console) -> None:
    found = sweep(console, *SMA, *GRID)
    assert list(found)[: len(SPEC_FIELDS)] == SPEC_FIELDS
    UUID(found["run_plan_id"])
    assert (len(found["fingerprint"]), len(found["dataset_sha256"]), found["bar_count"]) == (64, 64, 2148)
    assert (found["status"], found["variants_dropped"], found["fail_if"]) == ("completed", 0, None)
    baseline, *rest = found["results"]
    assert list(baseline)[: len(RESULT_FIELDS)] == RESULT_FIELDS
    assert (baseline["label"], baseline["tags"], baseline["overrides"]) == ("baseline", ["baseline"], {})
    assert rest[0]["overrides"] == {"entry.fast_period": 5, "entry.slow_period": 30}
    skipped = [each for each in rest if each["status"] == "skipped"]
    assert [each["label"] for each in skipped] == ["fast_period=10, slow_period=8"]
    assert "fast_period 10" in skipped[0]["skip_reason"]
    assert (skipped[0]["metrics"], skipped[0]["objective_score"]) == (None, None)
    scores = {each["variant_id"]: each["objective_score"] for each in found["results"]}
    assert found["best_variant_id"] == max(scores, key=lambda one: scores[one] or -9.0)


def test_a_run_is_the_baseline(console: Console) -> None:
    single = console.json("run", *SMA, "--slippage-bps", 3)
    baseline = sweep(console, *SMA, *GRID, "--slippage-bps", 3)["results"][0]
    assert baseline["metrics"] == single["metrics"]
    ours, theirs = (console.json("trades", "-w", each["workspace_id"]) for each in (baseline, single))
    assert ours == theirs


def test_a_window_is_in_the_plan_and_its_history_is_told(console: Console) -> None:
    window = ("--from", "2011-01-01", "--cut", "2005-01-01", "--to", "2012-12-31")
    single = console.json("run", *SMA, *window)
    found = sweep(console, *SMA, *GRID, *window, "--journal", "summary", "--verify", 9)
    assert found["results"][0]["metrics"] == single["metrics"]
    assert (found["bar_count"], found["history_bars"]) == (single["bars"], single["history_bars"]) == (502, 1511)
    for variant in ("baseline", "best"):
        trades = console.json("plan", "trades", found["run_plan_id"], variant)
        assert min(trade["entry_ts"] for trade in trades) >= "2011-01-03"
    shown = console.json("plan", "show", "last")
    assert (shown["bar_count"], shown["history_bars"]) == (502, 1511)
    told = shown["plan"]["data"]
    assert (told["start"], told["from"], told["to"]) == ("2011-01-01", "2005-01-01", "2012-12-31")
    extents = shown["plan"]["dataset"]
    assert extents["bars"] == {"GOOG": [502, "2011-01-03T00:00:00+00:00", "2012-12-31T00:00:00+00:00"]}
    assert extents["history"] == {"GOOG": [1511, "2005-01-03T00:00:00+00:00", "2010-12-31T00:00:00+00:00"]}
    assert "502 bars after 1,511 of history, sha256" in console.ok("plan", "show", "last").out
    assert "bars         502 after 1,511 of history\n" in console.ok("plan", "run", *SMA, *window).out


def test_results_do_not_depend_on_workers_or_journal(console: Console) -> None:
    def figures(*arguments: object) -> list[Any]:
        found = sweep(console, *SMA, *GRID, *arguments)
        return [{**each, "workspace_id": None} for each in found["results"]]

    one = figures("--workers", 1)
    assert figures("--workers", 2) == one
    assert figures("--journal", "summary", "--workers", 2) == one
    assert figures("--verify", 3) == one


def test_what_is_verified_is_said(console: Console) -> None:
    found = sweep(console, *SMA, *GRID, "--verify", 3)
    assert found["verified"] == 3
    assert "verified     3 variants run again bar by bar, all the same" in console.ok("plan", "show", "last").out
    assert "3 variants run again" in console.ok("plan", "run", *SMA, *GRID, "--verify", 3).out


def test_every_variant_reconciles_and_stays_out_of_the_list(console: Console) -> None:
    found = sweep(console, *SMA, *GRID)
    stored = [each for each in found["results"] if each["workspace_id"]]
    assert len(stored) == len(found["results"]) - 1
    for each in stored:
        report = console.json("reconcile", "--dry-run", "-w", each["workspace_id"])
        assert (report["drift"], report["cash_after"]) == ({}, each["metrics"]["ending_equity"])
    assert [each["name"] for each in console.json("workspace", "list")] == ["default"]


def test_equity_limits_and_fees_of_the_workspace_or_of_another(console: Console, bars: Path) -> None:
    console.ok("workspace", "create", "small", "--starting-equity", 2000)
    console.ok("policy", "set", "-w", "small", "fee_fixed=1", "max_order_notional=500")
    inside = sweep(console, "-w", "small", *lookbacks(bars))
    alike = sweep(console, "--like", "small", *lookbacks(bars))
    for found in (inside, alike):
        assert found["results"][0]["metrics"]["starting_equity"] == 2000.0
        assert found["results"][0]["refusals"] == {"max_order_notional": 2}
    assert inside["fingerprint"] == alike["fingerprint"]
    homes = [console.json("plan", "show", each["run_plan_id"])["workspace_id"] for each in (inside, alike)]
    names = [console.json("workspace", "show", home)["name"] for home in homes]
    assert names == ["small", "default"]


def test_the_leaderboard_at_80_columns(console: Console) -> None:
    out = console.ok("plan", "run", *SMA, *GRID).out
    assert max(map(len, out.splitlines())) <= 80
    assert "8 variants, best first" in out
    assert "variant: entry.fast_period, entry.slow_period" in out
    ranks = [line.split()[0] for line in out.splitlines() if line[:6].strip(" *~").isdigit() and "┤" not in line]
    assert [rank.strip("*~") for rank in ranks] == [str(rank) for rank in range(1, 9)]
    assert ranks[0] == "1*"
    assert "score  return %  CAGR %  max dd %  Sharpe  " in out
    assert "baseline" in out
    assert "1 skipped: the spec's entry is refused" in out
    assert "* best by sharpe_annual" in out
    assert "┌" in out  # the chart
    assert "· · · the baseline, to " in out


def test_the_top_counts_and_keeps_the_baseline(console: Console) -> None:
    out = console.ok("plan", "run", *SMA, *GRID, "--top", 2).out
    assert "The best 2 of 8 variants and the baseline" in out
    board = out.partition("* best by")[0]
    assert [line.split()[0] for line in board.splitlines() if "  baseline  " in line] == ["8"]
    assert "8 variants, best first" in console.ok("plan", "show", "last", "--top", 8).out


def test_variants_dropped_are_told(console: Console) -> None:
    ran = console.ok("plan", "run", *SMA, "--sweep", "entry.fast_period=1:10", "--max-variants", 4)
    assert "4 of 4 succeeded, 8 more are not tried" in ran.out
    assert console.json("plan", "show", "last")["variants_dropped"] == 8


def test_generate_shows_variants_and_writes_nothing(console: Console) -> None:
    found = console.json("plan", "generate", *SMA, *GRID)
    assert (found["n_variants"], found["variants_dropped"], len(found["variants"])) == (9, 0, 9)
    assert list(found["variants"][1]) == ["variant_id", "label", "tags", "overrides", "skip_reason"]
    assert [each["tags"] for each in found["variants"][::8]] == [["baseline"], ["ablation"]]
    out = console.ok("plan", "generate", *SMA, *GRID, "--top", 3).out
    assert "9 variants; nothing was executed" in out
    assert "3 of 9 are shown" in out
    assert console.json("plan", "list") == []
    assert console.json("workspace", "list") == []
    ids = [each["variant_id"] for each in found["variants"]]
    assert ids == [each["variant_id"] for each in sweep(console, *SMA, *GRID)["results"]]


def test_a_huge_sweep_answers(console: Console) -> None:
    huge = [word for name in ("max_positions", "dollars_per_trade") for word in ("--sweep", f"risk.{name}=1:10000")]
    huge += ["--sweep", "entry.lookback_days=1:10000"]
    found = console.json("plan", "generate", "--strategy", "breakout_52w_high", *SMA[2:], *huge)
    assert (found["n_variants"], found["variants_dropped"]) == (1000, 10**12 + 1 + 3 - 3 - 1000)


def test_values_that_are_the_same_are_one(console: Console, bars: Path) -> None:
    found = sweep(console, *breakout(bars), "--sweep", "risk.dollars_per_trade=500,500.0,5e2,700")
    assert [each["label"] for each in found["results"]] == [
        *("baseline", "dollars_per_trade=500", "dollars_per_trade=700", "dollars_per_trade=1000"),
    ]
    bare = sweep(console, *breakout(bars), "--sweep", "risk.dollars_per_trade=500,700", "--no-ablations")
    assert len(bare["results"]) == 3


def test_without_values_the_baseline_runs_alone(console: Console, bars: Path) -> None:
    assert [each["label"] for each in sweep(console, *breakout(bars))["results"]] == ["baseline"]
    assert "the baseline alone" in console.ok("plan", "show", "last").out


def test_the_same_again_is_pointed_out(console: Console, bars: Path) -> None:
    first = sweep(console, *lookbacks(bars))
    again = console.ok("plan", "run", *lookbacks(bars), "--journal", "summary", "--json")
    assert again.document["duplicate_of"] == [first["run_plan_id"]]
    assert (
        f"note: an identical plan was run before, with the same results: run plan {first['run_plan_id']}" in again.err
    )
    assert "note:" not in console.ok("plan", "run", *lookbacks(bars), "--slippage-bps", 1).err
    assert first["run_plan_id"] in console.ok("plan", "show", again.document["run_plan_id"]).out


def test_what_the_data_are_warned_of_is_told_every_time(console: Console, tmp_path: Path) -> None:
    split = write_bars(tmp_path / "split.csv", BARS + "2024-01-11,5,5.5,4.5,5,100\n2024-01-12,5,5.5,4.5,5,100\n")
    for command in ("generate", "run", "run"):
        assert "warning: X: " in console.ok("plan", command, *lookbacks(split)).err
    assert "warning: X: " in console.ok("plan", "show", "last").out
    assert console.ok("plan", "show", "last", "--json").err == ""


def test_the_list(console: Console, bars: Path) -> None:
    assert "no run plans yet" in console.ok("plan", "list").out
    first = sweep(console, *lookbacks(bars))["run_plan_id"]
    second = sweep(console, *lookbacks(bars, "0,2"), "--objective", "return")
    newest, oldest = console.json("plan", "list")
    assert (newest["run_plan_id"], oldest["run_plan_id"]) == (second["run_plan_id"], first)
    assert (newest["status"], newest["strategy_id"], newest["objective"]) == (
        "completed",
        "breakout_52w_high",
        "return",
    )
    counts = [newest[name] for name in ("variants", "done", "failed", "skipped")]
    assert counts == [3, 3, 0, 1]
    assert newest["best_variant_id"] == second["best_variant_id"]
    out = console.ok("plan", "list").out
    assert "3 of 3, 1 skipped" in out
    assert max(map(len, out.splitlines())) <= 100
    assert len(console.json("plan", "list", "--limit", 1)) == 1
    assert console.json("plan", "list", "--status", "interrupted") == []


def test_a_plan_by_its_id_by_the_beginning_of_it_or_as_the_last(console: Console, bars: Path) -> None:
    found = sweep(console, *lookbacks(bars))
    for ref in (found["run_plan_id"], found["run_plan_id"][:13], found["run_plan_id"].upper(), "last"):
        shown = console.json("plan", "show", ref)
        assert shown["run_plan_id"] == found["run_plan_id"]
        assert shown["results"] == found["results"]
    assert shown["plan"]["sweep"] == {"entry.lookback_days": [1, 2, 3]}
    out = console.ok("plan", "show", "last").out
    for told in (
        "completed",
        "entry.lookback_days 1, 2, 3",
        "breakout_52w_high, built in",
        "7 bars",
        "full",
        "bars.csv",
    ):
        assert told in out


@pytest.mark.parametrize(
    "arguments",
    [
        ("show", "01a2"),
        ("show", "last"),
        ("trades", "last", "best"),
        ("resume", "last"),
        ("cancel", "last"),
        ("export", "last", "--to", "x.csv"),
        ("show", "7d715363-2e4a-4288-ac27-ff16b5051ca9"),
        ("show", "\x1b[2J"),
    ],
    ids=str,
)
def test_a_plan_that_is_not_there(console: Console, arguments: tuple[str, ...]) -> None:
    ran = console.run("plan", *arguments, "--json")
    assert (ran.code, ran.document["error_code"]) == (6, "RUN_PLAN_NOT_FOUND")
    assert ran.err.startswith("error RUN_PLAN_NOT_FOUND: ")
    assert "\x1b" not in ran.err
    assert not Path("x.csv").exists()


def test_trades_of_a_variant_from_fills_or_computed_again(console: Console) -> None:
    kept = sweep(console, *SMA, *GRID)
    summary = sweep(console, *SMA, *GRID, "--journal", "summary")
    variant = kept["results"][2]
    stored = console.json("plan", "trades", kept["run_plan_id"], variant["variant_id"])
    again = console.json("plan", "trades", summary["run_plan_id"], variant["variant_id"][:6])
    assert stored == again
    assert len(stored) == variant["metrics"]["trade_count"] > 5
    assert list(stored[0]) == [
        *("symbol", "entry_ts", "exit_ts", "quantity", "entry_price", "exit_price", "fees", "pnl"),
    ]
    best = console.json("plan", "trades", "last", "best")
    assert sum(trade["pnl"] for trade in best) == pytest.approx(
        next(each for each in kept["results"] if each["variant_id"] == kept["best_variant_id"])["metrics"][
            "ending_equity"
        ]
        - 10000
    )
    assert " trades, P&L " in console.ok("plan", "trades", "last", "baseline").out


@pytest.mark.parametrize("variant", ["nobody", "", "0000"])
def test_a_variant_that_is_not_there(console: Console, bars: Path, variant: str) -> None:
    sweep(console, *lookbacks(bars))
    ran = console.run("plan", "trades", "last", variant)
    assert ran.code == 6
    assert ran.err.startswith("error VARIANT_NOT_FOUND: ")


def test_a_skipped_variant_has_no_trades(console: Console, bars: Path) -> None:
    skipped = sweep(console, *lookbacks(bars, "0,2"))["results"][1]
    assert skipped["status"] == "skipped"
    ran = console.run("plan", "trades", "last", skipped["variant_id"])
    assert (ran.code, "it is skipped" in ran.err) == (6, True)


def test_summary_trades_need_the_data_as_they_were(console: Console, bars: Path) -> None:
    sweep(console, *lookbacks(bars), "--journal", "summary")
    write_bars(bars, BARS + "2024-01-11,12,13,12,12.5,100\n")
    ran = console.run("plan", "trades", "last", "best")
    assert (ran.code, ran.err.startswith("error DATASET_CHANGED: ")) == (5, True)
    bars.unlink()
    assert console.run("plan", "trades", "last", "best").code == 6
    assert console.ok("plan", "show", "last").code == 0


def test_export_is_the_result(console: Console, tmp_path: Path) -> None:
    found = sweep(console, *SMA, *GRID)
    for name in ("out.csv", "out.json", "out.parquet"):
        told = console.json("plan", "export", "last", "--to", name)
        assert told == {"success": True, "run_plan_id": found["run_plan_id"], "path": name, "variants": 9}
    exported = json.loads(Path("out.json").read_text())
    assert exported == {name: value for name, value in found.items() if name != "fail_if"}
    rows = rows_of("out.csv")
    assert [row["variant_id"] for row in rows] == [each["variant_id"] for each in found["results"]]
    for row, each in zip(rows, found["results"], strict=True):
        for metric, value in (each["metrics"] or {}).items():
            assert (None if row[metric] == "" else float(row[metric])) == value
    assert "out2.csv written, 9 variants" in console.ok("plan", "export", "last", "--to", "out2.csv").out


def test_export_refuses_what_it_must(console: Console, bars: Path) -> None:
    sweep(console, *lookbacks(bars))
    before = bars.read_bytes()
    ran = console.run("plan", "export", "last", "--to", bars)
    assert (ran.code, ran.err.startswith("error FILE_EXISTS: ")) == (4, True)
    assert bars.read_bytes() == before
    console.ok("plan", "export", "last", "--to", bars, "--force")
    assert bars.read_text().startswith("variant_id,label,tags,entry.lookback_days,status")
    ran = console.run("plan", "export", "last", "--to", "sweep.xlsx")
    assert (ran.code, "error USAGE: --to sweep.xlsx ends in .xlsx" in ran.err) == (2, True)
    assert console.run("plan", "export", "last", "--to", "absent/out.csv").code == 6
    assert console.run("plan", "export", "last").code == 2


def test_a_variant_that_fails_does_not_stop_the_others(console: Console, tmp_path: Path) -> None:
    flags = probe(tmp_path, d2="fail")
    found = sweep(console, *flags, "--sweep", "entry.days=2,3", "--no-ablations")
    statuses = {each["label"]: each["status"] for each in found["results"]}
    assert statuses == {"baseline": "succeeded", "days=2": "failed", "days=3": "succeeded"}
    failed = found["results"][1]
    assert "RuntimeError: no signals for 2" in failed["error"]
    assert (failed["metrics"], failed["workspace_id"]) == (None, None)
    out = console.ok("plan", "show", "last").out
    assert "1 failed: the strategy probe failed" in out
    assert "no signals for 2\\nand a second line" in " ".join(out.split())
    assert "3 of 3, 1 failed" in out


def test_when_none_succeeds_the_exit_is_1(console: Console, tmp_path: Path) -> None:
    flags = probe(tmp_path, d1="fail", d2="fail")
    values = ("--no-ablations", "--sweep", "entry.days=2", "--sweep", "exit.stop_loss_pct=0,5")
    ran = console.run("plan", "run", *flags, *values, "--json")
    assert ran.code == 1
    assert ran.document["best_variant_id"] is None
    assert (ran.document["success"], ran.document["error_code"]) == (False, "NO_VARIANT_SUCCEEDED")
    assert ran.document["error"].endswith("no variant succeeded: 2 failed, 1 skipped")
    assert ran.err.splitlines()[-1] == (
        f"error NO_VARIANT_SUCCEEDED: {ran.document['error']};"
        f" `papertape plan show {ran.document['run_plan_id']}` shows all of it"
    )
    shown = console.run("plan", "run", *flags, "--sweep", "entry.days=2")
    assert (shown.code, "no variant succeeded: 3 failed" in shown.err) == (1, True)
    assert "2 failed: the strategy probe failed" in shown.out  # the baseline, and the ablation that is its like
    assert "best         none has a score" in console.ok("plan", "show", "last").out


def test_hostile_labels_are_text_everywhere(console: Console, tmp_path: Path) -> None:
    words = "=1+1,@SUM(A1),[@click=app.quit]x[/],\x1b[2J\x1b]0;t\x07,\u202egnp"
    found = sweep(console, *probe(tmp_path), "--sweep", f"entry.word={words}")
    assert [each["overrides"]["entry.word"] for each in found["results"][1:6]] == words.split(",")
    for out in (
        console.ok("plan", "show", "last").out,
        console.ok("plan", "generate", *probe(tmp_path), "--sweep", f"entry.word={words}").out,
    ):
        assert "\x1b" not in out
        assert "\u202e" not in out
        assert "[@click=app.quit]x[/]" in out
    console.ok("plan", "export", "last", "--to", "out.csv")
    rows = rows_of("out.csv")
    assert [row["entry.word"] for row in rows[1:4]] == ["'=1+1", "'@SUM(A1)", "[@click=app.quit]x[/]"]


WRONG: list[tuple[tuple[str, ...], int, str, str]] = [
    (("--sweep", "entry.lookback_dys=2"), 5, "INVALID_SPEC", "did you mean entry.lookback_days?"),
    (("--sweep", "lookback_days=2"), 5, "INVALID_SPEC", "did you mean entry.lookback_days?"),
    (("--sweep", "strategy_id=sma_cross"), 5, "INVALID_SPEC", "strategy_id"),
    (("--sweep", "entry.lookback_days=soon"), 5, "INVALID_SPEC", "'soon' is not of the type int"),
    (("--sweep", "entry.lookback_days=2.5"), 5, "INVALID_SPEC", "'2.5'"),
    (("--sweep", "risk.dollars_per_trade=nan"), 5, "INVALID_SPEC", "nan is not a finite number"),
    (("--sweep", "risk.dollars_per_trade=1,inf"), 5, "INVALID_SPEC", "inf is not a finite number"),
    (("--sweep", "entry.lookback_days="), 2, "USAGE", "a value is missing"),
    (("--sweep", "entry.lookback_days"), 2, "USAGE", "does not name a parameter"),
    (("--sweep", "entry.lookback_days=1", "--sweep", "entry.lookback_days=2"), 2, "USAGE", "twice"),
    (("--sweep", "entry.lookback_days=9:1"), 2, "USAGE", "never reaches its end"),
    (("--sweep",), 2, "USAGE", "--sweep"),
    (("--max-variants", "0"), 2, "USAGE", "--max-variants"),
    (("--workers", "0"), 2, "USAGE", "--workers"),
    (("--verify", "-1"), 2, "USAGE", "--verify"),
    (("--top", "0"), 2, "USAGE", "--top"),
    (("--objective", "luck"), 2, "USAGE", "--objective"),
    (("--journal", "none"), 2, "USAGE", "--journal"),
    (("--slippage-bps", "-1"), 5, "INVALID_SPEC", "slippage"),
    (("--slippage-bps", "much"), 2, "USAGE", "--slippage-bps"),
    (("--like", "nobody"), 6, "WORKSPACE_NOT_FOUND", "nobody"),
    (("-w", "nobody"), 6, "WORKSPACE_NOT_FOUND", "nobody"),
    (("--fail-if", "best.retrun_pct < 0"), 2, "USAGE", "did you mean best.return_pct?"),
    (("--fail-if", "best.return_pct"), 2, "USAGE", "not a condition"),
    (("--fail-if", ""), 2, "USAGE", "--fail-if"),
    (("--session-tz", "Mars"), 5, "INVALID_TIME", "Mars"),
]


@pytest.mark.parametrize(
    ("wrong", "code", "error", "place"), WRONG, ids=lambda each: " ".join(each) if isinstance(each, tuple) else ""
)
def test_what_is_wrong_is_refused_and_nothing_written(
    console: Console, bars: Path, wrong: tuple[str, ...], code: int, error: str, place: str
) -> None:
    console.ok("workspace", "create", "default")
    before = contents(console.db)
    ran = console.run("plan", "run", *breakout(bars), *wrong, "--json")
    assert (ran.code, ran.document["error_code"]) == (code, error), ran
    assert place in ran.err
    assert contents(console.db) == before


def test_broken_data_and_no_spec(console: Console, tmp_path: Path) -> None:
    empty = write_bars(tmp_path / "empty.csv", "")
    for command in ("run", "generate"):
        assert console.run("plan", command, *breakout(empty)).err.startswith("error INVALID_DATA: ")
        assert console.run("plan", command, "--data", empty).code == 2
    assert console.json("plan", "list") == []


FAILING: list[tuple[str, int, str]] = [
    ("best.return_pct < -99", 0, ""),
    ("best.return_pct > -99", 1, "--fail-if 'best.return_pct > -99' is true: best.return_pct is "),
    ("baseline.trade_count < 100 and best.objective_score > -9", 1, "is true: baseline.trade_count is 2, best."),
    ("best.return_pct < baseline.return_pct", 0, ""),
    ("baseline.profit_factor < 1", 1, "cannot be told: baseline.profit_factor has no value"),
    ("baseline.trade_count > 99 and baseline.profit_factor < 1", 0, ""),
]


@pytest.mark.parametrize(("condition", "code", "told"), FAILING, ids=[each[0] for each in FAILING])
def test_fail_if(console: Console, bars: Path, condition: str, code: int, told: str) -> None:
    rising = (
        "--strategy",
        "breakout_52w_high",
        "--symbol",
        "X",
        "--set",
        "entry.lookback_days=2",
        "--data",
        f"X={bars}",
    )
    steady = (*rising, "--set", "exit.type=none", "--set", "exit.max_bars=1", "--sweep", "entry.lookback_days=1,3")
    write_bars(bars, RISING)
    ran = console.run("plan", "run", *steady, "--fail-if", condition, "--json")
    assert ran.code == code, ran
    assert told in ran.err
    assert ran.document["status"] == "completed"
    assert ran.document["fail_if"]["condition"] == condition
    assert ran.document.get("error_code") == ("FAIL_IF_HOLDS" if code else None)
    assert ran.err.count("error FAIL_IF_HOLDS: ") == code
    assert (ran.document["fail_if"]["holds"] is False) == (code == 0)
    shown = console.run("plan", "run", *steady, "--fail-if", condition)
    assert (shown.code, "best first" in shown.out) == (code, True)


RISING = """ts,open,high,low,close,volume
2024-01-02,10,10.5,9,10,100
2024-01-03,10,10.5,9.5,10.25,100
2024-01-04,10.25,11.25,10,11,100
2024-01-05,11,11.25,10.5,11.25,100
2024-01-08,11.25,12.25,11,12,100
2024-01-09,12,12.5,11.5,12.25,100
2024-01-10,12.25,13,12,12.75,100
"""


def test_the_plan_is_in_the_journal_whole(console: Console, bars: Path) -> None:
    found = sweep(console, *lookbacks(bars), "--journal", "summary")
    kinds = [each["event_type"] for each in console.journal() if each["event_type"].startswith("RUN_")]
    assert kinds == ["RUN_STARTED", *["RUN_VARIANT_COMPLETED"] * len(found["results"]), "RUN_COMPLETED"]
    with closing(sqlite3.connect(console.db)) as connection:
        (events,) = connection.execute("SELECT count(*) FROM trade_events WHERE event_type = 'ORDER_FILLED'").fetchone()
    assert events == 0


def test_a_plan_shows_its_events_and_who_stopped_it(console: Console, bars: Path) -> None:
    result = sweep(console, *lookbacks(bars))
    shown = console.json("plan", "show", "last")
    kinds = [event["event_type"] for event in shown["events"]]
    assert kinds == ["RUN_STARTED", *["RUN_VARIANT_COMPLETED"] * len(result["results"]), "RUN_COMPLETED"]
    assert shown["events"][0]["payload"]["owner"]["pid"]
    assert "history" not in console.ok("plan", "show", "last").out, "a start and an end are told already"


LARGE = {"exit.take_profit_pct": "1e308", "risk.dollars_per_trade": "1e308"}


@pytest.mark.parametrize("path", LARGE)
def test_a_run_with_an_enormous_value_is_the_baseline_too(console: Console, bars: Path, path: str) -> None:
    """A target that overflows can never be met; dollars that buy more than can be counted are refused by the broker."""
    spec = (*lookbacks(bars)[:-2], "--set", f"{path}={LARGE[path]}")
    (baseline,) = console.json("plan", "run", *spec)["results"]
    run = console.json("run", *spec)
    assert run["metrics"] == baseline["metrics"]
    assert (run["rejected"] > 0) == (path == "risk.dollars_per_trade")
    assert sum(baseline["refusals"].values()) == run["rejected"]
