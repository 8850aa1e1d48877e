"""`-w` with a name that nobody has: exit 6, also where a command has no use for a workspace."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tui.console import Console, breakout, write_bars

COMMANDS = (
    "doctor",
    "data check sample:AAPL",
    "strategy list",
    "strategy show sma_cross",
    "strategy new dip",
    "spec new --to spec.toml",
    "workspace list",
    "workspace create other",
    "workspace show default",
    "plan list",
    "plan show last",
    "serve --openapi",
)


@pytest.mark.parametrize("stored", [False, True], ids=["no database", "a database"])
@pytest.mark.parametrize("command", COMMANDS)
def test_an_unknown_workspace_is_exit_6(console: Console, command: str, stored: bool) -> None:
    if stored:
        console.buy()
    refused = console.run(*command.split(), "-w", "nobody", "--json")
    assert (refused.code, refused.document["error_code"]) == (6, "WORKSPACE_NOT_FOUND")
    assert list(Path().glob("*.toml")) == list(Path().glob("*.py")) == []
    if stored:
        assert [each["name"] for each in console.json("workspace", "list")] == ["default"]
    if stored and command not in {"plan show last", "workspace create other"}:
        console.ok(*command.split(), "-w", "default")


def test_the_run_plans_of_a_workspace(console: Console) -> None:
    sweep = ("plan", "run", *breakout(write_bars(console.home / "bars.csv")), "--sweep", "entry.lookback_days=3")
    console.ok("workspace", "create", "other")
    first, second = console.json(*sweep), console.json(*sweep, "-w", "other")
    ids = [each["run_plan_id"] for each in (second, first)]
    assert [each["run_plan_id"] for each in console.json("plan", "list")] == ids
    assert [each["run_plan_id"] for each in console.json("plan", "list", "-w", "other")] == ids[:1]
    assert [each["run_plan_id"] for each in console.json("plan", "list", "-w", "default")] == ids[1:]
