from __future__ import annotations

import numpy as np
import pytest

from benchmarks.rivals.highs import breakouts, session_ends
from benchmarks.rivals.with_backtesting import spread
from benchmarks.work import Work, bars_of, daily, dataset_of, minutes
from engine.strategies.builtin.breakout_52w_high import Breakout52wHigh, BreakoutParams

SMALL = [daily(150, (1, 3, 20)), minutes(8_000, (1, 3, 5))]


@pytest.mark.parametrize("work", SMALL, ids=lambda work: work.name)
def test_the_rivals_signals_are_papertapes(work: Work) -> None:
    bars = bars_of(work)
    flags = breakouts(bars, work.lookbacks)
    can_enter = np.ones(len(bars), dtype=bool)
    can_enter[0] = can_enter[-1] = False
    if work.timeframe != "daily":
        can_enter &= ~session_ends(bars)
    for nth, lookback in enumerate(work.lookbacks):
        ours = Breakout52wHigh().signals(bars, BreakoutParams(lookback_days=lookback)).entry & can_enter
        assert ours.any()
        np.testing.assert_array_equal(flags[:, nth], ours)


def test_a_work_survives_json() -> None:
    work = daily(150, (1, 3), symbols=2)
    assert Work.of(work.document()) == work


def test_several_symbols_have_bars_of_their_own() -> None:
    data = dataset_of(daily(50, symbols=3))
    assert data.symbols == ("SYN000", "SYN001", "SYN002")
    assert len({bars.close.tobytes() for bars in data.bars.values()}) == 3


def test_a_sample_is_spread_over_lookbacks_and_sizes() -> None:
    variants = daily(2_500).variants
    sample = spread(variants, 10)
    assert len(set(sample)) == 10
    assert {dollars for _, dollars in sample} == {dollars for _, dollars in variants}
    assert len({lookback for lookback, _ in sample}) == 10
    assert set(sample) <= set(variants)


@pytest.mark.parametrize("count", [None, 100, 500])
def test_no_sample_is_all_of_them(count: int | None) -> None:
    variants = daily(2_500).variants
    assert spread(variants, count) == variants
