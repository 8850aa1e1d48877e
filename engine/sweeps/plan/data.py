"""Which data a plan is run on, as the journal has them: described, and compared with others."""

from __future__ import annotations

from typing import Any

from engine.market.bars import Bars, Dataset
from engine.market.sessions import iso


def describe(dataset: Dataset) -> dict[str, Any]:
    """Which data these are: `sha256` (of the files, or of the columns when they came from none), and what is traded.

    `bars` has the count and both ends of each symbol's bars in the window, `history` those of its bars before it; data
    without history have no such key.
    """
    history = {symbol: _extent(dataset.history(symbol)) for symbol in dataset.bars if dataset.first_row(symbol)}
    described = {
        "sha256": dataset.digest,
        "session_tz": dataset.session_tz,
        "bar_count": dataset.bar_count,
        "bars": {symbol: _extent(dataset.traded(symbol)) for symbol in dataset.bars},
        "sources": list(dataset.sources),
    }
    return described | {"history": history} if history else described


def history_bars(described: dict[str, Any]) -> int:
    """How many bars before the window a description has, of all symbols together."""
    return sum(count for count, *_ends in described.get("history", {}).values())


def same_data(described: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two descriptions are of the same bars, wherever the files lie."""
    return deciding(described) == deciding(other)


def deciding(described: dict[str, Any]) -> dict[str, Any]:
    """What decides results: not where the files lie."""
    return {key: described[key] for key in ("sha256", "session_tz", "bars", "history") if key in described}


def _extent(bars: Bars) -> list[Any]:
    """How many, and the times of the first and the last."""
    return [len(bars), iso(int(bars.ts[0])), iso(int(bars.ts[-1]))] if len(bars) else [0, None, None]
