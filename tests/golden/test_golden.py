"""Trades and metrics computed by an independent program: 12 variants of `breakout_52w_high` on AAPL, daily."""

from __future__ import annotations

import gzip
import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from engine.desk.accounts import TradeView
from engine.intents import to_lots
from engine.strategies.spec import parse_spec
from storage.market_files import load_dataset
from storage.samples import sample_path
from tests.support.memory_desks import memory_desk
from tests.support.samples import sample_dataset

FILE = Path(__file__).parent / "AAPL_daily.json.gz"
VARIANTS = 12


@cache
def golden() -> dict[str, Any]:
    with gzip.open(FILE, "rt") as file:
        return json.load(file)


def spec_of(overrides: dict[str, Any]) -> dict[str, Any]:
    document: dict[str, Any] = {
        "strategy_id": golden()["strategy"],
        "symbols": golden()["symbols"],
        "exit": {"type": golden()["exit"]},
    }
    for path, value in overrides.items():
        group, name = path.split(".")
        document.setdefault(group, {})[name] = value
    return document


def test_the_golden_file_is_whole() -> None:
    assert len(golden()["variants"]) == VARIANTS
    assert golden()["bars"] == sample_dataset("AAPL").bar_count


def test_the_data_are_what_any_reader_makes_of_the_file() -> None:
    ours, plain = load_dataset([("AAPL", sample_path("AAPL"))]).bars["AAPL"], sample_dataset("AAPL").bars["AAPL"]
    for name in ("ts", "open", "high", "low", "close", "volume", "session"):
        assert getattr(ours, name).tolist() == getattr(plain, name).tolist()


@pytest.mark.parametrize("number", range(VARIANTS))
def test_a_run_gives_the_golden_trades_and_metrics(number: int) -> None:
    variant = golden()["variants"][number]
    outcome = memory_desk().research.run(parse_spec(spec_of(variant["overrides"])), sample_dataset("AAPL"))

    trades = [TradeView.of(trade).model_dump(mode="json") for trade in outcome.trades]
    assert len(trades) == len(variant["trades"])
    for ours, theirs in zip(trades, variant["trades"], strict=True):
        for name in ("symbol", "entry_ts", "exit_ts"):
            assert ours[name].replace("Z", "+00:00") == theirs[name]
        assert to_lots(ours["quantity"]) == to_lots(theirs["quantity"])
        for name in ("entry_price", "exit_price", "pnl"):
            assert ours[name] == pytest.approx(theirs[name], rel=1e-9, abs=1e-9)

    metrics = outcome.metrics.model_dump()
    for name, value in variant["metrics"].items():
        assert metrics[name] == (value if value is None else pytest.approx(value, rel=1e-9, abs=1e-9))
