"""Prices at the end of the floats: refused in a line, never a fault of papertape's own."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from tests.tui.console import Console, breakout, write_bars


def test_a_mark_that_makes_an_infinite_amount_is_refused_and_nothing_is_written(console: Console) -> None:
    console.buy("S", 2, 10)
    refused = console.run("mark", "S", "1e308", "--json")
    assert (refused.code, refused.document["error_code"]) == (5, "INVALID_PRICE")
    assert console.json("state")["positions"]["S"]["mark"] == 10.0


HUGE = """ts,open,high,low,close,volume
2024-01-02,10,10.5,9,10,100
2024-01-03,10,10.5,9.5,10.25,100
2024-01-04,10.25,11.25,10,11,100
2024-01-05,1e308,1e308,1e308,1e308,100
"""


@pytest.mark.parametrize("exit_type", ["none", "eod"])
def test_an_onward_run_leaves_a_mark_out_that_would_be_infinite(console: Console, exit_type: str) -> None:
    bars = write_bars(console.home / "huge.csv", HUGE)
    console.ok("workspace", "create", "w")
    run = ("run", "-w", "w", *breakout(bars), "--set", f"exit.type={exit_type}")
    console.ok(*run)
    for command in ("state", "positions", "trades", "equity", "reconcile"):
        console.ok(command, "-w", "w", "--json")
    console.ok(*run[:1], *run[3:])


EXTREME = "ts,open,high,low,close,volume\n" + "".join(
    f"{date(2024, 1, 27) + timedelta(days=day)},{price},{price},{price},{price},1\n"
    for day, price in enumerate([1e308, 1.5e308, 1e-300, 1e308, 1.7e308, 1e-308, 1e308, 1e308, 1.6e308])
)
STRATEGIES = {
    "breakout_52w_high": (["entry.lookback_days=2"], "entry.lookback_days=1,3"),
    "sma_cross": (["entry.slow_period=3", "entry.fast_period=2"], "entry.slow_period=4,5"),
    "rsi_reversion": (["entry.period=2"], "entry.period=3,4"),
    "momentum_rotation": (["entry.lookback_period=3", "entry.average_period=2"], "entry.lookback_period=2,4"),
    "atr_trend": (["entry.entry_period=2", "entry.atr_period=2", "entry.exit_period=1"], "entry.stop_ranges=1e-300,2"),
}


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_no_command_warns_or_fails_on_extreme_prices(console: Console, strategy: str) -> None:
    """Warnings of numpy are errors in the tests; a person would see a path of the source."""
    bars = write_bars(console.home / "extreme.csv", EXTREME)
    base, values = STRATEGIES[strategy]
    flags = ["--strategy", strategy, "--symbol", "X", "--data", f"X={bars}"]
    flags += [flag for each in base for flag in ("--set", each)]
    for command in (
        ("data", "check", f"X={bars}"),
        ("evaluate", *flags),
        ("run", *flags),
        ("run", "-w", "default", *flags),
        ("plan", "run", *flags, "--sweep", values),
        ("state",),
    ):
        ran = console.run(*command, "--json")
        assert "Warning" not in ran.err, ran
        assert "INTERNAL" not in ran.err, ran
