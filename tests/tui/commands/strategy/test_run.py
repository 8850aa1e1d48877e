"""`run` and `evaluate`: closed worlds, accounts that go on, and where a spec and its data come from."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.tui.console import BARS, BREAKOUT, Console, breakout, goog, write_bars

SMA_GOOG = ("--strategy", "sma_cross", "--symbol", "GOOG", "--data", "sample:GOOG")


@pytest.fixture
def bars(tmp_path: Path) -> Path:
    return write_bars(tmp_path / "bars.csv")


def run_json(console: Console, *arguments: object) -> dict[str, object]:
    document = console.json("run", *arguments)
    assert isinstance(document, dict)
    return document


def words(out: str) -> str:
    """What was printed, with a space between any two words."""
    return " ".join(out.split())


def test_a_closed_world_is_the_same_every_time(console: Console, bars: Path) -> None:
    one, two = run_json(console, *breakout(bars)), run_json(console, *breakout(bars))
    assert one.pop("workspace_id") != two.pop("workspace_id")
    assert one == two
    assert (one["bars"], one["intents"], one["fills"], one["rejected"]) == (7, 4, 4, 0)


def test_a_closed_world_is_stored_but_not_listed(console: Console, bars: Path) -> None:
    found = run_json(console, *breakout(bars))
    assert console.json("workspace", "list") == []
    assert len(console.json("trades", "-w", found["workspace_id"])) == 2
    assert console.json("reconcile", "-w", found["workspace_id"])["drift"] == {}


def test_the_variable_does_not_make_a_run_onward(console: Console, bars: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    console.ok("workspace", "create", "mine", "--starting-equity", 5000)
    monkeypatch.setenv("PAPERTAPE_WORKSPACE", "mine")
    found = run_json(console, *breakout(bars))
    assert console.json("trades") == []
    assert found["metrics"]["starting_equity"] == 5000.0  # type: ignore[index]  # the model is the workspace meant


def test_the_flag_makes_it_so_and_before_the_command_too(console: Console, bars: Path) -> None:
    console.ok("workspace", "create", "mine")
    first = console.json("-w", "mine", "run", *breakout(bars))
    assert first["workspace_id"] == console.json("workspace", "show", "mine")["id"]
    again = run_json(console, "-w", "mine", *breakout(bars))
    assert (again["intents"], again["fills"]) == (0, 0)
    assert again["metrics"] == first["metrics"]


def test_onward_adds_only_what_is_new(console: Console, tmp_path: Path) -> None:
    lines = BARS.splitlines(keepends=True)
    part, whole = write_bars(tmp_path / "part.csv", "".join(lines[:5])), write_bars(tmp_path / "whole.csv")
    for name, files in (("grown", (part, whole)), ("at-once", (whole,))):
        console.ok("workspace", "create", name)
        for file in files:
            console.ok("run", "-w", name, *breakout(file))
    grown, at_once = console.json("trades", "-w", "grown"), console.json("trades", "-w", "at-once")
    assert grown == at_once
    assert console.json("reconcile", "-w", "grown")["drift"] == {}


def test_like_takes_equity_limits_and_fees(console: Console, bars: Path) -> None:
    console.ok("workspace", "create", "model", "--starting-equity", 2000)
    console.ok("policy", "set", "-w", "model", "fee_fixed=1", "max_order_notional=500")
    found = run_json(console, "--like", "model", *breakout(bars))
    assert found["metrics"]["starting_equity"] == 2000.0  # type: ignore[index]
    assert (found["fills"], found["rejected"]) == (0, 2)


def test_the_session_zone_of_a_closed_world(console: Console, bars: Path) -> None:
    def zone_of(*arguments: object) -> str:
        found = run_json(console, *arguments, *breakout(bars))
        return str(console.json("policy", "show", "-w", found["workspace_id"])["session_tz"])

    console.ok("policy", "set", "session_tz=Asia/Tokyo")
    assert zone_of() == "Asia/Tokyo"
    assert zone_of("--session-tz", "America/New_York") == "America/New_York"


def test_a_backtest_ends_with_what_it_is_worth_and_counts_the_tries(console: Console) -> None:
    documents = [run_json(console, *SMA_GOOG, "--set", f"entry.fast_period={fast}") for fast in (5, 10, 5)]
    told = [str(document["because"]) for document in documents]
    assert all(one.startswith("Too few trades to tell skill from luck: ") for one in told)
    tries = [one.rpartition("after ")[2] for one in told]
    assert tries == ["1 try on these data.", "2 tries on these data.", "2 tries on these data."]
    metrics = documents[0]["metrics"]
    assert f"{metrics['alpha_annual_pct']:+.2f} % a year beyond what the market gave" in told[0]  # type: ignore[index]
    out = console.ok("run", *SMA_GOOG).out
    assert "after 3 tries on these data." in words(out)
    assert max(map(len, out.splitlines())) <= 80


def test_a_backtest_stands_beside_buying_and_holding(console: Console) -> None:
    swept = console.json("plan", "run", *SMA_GOOG)
    found = run_json(console, *SMA_GOOG)
    assert found["benchmark"] == swept["benchmark"]
    assert found["benchmark"]["return_pct"] > 0  # type: ignore[index]
    out = console.ok("run", *SMA_GOOG).out
    names = [line.split("  ")[0] for line in out.splitlines()]
    order = ["return", "growth a year", "Sharpe, annual", "max drawdown", "exposure", "trades", "holding"]
    assert [name for name in names if name in order] == order


def test_a_forward_run_says_what_its_account_is_worth(console: Console) -> None:
    """Of all that the account kept, also where this run finds nothing new; on the sessions that a backtest has."""
    console.ok("workspace", "create", "mine")
    backtest, found = run_json(console, *SMA_GOOG), run_json(console, "-w", "mine", *SMA_GOOG)
    assert found["benchmark"] == backtest["benchmark"]
    assert isinstance(found["metrics"]["sharpe_annual"], float)  # type: ignore[index]
    assert "on these data." in str(found["because"])
    again = run_json(console, "-w", "mine", *SMA_GOOG)
    assert [again[name] for name in ("metrics", "benchmark", "because")] == [
        found[name] for name in ("metrics", "benchmark", "because")
    ]
    out = console.ok("run", "-w", "mine", *SMA_GOOG).out
    assert str(found["because"]) in words(out)
    assert {"Sharpe, annual", "max drawdown", "holding"} <= {line.split("  ")[0] for line in out.splitlines()}


def test_slippage_costs(console: Console, bars: Path) -> None:
    free, dear = run_json(console, *breakout(bars)), run_json(console, *breakout(bars), "--slippage-bps", 50)
    assert dear["metrics"]["ending_equity"] < free["metrics"]["ending_equity"]  # type: ignore[index]


EIGHT_DAYS = """date,open,high,low,close,volume
2024-01-02,100,101,99,100.5,10
2024-01-03,101,102,100,101.5,10
2024-01-04,102,103,101,102.5,10
2024-01-05,103,104,102,103.5,10
2024-01-08,104,105,103,104.5,10
2024-01-09,105,106,104,105.5,10
2024-01-10,106,107,105,106.5,10
2024-01-11,107,108,106,107.5,10
"""


def trades_of(console: Console, bars: Path, *options: str) -> list[tuple[str, float, str, float]]:
    """Days and prices in and out."""
    found = run_json(console, *breakout(bars), *options)
    trades = console.json("trades", "-w", found["workspace_id"])
    return [(t["entry_ts"][8:10], t["entry_price"], t["exit_ts"][8:10], t["exit_price"]) for t in trades]


def test_from_trades_on_its_first_day_with_earlier_bars_as_history(console: Console, tmp_path: Path) -> None:
    """The trades of the whole file from that day on; a cut needs two days first."""
    bars = write_bars(tmp_path / "x.csv", EIGHT_DAYS)
    later = [("08", 104.5, "09", 105.5), ("10", 106.5, "11", 107.5)]
    assert trades_of(console, bars) == [("04", 102.5, "05", 103.5), *later]
    assert trades_of(console, bars, "--from", "2024-01-08") == later
    assert trades_of(console, bars, "--from", "2024-01-09", "--to", "2024-01-10") == [("09", 105.5, "10", 106.5)]
    assert trades_of(console, bars, "--cut", "2024-01-08") == later[1:]
    assert trades_of(console, bars, "--cut", "2024-01-04", "--from", "2024-01-08") == later
    assert trades_of(console, bars, "--cut", "2024-01-05", "--from", "2024-01-08") == [("09", 105.5, "10", 106.5)]


def test_a_run_says_how_many_bars_are_history(console: Console, bars: Path) -> None:
    window = ("--from", "2024-01-05", "--to", "2024-01-09")
    found = run_json(console, *breakout(bars), *window)
    assert (found["bars"], found["history_bars"]) == (3, 3)
    assert "bars 3 after 3 of history" in words(console.ok("run", *breakout(bars), *window).out)
    found = run_json(console, *breakout(bars), "--cut", "2024-01-05", "--to", "2024-01-09")
    assert (found["bars"], found["history_bars"]) == (3, 0)
    assert "bars 7 this run" in words(console.ok("run", *breakout(bars)).out)


def test_an_account_that_trades_on_from_a_day(console: Console, bars: Path) -> None:
    console.ok("workspace", "create", "mine")
    found = run_json(console, "-w", "mine", *breakout(bars), "--from", "2024-01-08")
    assert (found["bars"], found["history_bars"], found["fills"]) == (3, 4, 3)
    (trade,) = console.json("trades", "-w", "mine")
    assert trade["entry_ts"] == "2024-01-08T00:00:00+00:00"
    assert run_json(console, "-w", "mine", *breakout(bars), "--from", "2024-01-08")["intents"] == 0


def test_from_changes_no_evaluation(console: Console, bars: Path) -> None:
    whole = console.json("evaluate", *breakout(bars))
    assert whole["signals"] == ["breakout_entry"]
    assert console.json("evaluate", *breakout(bars), "--from", "2024-01-10") == whole
    cut = console.json("evaluate", *breakout(bars), "--cut", "2024-01-09")
    assert cut["signals"] == ["lookback_partial_1_of_2"]


def test_a_spec_file_and_flags_are_one_spec(console: Console, tmp_path: Path, bars: Path) -> None:
    spec = {"strategy_id": "breakout_52w_high", "symbols": ["X"], "entry": {"lookback_days": 2}}
    (tmp_path / "spec.json").write_text(json.dumps(spec))
    console.ok("spec", "new", "--to", "spec.toml", "--symbol", "X")
    text = (tmp_path / "spec.toml").read_text().replace("lookback_days = 252", "lookback_days = 2")
    (tmp_path / "spec.toml").write_text(text)
    by_flags = run_json(console, *breakout(bars))["metrics"]
    for name in ("spec.json", "spec.toml"):
        assert run_json(console, "--spec", name, "--data", f"X={bars}")["metrics"] == by_flags


def test_a_lone_symbol_names_a_file_without_one(console: Console, bars: Path) -> None:
    assert run_json(console, *BREAKOUT, "--data", bars)["bars"] == 7


def test_several_files(console: Console) -> None:
    found = run_json(
        console,
        *("--strategy", "sma_cross", "--symbol", "GOOG", "--symbol", "IBM"),
        *("--data", goog(), "--data", "sample:IBM"),
    )
    assert found["bars"] == 2148 + 3270


def test_a_strategy_of_ones_own(console: Console, bars: Path) -> None:
    console.ok("strategy", "new", "dip")
    ran = console.ok("run", "--strategy", "dip.py:Dip", "--symbol", "GOOG", "--data", "sample:GOOG")
    assert "note: dip.py:Dip is a program and runs with your rights" in ran.err
    assert "filled" in ran.out
    assert console.ok("run", "--strategy", "dip.py", "--symbol", "X", "--data", f"X={bars}").code == 0


def test_warnings_are_told_at_every_run(console: Console) -> None:
    arguments = ("--strategy", "sma_cross", "--symbol", "AAPL", "--data", "sample:AAPL")
    for command in ("run", "evaluate"):
        assert console.ok(command, *arguments).err.count("warning: AAPL: ") == 3


def test_what_a_run_prints(console: Console) -> None:
    out = words(console.ok("run", *SMA_GOOG).out)
    for told in (
        "bars 2,148",
        "40 intents, 40 filled, 0 refused",
        "Sharpe, annual 0.",
        "Sharpe, per trade 0.",
        "probabilistic Sharpe ratio 9",
        "papertape trades -w",
    ):
        assert told in out
    onward = console.ok("run", "-w", "default", *SMA_GOOG).out
    assert "papertape equity -w default" in onward


def test_evaluate_writes_nothing(console: Console, bars: Path) -> None:
    found = console.json("evaluate", *breakout(bars), "--at", "2024-01-08")
    assert found["signals"] == ["breakout_entry"]
    assert found["ts"] == "2024-01-08T00:00:00+00:00"
    assert found["intents"][0]["action"] == "OPEN_LONG"
    assert console.json("workspace", "list") == []
    out = console.ok("evaluate", *breakout(bars), "--at", "2024-01-08").out
    assert "would OPEN_LONG 83.33333333 X at 12.00: breakout_entry" in out


def test_evaluate_knows_what_is_held(console: Console, bars: Path) -> None:
    assert "no intent" in console.ok("evaluate", *breakout(bars), "--at", "2024-01-05").out
    console.buy("X", 3, 12)
    found = console.json("evaluate", *breakout(bars), "--at", "2024-01-05")
    assert [intent["action"] for intent in found["intents"]] == ["CLOSE_LONG"]


def test_evaluate_gives_one_document_a_symbol_or_an_array(console: Console) -> None:
    several = ("--symbol", "GOOG", "--symbol", "IBM", "--data", "sample:GOOG", "--data", "sample:IBM")
    found = console.json("evaluate", "--strategy", "sma_cross", *several)
    assert [each["symbol"] for each in found] == ["GOOG", "IBM"]
