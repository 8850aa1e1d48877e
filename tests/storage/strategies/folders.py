"""Folders of strategies for tests: a strategy called `mine`, and files beside it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

STRATEGY = """
import numpy as np
{imports}
from papertape import Bars, Params, Signals, Strategy, Window


class Mine(Strategy[Params]):
    key = "mine"
    summary = "Buys a rise."

    def signals(self, bars, params):
        {first}
        return Signals({entry})

    def window(self, params):
        return Window(bars=2)
"""
RISES = "np.r_[False, bars.close[1:] > bars.close[:-1]]"


def strategy(imports: str = "", entry: str = RISES, first: str = "pass") -> str:
    """The text of a strategy with imports of its own; `first` is the first line of its `signals`."""
    return STRATEGY.format(imports=imports, entry=entry, first=first)


def written(room: Path, files: Mapping[str, str]) -> Path:
    """A folder with these files, by their paths in it; the strategy's is `mine.py`."""
    for name, text in files.items():
        path = room / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return room / "mine.py"
