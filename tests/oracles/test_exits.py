"""Every exit against plain conditions: on any bar, with any composition, exact ties included."""

from __future__ import annotations

import math
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.strategies.exits import BarView, Standing, find_exit
from engine.strategies.spec import ExitSpec
from tests.oracles.comparing import CODES
from tests.oracles.exits import exit_of
from tests.oracles.rows import Row, day_of

# eighths of the average price, so that a low is often exactly at the stop
PERCENTS = st.sampled_from([None, None, 12.5, 25.0, 3.3])
DISTANCES = st.sampled_from([math.nan, math.nan, -1.25, 0.0, 1.25, 2.5, 0.33])
STEPS = st.sampled_from([None, None, [[0, 25.0], [2, 0.0]], [[1, 12.5], [3, 3.3], [5, 50.0]], [[4, 25]]])
PEAKS = st.sampled_from([10.0, 10.33, 11.25, 12.5, 15.0])
PRICES = st.lists(st.integers(4, 16).map(lambda eighths: eighths * 1.25), min_size=4, max_size=4)


@st.composite
def plans(draw: st.DrawFn) -> dict[str, Any]:
    plan = {
        "type": draw(st.sampled_from(["eod", "signal", "none"])),
        "stop_loss_pct": draw(PERCENTS),
        "take_profit_pct": draw(PERCENTS),
        "max_bars": draw(st.sampled_from([None, 1, 2, 5])),
        "trail_pct": draw(PERCENTS),
        "breakeven_pct": draw(PERCENTS),
        "take_profit_by_bars": draw(STEPS),
        "trail": draw(st.sampled_from([None, False, True])),
    }
    return {name: value for name, value in plan.items() if value is not None}


@given(plans(), PRICES, st.integers(1, 6), st.booleans(), st.booleans(), PEAKS, DISTANCES, DISTANCES)
@settings(max_examples=1200)
def test_any_exit(
    plan: dict[str, Any],
    prices: list[float],
    held: int,
    is_eod: bool,
    leaves: bool,
    peak: float,
    stop_distance: float,
    target_distance: float,
) -> None:
    opening, close, low, high = prices[0], prices[1], min(prices), max(prices)
    row = Row(0, opening, high, low, close, day_of(0, "UTC"))
    distances = {"stop_distance": stop_distance, "target_distance": target_distance}
    theirs = exit_of(plan, 10.0, held, row, is_eod=is_eod, leaves=leaves, peak=peak, **distances)
    standing = Standing(10.0, held, peak, stop_distance, target_distance)
    ours = find_exit(ExitSpec(**plan), standing, BarView(opening, high, low, close, leaves, is_eod))
    assert (None if ours is None else tuple(ours)) == (None if theirs is None else (CODES[theirs[0]], theirs[1]))


def test_the_stop_goes_first_even_if_the_bar_opened_beyond_the_target() -> None:
    plan = {"type": "none", "stop_loss_pct": 10.0, "take_profit_pct": 10.0}
    bar = BarView(12.0, 13.0, 8.0, 9.5, False, True)
    assert find_exit(ExitSpec(**plan), Standing(10.0), bar) == ("stop_loss_exit", 9.0)
    assert exit_of(plan, 10.0, 1, Row(0, 12.0, 13.0, 8.0, 9.5, day_of(0, "UTC")), is_eod=True, leaves=False) == (
        "stop",
        9.0,
    )


def test_a_gap_fills_at_the_open() -> None:
    assert find_exit(
        ExitSpec(type="none", stop_loss_pct=10.0), Standing(10.0), BarView(8.0, 8.5, 7.5, 8.2, False, False)
    ) == (
        "stop_loss_exit",
        8.0,
    )
    assert find_exit(
        ExitSpec(type="none", take_profit_pct=10.0), Standing(10.0), BarView(12.0, 13.0, 11.5, 12.5, False, False)
    ) == (
        "take_profit_exit",
        12.0,
    )
