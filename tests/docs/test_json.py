"""The page of JSON documents against what the commands print."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from tests.docs.pages import codes, section, tables, text_of
from tui.commands.app import run_command

PAGE = text_of("reference/json.md")
AAPL = ["--symbol", "AAPL", "--data", "sample:AAPL"]
RUN = ["run", "--strategy", "breakout_52w_high", *AAPL]
BUY = ["execute", "--action", "OPEN_LONG", "--symbol", "IBM", "--fill-price", "100", "--quantity"]
REFUSED, CONFLICT, INVALID = 3, 4, 5

Print = Callable[..., Any]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    room = tmp_path_factory.mktemp("home")
    return {"HOME": str(room), "XDG_DATA_HOME": f"{room}/data", "XDG_CONFIG_HOME": f"{room}/config"}


@pytest.fixture
def printed(home: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Print:
    """What a command prints with --json; the data of one module's tests stay where they are."""
    for name, value in home.items():
        monkeypatch.setenv(name, value)

    def call(*arguments: str, code: int = 0) -> Any:
        assert run_command([*arguments, "--json"]) == code
        return json.loads(capsys.readouterr().out)

    return call


def is_time(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+\+00:00", value) is not None


def is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


KINDS: dict[str, Callable[[Any], bool]] = {
    "text": lambda value: isinstance(value, str),
    "id": lambda value: str(UUID(value)) == value,
    "time": is_time,
    "date": lambda value: isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value) is not None,
    "number": is_number,
    "integer": lambda value: is_number(value) and isinstance(value, int),
    "boolean": lambda value: isinstance(value, bool),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
    "null": lambda value: value is None,
}


def fields(heading: str) -> dict[str, str]:
    """The fields of a document with their types, as the page has them."""
    (table,) = tables(section(PAGE, f"## {heading}"))
    return {codes(row[0])[0]: row[1] for row in table[1:]}


def fits(document: Any, heading: str) -> None:
    """Every field is on the page, and nothing else; every value is of the type that the page says."""
    expected = fields(heading)
    assert list(document) == list(expected)
    for name, kinds in expected.items():
        assert any(KINDS[kind](document[name]) for kind in kinds.split(" or ")), (name, kinds, document[name])


def named_in(heading: str, field: str, item: dict[str, Any]) -> None:
    """The fields of an array's items are named where the array is explained."""
    (table,) = tables(section(PAGE, f"## {heading}"))
    meaning = next(row[2] for row in table[1:] if codes(row[0]) == [field])
    assert set(item) <= set(codes(meaning))


def test_an_account(printed: Print) -> None:
    fits(printed("workspace", "create", "books"), "Workspace")
    assert printed("workspace", "show", "books") == printed("workspace", "list")[0]
    fits(printed("trading-state", "REDUCING", "-w", "books"), "Workspace")
    fits(printed("state", "-w", "books"), "State")
    fits(printed("policy", "show", "-w", "books"), "Policy")
    limits = ("allow_symbols=AAPL,IBM", "max_positions=3", "fee_bps=5", "max_daily_loss=100", "session_tz=Europe/Paris")
    fits(printed("policy", "set", "-w", "books", *limits), "Policy")


def test_trading_by_hand(printed: Print) -> None:
    printed("workspace", "create", "hand")
    fits(printed(*BUY, "2", "-w", "hand"), "Execution")
    fits(printed("mark", "IBM", "110", "-w", "hand"), "State")
    state = printed("state", "-w", "hand")
    fits(state, "State")
    (position,) = printed("positions", "-w", "hand")
    fits(position, "Position")
    assert state["positions"] == {"IBM": position}
    fits(printed("reconcile", "--dry-run", "-w", "hand"), "Reconciliation")
    fits(printed("reset", "--yes", "-w", "hand"), "State")
    report = printed("reconcile", "-w", "hand")
    fits(report, "Reconciliation")
    assert report["drift"]["cash"] == [10_000.0, 9_800.0]


def test_a_run(printed: Print) -> None:
    run = printed(*RUN)
    fits(run, "Run")
    fits(run["metrics"], "Metrics")
    world = run["workspace_id"]
    for trade in printed("trades", "-w", world):
        fits(trade, "Trade")
    points = printed("equity", "-w", world)
    for point in points:
        fits(point, "Equity point")
    assert len(points) == run["metrics"]["trade_count"] + 1


def test_an_account_that_trades_on(printed: Print) -> None:
    printed("workspace", "create", "onward")
    run = printed(*RUN, "-w", "onward")
    fits(run, "Run")
    fits(run["benchmark"], "Buying and holding")
    points = printed("equity", "-w", "onward", "--by-session")
    for point in points:
        fits(point, "Session point")
    assert points[-1]["equity"] == printed("state", "-w", "onward")["equity"]
    assert printed("equity", "--by-session") == []


def test_a_sweep(printed: Print, tmp_path: Path) -> None:
    sma = ["--strategy", "sma_cross", *AAPL, "--sweep", "entry.fast_period=10,60"]
    generated = printed("plan", "generate", *sma)
    fits(generated, "Variants")
    named_in("Variants", "variants", generated["variants"][0])

    run = printed("plan", "run", *sma, "--fail-if", "best.trade_count < 0")
    fits(run, "Run plan")
    named_in("Run plan", "fail_if", run["fail_if"])
    assert {each["status"] for each in run["results"]} == {"succeeded", "skipped"}
    for each in run["results"]:
        fits(each, "Variant")
    fits(run["results"][0]["metrics"], "Metrics")
    for trade in printed("plan", "trades", "last", "best"):
        fits(trade, "Trade")

    fits(printed("plan", "list")[0], "Run plan summary")
    detail = printed("plan", "show", run["run_plan_id"])
    fits(detail, "Run plan detail")
    assert detail["results"] == run["results"]
    assert (detail["holdout"], detail["walk_forward"]) == (None, None)
    assert detail["noise"] is None
    noise = printed("plan", "noise", "last", "--draws", "2", "--fail-if", "plan.p_noise < 0")
    fits(noise, "Noise test")
    run["noise"] = printed("plan", "show", "last")["noise"]
    fits(run["noise"], "Noise")
    assert run["noise"] == {name: noise[name] for name in run["noise"]}
    file = tmp_path / "sweep.json"
    fits(printed("plan", "export", "last", "--to", str(file)), "Export")
    assert json.loads(file.read_text()) == {name: run[name] for name in run if name != "fail_if"}
    fits(printed("plan", "report", "last", "--to", str(tmp_path / "plan.md")), "Report of a run plan")
    fits(printed("report", "--to", str(tmp_path / "account.md")), "Report of an account")


def test_out_of_sample(printed: Print, tmp_path: Path) -> None:
    sma = ["--strategy", "sma_cross", *AAPL, "--sweep", "entry.fast_period=10,30", "--journal", "summary"]
    run = printed("plan", "run", *sma, "--holdout", "20%", "--walk-forward", "train=1000,test=250")
    fits(run["holdout"], "Holdout")
    fits(run["walk_forward"], "Walk-forward")
    named_in("Walk-forward", "folds", run["walk_forward"]["folds"][0])
    for values in run["walk_forward"]["chosen"].values():
        named_in("Walk-forward", "chosen", values[0])
    opened = printed("plan", "open", "last", "--fail-if", "holdout.trade_count < 0")
    fits(opened, "Run plan")
    fits(opened["holdout"], "Holdout")
    fits(opened["holdout"]["best"], "Metrics")
    shown = printed("plan", "show", "last")
    assert {name: shown[name] for name in ("holdout", "walk_forward", "statistics")} == {
        name: opened[name] for name in ("holdout", "walk_forward", "statistics")
    }
    file = tmp_path / "opened.json"
    printed("plan", "export", "last", "--to", str(file))
    assert json.loads(file.read_text())["holdout"] == opened["holdout"]


def test_what_was_tried(printed: Print) -> None:
    printed(*RUN)
    fits(printed("trials")[-1], "Trial")


def test_a_sweep_that_was_stopped(printed: Print, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("tui.commands.progress.Watched.stopped", lambda watch: watch._what == "running the sweep")
        stopped = printed("plan", *RUN, code=1)
    assert set(stopped) == {*fields("Failure"), *fields("Run plan")}
    assert (stopped["error_code"], stopped["status"]) == ("CANCELLED", "cancelled")
    fits(printed("plan", "cancel", "last"), "Run plan cancelled")
    fits(printed("plan", "resume", "last"), "Run plan")
    with monkeypatch.context() as patch:
        patch.setattr("tui.commands.progress.Watched.stopped", lambda watch: watch._what == "running on shuffled bars")
        stopped = printed("plan", "noise", "last", code=1)
    assert set(stopped) == {*fields("Failure"), *fields("Noise test")}
    assert (stopped["error_code"], stopped["p_noise"]) == ("CANCELLED", None)


def test_an_evaluation(printed: Print) -> None:
    evaluate = ["evaluate", "--strategy", "breakout_52w_high", *AAPL]
    for at in ("2012-09-17", "2013-03-01"):
        evaluation = printed(*evaluate, "--at", at)
        fits(evaluation, "Evaluation")


def test_strategies(printed: Print, tmp_path: Path) -> None:
    shown = printed("strategy", "show", "sma_cross")
    fits(shown, "Strategy")
    assert {name: shown[name] for name in shown if name != "parameters"} in printed("strategy", "list")
    named_in("Strategy", "parameters", shown["parameters"][0])

    file = tmp_path / "mine.py"
    fits(printed("strategy", "new", "mine", "--to", str(file)), "Strategy file")
    fits(printed("strategy", "check", str(file), "--data", "sample:IBM"), "Strategy check")
    file.write_text(file.read_text().replace("bars.close > highest", "np.roll(bars.close, -1) > highest"))
    failed = printed("strategy", "check", str(file), "--data", "sample:IBM", code=INVALID)
    assert failed["error_code"] == "STRATEGY_LOOKS_AHEAD"
    assert set(failed) == {*fields("Failure"), *fields("Strategy check")}
    named_in("Strategy check", "findings", failed["findings"][0])


def test_the_rest(printed: Print, tmp_path: Path) -> None:
    fits(printed("spec", "new"), "Spec file")
    fits(printed("spec", "new", "--to", str(tmp_path / "spec.toml")), "Spec file")
    report = printed("data", "check", "sample:IBM")
    fits(report, "Data report")
    named_in("Data report", "symbols", report["symbols"][0])
    fits(printed("doctor"), "Doctor")


def test_an_import(printed: Print, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("Date,Open,High,Low,Close,Volume\n2020-01-02,1,1,1,1,\n2020-01-03,1,1,1,1,\n")
    made = printed("data", "import", str(tmp_path / "a.csv"), "--to", str(tmp_path / "b.csv"), "--dry-run")
    fits(made, "Import")
    named_in("Import", "symbols", made["symbols"][0])
    named_in("Import", "files", made["files"][0])
    assert list(made["files"][0]["changed"][0]) == ["count", "unit", "what", "first_row"]


def test_the_demo(printed: Print) -> None:
    demo = printed("demo")
    fits(demo, "Demo")
    fits(demo["workspace"], "Workspace")
    fits(demo["state"], "State")
    fits(demo["reconcile"], "Reconciliation")
    named_in("Demo", "runs", demo["runs"][0])
    named_in("Demo", "sweeps", demo["sweeps"][0])
    named_in("Demo", "incidents", demo["incidents"])
    fits(demo["runs"][0]["metrics"], "Metrics")


def test_failures(printed: Print, tmp_path: Path) -> None:
    printed("workspace", "create", "wrong")
    plain = fields("Failure")
    missing = printed("state", "-w", "nobody", code=6)
    assert list(missing) == list(plain)

    order = (*BUY, "1", "-w", "wrong", "--intent-id", "0d4b7a52-5d0c-4f5b-9a53-0f4d6f1f6a01")
    first = printed(*order)
    again = printed(*order, code=CONFLICT)
    assert again["first_order"] == {"order_id": first["order_id"], "correlation_id": first["correlation_id"]}
    unfilled = {*plain, *fields("Execution")} - {"policy"}
    assert set(again) == {*unfilled, "first_order"}
    closing = (
        "execute",
        "--action",
        "CLOSE_LONG",
        "--symbol",
        "X",
        "--quantity",
        "1",
        "--fill-price",
        "1",
        "-w",
        "wrong",
    )
    assert set(printed(*closing, "-w", "wrong", code=INVALID)) == unfilled

    refused = printed(*BUY, "1000", "-w", "wrong", code=REFUSED)
    assert set(refused) == set(plain) | set(fields("Execution"))
    assert (refused["success"], refused["error_code"]) == (False, "POLICY_REJECTED")

    broken = tmp_path / "broken.csv"
    broken.write_text("ts,open\n")
    invalid = printed("data", "check", str(broken), code=INVALID)
    assert set(invalid) == {*plain, "faults", "fault_count"}
