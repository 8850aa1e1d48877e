"""Entries, own exits and levels of the built-in strategies against plain loops, row by row, bit for bit."""

from __future__ import annotations

import math
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.market.bars import Bars, Dataset
from engine.market.sessions import day_to_date, session_days
from engine.market.synthetic import synthetic_minutes
from engine.strategies.base import Signals, Strategy
from engine.strategies.guard import signals_of_all
from engine.strategies.registry import BUILTIN, Registry
from tests.oracles.rows import day_of, rows_of
from tests.oracles.signals import DEFAULT_EXIT, HAS_EXIT, SIGNALS, SIGNALS_ALL, Signal
from tests.support.samples import sample_bars, sample_dataset
from tests.support.worlds import DAY, MINUTE, ZONES, make_dataset, make_entry

LEVELS = {
    "breakout_52w_high": ["prior_high"],
    "sma_cross": ["fast", "slow"],
    "rsi_reversion": ["rsi"],
    "atr_trend": ["upper", "lower", "atr"],
    "momentum_rotation": ["gain", "average"],
}


def test_every_built_in_strategy_has_its_loops() -> None:
    keys = {kind.key for kind in BUILTIN}
    assert keys == {*SIGNALS, *SIGNALS_ALL} == set(LEVELS) == set(DEFAULT_EXIT)
    assert {kind.key for kind in BUILTIN if kind.has_exit} == HAS_EXIT
    assert {kind.key: kind.default_exit for kind in BUILTIN} == DEFAULT_EXIT


def compare(strategy: str, bars: Bars, entry: dict[str, Any], zone: str) -> int:
    """How many entries both find."""
    definition = Registry().get(strategy)
    ours = definition.signals(bars, definition.params(**entry))
    return same(definition, ours, SIGNALS[strategy](rows_of(bars, zone), **entry))


def same(definition: Strategy[Any], ours: Signals, theirs: list[Signal]) -> int:
    """How many entries both find."""
    assert ours.entry.tolist() == [signal.enters for signal in theirs]
    if definition.has_exit:
        assert ours.exit.tolist() == [signal.leaves for signal in theirs]
    for i, name in enumerate(LEVELS[definition.key]):
        assert known(ours.levels[name]) == [signal.levels[i] for signal in theirs]
    for name, column in ours.of_entries.items():
        given = [getattr(signal, name) for signal in theirs]
        assert known(column) == [None if math.isnan(value) else value for value in given]
    assert set(ours.of_entries) == {name for name in Signal._fields[3:] if getattr(theirs[0], name) is not None}
    return sum(signal.enters for signal in theirs)


def known(column: Any) -> list[float | None]:
    """None for NaN."""
    return [None if math.isnan(value) else value for value in column.tolist()]


def compare_all(strategy: str, dataset: Dataset, entry: dict[str, Any]) -> int:
    """How many entries both find, of a strategy that compares symbols."""
    definition, bars = Registry().get(strategy), list(dataset.bars.values())
    ours = signals_of_all(definition, bars, definition.params(**entry))
    rows = {one.symbol: rows_of(one, dataset.session_tz) for one in bars}
    theirs = SIGNALS_ALL[strategy](rows, **entry)
    return sum(same(definition, signals, theirs[one.symbol]) for one, signals in zip(bars, ours, strict=True))


@pytest.mark.parametrize("strategy", SIGNALS)
@given(random=st.randoms(use_true_random=False))
@settings(max_examples=100)
def test_any_data(strategy: str, random: Random) -> None:
    dataset = make_dataset(random)
    entry = make_entry(random, strategy)
    for bars in dataset.bars.values():
        compare(strategy, bars, entry, dataset.session_tz)


@pytest.mark.parametrize("strategy", SIGNALS)
def test_a_real_series_with_the_defaults(strategy: str) -> None:
    assert compare(strategy, sample_bars("GOOG"), {}, "UTC") > 5


@pytest.mark.parametrize("strategy", SIGNALS_ALL)
@given(random=st.randoms(use_true_random=False))
@settings(max_examples=100)
def test_any_data_of_several_symbols(strategy: str, random: Random) -> None:
    compare_all(strategy, make_dataset(random, most=150), make_entry(random, strategy))


@pytest.mark.parametrize("strategy", SIGNALS_ALL)
def test_real_series_side_by_side_with_the_defaults(strategy: str) -> None:
    assert compare_all(strategy, sample_dataset("AAPL", "GOOG", "IBM"), {}) > 100
    assert compare_all(strategy, sample_dataset("AAPL", "GOOG", "IBM"), {"hold": 1}) > 50


@pytest.mark.parametrize("lookback", [20, 55, 4000])
def test_lookbacks_on_a_real_series(lookback: int) -> None:
    found = compare("breakout_52w_high", sample_bars("AAPL"), {"lookback_days": lookback}, "UTC")
    assert (found > 0) is (lookback < 3270)


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Tokyo"])
def test_minutes_in_sessions_of_390(zone: str) -> None:
    """Made in New York: in Tokyo each of its sessions lies across midnight and is two."""
    made = synthetic_minutes(390 * 4 + 100, seed=7, session_tz="America/New_York")
    bars = Bars(
        made.symbol, made.ts, made.open, made.high, made.low, made.close, made.volume, session_days(made.ts, zone)
    )
    assert sum(compare("breakout_52w_high", bars, {"lookback_days": lookback}, zone) for lookback in (1, 2, 3)) > 0


@pytest.mark.parametrize("zone", [*ZONES, "Australia/Lord_Howe", "America/Havana"])
def test_sessions_are_local_calendar_days_through_every_change_of_the_clocks(zone: str) -> None:
    first = 18_628 * DAY  # 2021-01-01
    times = range(first, first + 365 * DAY, 15 * MINUTE)
    for shift in (0, 15 * MINUTE - 1):
        ts = [time + shift for time in times]
        days = session_days(np.array(ts), zone)
        assert [day_to_date(day) for day in days.tolist()] == [day_of(each, zone) for each in ts]
