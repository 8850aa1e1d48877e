"""Every way to fail has its exit code, its error code, its line on stderr, its JSON body; and leaves no trace."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from engine.errors import (
    CODES,
    ConflictError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    RefusedError,
    SystemFault,
    UsageError,
)
from engine.errors import PapertapeError as AnyError
from engine.vocabulary import IntentAction, TradingState
from storage.desk import open_desk
from storage.sqlite.connection.driver import sqlite as sqlite3
from tests.tui.console import BREAKOUT, Console, write_bars
from tui.shared.failures import ANYTHING_ELSE, EXIT_CODES, exit_code

STRANGER = "7d715363-2e4a-4288-ac27-ff16b5051ca9"
FIRST_ID = "0d4b7a52-5d0c-4f5b-9a53-0f4d6f1f6a01"
ORDER = ("execute", "--symbol", "IBM", "--fill-price", "100")
OPEN, CLOSE = (*ORDER, "--action", "OPEN_LONG"), (*ORDER, "--action", "CLOSE_LONG")

Case = tuple[tuple[str, ...], int, str, str]

USAGE: list[Case] = [
    (("nonsense",), 2, "USAGE", "nonsense"),
    (("--nonsense",), 2, "USAGE", "--nonsense"),
    (("state", "--nonsense"), 2, "USAGE", "--nonsense"),
    (("state", "more"), 2, "USAGE", "more"),
    (("workspace",), 2, "USAGE", "workspace"),
    (("workspace", "shw"), 2, "USAGE", "show"),
    (("workspace", "create"), 2, "USAGE", "name"),
    (("workspace", "create", "x", "--starting-equity", "much"), 2, "USAGE", "--starting-equity"),
    (("events", "--limit"), 2, "USAGE", "--limit"),
    (("events", "--limit", "0"), 2, "USAGE", "--limit"),
    (("events", "--type", "FILLED"), 2, "USAGE", "--type"),
    (("trading-state", "STOPPED"), 2, "USAGE", "STOPPED"),
    (("trading-state",), 2, "USAGE", "state"),
    (("mark", "IBM"), 2, "USAGE", "price"),
    (("mark", "IBM", "dear"), 2, "USAGE", "price"),
    (("policy", "set", "max_positions"), 2, "USAGE", "key=value"),
    (("policy", "set", "=3"), 2, "USAGE", "key=value"),
    (("policy", "set", "fee_bps=1", "fee_bps=2"), 2, "USAGE", "fee_bps"),
    (("policy", "set"), 2, "USAGE", "KEY=VALUE"),
    (("execute", "--action", "OPEN_LONG", "--symbol", "IBM", "--quantity", "1"), 2, "USAGE", "--fill-price"),
    (("execute", "--fill-price", "1"), 2, "USAGE", "--action, --symbol, --quantity"),
    ((*ORDER, "--action", "BUY", "--quantity", "1"), 2, "USAGE", "--action"),
    ((*OPEN, "--quantity", "some"), 2, "USAGE", "--quantity"),
    ((*OPEN, "--quantity", "1", "--intent-id", "1"), 2, "USAGE", "--intent-id"),
    ((*OPEN, "--file", "-"), 2, "USAGE", "--file"),
    (("run",), 2, "USAGE", "--data"),
    (("run", "--data", "bars.csv"), 2, "USAGE", "--spec"),
    (("run", "--data", "bars.csv", "--strategy", "sma_cross"), 2, "USAGE", "--symbol"),
    (("run", "--data", "bars.csv", "--spec", "a.toml", "--symbol", "X"), 2, "USAGE", "--symbol"),
    (("run", *BREAKOUT, "--data", "X=bars.csv", "-w", "default", "--like", "default"), 2, "USAGE", "--like"),
    (("run", *BREAKOUT, "--data", "X=bars.csv", "-w", "default", "--session-tz", "UTC"), 2, "USAGE", "--session-tz"),
    (("run", *BREAKOUT, "--data", "X=bars.csv", "--session-complete"), 2, "USAGE", "--session-complete"),
    (("run", *BREAKOUT, "--data", "="), 2, "USAGE", "--data"),
    (("evaluate", *BREAKOUT), 2, "USAGE", "--data"),
    (("demo", "-w", "default"), 2, "USAGE", "demo"),
    (("data", "check"), 2, "USAGE", "FILE"),
]

USAGE += [
    (("state", "--db", ""), 2, "USAGE", "--db is empty"),
    (("--db", "", "state"), 2, "USAGE", "--db is empty"),
    (("positions", "-w", ""), 2, "USAGE", "--workspace is empty"),
    ((*ORDER, "--action", "open_long", "--quantity", "1"), 2, "USAGE", "'OPEN_LONG'"),
    (("trading-state", "halted"), 2, "USAGE", "'HALTED'"),
]

REFUSED: list[Case] = [
    ((*OPEN, "--quantity", "1000000"), 3, "POLICY_REJECTED", "buying_power"),
    ((*OPEN, "--quantity", "1", "-w", "halted"), 3, "POLICY_REJECTED", "HALTED"),
]

CONFLICTS: list[Case] = [
    ((*OPEN, "--quantity", "1", "--intent-id", FIRST_ID), 4, "ALREADY_EXECUTED", FIRST_ID),
    ((*OPEN, "--quantity", "2", "--intent-id", FIRST_ID), 4, "INTENT_ID_REUSED", FIRST_ID),
    (("workspace", "create", "halted"), 4, "WORKSPACE_EXISTS", "halted"),
    (("strategy", "new", "taken", "--to", "bars.csv"), 4, "FILE_EXISTS", "bars.csv"),
    (("spec", "new", "--to", "bars.csv"), 4, "FILE_EXISTS", "bars.csv"),
]

INVALID: list[Case] = [
    (("mark", "IBM", "-1"), 5, "INVALID_PRICE", "-1.0"),
    ((*ORDER, "--action", "OPEN_SHORT", "--quantity", "1"), 5, "UNSUPPORTED_ACTION", "OPEN_SHORT"),
    ((*ORDER, "--action", "CANCEL_ORDER", "--quantity", "1"), 5, "UNSUPPORTED_ACTION", "CANCEL_ORDER"),
    ((*OPEN, "--quantity", "0"), 5, "INVALID_QUANTITY", "0"),
    ((*OPEN, "--quantity", "-1"), 5, "INVALID_QUANTITY", "-1"),
    ((*OPEN, "--quantity", "1e-9"), 5, "INVALID_QUANTITY", "1e-09"),
    ((*OPEN, "--quantity", "1e11"), 5, "INVALID_QUANTITY", "100000000000"),
    ((*OPEN, "--quantity", "nan"), 5, "INVALID_QUANTITY", "nan"),
    ((*OPEN, "--quantity", "inf"), 5, "INVALID_QUANTITY", "inf"),
    ((*OPEN, "--quantity", "1", "--fill-price", "0"), 5, "INVALID_FILL_PRICE", "0.0"),
    ((*OPEN, "--quantity", "1", "--fill-price", "-3"), 5, "INVALID_FILL_PRICE", "-3"),
    ((*OPEN, "--quantity", "1", "--fill-price", "nan"), 5, "INVALID_FILL_PRICE", "nan"),
    ((*OPEN, "--quantity", "1", "--fill-price", "inf"), 5, "INVALID_FILL_PRICE", "inf"),
    ((*OPEN, "--quantity", "1", "--symbol", ""), 5, "INVALID_INTENT", "symbol"),
    ((*OPEN, "--quantity", "1", "--symbol", "X" * 33), 5, "INVALID_INTENT", "32"),
    ((*OPEN, "--quantity", "1", "--symbol", "A\x1b[2J"), 5, "INVALID_INTENT", "control"),
    ((*CLOSE, "--quantity", "1", "--symbol", "GOOG"), 5, "NO_POSITION", "GOOG"),
    ((*CLOSE, "--quantity", "0.5"), 5, "PARTIAL_CLOSE_NOT_SUPPORTED", "IBM"),
    (("workspace", "create", ""), 5, "INVALID_WORKSPACE", "blank"),
    (("workspace", "create", STRANGER), 5, "INVALID_WORKSPACE", "UUID"),
    (("workspace", "create", "x", "--starting-equity", "0"), 5, "INVALID_WORKSPACE", "0.0"),
    (("workspace", "create", "x", "--starting-equity", "nan"), 5, "INVALID_WORKSPACE", "nan"),
    (("mark", "IBM", "0"), 5, "INVALID_PRICE", "0.0"),
    (("mark", "IBM", "nan"), 5, "INVALID_PRICE", "nan"),
    (("mark", "", "1"), 5, "INVALID_PRICE", "empty"),
    (("policy", "set", "nonsense=1"), 5, "INVALID_POLICY", "nonsense"),
    (("policy", "set", "max_positions=0"), 5, "INVALID_POLICY", "max_positions"),
    (("policy", "set", "max_positions=1.5"), 5, "INVALID_POLICY", "max_positions"),
    (("policy", "set", "fee_bps=nan"), 5, "INVALID_POLICY", "fee_bps"),
    (("policy", "set", "session_tz=Mars/Base"), 5, "INVALID_POLICY", "Mars/Base"),
    (("reset",), 5, "CONFIRMATION_REQUIRED", "--yes"),
    (("run", *BREAKOUT, "--set", "entry.nonsense=1", "--data", "X=bars.csv"), 5, "INVALID_SPEC", "entry.nonsense"),
    (("run", *BREAKOUT, "--set", "entry.lookback_days=0", "--data", "X=bars.csv"), 5, "INVALID_SPEC", "lookback_days"),
    (("run", *BREAKOUT, "--set", "exit.type=signal", "--data", "X=bars.csv"), 5, "INVALID_SPEC", "signal"),
    (("run", *BREAKOUT, "--slippage-bps", "10000", "--data", "X=bars.csv"), 5, "INVALID_SPEC", "10000"),
    (("run", *BREAKOUT, "--slippage-bps", "nan", "--data", "X=bars.csv"), 5, "INVALID_SPEC", "nan"),
    (("run", *BREAKOUT, "--from", "soon", "--data", "X=bars.csv"), 5, "INVALID_TIME", "soon"),
    (("run", *BREAKOUT, "--from", "2025-01-01", "--data", "X=bars.csv"), 5, "INVALID_DATA", "--from 2025-01-01"),
    (("run", *BREAKOUT, "--cut", "2024-01-10", "--data", "X=bars.csv"), 5, "INVALID_DATA", "--cut 2024-01-10"),
    (
        ("run", *BREAKOUT, "--from", "2024-01-05", "--to", "2024-01-04", "--data", "X=bars.csv"),
        *(5, "INVALID_TIME", "--from 2024-01-05 lies after --to 2024-01-04"),
    ),
    (
        ("run", *BREAKOUT, "--cut", "2024-01-05", "--from", "2024-01-04", "--data", "X=bars.csv"),
        *(5, "INVALID_TIME", "--cut 2024-01-05 lies after --from 2024-01-04"),
    ),
    (("run", *BREAKOUT, "--session-tz", "Mars/Base", "--data", "X=bars.csv"), 5, "INVALID_TIME", "Mars/Base"),
    (("run", *BREAKOUT, "--data", "Y=bars.csv"), 5, "INVALID_DATA", "X"),
    (("run", *BREAKOUT, "--data", "X=broken.csv"), 5, "INVALID_DATA", "row 3"),
    (("run", *BREAKOUT, "-w", "default", "--data", "X=broken.csv"), 5, "INVALID_DATA", "row 3"),
    (("evaluate", *BREAKOUT, "--data", "X=bars.csv", "--at", "noon"), 5, "INVALID_TIME", "--at"),
    (("data", "check", "X=broken.csv"), 5, "INVALID_DATA", "broken.csv"),
    (("run", "--spec", "bad.toml", "--data", "X=bars.csv"), 5, "INVALID_SPEC", "nonsense"),
    (("run", "--spec", "bad.json", "--data", "X=bars.csv"), 5, "INVALID_JSON", "bad.json"),
    (("execute", "--file", "bad.json", "--fill-price", "1"), 5, "INVALID_JSON", "JSON"),
    (("execute", "--file", "bare.json", "--fill-price", "1"), 5, "INVALID_INTENT", "workspace_id"),
    (("strategy", "check", "bars.csv.py"), 5, "INVALID_STRATEGY", "bars.csv.py"),
]

NOT_FOUND: list[Case] = [
    (("state", "-w", "nobody"), 6, "WORKSPACE_NOT_FOUND", "nobody"),
    (("positions", "-w", STRANGER), 6, "WORKSPACE_NOT_FOUND", "there is no workspace"),
    (("trades", "-w", "nobody"), 6, "WORKSPACE_NOT_FOUND", "nobody"),
    (("equity", "-w", "nobody"), 6, "WORKSPACE_NOT_FOUND", "nobody"),
    (("events", "-w", "nobody"), 6, "WORKSPACE_NOT_FOUND", "nobody"),
    (("reconcile", "-w", "nobody"), 6, "WORKSPACE_NOT_FOUND", "nobody"),
    (("reset", "--yes", "-w", "nobody"), 6, "WORKSPACE_NOT_FOUND", "nobody"),
    (("trading-state", "HALTED", "-w", "nobody"), 6, "WORKSPACE_NOT_FOUND", "nobody"),
    (("mark", "IBM", "1", "-w", "nobody"), 6, "WORKSPACE_NOT_FOUND", "nobody"),
    (("policy", "show", "-w", "nobody"), 6, "WORKSPACE_NOT_FOUND", "nobody"),
    (("policy", "set", "fee_bps=1", "-w", "nobody"), 6, "WORKSPACE_NOT_FOUND", "nobody"),
    (("workspace", "show", "nobody"), 6, "WORKSPACE_NOT_FOUND", "nobody"),
    ((*OPEN, "--quantity", "1", "-w", "nobody"), 6, "WORKSPACE_NOT_FOUND", "nobody"),
    (("run", *BREAKOUT, "--data", "X=bars.csv", "-w", "nobody"), 6, "WORKSPACE_NOT_FOUND", "nobody"),
    (("run", *BREAKOUT, "--data", "X=bars.csv", "--like", "nobody"), 6, "WORKSPACE_NOT_FOUND", "nobody"),
    (("evaluate", *BREAKOUT, "--data", "X=bars.csv", "-w", "nobody"), 6, "WORKSPACE_NOT_FOUND", "nobody"),
    (("evaluate", *BREAKOUT, "--data", "X=bars.csv", "--at", "2024-01-02"), 6, "BAR_NOT_FOUND", "X"),
    (("run", *BREAKOUT, "--data", "X=nowhere.csv"), 6, "FILE_NOT_FOUND", "nowhere.csv"),
    (("run", *BREAKOUT, "--data", "sample:NOBODY"), 6, "FILE_NOT_FOUND", "NOBODY"),
    (("run", "--spec", "nowhere.toml", "--data", "X=bars.csv"), 6, "FILE_NOT_FOUND", "nowhere.toml"),
    (("run", "--strategy", "sma_cros", "--symbol", "X", "--data", "X=bars.csv"), 6, "STRATEGY_NOT_FOUND", "sma_cross"),
    (("execute", "--file", "nowhere.json", "--fill-price", "1"), 6, "FILE_NOT_FOUND", "nowhere.json"),
    (("execute", "--file", "foreign.json", "--fill-price", "1"), 6, "WORKSPACE_NOT_FOUND", "there is no workspace"),
    (("data", "check", "nowhere.csv"), 6, "FILE_NOT_FOUND", "nowhere.csv"),
    (("strategy", "show", "nonsense"), 6, "STRATEGY_NOT_FOUND", "nonsense"),
    (("strategy", "check", "nowhere.py"), 6, "FILE_NOT_FOUND", "nowhere.py"),
    (("spec", "new", "--strategy", "nonsense"), 6, "STRATEGY_NOT_FOUND", "nonsense"),
    (("spec", "new", "--to", "no/where.toml"), 6, "FILE_NOT_FOUND", "no/where.toml"),
]

ELSE: list[Case] = [
    (("state", "--db", "not-ours.db"), 1, "DATABASE_NOT_OURS", "not-ours.db"),
    (("doctor", "--db", "not-ours.db"), 1, "DATABASE_NOT_OURS", "not-ours.db"),
]

CASES = [*USAGE, *REFUSED, *CONFLICTS, *INVALID, *NOT_FOUND, *ELSE]


@pytest.fixture
def traded(console: Console, tmp_path: Path) -> Console:
    """A console whose default workspace has traded, with files to stumble on."""
    with open_desk() as desk:
        desk.trading.order(IntentAction.OPEN_LONG, "IBM", 1, 100, intent_id=UUID(FIRST_ID))
        desk.accounts.create("halted")
        desk.accounts.set_trading_state(TradingState.HALTED, "halted")
    write_bars(tmp_path / "bars.csv")
    write_bars(tmp_path / "broken.csv", "ts,open,high,low,close,volume\n2024-01-02,1,1,1,1,1\n2024-01-03,2,1,x,1\n")
    write_bars(tmp_path / "bars.csv.py", "1 +")
    write_bars(tmp_path / "bad.toml", 'strategy_id = "sma_cross"\nsymbols = ["X"]\nnonsense = 1\n')
    write_bars(tmp_path / "bad.json", "{")
    write_bars(tmp_path / "bare.json", json.dumps({"id": FIRST_ID}))
    write_bars(tmp_path / "foreign.json", json.dumps(intent(STRANGER)))
    write_bars(tmp_path / "not-ours.db", "a text, and no database at all")
    return console


def contents(db: Path) -> dict[str, list[tuple[object, ...]]]:
    """All that a database holds, table by table."""
    with closing(sqlite3.connect(db)) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: sorted(connection.execute(f"SELECT * FROM {name}").fetchall(), key=repr) for name in tables}


def intent(workspace_id: str, **more: object) -> dict[str, object]:
    """The document of an intent."""
    parts = {"symbol": "IBM", "action": "OPEN_LONG", "quantity": 1}
    return {"id": str(uuid4()), "workspace_id": workspace_id, **parts, **more}


@pytest.mark.parametrize(("arguments", "code", "error_code", "told"), CASES, ids=lambda value: str(value)[:60])
def test_a_failure(traded: Console, arguments: tuple[str, ...], code: int, error_code: str, told: str) -> None:
    before = contents(traded.db)
    plain, ran = traded.run(*arguments), traded.run(*arguments, "--json")
    assert (plain.code, ran.code) == (code, code), ran
    for each in (plain, ran):
        line = next(line for line in each.err.splitlines() if line.startswith("error "))
        assert line.startswith(f"error {error_code}: ")
        assert told in each.err
    body = ran.document
    assert body["success"] is False
    assert body["error_code"] == error_code
    assert body["error"]
    if code == 3:
        before["trade_events"] = contents(traded.db)["trade_events"]  # a refusal by the policy is journaled
        before["account_states"] = contents(traded.db)["account_states"]
    assert contents(traded.db) == before


def test_the_journal_holds_a_refusal(traded: Console) -> None:
    before = len(traded.journal())
    assert traded.run(*OPEN, "--quantity", "1000000").code == 3
    added = traded.journal()[before:]
    assert [event["event_type"] for event in added] == ["INTENT_EMITTED", "POLICY_EVALUATED", "INTENT_REJECTED"]


def test_a_refusal_has_the_body_of_its_result(traded: Console) -> None:
    body = traded.run(*OPEN, "--quantity", "1000000", "--json").document
    assert body["order_id"] is None
    assert body["events_recorded"] == 3
    assert body["policy"]["rule"] == "buying_power"
    assert "buying_power" in body["error"]


def test_a_conflict_has_the_first_order(traded: Console) -> None:
    ran = traded.run(*OPEN, "--quantity", "1", "--intent-id", FIRST_ID, "--json")
    first = traded.ok("events", "--type", "ORDER_FILLED", "--json").lines[0]
    assert ran.document["first_order"] == {"order_id": first["order_id"], "correlation_id": first["correlation_id"]}


def test_faults_of_a_file_stand_below_the_error(console: Console, tmp_path: Path) -> None:
    rows = "".join(f"2024-01-{day:02},1,1,1,x,1\n" for day in range(2, 31))
    write_bars(tmp_path / "broken.csv", f"ts,open,high,low,close,volume\n{rows}")
    ran = console.run("data", "check", "X=broken.csv")
    first, *faults = ran.err.splitlines()
    assert first.startswith("error INVALID_DATA: ")
    assert len(faults) == 21
    assert all(fault.startswith("  broken.csv: row ") for fault in faults[:20])
    assert faults[20] == "  ... and 9 more"
    body = console.run("data", "check", "X=broken.csv", "--json").document
    assert len(body["faults"]) == 20
    assert body["fault_count"] == 29


def test_an_error_line_is_one_line(console: Console) -> None:
    ran = console.run("state", "-w", "a\nb\x1b[31m")
    assert ran.err.count("\n") == 1
    assert "\x1b" not in ran.err


def test_json_anywhere_makes_a_body(console: Console) -> None:
    for arguments in (("--json", "nonsense"), ("state", "--json", "--nonsense"), ("workspace", "--json")):
        ran = console.run(*arguments)
        assert (ran.code, ran.document["error_code"]) == (2, "USAGE")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UsageError("USAGE", "x"), 2),
        (RefusedError("POLICY_REJECTED", "x"), 3),
        (ConflictError("ALREADY_EXECUTED", "x"), 4),
        (InvalidError("INVALID_DATA", "x"), 5),
        (NotFoundError("FILE_NOT_FOUND", "x"), 6),
        (ForbiddenError("FORBIDDEN_IN_PRODUCTION", "x"), 1),
        (SystemFault("DATABASE_BUSY", "x"), 1),
    ],
)
def test_the_table(error: AnyError, code: int) -> None:
    assert exit_code(error) == code


def test_the_table_names_each_code_once() -> None:
    codes = [code for _, code, _ in EXIT_CODES]
    assert codes == [2, 3, 4, 5, 6]
    assert ANYTHING_ELSE not in codes


def test_only_known_codes_are_expected() -> None:
    assert {error_code for _, _, error_code, _ in CASES} <= CODES.keys()


def test_production_refuses_a_reset(traded: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAPERTAPE_ENVIRONMENT", "production")
    for flags in ((), ("--yes",)):
        ran = traded.run("reset", *flags)
        assert ran.code == 1
        assert "FORBIDDEN_IN_PRODUCTION" in ran.err


def test_settings_that_cannot_be_taken(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAPERTAPE_ENVIRONMENT", "moon")
    for command in ("state", "doctor"):
        ran = console.run(command, "--json")
        assert (ran.code, ran.document["error_code"]) == (5, "INVALID_SETTINGS")


def _raise(error: BaseException) -> Callable[..., None]:
    def raising(*_: object, **__: object) -> None:
        raise error

    return raising


def test_a_fault_of_our_own_is_one_line(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.commands.calls.Call.settings", _raise(RuntimeError("lost\nits way")))
    ran = console.run("state", "--json")
    assert ran.code == 1
    assert ran.document["error_code"] == "INTERNAL"
    assert ran.err.startswith("error INTERNAL: RuntimeError: lost\\nits way; ")
    assert "PAPERTAPE_DEBUG=1" in ran.err


def test_debug_shows_where(
    console: Console, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from tui.commands.app import run_command

    monkeypatch.setenv("PAPERTAPE_DEBUG", "1")
    monkeypatch.setattr("tui.commands.calls.Call.settings", _raise(RuntimeError("lost")))
    assert run_command(["state"]) == 1
    assert "Traceback" in capsys.readouterr().err


def test_an_interruption_says_so(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.commands.calls.Call.settings", _raise(KeyboardInterrupt()))
    ran = console.run("state", "--json")
    assert (ran.code, ran.document["error_code"]) == (1, "CANCELLED")
    assert ran.err.startswith("error CANCELLED: stopped")


def test_a_text_file_is_no_database_and_stays_as_it_was(console: Console, tmp_path: Path) -> None:
    path = write_bars(tmp_path / "not-ours.db", "a text")
    assert console.run("execute", *OPEN[1:], "--quantity", "1", "--db", path).code == 1
    assert path.read_text() == "a text"
