"""No strategy looks ahead, none needs more of the past than it declares, and the proof catches those that do."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.market.bars import Bars
from engine.market.synthetic import synthetic_daily, synthetic_minutes
from engine.strategies.base import Params, Signals, Strategy, Window
from engine.strategies.proof import find_longer_window, find_look_ahead
from engine.strategies.registry import Registry
from tests.support.samples import sample_bars
from tests.support.worlds import make_dataset, make_entry

REGISTERED = [registered.strategy for registered in Registry().all()]


@pytest.mark.parametrize("strategy", REGISTERED, ids=lambda strategy: strategy.key)
@given(random=st.randoms(use_true_random=False))
@settings(max_examples=40)
def test_no_look_ahead_and_no_longer_window(strategy: Strategy[Any], random: Random) -> None:
    params = strategy.params(**make_entry(random, strategy.key))
    for bars in make_dataset(random).bars.values():
        assert find_look_ahead(strategy, params, bars) is None
        assert find_longer_window(strategy, params, bars) is None


@pytest.mark.parametrize("strategy", REGISTERED, ids=lambda strategy: strategy.key)
def test_the_defaults_on_real_days_and_on_minutes(strategy: Strategy[Any]) -> None:
    for bars in (sample_bars("GOOG").slice(0, 900), synthetic_minutes(1000, seed=3)):
        assert find_look_ahead(strategy, strategy.params(), bars) is None
        assert find_longer_window(strategy, strategy.params(), bars) is None


class Cheat(Strategy[Params]):
    """Declares a window of five bars."""

    key = "cheat"

    def window(self, params: Params) -> Window:
        return Window(bars=5)


class Tomorrow(Cheat):
    def signals(self, bars: Bars, params: Params) -> Signals:
        return Signals(np.r_[bars.close[1:] > bars.close[:-1], False])


class RarelyTomorrow(Cheat):
    """Shows no levels, and looks ahead on few bars."""

    def signals(self, bars: Bars, params: Params) -> Signals:
        return Signals(np.r_[bars.close[1:] > bars.close[:-1] * 1.0249, False])


class TomorrowsLevel(Cheat):
    """Hides tomorrow behind a level that is named like a column."""

    def signals(self, bars: Bars, params: Params) -> Signals:
        never = np.zeros(len(bars), dtype=bool)
        return Signals(np.r_[bars.close[1:] > bars.close[:-1], False], levels={"entry": never.astype(float)})


class TomorrowsExit(Cheat):
    has_exit = True

    def signals(self, bars: Bars, params: Params) -> Signals:
        never = np.zeros(len(bars), dtype=bool)
        return Signals(never, exit=np.r_[bars.close[1:] < bars.close[:-1], False])


class WholeRange(Cheat):
    """Scales by the highest close of the data, which nobody knew then."""

    def signals(self, bars: Bars, params: Params) -> Signals:
        return Signals(bars.close > 0.7 * bars.close.max())


class SessionsEnd(Cheat):
    """Buys on a session's last bar: which one that is, only the next bar tells."""

    def signals(self, bars: Bars, params: Params) -> Signals:
        return Signals(np.r_[bars.session[1:] != bars.session[:-1], True])


class CumulativeAverage(Cheat):
    """A five-bar average from a cumulative sum: its last bits depend on where the data start."""

    def signals(self, bars: Bars, params: Params) -> Signals:
        sums = np.cumsum(np.r_[0.0, bars.close])
        average = np.full(len(bars), np.nan)
        average[4:] = (sums[5:] - sums[:-5]) / 5
        return Signals(bars.close > average, levels={"average": average})


class LongerWindow(Cheat):
    """Looks back six bars and says five."""

    def signals(self, bars: Bars, params: Params) -> Signals:
        entry = np.zeros(len(bars), dtype=bool)
        entry[5:] = bars.close[5:] > bars.close[:-5]
        return Signals(entry)


class OwnSession(Cheat):
    """Compares with its session's open and declares no session."""

    def signals(self, bars: Bars, params: Params) -> Signals:
        starts = np.flatnonzero(np.r_[True, bars.session[1:] != bars.session[:-1]])
        ordinal = np.searchsorted(starts, np.arange(len(bars)), side="right") - 1
        return Signals(bars.close > bars.open[starts][ordinal])


DAYS, MINUTES = synthetic_daily(800, seed=11), synthetic_minutes(1000, seed=5)


@pytest.mark.parametrize("cheat", [Tomorrow, RarelyTomorrow, TomorrowsLevel, TomorrowsExit, WholeRange])
def test_looking_ahead_is_found(cheat: type[Cheat]) -> None:
    finding = find_look_ahead(cheat(), Params(), DAYS)
    assert finding is not None
    assert finding.kind == "look-ahead"
    assert "looks ahead" in finding.sentence()


def test_the_rare_look_ahead_is_rare() -> None:
    entries = RarelyTomorrow().signals(DAYS, Params()).entry
    assert 0 < entries.sum() <= len(DAYS) // 50


def test_looking_ahead_for_a_sessions_end_is_found_on_intraday_bars() -> None:
    assert find_look_ahead(SessionsEnd(), Params(), MINUTES) is not None


@pytest.mark.parametrize(("cheat", "bars"), [(CumulativeAverage, DAYS), (LongerWindow, DAYS), (OwnSession, MINUTES)])
def test_an_undeclared_past_is_found(cheat: type[Cheat], bars: Bars) -> None:
    assert find_look_ahead(cheat(), Params(), bars) is None
    finding = find_longer_window(cheat(), Params(), bars)
    assert finding is not None
    assert finding.kind == "window"
    assert "longer" in finding.sentence()


def test_an_anchored_strategy_may_depend_on_all_its_past() -> None:
    class Anchored(CumulativeAverage):
        def window(self, params: Params) -> Window:
            return Window(anchored=True)

    assert find_longer_window(Anchored(), Params(), DAYS) is None


def test_a_session_window_covers_its_own_session() -> None:
    class Declared(OwnSession):
        def window(self, params: Params) -> Window:
            return Window(sessions=1)

    assert find_longer_window(Declared(), Params(), MINUTES) is None
