"""`strategy` and `spec`: what there is, one of your own, and whether it keeps its promises."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from engine.strategies.registry import BUILTIN
from tests.storage.strategies.folders import RISES, strategy, written
from tests.tui.console import Console

PEEKING = """
import numpy as np
from papertape import Bars, Params, Signals, Strategy, Window


class Peek(Strategy[Params]):
    key = "peek"
    summary = "Buys what will rise."

    def signals(self, bars: Bars, params: Params) -> Signals:
        return Signals(entry=np.r_[bars.close[1:] > bars.close[:-1], False])

    def window(self, params: Params) -> Window:
        return Window(bars=1)
"""


def test_the_list(console: Console) -> None:
    assert [row["key"] for row in console.json("strategy", "list")] == [strategy.key for strategy in BUILTIN]
    assert "built in" in console.ok("strategy", "list").out


def test_parameters_with_their_bounds(console: Console) -> None:
    found = console.json("strategy", "show", "sma_cross")
    assert [(each["name"], each["default"], each["bounds"]) for each in found["parameters"]] == [
        ("entry.fast_period", 20, {"minimum": 1}),
        ("entry.slow_period", 50, {"minimum": 2}),
    ]
    out = console.ok("strategy", "show", "breakout_52w_high").out
    assert "entry.lookback_days" in out
    assert ">= 1" in out
    assert "exit.type is eod by default (eod or none)" in out


def test_a_new_strategy_is_sound_and_runs(console: Console) -> None:
    made = console.ok("strategy", "new", "MyDip")
    assert "runs with your rights" in made.out
    assert Path("my_dip.py").exists()
    checked = console.ok("strategy", "check", "my_dip.py")
    assert "its window: 21 bars" in checked.out
    assert checked.out.count("sound") == 4
    assert console.json("strategy", "check", "my_dip.py:MyDip", "--data", "sample:IBM")["bars"] == {"IBM": 3270}
    assert console.json("strategy", "show", "my_dip.py")["key"] == "my_dip"


def test_a_new_strategy_that_compares_symbols_is_sound_and_runs(console: Console) -> None:
    console.ok("strategy", "new", "rotate", "--all-symbols")
    checked = console.ok("strategy", "check", "rotate.py")
    assert "its window: 21 rows of the panel" in checked.out
    assert "its signals: entry, exit, score; of all symbols at once" in checked.out
    shown = console.json("strategy", "show", "rotate.py")
    assert (shown["columns"], shown["signals_all"]) == (["exit", "score"], True)
    both = ("--symbol", "IBM", "--symbol", "GOOG", "--data", "sample:IBM", "--data", "sample:GOOG")
    assert console.json("run", "--strategy", "rotate.py", *both)["metrics"]["trade_count"] > 100
    swept = console.json(
        "plan", "run", "--strategy", "rotate.py", *both, "--sweep", "entry.lookback=5,60", "--verify", "2"
    )
    assert {each["status"] for each in swept["results"]} == {"succeeded"}


def test_columns_of_a_strategy_that_needs_a_parameter_are_not_known(console: Console) -> None:
    text = PEEKING.replace("class Peek(Strategy[Params])", "class P(Params):\n    n: int\n\n\nclass Peek(Strategy[P])")
    Path("peek.py").write_text(text.replace("    key =", "    params = P\n    key =", 1))
    assert console.json("strategy", "show", "peek.py")["columns"] is None
    assert "its signals: not known" in console.ok("strategy", "show", "peek.py").out


def test_a_strategy_that_looks_ahead_is_found_out(console: Console) -> None:
    Path("peek.py").write_text(PEEKING)
    ran = console.run("strategy", "check", "peek.py", "--data", "sample:GOOG", "--json")
    assert (ran.code, ran.document["error_code"]) == (5, "STRATEGY_LOOKS_AHEAD")
    assert ran.document["findings"][0]["symbol"] == "GOOG"
    shown = console.run("strategy", "check", "peek.py", "--data", "sample:GOOG")
    assert "look-ahead" in shown.out
    assert "error STRATEGY_LOOKS_AHEAD" in shown.err


def test_a_strategy_is_checked_by_its_key_or_its_module_too(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    checked = console.json("strategy", "check", "sma_cross", "--data", "sample:GOOG")
    assert (checked["key"], checked["proved"], checked["entries"]) == ("sma_cross", True, {"GOOG": 20})
    module = "engine.strategies.builtin.sma_cross:SmaCross"
    assert console.json("strategy", "check", module, "--data", "sample:GOOG")["sha256"] == checked["sha256"]
    assert console.json("strategy", "show", module)["key"] == "sma_cross"
    console.ok("strategy", "new", "dip")
    monkeypatch.setenv("PAPERTAPE_STRATEGIES", "dip.py")
    assert console.json("strategy", "check", "dip", "--data", "sample:GOOG")["key"] == "dip"
    for name, code, error in (
        ("nothing", 6, "STRATEGY_NOT_FOUND"),
        ("no.such.module:Name", 5, "INVALID_STRATEGY"),
        ("engine.strategies.builtin.sma_cross:Nothing", 5, "INVALID_STRATEGY"),
        ("engine.errors:CODES", 5, "INVALID_STRATEGY"),
        ("gone.py", 6, "FILE_NOT_FOUND"),
    ):
        ran = console.run("strategy", "check", name, "--json")
        assert (ran.code, ran.document["error_code"]) == (code, error)


def test_a_check_takes_parameters(console: Console) -> None:
    few = console.json("strategy", "check", "sma_cross", "--data", "sample:GOOG", "--set", "entry.slow_period=200")
    assert (few["entries"]["GOOG"] < 20, few["window"]["bars"]) == (True, 201)
    for text, code in (
        ("entry.fast_period=60", 5),
        ("entry.fast=3", 5),
        ("risk.dollars_per_trade=5", 2),
        ("entry.x", 2),
    ):
        assert console.run("strategy", "check", "sma_cross", "--data", "sample:GOOG", "--set", text).code == code


def test_where_nothing_signals_a_check_says_so_and_does_not_pass(console: Console) -> None:
    never = ("--data", "sample:GOOG", "--set", "entry.lookback_days=3000")
    ran = console.run("strategy", "check", "breakout_52w_high", *never, "--json")
    assert (ran.code, ran.document["error_code"], ran.document["proved"]) == (5, "INVALID_STRATEGY", False)
    assert ran.document["error"] == "the strategy breakout_52w_high: nothing was proved: 0 entries on GOOG"
    assert "nothing was proved: 0 entries" in console.run("strategy", "check", "breakout_52w_high", *never).out


def test_a_check_names_what_is_rounding_and_what_is_opened(console: Console) -> None:
    backwards = "sums = np.cumsum(np.r_[0.0, bars.close[::-1]])[::-1]"
    average = "np.r_[np.nan, (sums[:-2] - sums[2:]) / 2]"
    text = strategy(
        "from pathlib import Path",
        first=f"{backwards}; Path('x.txt').read_text()",
        entry=f'{RISES}, levels={{"average": {average}}}',
    )
    written(Path(), {"mine.py": text, "x.txt": "x"})
    ran = console.ok("strategy", "check", "mine.py", "--data", "sample:GOOG")
    assert "rounding: level average of bar" in ran.out
    assert f"it opens {Path('x.txt').absolute()}: what that holds decides its results" in " ".join(ran.out.split())
    document = console.json("strategy", "check", "mine.py", "--data", "sample:GOOG")
    assert [note["check"] for note in document["notes"]] == ["rounding"]
    assert document["files"] == [str(Path("x.txt").absolute())]


def test_a_lone_file_names_its_symbol(console: Console, tmp_path: Path) -> None:
    from storage.samples import sample_path

    (tmp_path / "ibm_prices.csv.gz").write_bytes(sample_path("IBM").read_bytes())
    console.ok("strategy", "new", "dip")
    assert console.json("strategy", "check", "dip.py", "--data", "ibm_prices.csv.gz")["bars"] == {"IBM": 3270}


def test_strategies_of_the_settings(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    console.ok("strategy", "new", "dip")
    monkeypatch.setenv("PAPERTAPE_STRATEGIES", "dip.py")
    assert console.json("strategy", "list")[-1]["key"] == "dip"
    assert console.ok("run", "--strategy", "dip", "--symbol", "GOOG", "--data", "sample:GOOG").code == 0
    monkeypatch.setenv("PAPERTAPE_STRATEGIES", "dip.py:gone.py")
    ran = console.ok("strategy", "list")
    assert "warning: the settings list gone.py" in ran.err
    assert console.run("strategy", "show", "dap").code == 5


def test_a_new_spec(console: Console) -> None:
    printed = console.ok("spec", "new", "--strategy", "sma_cross", "--symbol", "IBM").out
    assert 'strategy_id = "sma_cross"' in printed
    console.ok("spec", "new", "--strategy", "sma_cross", "--symbol", "IBM", "--to", "paper.toml")
    assert Path("paper.toml").read_text() == printed
    assert console.ok("run", "--spec", "paper.toml", "--data", "sample:IBM").code == 0


def test_no_file_is_written_over(console: Console) -> None:
    Path("dip.py").write_text("mine")
    assert console.run("strategy", "new", "dip").code == 4
    assert Path("dip.py").read_text() == "mine"
    assert console.run("strategy", "new", "sma_cross").code == 5
    assert console.run("strategy", "new", "../dip").code == 5


def test_what_a_strategy_prints_is_not_in_the_answer(console: Console) -> None:
    console.ok("strategy", "new", "Chatty")
    path = Path("chatty.py")
    said = path.read_text().replace(") -> Signals:\n", ') -> Signals:\n        print("in signals")\n', 1)
    path.write_text(f'{said}\nprint("at import")\n')
    spec = ("--strategy", "chatty.py", "--symbol", "IBM", "--data", "sample:IBM")
    for command in (
        ("strategy", "show", "chatty.py"),
        ("strategy", "check", "chatty.py"),
        ("evaluate", *spec),
        ("run", *spec),
        ("plan", "run", *spec, "--sweep", "risk.dollars_per_trade=100,200", "--workers", "2"),
        ("spec", "new", "--strategy", "chatty.py", "--symbol", "IBM"),
    ):
        spawned = console.spawn(*command, "--json")
        assert spawned.code == 0, spawned
        assert isinstance(spawned.document, dict), command
        assert "at import" in spawned.err
        assert "in signals" in spawned.err or (command[0] in {"spec", "strategy"} and command[1] != "check")


@pytest.mark.parametrize("command", ["spec new --to made.toml", "strategy new made"])
def test_a_full_disk_leaves_no_half_of_a_file(console: Console, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    refused = console.run(*command.split(), "--json")
    assert (refused.code, refused.document["error_code"]) == (1, "FILE_NOT_WRITTEN")
    assert not list(Path().glob("*made*"))
