"""Symbols at the command line: quoted when they are none, and apart from the '=' of `--data`."""

from __future__ import annotations

import pytest

from tests.support.desks import any_symbol_taken
from tests.tui.console import Console

BARS = "\n".join(
    ["date,open,high,low,close,volume"]
    + [f"2024-01-{day:02},{day + 98},{day + 99},{day + 97},{day + 98},10" for day in (2, 3, 4, 5, 8, 9)]
)
ORDER = ("execute", "--action", "OPEN_LONG", "--quantity", "1", "--fill-price", "10", "--symbol")


@pytest.mark.parametrize("symbol", ["AAPL ", " AAPL", "A\u200bAPL", "AAPL\u00a0", " "])
def test_an_order_in_what_is_no_symbol_is_refused_and_shows_it(symbol: str, console: Console) -> None:
    ran = console.run(*ORDER, symbol)
    assert ran.code == 5
    assert ran.err.startswith(f"error INVALID_INTENT: the intent is refused: symbol: {symbol!r} must not ")
    assert console.json("workspace", "list") == []


def test_an_old_position_is_shown_quoted_and_closed(console: Console) -> None:
    with any_symbol_taken():
        for symbol in ("AAPL", "AAPL "):
            assert console.run(*ORDER, symbol).code == 0
    lines = [line.split("  ")[0] for line in console.run("positions").out.splitlines()]
    assert lines[2:] == ["AAPL", "'AAPL '"]
    close = ("execute", "--action", "CLOSE_LONG", "--quantity", "1", "--fill-price", "11", "--symbol", "AAPL ")
    assert console.run(*close).code == 0
    assert [each["symbol"] for each in console.json("positions")] == ["AAPL"]
    assert console.json("trades")[0]["pnl"] == 1.0


def test_symbols_with_an_equals_sign_name_their_files(console: Console) -> None:
    for name in ("es.csv", "nq.csv"):
        (console.home / name).write_text(BARS)
    flags = (
        "--strategy",
        "breakout_52w_high",
        "--symbol",
        "ES=F",
        "--symbol",
        "NQ=F",
        "--set",
        "entry.lookback_days=1",
    )
    found = console.json("run", *flags, "--data", "ES=F=es.csv", "--data", "NQ=F=nq.csv")
    assert (found["bars"], found["fills"]) == (12, 4)
    assert console.json("data", "check", "ES=F=es.csv")["symbols"][0]["symbol"] == "ES=F"
    plan = console.json(
        "plan", "run", *flags, "--data", "ES=F=es.csv", "--data", "NQ=F=nq.csv", "--sweep", "entry.lookback_days=1,2"
    )
    shown = console.json("plan", "show", plan["run_plan_id"])
    assert [source[0] for source in shown["plan"]["data"]["sources"]] == ["ES=F", "NQ=F"]


def test_a_file_that_names_a_padded_symbol_is_refused(console: Console) -> None:
    (console.home / "x.csv").write_text(BARS)
    ran = console.run("data", "check", "X =x.csv")
    assert ran.code == 2
    assert "the symbol before '=' 'X ' must not have white space around it" in ran.err
