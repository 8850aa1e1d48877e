"""The demo fills a workspace once and shows it; the doctor looks at everything and says what it found."""

from __future__ import annotations

import sys
import tomllib
from contextlib import closing

import pytest

from storage.driver import sqlite as sqlite3
from tests.tui.console import ROOT, Console
from tests.tui.test_exit_codes import contents


def test_the_demo_shows_an_outcome_worth_looking_at(console: Console) -> None:
    out = console.ok("demo", "--headless").out
    for told in ("GOOG", "IBM", "Sharpe, per trade", "no drift", "breakout_52w_high", "rsi_reversion", "Next:"):
        assert told in out
    assert "AAPL" not in out
    assert "┌" in out
    assert max(map(len, out.splitlines())) <= 96


def test_the_demo_again_adds_nothing(console: Console) -> None:
    first = console.ok("demo", "--headless")
    before = contents(console.db)
    again = console.ok("demo")
    assert contents(console.db) == before
    assert again.out == first.out


def test_the_demo_in_json(console: Console) -> None:
    found = console.json("demo")
    assert found["workspace"]["name"] == "demo"
    assert found["reconcile"]["drift"] == {}
    assert found["metrics"]["trade_count"] > 20
    assert len(found["runs"]) == 6
    run = found["runs"][0]
    assert len(console.json("trades", "-w", run["workspace_id"])) == run["metrics"]["trade_count"]
    assert console.json("reconcile", "-w", "demo", "--dry-run")["drift"] == {}
    assert [each["name"] for each in console.json("workspace", "list")] == ["demo"]


def test_the_demo_completes_what_is_missing(console: Console) -> None:
    from tui.commands import showcase

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(showcase, "STRATEGIES", ("sma_cross",))
        some = console.json("demo")["runs"]
    whole = console.json("demo")["runs"]
    assert len(some) == 2
    assert [run for run in whole if run["strategy_id"] == "sma_cross"] == some
    with closing(sqlite3.connect(console.db)) as connection:
        (stored,) = connection.execute("SELECT count(*) FROM workspaces WHERE kind = 'closed'").fetchone()
    assert stored == len(whole) == 6


def checks(console: Console, *arguments: object) -> dict[str, dict[str, str]]:
    return {check["name"]: check for check in console.json("doctor", *arguments)["checks"]}


def test_the_doctor_before_there_is_a_database(console: Console) -> None:
    found = checks(console)
    assert {"papertape", "python", "sqlite", "settings", "database", "extras", "terminal"} <= found.keys()
    assert "made on first use" in found["database"]["detail"]
    assert not console.db.exists()


def test_the_doctor_looks_at_database_journal_and_projection(console: Console) -> None:
    console.buy("IBM", 1, 10)
    found = checks(console)
    assert found["database"]["detail"].endswith("sound")
    assert str(console.db) in found["database"]["detail"]
    assert "6 is the newest event's seq" in found["journal"]["detail"]
    assert found["projection"]["status"] == "ok"
    assert "sqlite" in console.ok("doctor").out


def test_the_doctor_fits_a_terminal_and_cuts_nothing(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAPERTAPE_DB", str(console.home / "a database with a name" / ("long" * 15) / "desk.db"))
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("NO_COLOR", "1")
    console.buy("IBM", 1, 10)
    details = {name: check["detail"] for name, check in checks(console).items() if name != "terminal"}
    piped = console.ok("doctor").out
    assert all(detail in piped for detail in details.values())
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    shown = console.ok("doctor").out.splitlines()
    assert max(map(len, shown)) <= 80
    beside = len("fault  projection  ")
    one_line = "".join("".join(line[beside:] for line in shown).split())
    assert all("".join(detail.split()) in one_line for detail in details.values())


@pytest.mark.parametrize("fault", [True, False])
def test_the_doctor_on_the_wal_fault(console: Console, monkeypatch: pytest.MonkeyPatch, fault: bool) -> None:
    monkeypatch.setattr("tui.commands.checks.has_wal_fault", lambda: fault)
    found = checks(console)["sqlite"]
    assert found["status"] == ("note" if fault else "ok")
    assert ("pysqlite3" in found.get("hint", "")) is fault


def test_the_doctor_finds_a_projection_that_lags(console: Console) -> None:
    console.buy("IBM", 1, 10)
    with closing(sqlite3.connect(console.db)) as connection:
        connection.execute("UPDATE account_states SET last_seq = 2")
        connection.commit()
    ran = console.run("doctor", "--json")
    assert (ran.code, ran.document["error_code"]) == (1, "DATABASE_ERROR")
    assert [check["status"] for check in ran.document["checks"] if check["name"] == "projection"] == ["fault"]
    shown = console.run("doctor")
    assert "papertape reconcile" in shown.out
    assert shown.err.startswith("error DATABASE_ERROR: projection: ")
    console.ok("reconcile")
    assert console.ok("doctor").code == 0


def test_the_doctor_finds_damage(console: Console) -> None:
    console.ok("demo", "--headless")
    with closing(sqlite3.connect(console.db)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    data = bytearray(console.db.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 20_000] = b"\xa5" * 20_000
    console.db.write_bytes(bytes(data))
    ran = console.run("doctor", "--json")
    assert (ran.code, ran.document["error_code"]) == (1, "DATABASE_ERROR")


@pytest.mark.parametrize(
    ("drop", "said"),
    [
        ("DROP TRIGGER trade_events_not_deleted", "trigger trade_events_not_deleted"),
        ("DROP INDEX trade_events_one_fill_per_order", "index trade_events_one_fill_per_order"),
        (
            "DROP TRIGGER trade_events_not_updated; CREATE TRIGGER trade_events_not_updated BEFORE UPDATE ON"
            " trade_events BEGIN SELECT 1; END",
            "trigger trade_events_not_updated",
        ),
    ],
)
def test_the_doctor_finds_a_guard_that_is_gone(console: Console, drop: str, said: str) -> None:
    console.buy()
    assert checks(console)["guards"]["status"] == "ok"
    with closing(sqlite3.connect(console.db)) as driver:
        driver.executescript(drop)
    ran = console.run("doctor", "--json")
    assert (ran.code, ran.document["error_code"]) == (1, "DATABASE_ERROR")
    (guards,) = [check for check in ran.document["checks"] if check["name"] == "guards"]
    assert guards["detail"] == f"missing, or not as made: {said}"


def test_the_doctor_names_the_extras_that_there_are(console: Console) -> None:
    metadata = tomllib.loads((ROOT / "pyproject.toml").read_text())
    extras = metadata["project"]["optional-dependencies"].keys() - {"bench", "dev"}
    told = checks(console)["extras"]["detail"]
    assert {each.split()[0] for each in told.split(", ")} == extras
