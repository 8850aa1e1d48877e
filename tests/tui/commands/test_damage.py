"""A damaged event: every command that reads it says which it is, and no command falls over it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from storage.sqlite.connection.driver import sqlite
from tests.tui.console import Console, breakout, write_bars

LOOKS = ("state", "positions", "trades", "equity", "reconcile --dry-run", "policy show", "workspace show")


@pytest.fixture
def bars(tmp_path: Path) -> Path:
    return write_bars(tmp_path / "x.csv")


@pytest.fixture
def plan(console: Console, bars: Path) -> str:
    """A desk with orders, a refusal, a reconciliation, a run onward, and a sweep: its id."""
    console.buy("IBM", 10, 100)
    console.buy("IBM", 5, 101)
    console.sell("IBM", 15, 102)
    console.ok("policy", "set", "max_order_notional=600")
    console.run("execute", "--action", "OPEN_LONG", "--symbol", "IBM", "--quantity", 50, "--fill-price", 100)
    console.ok("trading-state", "REDUCING")
    console.ok("reset", "--yes")
    console.ok("reconcile")
    console.ok("workspace", "create", "onward")
    console.ok("run", "-w", "onward", *breakout(bars))
    sweep = ("--sweep", "entry.lookback_days=2,3", "--like", "onward")
    return str(console.json("plan", "run", *breakout(bars), *sweep)["run_plan_id"])


def commands(plan: str, bars: Path, out: Path) -> Iterator[list[object]]:
    """Whatever reads the journal and changes nothing that is to be looked at."""
    for workspace in ("default", "onward"):
        yield from ([*each.split(), "-w", workspace] for each in LOOKS)
        yield ["events", "-w", workspace]
    yield ["workspace", "list"]
    yield ["evaluate", *breakout(bars)]
    yield ["plan", "list"]
    yield ["plan", "show", plan]
    yield ["plan", "trades", plan, "best"]
    yield ["plan", "export", plan, "--to", out]
    yield ["plan", "resume", plan]


def around_the_guards(db: Path, statement: str, *values: Any) -> None:
    with closing(sqlite.connect(db, isolation_level=None)) as client:
        rows = client.execute("SELECT name, sql FROM sqlite_master WHERE name LIKE 'trade_events_not_%'")
        guards = rows.fetchall()
        for name, _ in guards:
            client.execute(f"DROP TRIGGER {name}")
        client.execute(statement, values)
        for _, sql in guards:
            client.execute(sql)


def first_of(db: Path, kind: str) -> tuple[int, str]:
    with closing(sqlite.connect(db)) as client:
        query = "SELECT seq, payload FROM trade_events WHERE event_type = ? ORDER BY seq LIMIT 1"
        found: tuple[int, str] = client.execute(query, (kind,)).fetchone()
        return found


def damages(payload: str) -> Iterator[str]:
    """A payload cut, of another type, with NaN; and with each of its values gone, and of a type that no value has."""
    yield from (payload[:-1], "[]", '{"nothing":NaN}')
    said = json.loads(payload)
    for key in said:
        yield json.dumps({name: value for name, value in said.items() if name != key})
        yield json.dumps({**said, key: {"z": [None]}})


KINDS = {
    "INTENT_EMITTED": {"events"},
    "POLICY_EVALUATED": {"events"},
    "ORDER_FILLED": {"events"},
    "POSITION_CLOSED": {"events"},
    "POLICY_CHANGED": {"events"},
    "STATE_RECONCILED": {"events"},
    "RUN_ADVANCED": {"events"},
    "RUN_STARTED": {"events", "plan show", "plan trades", "plan export", "plan resume"},
    "RUN_VARIANT_COMPLETED": {"events", "plan show", "plan trades", "plan export", "plan resume"},
    "RUN_COMPLETED": {"events", "plan list", "plan show", "plan trades", "plan export", "plan resume"},
}
"""The commands that read a payload of the type"""


def name_of(command: list[object]) -> str:
    return " ".join(map(str, command[: 1 + (command[0] == "plan")]))


@pytest.mark.parametrize("kind", KINDS)
def test_no_command_falls_over_a_damaged_payload(console: Console, plan: str, bars: Path, kind: str) -> None:
    seq, payload = first_of(console.db, kind)
    refused: set[str] = set()
    for nth, damage in enumerate(damages(payload)):
        around_the_guards(console.db, "UPDATE trade_events SET payload = ? WHERE seq = ?", damage, seq)
        for command in commands(plan, bars, console.home / f"{nth}.csv"):
            if nth and name_of(command) not in KINDS[kind]:
                continue  # once is enough
            ran = console.run(*command)
            assert "INTERNAL" not in ran.err, (damage, ran)
            if ran.err.startswith("error DATABASE_ERROR"):
                assert ran.code == 1
                assert f"event {seq} of the journal ({kind}) is damaged" in ran.err, (damage, ran)
                refused.add(name_of(command))
    assert refused == KINDS[kind]


def test_a_list_of_run_plans_names_the_damaged_event_of_an_unfinished_one(console: Console, plan: str) -> None:
    around_the_guards(console.db, "DELETE FROM trade_events WHERE event_type = 'RUN_COMPLETED'")
    assert console.json("plan", "list")[0]["status"] == "interrupted"
    for kind in ("RUN_STARTED", "RUN_VARIANT_COMPLETED"):
        seq, payload = first_of(console.db, kind)
        for damage in (payload[:-1], payload.replace('"journal":', '"jpurnal":').replace('"status":', '"statur":')):
            around_the_guards(console.db, "UPDATE trade_events SET payload = ? WHERE seq = ?", damage, seq)
            ran = console.run("plan", "list")
            assert ran.err.startswith(f"error DATABASE_ERROR: event {seq} of the journal ({kind}) is damaged: its payl")
        around_the_guards(console.db, "UPDATE trade_events SET payload = ? WHERE seq = ?", payload, seq)


def test_json_says_it_too(console: Console) -> None:
    console.buy()
    around_the_guards(console.db, "UPDATE trade_events SET payload = '{}' WHERE event_type = 'INTENT_EMITTED'")
    ran = console.run("events", "--type", "INTENT_EMITTED", "--json")
    assert (ran.code, ran.document["error_code"]) == (1, "DATABASE_ERROR")
    assert ran.document["error"] == "event 2 of the journal (INTENT_EMITTED) is damaged: its payload has no action"


def test_a_plans_event_without_its_start_is_said(console: Console, plan: str) -> None:
    around_the_guards(console.db, "UPDATE trade_events SET event_type = 'STATE_RESET' WHERE event_type = 'RUN_STARTED'")
    ran = console.run("plan", "list")
    assert ran.err.startswith(f"error DATABASE_ERROR: run plan {plan} is damaged: its first event, ")
