"""Accounts on the command line: workspaces, orders from files, state, policy, reconcile, reset, marks."""

from __future__ import annotations

import json
import sys
from contextlib import closing
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from storage.sqlite.connection.driver import sqlite as sqlite3
from tests.tui.commands.test_exit_codes import intent
from tests.tui.console import Console
from tui.commands.account import accounts


def test_a_workspace_by_name_by_uuid_and_by_the_variable(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    made = console.json("workspace", "create", "growth", "--starting-equity", 25000)
    assert made["starting_equity"] == 25000.0
    UUID(made["id"])
    assert console.json("state", "-w", "growth")["workspace_id"] == made["id"]
    assert console.json("state", "--workspace", made["id"])["cash"] == 25000.0
    monkeypatch.setenv("PAPERTAPE_WORKSPACE", "growth")
    assert console.json("state")["workspace_id"] == made["id"]
    assert console.json("-w", made["id"], "workspace", "show")["name"] == "growth"


def test_the_default_is_made_on_first_use(console: Console) -> None:
    assert console.json("state")["starting_equity"] == 10000.0
    assert [each["name"] for each in console.json("workspace", "list")] == ["default"]
    assert console.json("workspace", "create", "b")["starting_equity"] == 10000.0


def test_another_database(console: Console, tmp_path: Path) -> None:
    other = tmp_path / "other.db"
    console.ok("workspace", "create", "there", "--db", other)
    assert console.json("workspace", "list") == []
    assert [each["name"] for each in console.json("--db", other, "workspace", "list")] == ["there"]


def test_the_list_fits_a_terminal_and_is_whole_elsewhere(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    name = "an account with a name that says what it is for"
    made = console.json("workspace", "create", name)
    head, _, row = console.ok("workspace", "list").out.splitlines()
    assert (name in row, made["id"] in row, "created" in head) == (True, True, True)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    for columns, has_time in ((80, False), (99, False), (100, True)):
        monkeypatch.setenv("COLUMNS", str(columns))
        head, rule, row = console.ok("workspace", "list").out.splitlines()
        assert len(rule) <= columns
        assert row.startswith("an account")
        assert row.endswith(made["id"])
        assert ("created" in head) == has_time


def execute_file(
    console: Console, document: object, *more: object, stdin: bool = False
) -> tuple[int, dict[str, object]]:
    text = document if isinstance(document, str) else json.dumps(document)
    Path("intent.json").write_text(text)
    name = "-" if stdin else "intent.json"
    ran = console.run("execute", "--file", name, "--fill-price", 100, "--json", *more, stdin=text if stdin else "")
    return ran.code, ran.document


@pytest.mark.parametrize("stdin", [False, True])
def test_an_intent_from_a_file(console: Console, stdin: bool) -> None:
    home = console.json("workspace", "create", "home")["id"]
    code, body = execute_file(console, intent(home, strategy_id="mine", correlation_id="a-b-c"), stdin=stdin)
    assert (code, body["correlation_id"]) == (0, "a-b-c")
    assert len(console.ok("events", "-w", "home", "--correlation", "a-b-c", "--json").lines) == 5


def test_the_flag_must_name_the_intents_workspace(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    home = console.json("workspace", "create", "home")["id"]
    console.ok("workspace", "create", "other")
    code, body = execute_file(console, intent(home), "-w", "other")
    assert (code, body["error_code"]) == (5, "INVALID_INTENT")
    assert console.json("positions", "-w", "home") == []
    assert execute_file(console, intent(home), "-w", "home")[0] == 0
    monkeypatch.setenv("PAPERTAPE_WORKSPACE", "other")  # no flag: the intent's own workspace it is
    found = execute_file(console, intent(home))
    assert found[0] == 0, found


def test_the_same_intent_twice_is_a_conflict(console: Console) -> None:
    home = console.json("workspace", "create", "home")["id"]
    document = intent(home)
    assert execute_file(console, document)[0] == 0
    code, body = execute_file(console, document)
    assert (code, body["error_code"]) == (4, "ALREADY_EXECUTED")
    code, body = execute_file(console, {**document, "quantity": 7})
    assert (code, body["error_code"]) == (4, "INTENT_ID_REUSED")


def test_an_order_by_hand_for_people(console: Console) -> None:
    out = console.buy("IBM", 10, 187.2).out
    assert out.startswith("opened 10 at 187.20\n")
    assert "10 IBM at 187.20 on average" in out
    assert console.sell("IBM", 10, 190).out.startswith("closed 10 at 190.00\n")
    assert console.ok("execute", "--action", "OPEN_LONG", "--symbol", "A", "--quantity", 1, "--fill-price", 1).code == 0


def test_a_limit_that_is_nearly_used_is_warned_of(console: Console) -> None:
    console.ok("policy", "set", "max_order_notional=1000")
    assert "warning: max_order_notional: 95 % of the limit is used" in console.buy("IBM", 10, 95).out


def test_looking(console: Console) -> None:
    assert "no open positions" in console.ok("positions").out
    assert "no closed trades" in console.ok("trades").out
    assert "no trade is closed yet" in console.ok("equity").out
    console.buy("IBM", 10, 100)
    console.sell("IBM", 10, 111.5)
    console.buy("日本", 2.5, 1234.5)
    console.ok("mark", "日本", 1200)
    state = console.ok("state").out
    for told in ("default  ACTIVE", "+115.00", "-86.25", "日本"):
        assert told in state
    assert "1,234.50  1,200.00  3,000.00      -86.25" in console.ok("positions").out
    trades = console.ok("trades").out
    assert "1 trade, P&L +115.00" in trades
    assert "10,115" in console.ok("equity").out


@pytest.mark.parametrize("command", ["state", "positions", "trades", "equity", "policy show", "workspace list"])
def test_what_is_piped_fits_80_columns(console: Console, command: str) -> None:
    console.ok("run", "-w", "default", "--strategy", "sma_cross", "--symbol", "GOOG", "--data", "sample:GOOG")
    shown = console.ok(*command.split()).out
    assert "\x1b" not in shown
    widest = 110 if command == "workspace list" else 80  # a UUID is never cut: it is there to be copied
    assert max(map(len, shown.splitlines())) <= widest


def test_the_policy(console: Console) -> None:
    console.ok("policy", "set", "max_positions=3", "fee_bps=5", "allow_symbols=IBM,GOOG")
    shown = console.json("policy", "show")
    assert (shown["max_positions"], shown["fee_bps"], shown["allow_symbols"]) == (3, 5.0, ["IBM", "GOOG"])
    assert "IBM,GOOG" in console.ok("policy", "show").out
    assert console.json("policy", "set", "allow_symbols=off", "max_positions=off")["allow_symbols"] is None
    changed = console.ok("events", "--type", "POLICY_CHANGED", "--json").lines
    assert [event["payload"]["max_positions"] for event in changed] == [[None, 3], [3, None]]


def test_every_policy_key_is_explained(console: Console) -> None:
    from engine.policy.limits import Limits

    shown = console.ok("policy", "show").out.splitlines()
    for key, field in Limits.model_fields.items():
        assert field.description
        assert any(line.startswith(key) and line.endswith(field.description) for line in shown), key
    assert [*console.json("policy", "show")] == ["trading_state", *Limits.model_fields]
    assert shown[-1] == "Always refused: an entry that costs more than the cash, fees included."


def test_the_kill_switch(console: Console) -> None:
    console.buy("IBM", 1, 10)
    assert console.json("trading-state", "HALTED")["trading_state"] == "HALTED"
    closing_order = ("execute", "--action", "CLOSE_LONG", "--symbol", "IBM", "--quantity", 1, "--fill-price", 10)
    assert console.run(*closing_order).code == 3
    assert "REDUCING" in console.ok("trading-state", "REDUCING").out
    assert console.run("execute", "--action", "OPEN_LONG", *closing_order[3:]).code == 3
    assert console.run(*closing_order).code == 0


def test_reconcile_finds_what_was_tampered_with(console: Console) -> None:
    console.buy("IBM", 10, 100)
    console.sell("IBM", 10, 110)
    assert "drift               none" in console.ok("reconcile").out
    with closing(sqlite3.connect(console.db)) as connection:
        connection.execute("UPDATE account_states SET cash = cash - 1")
        connection.commit()
    dry = console.json("reconcile", "--dry-run")
    assert dry["drift"] == {"cash": [10099.0, 10100.0]}
    assert "10099.0" in console.ok("reconcile", "--dry-run").out
    assert console.json("state")["cash"] == 10099.0
    found = console.json("reconcile")
    assert (found["events_replayed"], found["orders_rebuilt"], found["cash_after"]) == (2, 2, 10100.0)
    assert console.json("state")["cash"] == 10100.0
    assert console.json("reconcile")["drift"] == {}


def test_reset_needs_a_yes(console: Console) -> None:
    console.buy("IBM", 10, 100)
    assert console.run("reset").code == 5
    assert len(console.json("positions")) == 1
    done = console.ok("reset", "--yes")
    assert "back at 10,000.00" in done.out
    for told in (
        "the journal stays",
        "ids executed stay executed",
        "a reconcile brings the old fills back",
        "workspace create",
    ):
        assert told in done.err
    assert console.json("positions") == []
    assert console.json("reconcile")["positions_rebuilt"] == 1


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("n\n", 5), ("", 1)])
def test_reset_asks_at_a_terminal(console: Console, monkeypatch: pytest.MonkeyPatch, answer: str, code: int) -> None:
    asked: list[str] = []

    def confirm(question: str, *, err: bool) -> bool:
        assert err
        asked.append(question)
        if not answer:
            raise KeyboardInterrupt
        return answer == "y\n"

    monkeypatch.setattr("typer.confirm", confirm)
    monkeypatch.setattr(accounts, "is_asked", lambda: True)
    assert console.run("reset").code == code
    assert "default" in asked[0]
    assert console.run("reset", "--json").code == 5  # nobody is asked who wants JSON
    assert len(asked) == 1


def test_unknown_and_odd_workspaces(console: Console) -> None:
    assert console.run("state", "-w", str(uuid4())).code == 6
    assert console.run("state", "-w", "").code == 2


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(("reconcile", "--dry-run"), 0), (("policy", "set", "nonsense=3"), 5), (("policy", "set", "fee_bps=-1"), 5)],
)
def test_what_writes_nothing_makes_no_default_account(console: Console, arguments: tuple[str, ...], code: int) -> None:
    assert console.run(*arguments).code == code
    assert console.json("workspace", "list") == []
