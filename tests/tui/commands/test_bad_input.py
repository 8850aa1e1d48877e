"""Broken files, specs and intents: each with its code, its place in the message, its exit code; nothing is written."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.tui.console import BARS, Console, write_bars

HEADER = "ts,open,high,low,close,volume\n"
ROW = "2024-01-0{},10,11,9,10,100\n"
TWO = HEADER + ROW.format(2) + ROW.format(3)

# the file's content, and what the message says of the place
FILES: dict[str, tuple[str | bytes, str]] = {
    "empty": ("", "empty"),
    "header alone": (HEADER, "bars"),
    "one bar": (HEADER + ROW.format(2), "at least 2"),
    "no close": ("ts,open,high,low,volume\n2024-01-02,1,1,1,1\n", "close"),
    "no time": ("open,high,low,close,volume\n1,1,1,1,1\n", "ts"),
    "a column twice": ("ts,open,open,high,low,close,volume\n2024-01-02,1,1,1,1,1,1\n", "open"),
    "a field too few": (TWO + "2024-01-04,10,11,9,10\n", "row 4"),
    "a field too many": (TWO + "2024-01-04,10,11,9,10,100,7\n", "row 4"),
    "a word for a price": (TWO + "2024-01-04,10,11,9,ten,100\n", "row 4, column 'close'"),
    "nothing for a price": (TWO + "2024-01-04,,11,9,10,100\n", "row 4, column 'open'"),
    "a thousands separator": (TWO + '2024-01-04,"1,010",1111,9,10,100\n', "row 4, column 'open'"),
    "NaN": (TWO + "2024-01-04,nan,11,9,10,100\n", "row 4, column 'open'"),
    "infinity": (TWO + "2024-01-04,10,inf,9,10,100\n", "row 4, column 'high'"),
    "1e999": (TWO + "2024-01-04,10,1e999,9,10,100\n", "row 4, column 'high'"),
    "an underscore": (TWO + "2024-01-04,1_0,11,9,10,100\n", "row 4, column 'open'"),
    "hexadecimal": (TWO + "2024-01-04,0x0a,11,9,10,100\n", "row 4, column 'open'"),
    "a price of zero": (TWO + "2024-01-04,10,11,0,10,100\n", "row 4, column 'low'"),
    "a negative price": (TWO + "2024-01-04,10,11,-9,10,100\n", "row 4, column 'low'"),
    "a high below the close": (TWO + "2024-01-04,10,10,9,11,100\n", "row 4, column 'high'"),
    "a low above the open": (TWO + "2024-01-04,10,12,11,11,100\n", "row 4, column 'low'"),
    "a negative volume": (TWO + "2024-01-04,10,11,9,10,-1\n", "row 4, column 'volume'"),
    "a time twice": (TWO + ROW.format(3), "row 4, column 'ts'"),
    "a time out of order": (TWO + ROW.format(9) + ROW.format(5), "row 5, column 'ts'"),
    "no such day": (TWO + "2024-02-30,10,11,9,10,100\n", "row 4, column 'ts'"),
    "an American day": (TWO + "01/04/2024,10,11,9,10,100\n", "row 4, column 'ts'"),
    "hour 24": (TWO + "2024-01-04T24:00,10,11,9,10,100\n", "row 4, column 'ts'"),
    "finer than a microsecond": (TWO + "2024-01-04T00:00:00.0000001,10,11,9,10,100\n", "row 4, column 'ts'"),
    "semicolons": (TWO.replace(",", ";"), "semicolons"),
    "tabs": (TWO.replace(",", "\t"), "tab"),
    "pipes": (TWO.replace(",", "|"), "pipes"),
    "UTF-16": (TWO.encode("utf-16"), "UTF-16; `papertape data import"),
    "Latin-1": ("ts,open,high,low,close,volume,næm\n".encode("latin-1"), "UTF-8"),
    "a NUL byte": (TWO.replace("10,11", "1\x000,11"), "row 2"),
    "a picture": (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(range(256)), "the file is a PNG picture"),
    "half a gzip": (gzip.compress(TWO.encode() * 50, mtime=0)[:60], "gzip"),
    "an empty symbol": ("symbol," + HEADER + "X,2024-01-02,1,1,1,1,1\n,2024-01-03,1,1,1,1,1\n", "row 3, column 'symb"),
    "a long symbol": ("symbol," + HEADER + "X" * 33 + ",2024-01-02,1,1,1,1,1\n", "row 2, column 'symbol'"),
    "an escape in a symbol": ("symbol," + HEADER + "\x1b[2J,2024-01-02,1,1,1,1,1\n", "row 2, column 'symbol'"),
    "another symbol": ("symbol," + HEADER + "Y,2024-01-02,1,1,1,1,1\nY,2024-01-03,1,1,1,1,1\n", "X"),
}

GOOD_SPEC: dict[str, Any] = {"strategy_id": "breakout_52w_high", "symbols": ["X"], "entry": {"lookback_days": 2}}
SPECS: dict[str, tuple[Any, str, str]] = {
    "no strategy": ({"symbols": ["X"]}, "INVALID_SPEC", "strategy_id"),
    "an unknown strategy": ({**GOOD_SPEC, "strategy_id": "breakout"}, "STRATEGY_NOT_FOUND", "breakout_52w_high"),
    "no symbols": ({"strategy_id": "sma_cross"}, "INVALID_SPEC", "symbols"),
    "an empty list of symbols": ({**GOOD_SPEC, "symbols": []}, "INVALID_SPEC", "symbols"),
    "a symbol twice": ({**GOOD_SPEC, "symbols": ["X", "X"]}, "INVALID_SPEC", "symbols"),
    "a symbol that is none": ({**GOOD_SPEC, "symbols": ["\x07"]}, "INVALID_SPEC", "symbols"),
    "symbols as text": ({**GOOD_SPEC, "symbols": "X"}, "INVALID_SPEC", "symbols"),
    "an unknown field": ({**GOOD_SPEC, "leverage": 2}, "INVALID_SPEC", "leverage"),
    "an unknown parameter": ({**GOOD_SPEC, "entry": {"lookback": 2}}, "INVALID_SPEC", "lookback"),
    "another entry type": ({**GOOD_SPEC, "entry": {"type": "sma_cross"}}, "INVALID_SPEC", "entry.type"),
    "a lookback of zero": ({**GOOD_SPEC, "entry": {"lookback_days": 0}}, "INVALID_SPEC", "lookback_days"),
    "a lookback as text": ({**GOOD_SPEC, "entry": {"lookback_days": "20"}}, "INVALID_SPEC", "lookback_days"),
    "half a lookback": ({**GOOD_SPEC, "entry": {"lookback_days": 2.5}}, "INVALID_SPEC", "lookback_days"),
    "true for a number": ({**GOOD_SPEC, "entry": {"lookback_days": True}}, "INVALID_SPEC", "lookback_days"),
    "fast slower than slow": (
        {"strategy_id": "sma_cross", "symbols": ["X"], "entry": {"fast_period": 9, "slow_period": 9}},
        "INVALID_SPEC",
        "fast_period 9",
    ),
    "an RSI of 101": (
        {"strategy_id": "rsi_reversion", "symbols": ["X"], "entry": {"buy_below": 101.0}},
        "INVALID_SPEC",
        "buy_below",
    ),
    "signal without a signal": ({**GOOD_SPEC, "exit": {"type": "signal"}}, "INVALID_SPEC", "exit.type"),
    "an unknown exit": ({**GOOD_SPEC, "exit": {"type": "later"}}, "INVALID_SPEC", "exit.type"),
    "a stop of 100 %": ({**GOOD_SPEC, "exit": {"stop_loss_pct": 100.0}}, "INVALID_SPEC", "stop_loss_pct"),
    "a stop of nothing": ({**GOOD_SPEC, "exit": {"stop_loss_pct": 0.0}}, "INVALID_SPEC", "stop_loss_pct"),
    "a target of nothing": ({**GOOD_SPEC, "exit": {"take_profit_pct": 0.0}}, "INVALID_SPEC", "take_profit_pct"),
    "no bars at all": ({**GOOD_SPEC, "exit": {"max_bars": 0}}, "INVALID_SPEC", "max_bars"),
    "no dollars": ({**GOOD_SPEC, "risk": {"dollars_per_trade": 0.0}}, "INVALID_SPEC", "dollars_per_trade"),
    "no positions": ({**GOOD_SPEC, "risk": {"max_positions": 0}}, "INVALID_SPEC", "max_positions"),
    "a symbol not in the data": ({**GOOD_SPEC, "symbols": ["X", "Q"]}, "INVALID_DATA", "Q"),
    "a list": ([1, 2], "INVALID_SPEC", "spec"),
    "NaN": ('{"strategy_id": "sma_cross", "symbols": ["X"], "risk": {"dollars_per_trade": NaN}}', "INVALID_", "NaN"),
    "a key twice": ('{"symbols": ["X"], "symbols": ["X"]}', "INVALID_", "symbols"),
    "half a document": ('{"strategy_id": "sma_cross", ', "INVALID_", "spec.json"),
    "rubbish": ("\x00\x01\x02", "INVALID_", "spec.json"),
}

WORKSPACE = UUID("3f0c5b62-1f7e-4b0e-9a57-2a5a3b1d9c11")
INTENTS: dict[str, tuple[dict[str, Any] | str, str, str]] = {
    "no symbol": ({"symbol": ...}, "INVALID_INTENT", "symbol"),
    "an empty symbol": ({"symbol": ""}, "INVALID_INTENT", "symbol"),
    "a long symbol": ({"symbol": "S" * 33}, "INVALID_INTENT", "symbol"),
    "control characters": ({"symbol": "A\u0000"}, "INVALID_INTENT", "symbol"),
    "a number for a symbol": ({"symbol": 5}, "INVALID_INTENT", "symbol"),
    "no id": ({"id": ...}, "INVALID_INTENT", "id"),
    "an id that is none": ({"id": "1"}, "INVALID_INTENT", "id"),
    "no workspace": ({"workspace_id": ...}, "INVALID_INTENT", "workspace_id"),
    "no action": ({"action": ...}, "INVALID_INTENT", "action"),
    "an unknown action": ({"action": "BUY"}, "INVALID_INTENT", "action"),
    "no quantity": ({"quantity": ...}, "INVALID_INTENT", "quantity"),
    "a quantity as text": ({"quantity": "1"}, "INVALID_INTENT", "quantity"),
    "a quantity of true": ({"quantity": True}, "INVALID_INTENT", "quantity"),
    "an unknown field": ({"side": "buy"}, "INVALID_INTENT", "side"),
    "a strength of two": ({"signal_strength": 2.0}, "INVALID_INTENT", "signal_strength"),
    "a time that is none": ({"created_at": "now"}, "INVALID_INTENT", "created_at"),
    "metadata as a list": ({"metadata": []}, "INVALID_INTENT", "metadata"),
    "a short": ({"action": "OPEN_SHORT"}, "UNSUPPORTED_ACTION", "OPEN_SHORT"),
    "a cancel": ({"action": "CANCEL_ORDER"}, "UNSUPPORTED_ACTION", "CANCEL_ORDER"),
    "nothing": ({"quantity": 0}, "INVALID_QUANTITY", "0"),
    "less than nothing": ({"quantity": -1.0}, "INVALID_QUANTITY", "-1"),
    "half a lot": ({"quantity": 4e-9}, "INVALID_QUANTITY", "4e-09"),
    "too much": ({"quantity": 46116860185.0}, "INVALID_QUANTITY", "46116860185"),
    "a close of nothing": ({"action": "CLOSE_LONG"}, "NO_POSITION", "IBM"),
    "NaN": ('{"quantity": NaN}', "INVALID_JSON", "NaN"),
    "1e999": ('{"quantity": 1e999}', "INVALID_JSON", "1e999"),
    "a key twice": ('{"id": 1, "id": 2}', "INVALID_JSON", "'id'"),
    "half a document": ('{"id": ', "INVALID_JSON", "JSON"),
    "no document": ("", "INVALID_JSON", "JSON"),
    "a list": ("[]", "INVALID_INTENT", "intent"),
}


def test_the_tables_are_long() -> None:
    assert len(FILES) + len(SPECS) + len(INTENTS) >= 80


@pytest.fixture
def traded(console: Console) -> Console:
    """A console whose account has traded, so that there is something to be spoilt."""
    console.buy()
    return console


def check_refused(console: Console, arguments: tuple[Any, ...], code: str, place: str, stdin: str = "") -> None:
    """Exit 5 (6 for what is not found), the line on stderr, the JSON body, and a journal and state as they were."""
    before = (console.journal(), console.json("state"), console.json("workspace", "list"))
    ran = console.run(*arguments, stdin=stdin)
    said = console.run(*arguments, "--json", stdin=stdin)
    assert ran.code == said.code == (6 if code.endswith("_NOT_FOUND") else 5), ran
    assert ran.out == ""
    first = next(line for line in ran.err.splitlines() if line.startswith("error "))
    assert first.startswith(f"error {code}")
    assert place in ran.err
    body = said.document
    assert body["success"] is False
    assert body["error_code"].startswith(code)
    assert (console.journal(), console.json("state"), console.json("workspace", "list")) == before


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("onward", [False, True], ids=["closed", "onward"])
def test_a_broken_file_is_refused(traded: Console, tmp_path: Path, name: str, onward: bool) -> None:
    content, place = FILES[name]
    file = tmp_path / "bars.csv"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    into = ("-w", "default") if onward else ()
    spec = ("--strategy", "breakout_52w_high", "--symbol", "X", "--set", "entry.lookback_days=2")
    check_refused(traded, ("run", *spec, "--data", file, *into), "INVALID_DATA", place)
    assert "bars.csv" in traded.run("data", "check", file).err or name == "another symbol"


@pytest.mark.parametrize("name", SPECS)
def test_a_broken_spec_is_refused(traded: Console, tmp_path: Path, name: str) -> None:
    content, code, place = SPECS[name]
    file = tmp_path / "spec.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    bars = write_bars(tmp_path / "bars.csv", "symbol," + BARS.replace("\n", "\nX,").removesuffix("X,"))
    check_refused(traded, ("run", "--spec", file, "--data", bars, "-w", "default"), code, place)


@pytest.mark.parametrize("name", INTENTS)
def test_a_broken_intent_is_refused(traded: Console, name: str) -> None:
    changes, code, place = INTENTS[name]
    intent = {
        "id": str(uuid4()),
        "workspace_id": traded.json("workspace", "show", "default")["id"],
        "symbol": "Z" if code == "NO_POSITION" else "IBM",
        "action": "OPEN_LONG",
        "quantity": 1,
    }
    text = changes
    if isinstance(changes, dict):
        text = json.dumps({key: value for key, value in {**intent, **changes}.items() if value is not ...})
    place = "Z" if code == "NO_POSITION" else place
    check_refused(traded, ("execute", "--file", "-", "--fill-price", "10"), code, place, stdin=str(text))


ORDER = ("execute", "--action", "OPEN_LONG", "--symbol", "X")
SWEEP = ("plan", "generate", "--strategy", "sma_cross", "--symbol", "GOOG", "--data", "sample:GOOG")


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ((*ORDER, "--quantity", "1_000", "--fill-price", "10"), 2),
        ((*ORDER, "--quantity", "1", "--fill-price", "1_000"), 2),
        (("mark", "X", "1_000"), 2),
        (("workspace", "create", "w", "--starting-equity", "1_000"), 2),
        ((*SWEEP, "--sweep", "entry.fast_period=1_0"), 5),
        ((*SWEEP, "--set", "risk.dollars_per_trade=1_000", "--sweep", "entry.fast_period=10"), 5),
        (("policy", "set", "max_order_notional=1_000"), 5),
        (("policy", "set", "max_order_notional="), 5),
    ],
    ids=lambda value: " ".join(value[-2:]) if isinstance(value, tuple) else "",
)
def test_a_number_with_a_separator_or_without_a_digit_is_refused(
    console: Console, command: tuple[str, ...], code: int
) -> None:
    refused = console.run(*command, "--json")
    assert refused.code == code, refused
    assert refused.document["error_code"] == {2: "USAGE"}.get(code, refused.document["error_code"])
    assert "1_0" in refused.err or "has no value" in refused.err
    assert console.json("workspace", "list") == []


def test_a_flag_without_a_value_is_wrong_usage(console: Console) -> None:
    refused = console.run(*SWEEP, "--set", "entry.fast_period", "--sweep", "entry.slow_period=30", "--json")
    assert (refused.code, refused.document["error_code"]) == (2, "USAGE")


RUN = ("run", "--strategy", "sma_cross", "--symbol", "GOOG", "--data", "sample:GOOG")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("--session-tz", ""), "error USAGE: --session-tz is empty; name a zone, or leave the option out"),
        (
            ("--from", "bogus"),
            "error INVALID_TIME: --from: 'bogus' cannot be read as a time;"
            " write 2020-01-31 or 2020-01-31T09:30:00+00:00",
        ),
        (
            ("--set", "entry.fast_period=60"),
            "error INVALID_SPEC: the spec's entry is refused: fast_period 60 must be less than slow_period 50;"
            " correct it and try again",
        ),
    ],
)
def test_a_line_says_it_once(console: Console, arguments: tuple[str, ...], line: str) -> None:
    assert console.run(*RUN, *arguments).err == f"{line}\n"
