"""`desk.research.run` against the plain loops of this package: trades, metrics, refusals, all bit for bit."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from random import Random

import numpy as np
from hypothesis import given, settings

from engine.market.bars import Dataset, make_bars
from engine.market.synthetic import synthetic_minutes
from storage.sqlite.unit_of_work import SqliteStore
from tests.oracles.comparing import compare
from tests.support.samples import sample_dataset
from tests.support.worlds import DAY, MINUTE, World, make_world, worlds

NY = "America/New_York"
RULES = {
    "symbols", "buying_power", "max_positions", "max_order_notional", "max_position_notional", "max_exposure_pct",
    "max_daily_loss", "max_drawdown_pct", "cooldown_minutes",
}  # fmt: skip
EXITS = {"stop_loss_exit", "take_profit_exit", "eod_exit", "signal_exit", "max_bars_exit", "end_of_data_exit"}


@given(worlds())
@settings(max_examples=200)
def test_any_world_trades_as_the_plain_loops_do(world: World) -> None:
    compare(world)


def test_the_worlds_meet_every_rule_and_every_exit() -> None:
    """The comparison means nothing for what does not come up."""
    refusals: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    for seed in range(600):
        for event in compare(make_world(Random(seed))):
            counter = refusals if event["type"] == "INTENT_REJECTED" else reasons
            counter[event["rule"] if counter is refusals else event["reason"]] += 1
    assert set(refusals) == RULES
    assert set(reasons) >= EXITS
    assert min([*refusals.values(), *(reasons[code] for code in EXITS)]) >= 5, json.dumps([refusals, reasons])


def test_a_database_file_gives_the_same(tmp_path: Path) -> None:
    for seed in range(12):
        store = SqliteStore(tmp_path / f"{seed}.db")
        try:
            compare(make_world(Random(seed)), store)
        finally:
            store.close()


def test_an_entry_fee_counts_towards_the_daily_loss_and_at_the_limit_is_beyond_it() -> None:
    """The first symbol's fee refuses the second's entry, until the next day begins in the session zone."""
    next_day = 18_700 * DAY + 15 * 60 * MINUTE  # midnight in Tokyo
    ts = next_day + np.array([-3, -2, -1, 1, 2]) * 60 * MINUTE
    falls = np.array([9.5, 9.0, 8.5, 8.0, 7.5])
    bars = {name: make_bars(name, ts, falls, falls, falls, falls, np.ones(5), "Asia/Tokyo") for name in ("A", "B")}
    spec = {
        "strategy_id": "rsi_reversion",
        "symbols": ["B", "A"],
        "entry": {"period": 1, "buy_below": 100.0},
        "exit": {"type": "none", "max_bars": 1},
    }
    limits = {"fee_fixed": 1.0, "max_daily_loss": 1.0}
    events = compare(World(spec, Dataset(bars, "Asia/Tokyo"), limits, 10_000.0, 0.0))
    refused = [(e["ts"], e["symbol"], e["rule"]) for e in events if e["type"] == "INTENT_REJECTED"]
    assert refused == [(at, "A", "max_daily_loss") for at in ts[1:4]]
    bought = [e["ts"] for e in events if e["type"] == "INTENT_EMITTED" and e["reason"] == "rsi_reversion_entry"]
    assert bought == [ts[1], ts[1], ts[2], ts[3], ts[3]]


def test_the_bundled_series_together() -> None:
    """Three real series of unequal length, fewer slots than symbols, fees and slippage."""
    for entry, leave in (
        ({"lookback_days": 55}, {"type": "eod"}),
        ({"lookback_days": 20}, {"type": "none", "stop_loss_pct": 8.0, "take_profit_pct": 25.0, "max_bars": 40}),
    ):
        spec = {
            "strategy_id": "breakout_52w_high",
            "symbols": ["IBM", "GOOG", "AAPL"],
            "entry": entry,
            "exit": leave,
            "risk": {"dollars_per_trade": 4000.0, "max_positions": 2},
        }
        compare(World(spec, sample_dataset("AAPL", "GOOG", "IBM"), {"fee_fixed": 1.0, "fee_bps": 2.0}, 10_000.0, 5.0))


def test_minutes_of_several_symbols_with_fewer_slots() -> None:
    """Sessions of 390 in New York, the last one cut short; one symbol misses every seventh minute."""
    bars = {name: synthetic_minutes(390 * 5 + 77, seed, name, "America/New_York") for seed, name in enumerate("CAB")}
    kept = np.arange(len(bars["A"])) % 7 != 3
    a = bars["A"]
    bars["A"] = make_bars("A", a.ts[kept], a.open[kept], a.high[kept], a.low[kept], a.close[kept], a.volume[kept], NY)
    for leave in ({}, {"type": "eod", "stop_loss_pct": 0.2, "take_profit_pct": 0.3}, {"type": "none", "max_bars": 390}):
        spec = {
            "strategy_id": "breakout_52w_high",
            "symbols": ["B", "C", "A"],
            "entry": {"lookback_days": 2},
            "exit": leave,
            "risk": {"dollars_per_trade": 4000.0, "max_positions": 2},
        }
        limits = {"fee_per_share": 0.005, "cooldown_minutes": 5.0, "max_daily_loss": 20.0}
        assert compare(World(spec, Dataset(bars, NY), limits, 10_000.0, 1.0))


def test_the_slower_strategies_on_a_bundled_series() -> None:
    for strategy in ("sma_cross", "rsi_reversion"):
        for leave in ({}, {"type": "none", "stop_loss_pct": 5.0}):
            spec = {"strategy_id": strategy, "symbols": ["IBM"], "exit": leave}
            compare(World(spec, sample_dataset("IBM"), {}, 10_000.0, 0.0))
