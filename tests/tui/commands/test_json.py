"""The JSON of every command: its fields, one document, times with +00:00."""

from __future__ import annotations

import json
import math
import re
from datetime import UTC, date, datetime
from enum import Enum
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from tests.tui.console import Console, breakout, write_bars
from tui.shared.output import plain

FIRST = "0d4b7a52-5d0c-4f5b-9a53-0f4d6f1f6a01"
TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d")
ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?\+00:00")

WORKSPACE = {"id", "name", "starting_equity"}
POSITION = {"symbol", "quantity", "avg_price", "opened_at", "market_value", "unrealized_pnl"}
STATE = {
    *{"workspace_id", "starting_equity", "cash", "realized_pnl", "positions", "peak_equity", "realized_today"},
    *{"session", "last_closed_at", "orders_count", "trades_count", "last_seq", "last_event_at", "reconciled_at"},
    *{"marks"},
}
TRADE = {"symbol", "entry_ts", "exit_ts", "quantity", "entry_price", "exit_price", "fees", "pnl"}
EXECUTE = {
    *{"success", "intent_id", "order_id", "fill_price", "quantity_filled", "fees", "position_action", "position"},
    *{"events_recorded", "correlation_id", "error", "error_code"},
}
RECONCILE = {
    *{"success", "workspace_id", "events_replayed", "duplicates_skipped", "orders_rebuilt", "positions_rebuilt"},
    *{"cash_after", "realized_pnl_after", "last_event_at", "errors", "drift"},
}
METRICS = {
    *{"return_pct", "max_drawdown_pct", "sharpe", "win_rate", "trade_count", "profit_factor", "starting_equity"},
    *{"ending_equity", "gross_profit", "gross_loss", "sharpe_annual", "sortino_annual", "volatility_pct", "cagr_pct"},
    *{"max_drawdown_marked_pct", "longest_drawdown_sessions", "calmar_annual", "skew", "kurtosis", "exposure_pct"},
    *{"avg_trade_pct", "best_trade_pct", "worst_trade_pct", "expectancy", "sqn", "fees_paid", "avg_bars_held"},
    *{"psr", "beta", "alpha_annual_pct"},
}
RUN = {
    *{"workspace_id", "bars", "history_bars", "intents", "fills", "rejected", "metrics"},
    *{"refusals", "held_back", "short_history", "reasons", "benchmark", "because"},
}
EVENT = {
    *{"seq", "event_id", "event_type", "workspace_id", "ts", "recorded_at", "correlation_id", "intent_id"},
    *{"order_id", "mode", "symbol", "side", "quantity", "price", "fees", "payload"},
}
EVALUATION = {"evaluation_id", "spec_id", "symbol", "ts", "intents", "signals", "metadata"}
STRATEGY = {"key", "summary", "origin", "default_exit", "has_exit"}
DATA = {"success", "source", "sha256", "session_tz", "timeframe", "bar_count", "symbols", "warnings"}

SHAPES: list[tuple[tuple[str, ...], set[str], bool]] = [
    (("workspace", "create", "fresh"), WORKSPACE, False),
    (("workspace", "list"), WORKSPACE, True),
    (("workspace", "show"), WORKSPACE, False),
    (("workspace", "show", "default"), WORKSPACE, False),
    (("state",), STATE, False),
    (("positions",), POSITION, True),
    (("trades",), TRADE, True),
    (("equity",), {"ts", "equity"}, True),
    (("reconcile", "--dry-run"), RECONCILE, False),
    (("reconcile",), RECONCILE, False),
    (("reset", "--yes"), STATE, False),
    (("trading-state", "REDUCING"), WORKSPACE | {"trading_state"}, False),
    (("mark", "IBM", "101.5"), STATE, False),
    (("policy", "show"), {"trading_state", "max_positions", "fee_bps", "session_tz"}, False),
    (("policy", "set", "max_positions=3"), {"trading_state", "max_positions"}, False),
    (("strategy", "list"), STRATEGY, True),
    (("strategy", "show", "sma_cross"), STRATEGY | {"parameters"}, False),
    (("strategy", "new", "dip"), {"success", "key", "path"}, False),
    (("spec", "new"), {"success", "path", "text"}, False),
    (("evaluate", *breakout(Path("bars.csv"))), EVALUATION, False),
    (("run", *breakout(Path("bars.csv"))), RUN, False),
    (("run", "-w", "default", *breakout(Path("bars.csv"))), RUN, False),
    (("data", "check", "X=bars.csv"), DATA, False),
    (("doctor",), {"success", "checks"}, False),
    (("execute", "--action", "OPEN_LONG", "--symbol", "A", "--quantity", "1", "--fill-price", "2"), EXECUTE, False),
    (("execute", "--action", "CLOSE_LONG", "--symbol", "IBM", "--quantity", "5", "--fill-price", "2"), EXECUTE, False),
    (("demo",), {"workspace", "state", "metrics", "runs", "incidents", "reconcile"}, False),
]


@pytest.fixture
def traded(console: Console, tmp_path: Path) -> Console:
    """One closed trade, one open position, a file of bars."""
    write_bars(tmp_path / "bars.csv")
    console.buy("GOOG", 2, 100)
    console.sell("GOOG", 2, 110)
    console.buy("IBM", 5, 50)
    return console


@pytest.mark.parametrize(("arguments", "names", "is_list"), SHAPES, ids=[" ".join(shape[0])[:40] for shape in SHAPES])
def test_a_document(traded: Console, arguments: tuple[str, ...], names: set[str], is_list: bool) -> None:
    document = traded.json(*arguments)
    assert isinstance(document, list) is is_list
    assert not is_list or document
    for each in document if is_list else [document]:
        assert names <= each.keys()
    hold_to_the_rules(document)


def hold_to_the_rules(value: object) -> None:
    """Times with +00:00, no NaN."""
    if isinstance(value, dict):
        for item in value.values():
            hold_to_the_rules(item)
    elif isinstance(value, list):
        for item in value:
            hold_to_the_rules(item)
    elif isinstance(value, str) and TIME.match(value):
        assert ISO.fullmatch(value), value
    elif isinstance(value, float):
        assert math.isfinite(value)


def test_exactly_the_fields_of_a_trade_and_a_run(traded: Console) -> None:
    assert traded.json("trades")[0].keys() == TRADE
    run = traded.json("run", *breakout(Path("bars.csv")))
    assert run.keys() == RUN
    assert run["metrics"].keys() == METRICS


def test_a_refused_order_has_the_fields_of_a_filled_one(traded: Console) -> None:
    order = ("execute", "--action", "OPEN_LONG", "--symbol", "A", "--quantity", "1", "--intent-id", FIRST)
    first = traded.json(*order, "--fill-price", "2")
    again = traded.run(*order, "--fill-price", "2", "--json").document
    invalid = traded.run(*order, "--fill-price", "0", "--json").document
    assert first.keys() - {"policy"} <= again.keys() & invalid.keys()
    assert {name: again[name] for name in ("intent_id", "order_id", "correlation_id", "position")} == {
        "intent_id": FIRST,
        "order_id": first["order_id"],
        "correlation_id": first["correlation_id"],
        "position": None,
    }
    assert (invalid["intent_id"], invalid["order_id"], invalid["events_recorded"]) == (FIRST, None, 0)


@pytest.mark.parametrize(
    ("symbol", "quantity", "code"),
    [("A", "nan", "INVALID_QUANTITY"), ("A", "-inf", "INVALID_QUANTITY"), (" ", "1", "INVALID_INTENT")],
)
def test_an_order_of_which_no_intent_can_be_made_has_them_too(
    traded: Console, symbol: str, quantity: str, code: str
) -> None:
    first = traded.buy("A", 1, 2, "--json").document
    order = ("execute", "--action", "OPEN_LONG", "--symbol", symbol, "--quantity", quantity, "--fill-price", "2")
    refused = traded.run(*order, "--intent-id", FIRST, "--json").document
    assert first.keys() - {"policy"} <= refused.keys()
    assert (refused["success"], refused["error_code"]) == (False, code)
    assert (refused["intent_id"], refused["correlation_id"]) == (FIRST, FIRST)
    assert (refused["order_id"], refused["events_recorded"]) == (None, 0)
    unnamed = traded.run(*order, "--json").document
    assert UUID(unnamed["intent_id"]) == UUID(unnamed["correlation_id"])


def test_times_in_payloads_are_as_everywhere(traded: Console) -> None:
    traded.ok("reconcile")
    traded.ok("run", "-w", "default", *breakout(Path("bars.csv")))
    text = json.dumps([line["payload"] for line in traded.journal()])
    assert "+00:00" in text
    assert not re.search(r"\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", text)


def test_events_are_json_lines(traded: Console) -> None:
    lines = traded.journal()
    assert [line["seq"] for line in lines] == sorted(line["seq"] for line in lines)
    assert all(line.keys() == EVENT for line in lines)
    hold_to_the_rules(lines)


def test_empty_lists_are_arrays(console: Console) -> None:
    for command in ("positions", "trades"):
        assert console.json(command) == []
    assert console.json("equity") == [{"ts": None, "equity": 10000.0}]


def test_no_workspace_is_made_by_listing(console: Console) -> None:
    assert console.json("workspace", "list") == []


def test_a_fill(traded: Console) -> None:
    intent_id = str(uuid4())
    ran = traded.buy("MSFT", 3, 20.5, "--intent-id", intent_id, "--json").document
    assert ran["success"] is True
    assert (ran["intent_id"], ran["correlation_id"]) == (intent_id, intent_id)
    assert (ran["fill_price"], ran["quantity_filled"], ran["fees"]) == (20.5, 3.0, 0.0)
    assert ran["position_action"] == "opened"
    assert ran["events_recorded"] == 5
    assert ran["position"]["quantity"] == 3.0
    assert (ran["error"], ran["error_code"]) == (None, None)
    assert traded.buy("MSFT", 3, 20.5, "--json").document["position_action"] == "scaled"
    closed = traded.sell("MSFT", 6, 20.5, "--json").document
    assert (closed["position_action"], closed["position"]) == ("closed", None)


def test_stdout_is_one_document_and_warnings_go_to_stderr(console: Console) -> None:
    ran = console.ok("data", "check", "sample:AAPL", "--json")
    assert len(ran.document["warnings"]) == 3
    assert ran.err.count("warning: ") == 3


def test_what_is_not_json_becomes_it() -> None:
    class Colour(Enum):
        RED = "red"

    unique = UUID("0d4b7a52-5d0c-4f5b-9a53-0f4d6f1f6a01")
    when = datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert plain({"a": (1, 2.5, math.nan, -math.inf), "b": Colour.RED, unique: when, "d": date(2024, 1, 2)}) == {
        "a": [1, 2.5, None, None],
        "b": "red",
        str(unique): "2024-01-02T03:04:05+00:00",
        "d": "2024-01-02",
    }
    assert plain([True, None, Path("x")]) == [True, None, "x"]
