"""Accounts that hold a finished result: closed worlds and variants are looked at and reconciled, nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tui.console import BREAKOUT, Console, breakout, write_bars


@pytest.fixture
def bars(tmp_path: Path) -> Path:
    return write_bars(tmp_path / "bars.csv")


@pytest.fixture(params=["run", "plan"])
def closed(request: pytest.FixtureRequest, console: Console, bars: Path) -> str:
    if request.param == "run":
        return str(console.json("run", *breakout(bars))["workspace_id"])
    plan = console.json("plan", "run", *breakout(bars), "--sweep", "entry.lookback_days=2,3", "--workers", "1")
    return str(plan["results"][0]["workspace_id"])


def test_a_finished_result_takes_no_change(console: Console, bars: Path, closed: str) -> None:
    before, journal = console.json("state", "-w", closed), console.journal(closed)
    order = ("--action", "OPEN_LONG", "--symbol", "X", "--quantity", "1", "--fill-price", "10")
    for command in (
        ("execute", *order),
        ("reset", "--yes"),
        ("policy", "set", "max_positions=1"),
        ("trading-state", "HALTED"),
        ("mark", "X", "11"),
        ("run", *BREAKOUT, "--data", f"X={bars}"),
    ):
        refused = console.run(*command, "-w", closed, "--json")
        assert (refused.code, refused.document["error_code"]) == (5, "WORKSPACE_CLOSED"), command
        assert "its result is final; it can only be read and reconciled" in refused.err
    assert console.json("state", "-w", closed) == before
    assert console.journal(closed) == journal
    assert console.json("reconcile", "-w", closed)["drift"] == {}
    for look in ("state", "positions", "trades", "equity", "events", "policy show"):
        console.ok(*look.split(), "-w", closed)


def test_the_intents_own_checks_come_first(console: Console, closed: str) -> None:
    refused = console.run(
        *("execute", "-w", closed, "--action", "CANCEL_ORDER", "--symbol", "X", "--quantity", "1", "--fill-price", "1"),
        "--json",
    )
    assert refused.document["error_code"] == "UNSUPPORTED_ACTION"
