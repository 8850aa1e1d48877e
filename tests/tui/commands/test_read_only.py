"""A database that cannot be written, on the command line: looked at, and every change refused in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tui.console import Console, breakout, write_bars

LOOKS = (
    "state",
    "positions",
    "trades",
    "equity",
    "events",
    "reconcile --dry-run",
    "policy show",
    "workspace show",
    "workspace list",
    "plan list",
    "plan show PLAN",
    "plan trades PLAN best",
    "plan export PLAN --to FILE",
    "evaluate SPEC",
    "plan generate SPEC --sweep entry.lookback_days=2,3",
)
CHANGES = (
    "execute --action OPEN_LONG --symbol IBM --quantity 1 --fill-price 1",
    "mark IBM 3",
    "policy set max_positions=3",
    "trading-state HALTED",
    "reset --yes",
    "reconcile",
    "workspace create other",
    "run SPEC",
    "run -w default SPEC",
    "plan run SPEC --sweep entry.lookback_days=2,3",
)


@pytest.fixture
def bars(tmp_path: Path) -> Path:
    return write_bars(tmp_path / "x.csv")


@pytest.fixture
def closed(console: Console, bars: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A desk with an order and a sweep, whose file we may not write: the sweep's id."""
    console.buy()
    plan = console.json("plan", "run", *breakout(bars), "--sweep", "entry.lookback_days=2,3")["run_plan_id"]
    monkeypatch.setattr("storage.sqlite.connection.opening.may_write", lambda _: False)
    return str(plan)


def words(command: str, plan: str, bars: Path, home: Path) -> list[object]:
    stand_for = {"PLAN": [plan], "SPEC": breakout(bars), "FILE": [home / "out.csv"]}
    return [word for each in command.split() for word in stand_for.get(each, [each])]


def test_everything_can_be_looked_at(console: Console, closed: str, bars: Path) -> None:
    before = console.db.read_bytes()
    for command in LOOKS:
        console.ok(*words(command, closed, bars, console.home))
    assert console.json("positions")[0]["symbol"] == "IBM"
    assert sorted(each.name for each in console.home.glob("desk.db*")) == ["desk.db"]
    assert console.db.read_bytes() == before


@pytest.mark.parametrize("command", CHANGES)
def test_a_change_is_refused_in_one_line(console: Console, closed: str, bars: Path, command: str) -> None:
    before = console.db.read_bytes()
    ran = console.run(*words(command, closed, bars, console.home))
    assert ran.code == 1
    assert ran.err.startswith(f"error DATABASE_ERROR: {console.db} is read-only: nothing can be written to it; copy it")
    assert len(ran.err.splitlines()) == 1
    assert console.db.read_bytes() == before


def test_default_is_looked_at_where_it_was_never_made(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    console.ok("workspace", "create", "other")
    monkeypatch.setattr("storage.sqlite.connection.opening.may_write", lambda _: False)
    assert console.json("state")["cash"] == 10_000.0
    assert console.json("trades") == []
    assert console.ok("events", "--json").out == ""
    assert [each["name"] for each in console.json("workspace", "list")] == ["other"]


def test_the_doctor_finds_what_would_stop_an_order(console: Console, closed: str) -> None:
    ran = console.run("doctor", "--json")
    assert (ran.code, ran.document["error_code"]) == (1, "DATABASE_ERROR")
    found = {check["name"]: check for check in ran.document["checks"]}
    assert found["writing"]["status"] == "fault"
    assert "is read-only" in found["writing"]["detail"]
    assert {found[name]["status"] for name in ("database", "guards", "journal", "projection")} == {"ok"}
