"""The strategies of the page of ports: ours are sound, those of other programs are Python, and run where there is one.

That ours run, and print what the page shows, is held by `test_first_hour`.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from engine.strategies.base import Strategy
from engine.strategies.proof import find_longer_window, find_look_ahead
from storage.strategies.files import load_strategy_file
from tests.docs.pages import code_blocks, text_of
from tests.engine.strategies.test_comparing import prove
from tests.support.samples import sample_bars

PAGE = text_of("ports.md")
BLOCKS = list(code_blocks(PAGE, "python"))
OURS = {name[1]: block for block in BLOCKS if (name := re.match(r"# ([\w.]+)\n", block))}
THEIRS = [block for block in BLOCKS if block not in OURS.values()]
KEYS = {"turtle", "dip", "rotation"}


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """A directory with our files, importable."""
    for name, block in OURS.items():
        (tmp_path / name).write_text(block)
    return tmp_path


def test_each_strategy_is_there_three_times() -> None:
    assert set(OURS) == {"indicators.py", *(f"{key}.py" for key in KEYS)}
    for program in ("backtesting", "freqtrade.strategy"):
        assert sum(program in imported(block) for block in THEIRS) == len(KEYS)
    assert len(THEIRS) == 2 * len(KEYS)


def imported(block: str) -> set[str]:
    nodes = ast.walk(ast.parse(block))
    return {str(node.module) for node in nodes if isinstance(node, ast.ImportFrom)}


@pytest.mark.parametrize("key", sorted(KEYS))
def test_ours_do_not_look_ahead_nor_further_back_than_they_say(written: Path, key: str) -> None:
    strategy: Strategy[Any] = load_strategy_file(str(written / f"{key}.py"))()
    assert strategy.key == key
    bars = [sample_bars(symbol).slice(1300, 2000) for symbol in ("AAPL", "GOOG", "IBM")]
    if strategy.compares_symbols():
        assert prove(strategy, strategy.params(), bars, cuts=25) > 20
        return
    for one in bars:
        assert find_look_ahead(strategy, strategy.params(), one, cuts=16) is None
        assert find_longer_window(strategy, strategy.params(), one, cuts=16) is None


@pytest.mark.filterwarnings("ignore")  # those of another program
def test_those_of_backtesting_py_run_with_it(written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    backtesting = pytest.importorskip("backtesting")
    import pandas as pd

    monkeypatch.syspath_prepend(str(written))
    turtle, dip, rotation = (module_of(block) for block in THEIRS if "backtesting" in imported(block))
    frames = {}
    for symbol in ("AAPL", "GOOG", "IBM"):
        bars = sample_bars(symbol)
        names = ("open", "high", "low", "close", "volume")
        columns = {name.capitalize(): getattr(bars, name) for name in names}
        frames[symbol] = pd.DataFrame(columns, index=pd.to_datetime(bars.ts, unit="us"))
    for kind in (turtle.Turtle, dip.Dip):
        stats = backtesting.Backtest(frames["GOOG"], kind, cash=10_000, finalize_trades=True).run()
        assert len(stats["_trades"]) > 20
    assert sum(len(stats["_trades"]) for stats in rotation.run(frames).values()) > 10


def module_of(block: str) -> ModuleType:
    module = ModuleType("theirs")
    exec(compile(block, "ports.md", "exec"), module.__dict__)
    return module
