"""Ids of specs that were written before fills, sizes and more exits could be set: they never move.

`older_specs.json` was written by the program of before, by `made` below on `CASES`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from engine.policy.limits import Limits
from engine.policy.workspace import Workspace
from engine.strategies.registry import Registry
from engine.strategies.spec import compile_spec, parse_spec
from engine.sweeps.plan.fingerprint import fingerprint
from engine.sweeps.plan.generator import generate

KEPT = Path(__file__).with_name("older_specs.json")

CASES: dict[str, tuple[dict[str, Any], dict[str, list[Any]]]] = {
    "defaults": ({"strategy_id": "breakout_52w_high", "symbols": ["AAPL"]}, {}),
    "sma": ({"strategy_id": "sma_cross", "symbols": ["AAPL", "IBM"]}, {"entry.fast_period": [5, 10, 20]}),
    "rsi": (
        {"strategy_id": "rsi_reversion", "symbols": ["é", "ES=F"], "timeframe": "5m"},
        {"entry.buy_below": [25, 30.5], "entry.period": [7, 14]},
    ),
    "exits": (
        {
            "strategy_id": "sma_cross",
            "symbols": ["GOOG"],
            "exit": {"type": "none", "stop_loss_pct": 8, "take_profit_pct": 2.5, "max_bars": 20},
        },
        {
            "exit.stop_loss_pct": [None, 2, 5.5],
            "exit.take_profit_pct": [None, 10],
            "exit.max_bars": [None, 5],
            "exit.type": ["signal", "none", "eod", "never"],
        },
    ),
    "risk": (
        {
            "strategy_id": "breakout_52w_high",
            "symbols": ["X"],
            "entry": {"type": "breakout_52w_high", "lookback_days": 55},
            "risk": {"dollars_per_trade": 1234.5, "max_positions": 2},
            "enabled": False,
        },
        {"risk.dollars_per_trade": [500, 1000.0, 1e12, -1], "risk.max_positions": [1, 3, 0]},
    ),
}
ACCOUNT = Workspace(UUID(int=7), "plan", 10_000.0, 0, limits=Limits(fee_bps=1.5, max_positions=3))
DATA = {"sha256": "0" * 64, "session_tz": "UTC", "bars": {"X": [3, "a", "b"]}}


def made(document: dict[str, Any], sweep: dict[str, list[Any]]) -> dict[str, Any]:
    """All that must stay of a spec and of a sweep of it."""
    base = compile_spec(parse_spec(document), Registry().get(document["strategy_id"]), "daily")
    variants = generate(base, sweep).variants
    return {
        "base": base.base(),
        "key": base.key,
        "untimed_key": base.untimed_key,
        "variants": {variant.label: variant.variant_id for variant in variants},
        "skipped": [variant.label for variant in variants if variant.spec is None],
        "resolved": [variant.spec.key for variant in variants if variant.spec is not None],
        "fingerprint": fingerprint(base, variants, DATA, ACCOUNT, 5.0, "1" * 64),
    }


@pytest.mark.parametrize("name", CASES)
def test_what_identifies_an_older_spec_is_as_it_was(name: str) -> None:
    assert made(*CASES[name]) == json.loads(KEPT.read_text(encoding="utf-8"))[name]


@pytest.mark.parametrize("name", CASES)
def test_fields_written_at_their_defaults_are_as_if_they_were_left_out(name: str) -> None:
    document, sweep = CASES[name]
    newer = {
        "exit": {"trail_pct": None, "trail": False, "breakeven_pct": None, "take_profit_by_bars": None},
        "risk": {
            "size": "dollars",
            "equity_pct": None,
            "risk_pct": None,
            "short_of_cash": "refuse",
            "min_dollars": None,
        },
        "execution": {"fill": "close"},
    }
    written_out = {**document, **{part: {**fields, **document.get(part, {})} for part, fields in newer.items()}}
    assert made(written_out, sweep) == made(document, sweep)
