"""What a result was made of: the configuration, the strategy's code, the bars, the time it traded.

A trial is a distinct pair of `spec_sha256` and `strategy_sha256` with a result. Backtests and forward runs put these
fields into the journal, so that tries can be counted.
"""

from __future__ import annotations

import hashlib
from typing import Any

from engine.jsontext import canonical_json
from engine.market.bars import Dataset
from engine.market.sessions import iso
from engine.strategies.spec import CompiledSpec


def spec_sha256(base: dict[str, Any]) -> str:
    """The sha256 (hex) of the canonical JSON of a resolved spec: `CompiledSpec.base`, overrides applied."""
    return hashlib.sha256(canonical_json(base).encode()).hexdigest()


def tried(spec: CompiledSpec, strategy_sha256: str, dataset: Dataset) -> dict[str, Any]:
    """The fields that name a try; the window it traded is `traded_window`."""
    base = spec.base()
    return {
        "spec": base,
        "spec_sha256": spec_sha256(base),
        "strategy_sha256": strategy_sha256,
        "bars": {symbol: dataset.bars_sha256(symbol) for symbol in spec.symbols},
    }


def traded_window(first: int, last: int) -> dict[str, str]:
    """From the first to the last timestamp that was traded (UTC microseconds)."""
    return {"from": iso(first), "to": iso(last)}
