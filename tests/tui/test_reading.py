"""Commands that read leave no account behind, whether the database is absent or empty."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.policy.workspace import DEFAULT_ID
from storage.sqlite.unit_of_work import SqliteStore
from tests.tui.console import Console, breakout, write_bars

READING = (
    ("state",),
    ("positions",),
    ("trades",),
    ("equity",),
    ("events",),
    ("policy", "show"),
    ("workspace", "list"),
    ("workspace", "show"),
    ("reconcile", "--dry-run"),
    ("plan", "list"),
    ("trials",),
    ("strategy", "list"),
    ("strategy", "show", "sma_cross"),
    ("doctor",),
)


def stored(db: Path) -> tuple[int, int]:
    """How many workspaces and events a database has; none of either where it is absent."""
    if not db.exists():
        return 0, 0
    with SqliteStore(db) as store, store.read() as views:
        return len(list(views.every_workspace())), views.head()


@pytest.mark.parametrize("command", READING, ids=" ".join)
def test_reading_an_absent_or_empty_database_leaves_no_account(console: Console, command: tuple[str, ...]) -> None:
    console.ok(*command)
    assert stored(console.db) == (0, 0)
    SqliteStore(console.db).close()
    console.ok(*command)
    console.ok(*command, "--json")
    assert stored(console.db) == (0, 0)


def test_evaluating_and_generating_leave_no_account(console: Console, tmp_path: Path) -> None:
    spec = breakout(write_bars(tmp_path / "x.csv"))
    console.ok("evaluate", *spec)
    console.ok("plan", "generate", *spec, "--sweep", "entry.lookback_days=2,3")
    assert stored(console.db) == (0, 0)


@pytest.mark.parametrize("command", [("state",), ("reset", "--yes"), ("mark", "X", "5")], ids=" ".join)
def test_another_name_is_not_created(console: Console, command: tuple[str, ...]) -> None:
    assert console.run(*command, "-w", "absent").code == 6
    assert stored(console.db) == (0, 0)


def test_the_default_can_be_named_by_the_id_that_reading_shows(console: Console) -> None:
    shown = console.json("state")["workspace_id"]
    assert shown == str(DEFAULT_ID)
    for written in (shown, shown.upper()):
        assert console.json("state", "-w", written)["cash"] == 10_000.0
    assert stored(console.db) == (0, 0)


@pytest.mark.parametrize(
    "command",
    [("reset", "--yes"), ("reconcile",), ("mark", "X", "5"), ("trading-state", "REDUCING")],
    ids=" ".join,
)
def test_writing_creates_the_default(console: Console, command: tuple[str, ...]) -> None:
    console.ok(*command)
    assert [account["name"] for account in console.json("workspace", "list")] == ["default"]
