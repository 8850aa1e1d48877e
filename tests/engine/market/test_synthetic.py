"""Synthetic bars: the same on every machine, and as real bars are."""

from __future__ import annotations

import hashlib
from datetime import date, datetime, time
from itertools import pairwise

import numpy as np
import pytest

from engine.market.bars import Bars
from engine.market.sessions import day_to_date, from_micros, session_ends, zone
from engine.market.synthetic import synthetic_daily, synthetic_minutes

COLUMNS = ("ts", "open", "high", "low", "close", "volume", "session")


def sha256(bars: Bars) -> str:
    columns = (getattr(bars, column) for column in COLUMNS)
    return hashlib.sha256(
        b"".join(column.astype(column.dtype.newbyteorder("<")).tobytes() for column in columns)
    ).hexdigest()


@pytest.mark.parametrize(
    ("bars", "digest"),
    [
        (synthetic_minutes(1000, 7), "e6b89e1b953ec01dd2d55e73dca1d2cee49e5ea78d5d56432ba8732d1945342f"),
        (
            synthetic_minutes(1000, 7, session_tz="America/New_York"),
            "ba985849022cfc821ad6cef1f8f56815248826d06cdf0011d8bff730e4e7e5dd",
        ),
        (synthetic_daily(1000, 7), "c0b3d7764e9269079313f2ac329e0ab4d90200ef1561e848bd02b8e1fa379162"),
    ],
    ids=["minutes", "minutes of New York", "daily"],
)
def test_the_bits_are_the_same_on_every_machine(bars: Bars, digest: str) -> None:
    assert sha256(bars) == digest


@pytest.mark.parametrize("bars", [synthetic_minutes(5000, 1), synthetic_daily(5000, 2), synthetic_daily(20_000, 3)])
def test_bars_are_sound(bars: Bars) -> None:
    assert np.all(np.diff(bars.ts) > 0)
    assert np.all(bars.low > 0)
    assert np.all(bars.high >= np.maximum(bars.open, bars.close))
    assert np.all(bars.low <= np.minimum(bars.open, bars.close))
    assert np.all(bars.volume > 0)
    assert np.array_equal(bars.close, np.round(bars.close * 100) / 100)
    assert np.array_equal(bars.open[1:], bars.close[:-1])
    assert len(np.unique(bars.close)) > 100


def test_another_seed_is_another_walk_and_a_longer_one_goes_on() -> None:
    assert sha256(synthetic_minutes(100, 1)) != sha256(synthetic_minutes(100, 2))
    assert sha256(synthetic_minutes(1000, 1).slice(0, 100)) == sha256(synthetic_minutes(100, 1))


@pytest.mark.parametrize("session_tz", ["UTC", "America/New_York", "Asia/Tokyo"])
def test_sessions_are_390_minutes_on_weekdays(session_tz: str) -> None:
    bars = synthetic_minutes(390 * 60 + 10, 1, session_tz=session_tz, first_day=date(2021, 2, 20))
    ends = np.flatnonzero(session_ends(bars.session))
    assert len(ends) == 61
    assert {b - a for a, b in pairwise(ends[:-1])} == {390}
    for place in (0, 389, 390 * 30, 390 * 60):
        local = from_micros(int(bars.ts[place])).astimezone(zone(session_tz))
        assert local.time() == (time(15, 59) if place == 389 else time(9, 30))
        assert local.weekday() < 5
        assert local.date() == day_to_date(int(bars.session[place]))
    assert day_to_date(int(bars.session[0])) == date(2021, 2, 22)


@pytest.mark.parametrize("session_tz", ["UTC", "America/New_York", "Asia/Tokyo", "America/Sao_Paulo"])
def test_daily_bars_are_one_a_weekday(session_tz: str) -> None:
    bars = synthetic_daily(600, 1, "D", session_tz)
    days = [day_to_date(int(day)) for day in bars.session]
    assert len(set(days)) == len(bars) == 600
    assert {day.weekday() for day in days} == set(range(5))
    assert bars.symbol == "D"
    assert datetime.combine(days[0], time()).date() == date(2015, 1, 5)


def test_no_bars_and_one_bar() -> None:
    assert len(synthetic_minutes(0, 1)) == 0
    assert len(synthetic_daily(1, 1)) == 1
