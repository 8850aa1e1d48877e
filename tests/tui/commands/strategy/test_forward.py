"""`run -w`: a past that changed, a start, changed code, as a person meets them on the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.tui.console import Console, Ran

HEAD = "date,open,high,low,close,volume\n"
DAYS = """2024-01-02,100,101,99,100,10
2024-01-03,100,102,99,101,10
2024-01-04,101,104,100,103,10
"""
SPLIT = """2024-01-02,50,50.5,49.5,50,20
2024-01-03,50,51,49.5,50.5,20
2024-01-04,50.5,52,50,51.5,20
2024-01-05,51.5,53,51,52.5,20
"""
EVENING = DAYS.replace("2024-01-04,101,104,100,103,10", "2024-01-04,101,104,95,96,30")
STAMPED = """2024-01-02T03:45:00Z,100,101,99,100,10
2024-01-03T03:45:00Z,100,101,99,100,10
2024-01-04T00:00:00Z,101,104,100,103,10
"""
ANEW = STAMPED.replace("04T00:00", "04T03:45") + "2024-01-05T00:00:00Z,103,103,90,92,10\n"


@pytest.fixture
def account(console: Console) -> Console:
    console.ok("workspace", "create", "a")
    return console


def run(console: Console, tmp_path: Path, rows: str, *options: str, leave: tuple[str, ...] = ()) -> Ran:
    (tmp_path / "x.csv").write_text(HEAD + rows)
    spec = ("--strategy", "breakout_52w_high", "--symbol", "X", "--set", "entry.lookback_days=1", *leave)
    return console.run("run", "-w", "a", *spec, "--data", f"X={tmp_path / 'x.csv'}", *options)


STOP = ("--set", "exit.type=none", "--set", "exit.stop_loss_pct=10")


def refused(ran: Ran) -> str:
    assert (ran.code, ran.out) == (5, "")
    assert ran.err.count("\n") == 1
    return ran.err


def test_a_split_adjusted_file_is_refused_and_nothing_is_traded(account: Console, tmp_path: Path) -> None:
    assert run(account, tmp_path, DAYS, leave=STOP).code == 0
    said = refused(run(account, tmp_path, SPLIT, leave=STOP))
    assert said.startswith("error HISTORY_CHANGED: X: the bar of 2024-01-02 has changed since this account saw it: ")
    assert "close 100 is now 50" in said
    assert "(the first of 3 rows that differ); take the file's bars with --accept-history" in said
    assert account.json("trades", "-w", "a") == []
    document = run(account, tmp_path, SPLIT, "--json", leave=STOP).document
    assert (document["error_code"], document["history"]["ts"]) == ("HISTORY_CHANGED", "2024-01-02T00:00:00+00:00")
    assert (document["history"]["old"]["close"], document["history"]["new"]["close"]) == (100.0, 50.0)


def test_an_unfinished_bar_is_refused_when_it_has_grown(account: Console, tmp_path: Path) -> None:
    assert run(account, tmp_path, DAYS).code == 0
    said = refused(run(account, tmp_path, EVENING))
    assert "the bar of 2024-01-04 has changed since this account saw it: low 100 is now 95, close 103 is now 96" in said
    assert [each["mark"] for each in account.json("positions", "-w", "a")] == [103.0]
    assert run(account, tmp_path, EVENING, "--accept-history").code == 0
    assert [each["mark"] for each in account.json("positions", "-w", "a")] == [96.0]
    (event,) = [each for each in account.journal("a") if each["event_type"] == "HISTORY_ACCEPTED"]
    assert event["payload"]["symbols"]["X"]["rows"] == 1
    shown = account.ok("events", "-w", "a", "--type", "HISTORY_ACCEPTED").out
    assert "the data's past is followed: X differs at 2024-01-04" in shown


def test_a_bar_stamped_anew_does_not_trade_its_session_twice(account: Console, tmp_path: Path) -> None:
    assert run(account, tmp_path, STAMPED).code == 0
    said = refused(run(account, tmp_path, ANEW))
    assert "X: the bar of 2024-01-04, which this account has seen, is gone from the data" in said
    assert run(account, tmp_path, ANEW, "--accept-history").code == 0
    (trade,) = account.json("trades", "-w", "a")
    assert (trade["entry_ts"][:10], trade["exit_ts"][:10], trade["exit_price"]) == ("2024-01-04", "2024-01-05", 92.0)


def test_an_edited_spec_trades_no_history(account: Console, tmp_path: Path) -> None:
    assert run(account, tmp_path, DAYS).code == 0
    edited = run(account, tmp_path, DAYS, leave=STOP)
    assert edited.code == 0
    assert "note: this spec is new to the account, which has traded its symbols up to 2024-01-04" in edited.err
    assert "0 intents" in edited.out
    again = run(account, tmp_path, DAYS, "--start", "2024-01-03", leave=("--set", "risk.dollars_per_trade=10"))
    assert "note: this spec" not in again.err


def test_an_account_starts_on_a_day_with_the_years_before_as_history(account: Console, tmp_path: Path) -> None:
    ran = run(account, tmp_path, DAYS, "--start", "2024-01-04")
    assert "bars 1 after 2 of history" in " ".join(ran.out.split())
    assert "1 intent, 1 filled" in ran.out


def test_an_account_may_start_on_a_day_that_has_not_come(account: Console, tmp_path: Path) -> None:
    ran = run(account, tmp_path, DAYS, "--start", "2024-01-05")
    assert (ran.code, "0 intents" in ran.out) == (0, True)
    more = DAYS + "2024-01-05,103,106,102,105,10\n"
    ran = run(account, tmp_path, more, "--start", "2024-01-05")
    assert "1 intent, 1 filled" in ran.out
    assert [each["opened_at"][:10] for each in account.json("positions", "-w", "a")] == ["2024-01-05"]


def test_changed_code_is_refused_until_it_is_accepted(account: Console, tmp_path: Path) -> None:
    text = account.ok("strategy", "new", "Mine", "--to", str(tmp_path / "mine.py"))
    assert text.code == 0
    data = f"X={tmp_path / 'x.csv'}"
    (tmp_path / "x.csv").write_text(HEAD + DAYS)
    command: list[Any] = ["run", "-w", "a", "--strategy", f"{tmp_path / 'mine.py'}", "--symbol", "X", "--data", data]
    account.ok(*command)
    with (tmp_path / "mine.py").open("a") as file:
        file.write("\n# another line\n")
    refusal = account.run(*command)
    assert (refusal.code, "error STRATEGY_CHANGED: the code of mine is not" in refusal.err) == (5, True)
    account.ok(*command, "--accept-strategy")
    (event,) = [each for each in account.journal("a") if each["event_type"] == "STRATEGY_ACCEPTED"]
    assert event["payload"]["strategy_id"] == "mine"
    before, now = event["payload"]["from"][:8], event["payload"]["to"][:8]
    assert f"mine: the code {before} is now {now}" in account.ok("events", "-w", "a").out
    account.ok(*command)


@pytest.mark.parametrize("option", ["--start=2024-01-03", "--accept-history", "--accept-strategy"])
def test_an_option_of_an_account_that_trades_on_needs_one(console: Console, tmp_path: Path, option: str) -> None:
    (tmp_path / "x.csv").write_text(HEAD + DAYS)
    ran = console.run("run", "--strategy", "sma_cross", "--symbol", "X", "--data", f"X={tmp_path / 'x.csv'}", option)
    assert (ran.code, ran.out) == (2, "")
    assert f"error USAGE: {option.partition('=')[0]} without -w; a backtest" in ran.err
