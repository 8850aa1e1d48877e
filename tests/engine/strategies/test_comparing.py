"""The built-in strategies that compare symbols: worked examples, and no look-ahead with all symbols cut at once."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.market.bars import Bars, make_bars
from engine.market.synthetic import synthetic_daily, synthetic_minutes
from engine.strategies.base import Signals, Strategy
from engine.strategies.builtin.momentum_rotation import MomentumRotation
from engine.strategies.guard import signals_of_all
from engine.strategies.registry import BUILTIN
from tests.support.samples import sample_bars
from tests.support.worlds import DAY, make_dataset, make_entry

COMPARING = [kind() for kind in BUILTIN if kind.compares_symbols()]
Rows = dict[tuple[str, int], tuple[Any, ...]]
"""A strategy's signals by symbol and timestamp."""


def rows_of(strategy: Strategy[Any], params: Any, bars: list[Bars]) -> Rows:
    given = signals_of_all(type(strategy)(), bars, params)
    return {
        (one.symbol, int(ts)): values
        for one, signals in zip(bars, given, strict=True)
        for ts, values in zip(one.ts, _values(signals), strict=True)
    }


def _values(signals: Signals) -> list[tuple[Any, ...]]:
    """Text of each row: NaN is like NaN, and every last bit is shown."""
    columns = [signals.entry, signals.exit, *signals.levels.values(), *signals.of_entries.values()]
    return list(zip(*(map(repr, column.tolist()) for column in columns if column is not None), strict=True))


def between(bars: list[Bars], first: int, last: int) -> list[Bars]:
    """The bars of all symbols from one time to another, both included; symbols without any are left out."""
    cut = [one.slice(*np.searchsorted(one.ts, [first, last + 1])) for one in bars]
    return [one for one in cut if len(one)]


def prove(strategy: Strategy[Any], params: Any, bars: list[Bars], cuts: int) -> int:
    """Compare pieces with the whole, each symbol cut at the same times; how many rows signalled and were compared."""
    whole, times = rows_of(strategy, params, bars), np.unique(np.concatenate([one.ts for one in bars]))
    reach, signalled = strategy.window(params).bars, 0
    for cut in np.unique(np.linspace(1, len(times) - 1, cuts).astype(int)):
        before = rows_of(strategy, params, between(bars, int(times[0]), int(times[cut])))
        assert {key: whole[key] for key in before} == before, "it looks ahead"
        after = rows_of(strategy, params, between(bars, int(times[cut]), int(times[-1])))
        known = {key: row for key, row in after.items() if np.searchsorted(times, key[1]) >= cut + reach - 1}
        assert {key: whole[key] for key in known} == known, "its window is longer"
        signalled += sum("True" in row[:2] for row in {**before, **known}.values())
    return signalled


@pytest.mark.parametrize("strategy", COMPARING, ids=lambda strategy: strategy.key)
@given(random=st.randoms(use_true_random=False))
@settings(max_examples=30)
def test_any_symbols_cut_together(strategy: Strategy[Any], random: Random) -> None:
    params = strategy.params(**make_entry(random, strategy.key))
    prove(strategy, params, list(make_dataset(random).bars.values()), cuts=12)


@pytest.mark.parametrize("strategy", COMPARING, ids=lambda strategy: strategy.key)
def test_the_defaults_on_real_days(strategy: Strategy[Any]) -> None:
    bars = [sample_bars(symbol).slice(0, 900) for symbol in ("AAPL", "GOOG", "IBM")]
    assert prove(strategy, strategy.params(), bars, cuts=25) > 100


def test_a_month_that_begins_within_the_day_is_cut_anywhere_around_it() -> None:
    """Every place near a month's first minute: what a cut leaves of the months before decides nothing."""
    bars = [synthetic_minutes(390 * 22, seed=seed, symbol=f"S{seed}", session_tz="Asia/Tokyo") for seed in (1, 2)]
    bars = [one.slice(390 * 18, 390 * 22) for one in bars]
    params = MomentumRotation.params(lookback_period=30, average_period=20, hold=1)
    assert prove(MomentumRotation(), params, bars, cuts=400) > 100


def days(symbol: str, first_day: int, closes: list[float | None]) -> Bars:
    """A bar a day from `first_day` (since 1970) on; None is a day without one."""
    known = [(first_day + i, close) for i, close in enumerate(closes) if close is not None]
    ts, price = np.array([day * DAY for day, _ in known]), np.array([close for _, close in known])
    return make_bars(symbol, ts, price, price, price, price, np.ones(len(price)))


JANUARY_28 = 18_655  # of 2021


def decided(bars: list[Bars], **params: int) -> dict[str, tuple[list[int], list[int]]]:
    """By symbol the days after January 28 on which it enters, and those on which its own exit fires."""
    given = signals_of_all(MomentumRotation(), bars, MomentumRotation.params(**params))
    return {
        one.symbol: tuple(
            [int(one.ts[row] // DAY) - JANUARY_28 for row in np.flatnonzero(column)]
            for column in (signals.entry, signals.exit)
        )
        for one, signals in zip(bars, given, strict=True)
    }


def test_the_first_bar_of_a_month_decides_and_no_other() -> None:
    """February 1 is the fourth day after January 28: A rose most, B is second, C is below its average."""
    bars = [
        days("A", JANUARY_28, [10, 10, 11, 12, 13, 9, 8]),
        days("B", JANUARY_28, [10, 10, 10, 10, 11, 15, 20]),
        days("C", JANUARY_28, [10, 12, 12, 12, 10.5, 30, 40]),
    ]
    small = {"lookback_period": 4, "average_period": 3}
    assert decided(bars, hold=1, **small) == {"A": ([4], []), "B": ([], [4]), "C": ([], [4])}
    assert decided(bars, hold=3, **small) == {"A": ([4], []), "B": ([4], []), "C": ([], [4])}


def test_a_place_whose_symbol_is_below_its_average_stays_empty() -> None:
    bars = [days("A", JANUARY_28, [5, 20, 20, 20, 10]), days("B", JANUARY_28, [10, 10, 10, 10, 11])]
    assert decided(bars, hold=1, lookback_period=4, average_period=3) == {"A": ([], [4]), "B": ([], [4])}


def test_of_equal_returns_the_first_in_the_spec_is_held() -> None:
    bars = [days(symbol, JANUARY_28, [10, 10, 10, 10, 11]) for symbol in ("B", "A")]
    assert decided(bars, hold=1, lookback_period=4, average_period=3) == {"B": ([4], []), "A": ([], [4])}


def test_a_symbol_without_a_bar_when_the_month_begins_is_left_as_it_is() -> None:
    bars = [days("A", JANUARY_28, [10, 10, 11, 12, None, 90]), days("B", JANUARY_28, [10, 10, 10, 10, 11, 9])]
    assert decided(bars, hold=1, lookback_period=4, average_period=3) == {"A": ([], []), "B": ([4], [])}


def test_a_return_needs_bars_on_more_than_half_of_the_lookback() -> None:
    bars = [
        days("A", JANUARY_28, [None, None, 11, 12, 13]),  # three of five: from 11 to 13
        days("B", JANUARY_28, [None, None, None, 1, 13]),  # two of five: not known
        days("C", JANUARY_28, [10, 10, 10, 10, 11]),
    ]
    small = {"lookback_period": 4, "average_period": 2}
    assert decided(bars, hold=1, **small) == {"A": ([4], []), "B": ([], [4]), "C": ([], [4])}
    assert decided(bars, hold=3, **small)["B"] == ([], [4])


def test_the_score_is_the_return_and_a_short_past_decides_nothing() -> None:
    bars = days("A", JANUARY_28, [10, 10, 11, 12, 13])
    (signals,) = signals_of_all(MomentumRotation(), [bars], MomentumRotation.params(lookback_period=4))
    assert not signals.entry.any()  # the average needs 100
    (signals,) = signals_of_all(
        MomentumRotation(), [bars], MomentumRotation.params(lookback_period=4, average_period=3)
    )
    assert signals.score is not None
    assert signals.score[4] == 13 / 10 - 1
    assert np.isnan(signals.score[:4]).all()
    assert signals.levels["average"][4] == (11 + 12 + 13) / 3


def test_a_hundred_symbols_are_ranked_alike_whatever_else_is_there() -> None:
    """Averages and returns of a symbol do not depend, to the last bit, on how many others lie beside it."""
    bars = [synthetic_daily(400, seed=seed, symbol=f"S{seed}") for seed in range(100)]
    together = signals_of_all(MomentumRotation(), bars, MomentumRotation.params())
    for one, beside in list(zip(bars, together, strict=True))[::17]:
        (alone,) = signals_of_all(MomentumRotation(), [one], MomentumRotation.params())
        for name in ("gain", "average"):
            assert alone.levels[name].tobytes() == beside.levels[name].tobytes()
