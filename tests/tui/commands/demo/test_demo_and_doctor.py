"""The demo fills a workspace once and shows it; the doctor looks at everything and says what it found."""

from __future__ import annotations

import errno
import subprocess
import sys
import tomllib
from contextlib import closing
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from storage.sqlite.connection.driver import sqlite as sqlite3
from tests.tui.commands.test_exit_codes import contents
from tests.tui.console import ROOT, Console, breakout, write_bars
from tui.commands.demo import showcase


def test_the_demo_shows_an_outcome_worth_looking_at(console: Console) -> None:
    out = console.ok("demo", "--headless").out
    for told in (*showcase.SYMBOLS, *showcase.STRATEGIES, "Sharpe, per trade", "no drift", "Next:"):
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


@pytest.mark.parametrize(("installed", "name"), [(True, "demo.html"), (False, "demo.md")])
def test_the_demo_writes_a_report_and_says_where(
    console: Console, monkeypatch: pytest.MonkeyPatch, installed: bool, name: str
) -> None:
    if not installed:
        monkeypatch.setattr(showcase, "find_spec", lambda _: None)
    out = console.ok("demo", "--headless").out
    assert f"A report to send:  ~/{name}\n" in out
    written = (console.home / name).read_bytes()
    assert b"sma\\_cross" not in written
    assert b"sma_cross on GOOG, IBM" in written
    assert console.json("demo")["report"] == str(console.home / name)
    assert (console.home / name).read_bytes() == written


def test_the_demo_in_json(console: Console) -> None:
    found = console.json("demo")
    assert found["workspace"]["name"] == "demo"
    assert found["reconcile"]["drift"] == {}
    assert found["metrics"]["trade_count"] > 20
    ran = [(run["strategy_id"], run["symbol"]) for run in found["runs"]]
    assert ran == list(product(showcase.STRATEGIES, showcase.SYMBOLS))
    run = found["runs"][0]
    assert len(console.json("trades", "-w", run["workspace_id"])) == run["metrics"]["trade_count"]
    assert console.json("reconcile", "-w", "demo", "--dry-run")["drift"] == {}
    assert [each["name"] for each in console.json("workspace", "list")] == ["demo"]


def test_the_demo_completes_what_is_missing(console: Console) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(showcase, "STRATEGIES", ("sma_cross",))
        some = console.json("demo")["runs"]
    whole = console.json("demo")["runs"]
    assert [run["symbol"] for run in some] == list(showcase.SYMBOLS)
    assert [run for run in whole if run["strategy_id"] == "sma_cross"] == some
    with closing(sqlite3.connect(console.db)) as connection:
        (stored,) = connection.execute("SELECT count(*) FROM workspaces WHERE kind = 'closed'").fetchone()
    assert stored == len(whole) == len(showcase.STRATEGIES) * len(showcase.SYMBOLS)


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


MOVING = {"terminal", "writing"}
"""Checks whose words differ from run to run: whether there is a terminal, how much of the disk is free"""


def test_the_doctor_fits_a_terminal_and_cuts_nothing(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAPERTAPE_DB", str(console.home / "a database with a name" / ("long" * 15) / "desk.db"))
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("NO_COLOR", "1")
    console.buy("IBM", 1, 10)
    details = {name: check["detail"] for name, check in checks(console).items() if name not in MOVING}
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
    monkeypatch.setattr("storage.sqlite.connection.driver.has_wal_fault", lambda: fault)
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


def faulty(console: Console, name: str) -> dict[str, Any]:
    """What a check says that found a fault."""
    ran = console.run("doctor", "--json")
    assert (ran.code, ran.document["error_code"]) == (1, "DATABASE_ERROR")
    found = {check["name"]: check for check in ran.document["checks"]}
    assert found[name]["status"] == "fault"
    return dict(found[name])


@pytest.mark.parametrize("column", ["cash", "realized_pnl", "peak_equity", "orders_count", "trades_count"])
def test_the_doctor_compares_every_field_of_a_state(console: Console, column: str) -> None:
    console.buy()
    console.sell()
    with closing(sqlite3.connect(console.db, isolation_level=None)) as connection:
        connection.execute(f"UPDATE account_states SET {column} = {column} + 1")
    expected = [f"the stored state of workspace default differs from its journal in {column}"]
    assert faulty(console, "projection")["findings"] == expected
    console.ok("reconcile")
    assert console.ok("doctor").code == 0


def test_the_doctor_looks_at_accounts_that_are_not_listed(console: Console, tmp_path: Path) -> None:
    bars = write_bars(tmp_path / "x.csv")
    run = console.json("run", *breakout(bars))["workspace_id"]
    console.ok("plan", "run", *breakout(bars), "--sweep", "entry.lookback_days=2,3")
    assert "1 account, 4 accounts of backtests and variants" in checks(console)["journal"]["detail"]
    with closing(sqlite3.connect(console.db, isolation_level=None)) as connection:
        connection.execute("UPDATE account_states SET cash = 5 WHERE workspace_id = ?", (run,))
    assert faulty(console, "projection")["findings"] == [
        f"the stored state of workspace {run} differs from its journal in cash"
    ]


def test_the_doctor_compares_progress_with_the_journal(console: Console, tmp_path: Path) -> None:
    console.ok("workspace", "create", "onward")
    console.ok("run", "-w", "onward", *breakout(write_bars(tmp_path / "x.csv")))
    with closing(sqlite3.connect(console.db, isolation_level=None)) as connection:
        connection.execute("UPDATE run_progress SET ts = ts - 86400000000")
    (said,) = faulty(console, "projection")["findings"]
    assert said.endswith("says ts '2024-01-09T00:00:00+00:00', and it was '2024-01-10T00:00:00+00:00'")


def test_the_doctor_names_a_changed_event(console: Console) -> None:
    console.buy("IBM", 10, 100)
    with closing(sqlite3.connect(console.db, isolation_level=None)) as connection:
        connection.execute("DROP TRIGGER trade_events_not_updated")
        connection.execute("UPDATE trade_events SET payload = replace(payload, '10.0', '11.0') WHERE seq = 5")
    said = "event 5 of the journal (ORDER_FILLED) says quantity 11.0, and it was 10.0"
    assert faulty(console, "journal")["findings"] == [said]
    assert said in console.run("doctor").out


def test_the_doctor_looks_on_while_somebody_writes(console: Console, tmp_path: Path) -> None:
    """What is written between two of its looks is no fault: each look is of one moment."""
    console.buy()
    script = tmp_path / "writer.py"
    script.write_text(
        "import sys\n"
        "from storage.desk import open_desk\n"
        "with open_desk() as desk:\n"
        "    print('ready', flush=True)\n"
        "    while sys.stdin.readline():\n"
        "        desk.trading.order('OPEN_LONG', 'IBM', 1.0, 10.0)\n"
        "        print('written', flush=True)\n"
    )
    from engine.audit.walk import _Walk

    writer = subprocess.Popen(
        [sys.executable, str(script)],
        env=console.environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert writer.stdin
    assert writer.stdout
    assert writer.stdout.readline() == "ready\n"

    def write() -> None:
        print("go", file=writer.stdin, flush=True)
        assert writer.stdout
        assert writer.stdout.readline() == "written\n"

    class Interrupted(_Walk):
        def _go_on(self, done: int) -> None:
            write()
            super()._go_on(done)

    with writer, console.monkeypatch.context() as patch:
        patch.setattr("engine.audit.walk._PAGE", 2)
        patch.setattr("engine.audit.walk._Walk", Interrupted)
        before = len(console.journal())
        found = checks(console)
        assert len(console.journal()) >= before + 20
        assert {found[name]["status"] for name in ("database", "journal", "projection")} == {"ok"}
        writer.stdin.close()


@pytest.mark.parametrize(
    "lines", ['environment = "prodution"', "nonsense", 'strategys = ["a.py"]', "port = 99999999"], ids=str
)
def test_the_doctor_exits_5_for_bad_settings(console: Console, lines: str) -> None:
    path = console.home / "config.toml"
    path.write_text(lines)
    console.monkeypatch.setenv("PAPERTAPE_CONFIG", str(path))
    ran = console.run("doctor", "--json")
    assert (ran.code, ran.document["error_code"]) == (5, "INVALID_SETTINGS")
    assert ran.err.startswith("error INVALID_SETTINGS: settings: ")


@pytest.mark.parametrize(("mode", "status"), [(0o600, "ok"), (0o640, "note"), (0o604, "note"), (0o622, "note")])
def test_the_doctor_notes_a_token_that_others_can_read(console: Console, mode: int, status: str) -> None:
    path = console.home / "config.toml"
    path.write_text('admin_token = "0123456789abcdef"\n')
    path.chmod(mode)
    console.monkeypatch.setenv("PAPERTAPE_CONFIG", str(path))
    found = checks(console)["settings"]
    assert found["status"] == status
    assert ("chmod 600" in found.get("hint", "")) is (status == "note")
    assert "0123456789abcdef" not in console.ok("doctor").out
    path.write_text("port = 8001\n")
    path.chmod(mode)
    assert checks(console)["settings"]["status"] == "ok"


def test_the_doctor_finds_a_full_disk(console: Console) -> None:
    console.buy()

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with console.monkeypatch.context() as patch:
        patch.setattr("tempfile.TemporaryFile", full)
        assert f"the disk under {console.home} has no room" in faulty(console, "writing")["detail"]
    with console.monkeypatch.context() as patch:
        patch.setattr("storage.sqlite.connection.files.free_bytes", lambda _: 1000)
        assert "has no room: 1,000 bytes are free" in faulty(console, "writing")["detail"]
    with console.monkeypatch.context() as patch:
        patch.setattr("storage.sqlite.connection.files.free_bytes", lambda _: 20 << 20)
        found = checks(console)["writing"]
        assert (found["status"], found["detail"].partition(": ")[2]) == ("note", "21.0 MB are free")


def test_the_doctor_finds_a_place_where_no_database_can_be_made(console: Console) -> None:
    def refused(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    console.monkeypatch.setenv("PAPERTAPE_DB", str(console.home / "deeper" / "desk.db"))
    console.monkeypatch.setattr("tempfile.TemporaryFile", refused)
    said = faulty(console, "writing")["detail"]
    assert said == f"no database can be made in {console.home} (Read-only file system)"


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
    extras = metadata["project"]["optional-dependencies"].keys() - {"bench", "dev", "mutants"}
    told = checks(console)["extras"]["detail"]
    assert {each.split()[0] for each in told.split(", ")} == extras
