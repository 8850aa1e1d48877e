"""What a person is warned of before trusting a result."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from engine.market.bars import Bars, make_bars
from engine.market.quality import quality_warnings
from engine.market.synthetic import synthetic_daily, synthetic_minutes

DAY = 86_400_000_000
EPOCH = date(1970, 1, 1)


def daily(
    closes: list[float], opens: list[float] | None = None, days: list[date] | None = None, volume: float = 1
) -> Bars:
    """Daily bars on weekdays from Monday 2020-01-06."""
    weekdays = (date(2020, 1, 6) + timedelta(days=7 * (i // 5) + i % 5) for i in range(len(closes)))
    ts = np.array([(day - EPOCH).days * DAY for day in days or weekdays])
    opening, close = np.array(opens or closes, float), np.array(closes, float)
    high, low = np.maximum(opening, close), np.minimum(opening, close)
    return make_bars("X", ts, opening, high, low, close, np.full(len(ts), volume))


def test_sound_bars_are_not_warned_of() -> None:
    assert quality_warnings(synthetic_daily(500, 1)) == ()
    assert quality_warnings(synthetic_minutes(4000, 1)) == ()
    assert quality_warnings(daily([1.0])) == ()


@pytest.mark.parametrize(
    ("opening", "move"), [(59.99, "-40.0 %"), (50, "-50.0 %"), (140.01, "+40.0 %"), (1000, "+900.0 %")]
)
def test_an_overnight_move_beyond_40_percent(opening: float, move: str) -> None:
    (warning,) = quality_warnings(daily([100, opening], [100, opening]))
    assert warning == (
        f"X: 2020-01-07 opens at {float(opening)}, {move} from 100.0, the last close of 2020-01-06: "
        "looks like an unadjusted split"
    )


@pytest.mark.parametrize("opening", [60, 140, 100])
def test_a_move_of_40_percent_is_no_warning(opening: float) -> None:
    assert quality_warnings(daily([100, opening], [100, opening])) == ()


def test_a_move_inside_a_session_is_no_split() -> None:
    assert quality_warnings(daily([100, 50], [100, 100])) == ()
    ts = np.array([0, 60_000_000, DAY, DAY + 60_000_000])
    price = np.array([100.0, 30.0, 31.0, 90.0])
    assert quality_warnings(make_bars("X", ts, price, price, price, price, price)) == ()


def test_further_moves_are_counted() -> None:
    closes = [float(2**power) for power in range(11)]
    warnings = quality_warnings(daily(closes))
    assert len(warnings) == 4
    assert warnings[-1] == "X: and 7 more overnight moves beyond 40 %"


@pytest.mark.parametrize(
    ("following", "missing"),
    [
        (date(2020, 1, 14), None),  # 7 to 10 and 13: five weekdays
        (date(2020, 1, 15), 6),
        (date(2020, 2, 3), 19),
    ],
)
def test_more_than_five_weekdays_missing(following: date, missing: int | None) -> None:
    warnings = quality_warnings(daily([1, 1], days=[date(2020, 1, 6), following]))
    expected = f"X: {missing} weekdays in a row are missing between 2020-01-06 and {following}"
    assert warnings == (() if missing is None else (expected,))


def test_a_weekend_is_not_missing() -> None:
    assert quality_warnings(daily([1, 1], days=[date(2020, 1, 3), date(2020, 1, 6)])) == ()


@pytest.mark.parametrize(("count", "warned"), [(9, False), (10, True), (11, True)])
def test_ten_daily_bars_of_one_price(count: int, warned: bool) -> None:
    warnings = quality_warnings(daily([8.0, *[9.5] * count, 10.0]))
    assert bool(warnings) is warned
    if warned:
        assert warnings[0].startswith(f"X: {count} bars in a row close at 9.5, from 2020-01-07 to 2020-01-")


def minutes(flat: int, per_session: int) -> Bars:
    """Two sessions of minute bars, the first one beginning with `flat` equal closes."""
    count = 2 * per_session
    ts = np.array([place // per_session * DAY + place % per_session * 60_000_000 for place in range(count)])
    price = 100 + (np.arange(count) % 7) / 100
    price[:flat] = 100.5
    return make_bars("X", ts, price, price, price, price, np.ones(count))


@pytest.mark.parametrize(
    ("per_session", "flat", "warned"),
    [(390, 194, False), (390, 195, True), (7, 7, False), (7, 10, True), (40, 20, True)],
)
def test_a_flat_run_within_sessions_is_half_a_session(per_session: int, flat: int, warned: bool) -> None:
    assert bool(quality_warnings(minutes(flat, per_session))) is warned


def test_zero_volume_is_counted() -> None:
    bars = daily([1, 2, 3], [1, 1, 2])
    volume = np.array([5.0, 0.0, 0.0])
    quiet = make_bars("X", bars.ts, bars.close, bars.close, bars.close, bars.close, volume)
    assert quality_warnings(quiet)[-1] == "X: 2 of 3 bars have no volume, the first on 2020-01-07"
    assert quality_warnings(daily([1, 1.1], volume=0)) == ("X: no bar has any volume",)
