"""No strategy looks ahead, none needs more of the past than it declares, and the proof catches those that do."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any, ClassVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.market.bars import Bars, BoolArray
from engine.market.synthetic import synthetic_daily, synthetic_minutes
from engine.strategies.base import Params, Signals, Strategy, Window
from engine.strategies.proof import find_longer_window, find_look_ahead, is_rounding
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


# what is kept from one call to the next, and what is rounding


class Keeping(Cheat):
    """Looks ahead, and keeps the longest answer by symbol: asked for the whole first, it hands out pieces of it."""

    def __init__(self) -> None:
        self._kept: dict[str, BoolArray] = {}

    def signals(self, bars: Bars, params: Params) -> Signals:
        if len(self._kept.get(bars.symbol, ())) < len(bars):
            self._kept[bars.symbol] = Tomorrow().signals(bars, params).entry
        return Signals(self._kept[bars.symbol][: len(bars)])


class KeepingForAll(Cheat):
    """The same for all its instances."""

    kept: ClassVar[dict[str, BoolArray]] = {}

    def signals(self, bars: Bars, params: Params) -> Signals:
        if len(self.kept.get(bars.symbol, ())) < len(bars):
            self.kept[bars.symbol] = Tomorrow().signals(bars, params).entry
        return Signals(self.kept[bars.symbol][: len(bars)])


@pytest.mark.parametrize("cheat", [Keeping, KeepingForAll])
def test_results_that_are_kept_hide_no_look_ahead(cheat: type[Cheat]) -> None:
    finding = find_look_ahead(cheat(), Params(), DAYS)
    assert finding is not None
    assert (finding.kind, finding.rounding) == ("look-ahead", False)


def test_the_shortest_pieces_are_asked_for_first_and_the_whole_last() -> None:
    asked: list[tuple[int, int]] = []

    def signals(bars: Bars) -> Signals:
        asked.append((int(np.searchsorted(DAYS.ts, bars.ts[0])), len(bars)))
        return Signals(bars.close > bars.open)

    assert find_look_ahead(Unasked(), Params(), DAYS, signals=signals, cuts=10) is None
    spread, after = asked[:10], asked[10:]
    assert [start for start, _ in asked] == [0] * len(asked)
    for rows in (spread, after):
        assert [count for _, count in rows] == sorted(count for _, count in rows)
        assert rows[-1] == (0, len(DAYS))
    asked.clear()
    assert find_longer_window(Unasked(), Params(), DAYS, signals=signals, cuts=10) is None
    assert [count for _, count in asked] == sorted(count for _, count in asked)
    assert asked[-1] == (0, len(DAYS))


class Unasked(Cheat):
    """Is asked by the test."""

    def signals(self, bars: Bars, params: Params) -> Signals:
        raise AssertionError


class Backwards(Cheat):
    """A five-bar average from a sum that begins at the newest bar: its last bits depend on where the data end."""

    peeks = False

    def signals(self, bars: Bars, params: Params) -> Signals:
        sums = np.cumsum(np.r_[0.0, bars.close[::-1]])[::-1]
        average = np.full(len(bars), np.nan)
        average[4:] = (sums[:-5] - sums[5:]) / 5
        rises = np.r_[bars.close[1:] > bars.close[:-1], False] if self.peeks else bars.close > bars.open
        return Signals(rises, levels={"average": average})


class BackwardsAndAhead(Backwards):
    peeks = True


class Forwards(CumulativeAverage):
    """The same from the oldest bar on, shown and not compared."""

    def signals(self, bars: Bars, params: Params) -> Signals:
        return Signals(bars.close > bars.open, levels=super().signals(bars, params).levels)


class Close(Cheat):
    """Compares a price with what it is but for rounding."""

    def signals(self, bars: Bars, params: Params) -> Signals:
        sums = np.cumsum(np.r_[0.0, bars.close])
        again = sums[1:] - sums[:-1]
        return Signals(bars.close > again, levels={"again": again})


def test_a_level_that_differs_in_its_last_digits_is_rounding_and_no_look_ahead() -> None:
    finding = find_look_ahead(Backwards(), Params(), DAYS)
    assert finding is not None
    assert (finding.kind, finding.column, finding.rounding, finding.is_harmless) == (
        "look-ahead",
        "level average",
        True,
        True,
    )
    assert "that is rounding, and no look-ahead" in finding.sentence()
    window = find_longer_window(Forwards(), Params(), DAYS)
    assert window is not None
    assert (window.rounding, window.is_harmless) == (True, True)
    assert "that is rounding, and no longer window" in window.sentence()


class Crossing(Forwards):
    """Enters where the close comes to lie above it: a tie on the bar before decides too."""

    def signals(self, bars: Bars, params: Params) -> Signals:
        levels = super().signals(bars, params).levels
        above = bars.close > levels["average"]
        return Signals(above & ~np.r_[False, above[:-1]], levels=levels)


def test_a_crossing_that_rounding_decides_on_the_bar_before_is_rounding() -> None:
    flat = replace(DAYS, close=np.round(DAYS.close[:1] + 0.1 + np.zeros(len(DAYS)), 1))
    finding = find_longer_window(Crossing(), Params(), flat)
    assert finding is not None
    assert (finding.column, finding.rounding) == ("entry", True)


def test_rounding_hides_no_look_ahead() -> None:
    finding = find_look_ahead(BackwardsAndAhead(), Params(), DAYS)
    assert finding is not None
    assert (finding.column, finding.rounding) == ("entry", False)
    assert "it looks ahead" in finding.sentence()


def test_an_entry_that_rounding_decides_is_told_as_that_and_is_no_harmless_thing() -> None:
    finding = find_longer_window(Close(), Params(), DAYS)
    assert finding is not None
    assert (finding.column, finding.rounding, finding.is_harmless) == ("entry", True, False)
    assert "its levels by rounding alone: rounding decides it, and no longer window" in finding.sentence()


@pytest.mark.parametrize(
    ("one", "other", "scale", "expected"),
    [
        (1.0, 1.0, 0.0, True),
        (0.1 + 0.2, 0.3, 0.0, True),
        (100.0, 100.0 + 1e-8, 0.0, True),
        (100.0, 100.0 + 1e-6, 0.0, False),
        (-100.0, 100.0, 0.0, False),
        (1e-12, 2e-12, 0.0, False),
        (1e-12, 2e-12, 100.0, True),
        (0.0, 1e-300, 0.0, False),
        (float("nan"), float("nan"), 0.0, True),
        (float("nan"), 1.0, 1.0, False),
        (float("inf"), float("inf"), 0.0, True),
        (float("inf"), 1e308, 0.0, False),
        (float("inf"), float("-inf"), 0.0, False),
        (1.0, 2.0, float("inf"), False),
    ],
)
def test_what_is_rounding(one: float, other: float, scale: float, expected: bool) -> None:
    assert is_rounding(one, other, scale) is expected
    assert is_rounding(other, one, scale) is expected
