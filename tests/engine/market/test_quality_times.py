"""What is told of times: second bars, other zones' midnights, other timeframes, holes, missing days, the last session.

Regular series are not warned of; each kind of damage is, and its place named.
"""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, time, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.market.bars import Bars
from engine.market.quality import quality_warnings
from engine.market.sessions import MICROS_PER_DAY, offset_minutes, to_micros
from engine.market.spacing import timeframe_of
from engine.market.zones import Stated
from tests.engine.market.made import (
    HOURS,
    LUNCHES,
    MINUTE,
    around_the_clock,
    bars_at,
    days_from,
    hours_of,
    local,
)

FIRST_DAYS = st.dates(date(2000, 1, 1), date(2024, 12, 31))
ZONES = st.sampled_from(sorted(HOURS))
SEEDS = st.integers(0, 1 << 30)


def utc(text: str) -> int:
    return to_micros(datetime.fromisoformat(text))


def midnights(days: list[date], zone: str = "UTC") -> list[int]:
    return [local(day, time(), zone) for day in days]


def stated_in(bars: Bars, zone: str) -> Stated:
    """What a file says whose times have the offsets of that zone."""
    return Stated(offset_minutes(bars.ts, zone))


# regular series


@given(FIRST_DAYS, st.integers(3, 600), SEEDS, st.sampled_from([time(), time(16), time(21, 30)]))
def test_daily_bars_with_holidays_are_not_warned_of(first: date, count: int, seed: int, at: time) -> None:
    chance = random.Random(seed)
    holidays = [place for place in range(count) if chance.random() < 0.04]
    days = days_from(first, count, without=holidays)
    gaps_of_weeks = [day for day, before in zip(days[1:], days, strict=False) if (day - before).days > 6]
    if len(days) > 2 and not gaps_of_weeks:
        bars = bars_at(local(day, at, "UTC") for day in days)
        assert quality_warnings(bars, "UTC") == ()
        assert timeframe_of([bars]) == "daily"


@settings(max_examples=40, deadline=None)
@given(ZONES, FIRST_DAYS, st.integers(1, 40), st.sampled_from([1, 5, 15, 30]), st.booleans(), SEEDS)
def test_sessions_of_exchanges_are_not_warned_of(
    zone: str, first: date, count: int, minutes: int, in_utc: bool, seed: int
) -> None:
    """With lunch, changes of the clocks and half days, whichever zone the sessions are taken in."""
    chance = random.Random(seed)
    days = days_from(first, count + 1, without=[place for place in range(count) if chance.random() < 0.03])
    halves = {day: time(12) for day in days[1:-1] if chance.random() < 0.05}
    bars = bars_at(hours_of(days, zone, minutes, halves), "UTC" if in_utc else zone)
    holds_a_break = count == 1 and (zone in LUNCHES or in_utc)
    if len(days) > 2 and not holds_a_break:
        assert quality_warnings(bars, "UTC" if in_utc else zone) == ()


@settings(max_examples=40, deadline=None)
@given(FIRST_DAYS, st.integers(1, 20), st.sampled_from([1, 5, 60, 240]))
def test_bars_around_the_clock_are_not_warned_of(first: date, days: int, minutes: int) -> None:
    assert quality_warnings(bars_at(around_the_clock(first, days, minutes).tolist())) == ()


@settings(max_examples=40, deadline=None)
@given(FIRST_DAYS, st.integers(1, 14), st.floats(0.02, 0.95), SEEDS)
def test_thin_trading_is_no_hole(first: date, days: int, share: float, seed: int) -> None:
    times = around_the_clock(first, days, 1)
    traded = np.random.default_rng(seed).random(len(times)) < share
    assert quality_warnings(bars_at(times[traded].tolist())) == ()


@settings(max_examples=20, deadline=None)
@given(FIRST_DAYS, st.integers(10, 14), st.floats(0.02, 0.3), SEEDS)
def test_quiet_nights_are_no_holes(first: date, days: int, share: float, seed: int) -> None:
    times = around_the_clock(first, days, 1)
    night = times % MICROS_PER_DAY < 8 * 60 * MINUTE
    traded = np.random.default_rng(seed).random(len(times)) < np.where(night, share, 0.95)
    assert quality_warnings(bars_at(times[traded].tolist())) == ()


@pytest.mark.parametrize("zone", ["America/Chicago", "Europe/London"])
def test_a_market_that_closes_for_an_hour_a_day_and_at_weekends(zone: str) -> None:
    """From Sunday evening to Friday evening with an hour between the days: futures, over both changes of the clocks."""
    ts: list[int] = []
    for day in days_from(date(2023, 2, 1), 260):
        ts += range(local(day - timedelta(days=1), time(17), zone), local(day, time(16), zone), 5 * MINUTE)
    assert quality_warnings(bars_at(ts)) == ()


@given(FIRST_DAYS, st.integers(3, 60), st.sampled_from([0, 3, 4]))
def test_weekly_bars_are_weekly(first: date, count: int, weekday: int) -> None:
    begins = first - timedelta(days=first.weekday()) + timedelta(days=weekday)
    bars = bars_at(midnights([begins + timedelta(weeks=week) for week in range(count)]))
    (warning,) = quality_warnings(bars)
    assert timeframe_of([bars]) == "weekly"
    assert warning == (
        "X: the bars are weekly, and each is a session of its own: lookback_days counts weeks (52 are a year), not days"
    )


def months(count: int, step: int = 1, *, at_end: bool = False) -> list[date]:
    firsts = [date(2015 + place // 12, place % 12 + 1, 1) for place in range(0, count * step, step)]
    ends = [day - timedelta(days=1) for day in firsts]
    return [day - timedelta(days=max(0, day.weekday() - 4)) for day in ends] if at_end else firsts


@pytest.mark.parametrize("at_end", [False, True])
@pytest.mark.parametrize(("step", "name"), [(1, "monthly"), (3, "quarterly"), (12, "yearly")])
def test_longer_bars_have_their_name_and_miss_no_weekdays(step: int, name: str, at_end: bool) -> None:
    bars = bars_at(midnights(months(40, step, at_end=at_end)))
    assert timeframe_of([bars]) == name
    (warning,) = quality_warnings(bars)
    assert f"the bars are {name}" in warning


def test_a_month_that_is_missing_is_told() -> None:
    days = months(40)
    warnings = quality_warnings(bars_at(midnights(days[:20] + days[21:])))
    assert warnings[1:] == ("X: 44 weekdays in a row are missing between 2016-08-01 and 2016-10-01",)


def test_two_bars_are_too_few_for_a_timeframe() -> None:
    assert timeframe_of([bars_at(midnights([date(2020, 1, 3), date(2020, 1, 10)]))]) == "daily"


# second bars


def daily_with(*more: str) -> Bars:
    return bars_at([*midnights(days_from(date(2024, 1, 1), 20)), *map(utc, more)])


def test_a_live_row_is_named_and_what_it_means() -> None:
    bars = daily_with("2024-01-26T15:59:58")
    assert quality_warnings(bars) == (
        "X: the session 2024-01-26 has 2 bars (2024-01-26 00:00 and 2024-01-26 15:59:58 UTC), and the others have one "
        "(a live row?): the symbol counts as intraday, so with exit.type eod nothing is entered in a session of one "
        "bar, and lookback_days takes the 2 bars as one session",
    )
    assert timeframe_of([bars]) == "daily"


def test_of_several_sessions_with_second_bars_the_first_is_named() -> None:
    (warning,) = quality_warnings(daily_with("2024-01-26T15:00", "2024-01-04T15:00", "2024-01-04T16:00"))
    assert (
        "the session 2024-01-04 has 3 bars (2024-01-04 00:00 and 2024-01-04 16:00 UTC), as have 1 more of 20" in warning
    )


def test_where_half_of_the_sessions_have_two_bars_none_is_odd() -> None:
    days = days_from(date(2024, 1, 1), 10)
    bars = bars_at([*midnights(days), *(local(day, time(12), "UTC") for day in days[::2])])
    assert quality_warnings(bars) == ()
    assert timeframe_of([bars]) == "12h"


# midnights of another zone


@given(ZONES, FIRST_DAYS, st.integers(250, 300))
def test_midnights_with_offsets_name_a_zone_that_makes_them_whole_days(zone: str, first: date, count: int) -> None:
    days = days_from(first, count, weekends=True)
    bars = bars_at(midnights(days, zone))
    warnings = [one for one in quality_warnings(bars, "UTC", stated_in(bars, zone)) if "local midnight" in one]
    fits = not np.any(bars.session != np.array([(day - date(1970, 1, 1)).days for day in days]))
    assert len(warnings) == (0 if fits else 1)
    if warnings:
        named = warnings[0].rpartition("--session-tz ")[2]
        again = bars_at(bars.ts.tolist(), named)
        assert quality_warnings(again, named, stated_in(bars, zone)) == ()
        assert timeframe_of([again]) == "daily"


def test_londons_midnights_over_the_change_of_the_clocks() -> None:
    days = [date(2024, 3, day) for day in (27, 28, 29)] + [date(2024, 4, day) for day in (1, 2, 3, 4)]
    bars = bars_at(midnights(days, "Europe/London"))
    assert quality_warnings(bars, "UTC", stated_in(bars, "Europe/London")) == (
        "X: the times are local midnight by their offsets (+00:00, +01:00: Europe/London, for example), and the bar of "
        "2024-04-01 counts as 2024-03-31 in UTC (it is one of 4); use --session-tz Europe/London",
    )
    assert timeframe_of([bars]) == "daily"


def test_the_zone_that_the_data_name_is_the_one_told() -> None:
    bars = bars_at(midnights(days_from(date(2024, 1, 1), 300), "Europe/Vienna"))
    stated = Stated(offset_minutes(bars.ts, "Europe/Vienna"), "Europe/Vienna")
    assert quality_warnings(bars, "UTC", stated)[0].endswith("use --session-tz Europe/Vienna")


@pytest.mark.parametrize("zone", ["Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Kiritimati"])
def test_a_zone_that_few_know_is_found(zone: str) -> None:
    bars = bars_at(midnights(days_from(date(2024, 1, 1), 300), zone))
    (warning,) = quality_warnings(bars, "UTC", stated_in(bars, zone))
    named = warning.rpartition("--session-tz ")[2]
    assert np.array_equal(offset_minutes(bars.ts, named), offset_minutes(bars.ts, zone))


def test_offsets_of_no_zone_are_told_without_one() -> None:
    bars = bars_at([ts - 7 * MINUTE for ts in midnights(days_from(date(2024, 1, 1), 20))])
    (warning,) = quality_warnings(bars, "UTC", Stated(np.full(len(bars), 7, np.int16)))
    assert "no time zone has these offsets" in warning


def test_new_yorks_midnights_are_of_their_day_in_utc() -> None:
    bars = bars_at(midnights(days_from(date(2024, 1, 1), 250), "America/New_York"))
    assert quality_warnings(bars, "UTC", stated_in(bars, "America/New_York")) == ()


def test_hours_with_offsets_are_no_midnights() -> None:
    bars = bars_at(around_the_clock(date(2024, 3, 25), 10, 60).tolist())
    assert quality_warnings(bars, "UTC", stated_in(bars, "Europe/London")) == ()


def test_midnights_in_utc_move_a_day_in_a_zone_to_the_west() -> None:
    days = days_from(date(2024, 1, 1), 20)
    assert quality_warnings(bars_at(midnights(days), "America/New_York"), "America/New_York") == (
        "X: the bars are stamped 00:00 UTC, but the bar of 2024-01-01 counts as 2023-12-31 in America/New_York (it is "
        "one of 20); leave --session-tz America/New_York out for daily bars (sessions are days in UTC then)",
    )
    assert quality_warnings(bars_at(midnights(days), "Asia/Tokyo"), "Asia/Tokyo") == ()


# holes


@settings(max_examples=60, deadline=None)
@given(ZONES, FIRST_DAYS, st.integers(8, 30), st.data())
def test_bars_cut_out_of_a_session_are_counted_and_named(
    zone: str, first: date, count: int, data: st.DataObject
) -> None:
    days = days_from(first, count)
    ts = np.array(hours_of(days, zone, 5))
    day = data.draw(st.sampled_from(days))
    of_day = np.flatnonzero((ts >= local(day, time(), zone)) & (ts < local(day + timedelta(days=1), time(), zone)))
    size = data.draw(st.integers(1, 20))
    place = data.draw(st.integers(1, len(of_day) - size - 1))
    cut = of_day[place : place + size]
    warnings = quality_warnings(bars_at(np.delete(ts, cut).tolist(), zone), zone)
    before, after = (datetime.fromtimestamp(int(ts[at]) / 1e6, UTC) for at in (cut[0] - 1, cut[-1] + 1))
    if (np.diff(ts[cut[0] - 1 : cut[-1] + 2]) == 5 * MINUTE).all():  # neither at the edge of a break nor across one
        counted = "1 bar is" if size == 1 else f"{size} bars are"
        assert warnings == (
            f"X: {counted} missing inside sessions between {before:%Y-%m-%d %H:%M} and {after:%Y-%m-%d %H:%M} UTC: "
            "there is one every 5m",
        )


@pytest.mark.parametrize("place", [1, 5, 60, 70])
def test_a_bar_cut_out_days_before_the_clocks_change(place: int) -> None:
    """Sydney's clocks went back on 2008-04-06: in UTC the sessions after it have no bars in the first hour of these."""
    days = days_from(date(2008, 3, 28), 8)
    ts = hours_of(days, "Australia/Sydney", 5)
    of_day = ts.index(local(date(2008, 4, 3), time(10), "Australia/Sydney"))
    del ts[of_day + place]
    (warning,) = quality_warnings(bars_at(ts, "Australia/Sydney"), "Australia/Sydney")
    assert warning.startswith("X: 1 bar is missing inside sessions between 2008-04-0")


def test_five_hours_of_a_day_of_minutes() -> None:
    ts = [utc(f"2024-11-19T{at}") for at in ("18:47", "18:48", "18:49", "23:58", "23:59")]
    assert quality_warnings(bars_at(ts)) == (
        "X: 308 bars are missing inside sessions between 2024-11-19 18:49 and 2024-11-19 23:58 UTC: "
        "there is one every 1m",
    )


def test_a_hole_over_midnight_of_a_series_around_the_clock() -> None:
    ts = around_the_clock(date(2024, 5, 6), 14, 60)
    gone = (ts > utc("2024-05-10T22:00")) & (ts < utc("2024-05-11T03:00"))
    assert quality_warnings(bars_at(ts[~gone].tolist())) == (
        "X: 4 bars are missing inside sessions between 2024-05-10 22:00 and 2024-05-11 03:00 UTC: "
        "there is one every 1h",
    )


def test_of_several_holes_the_longest_is_named() -> None:
    ts = around_the_clock(date(2024, 5, 6), 21, 1)
    gone = np.zeros(len(ts), np.bool_)
    for day, minutes in ((7, 30), (12, 90), (20, 31)):
        begins = utc(f"2024-05-{day:02}T10:00")
        gone |= (ts > begins) & (ts <= begins + minutes * MINUTE)
    assert quality_warnings(bars_at(ts[~gone].tolist())) == (
        "X: 151 bars are missing inside sessions in 3 places, the longest (90) between 2024-05-12 10:00 and "
        "2024-05-12 11:31 UTC: there is one every 1m",
    )


@settings(max_examples=20, deadline=None)
@given(st.floats(0.5, 0.95), SEEDS)
def test_a_hole_in_thin_trading_is_found_where_it_is_far_longer_than_the_others(share: float, seed: int) -> None:
    ts = around_the_clock(date(2024, 5, 6), 14, 1)
    begins, ends = utc("2024-05-13T09:00"), utc("2024-05-13T15:00")
    traded = np.random.default_rng(seed).random(len(ts)) < share
    traded[(ts > begins) & (ts < ends)] = False
    traded[(ts == begins) | (ts == ends)] = True
    (warning,) = quality_warnings(bars_at(ts[traded].tolist()))
    assert "between 2024-05-13 09:00 and 2024-05-13 15:00 UTC" in warning


# missing days


@given(FIRST_DAYS, st.integers(21, 200), st.integers(1, 5), st.data())
def test_days_missing_of_a_series_that_trades_every_day(
    first: date, count: int, gone: int, data: st.DataObject
) -> None:
    days = days_from(first, count, weekends=True)
    place = data.draw(st.integers(1, count - gone - 1))
    warnings = quality_warnings(bars_at(midnights(days[:place] + days[place + gone :])))
    span = f"{days[place]}" if gone == 1 else f"{days[place]} to {days[place + gone - 1]}"
    are = "1 day is missing" if gone == 1 else f"{gone} days are missing"
    assert warnings == (f"X: there are bars every day, weekends too, but {are}: {span}",)


def test_a_missing_weekend_of_minutes_around_the_clock() -> None:
    ts = around_the_clock(date(2024, 5, 6), 14, 1)
    weekend = np.isin(ts // MICROS_PER_DAY, [utc("2024-05-11") // MICROS_PER_DAY, utc("2024-05-12") // MICROS_PER_DAY])
    assert quality_warnings(bars_at(ts[~weekend].tolist())) == (
        "X: there are bars every day, weekends too, but 2 days are missing: 2024-05-11 to 2024-05-12",
    )


def test_further_missing_days_are_counted() -> None:
    days = days_from(date(2024, 1, 1), 100, weekends=True, without=[10, 20, 21, 30, 40, 41, 42])
    (warning,) = quality_warnings(bars_at(midnights(days)))
    assert warning.endswith("7 days are missing: 2024-01-11, 2024-01-21 to 2024-01-22, 2024-01-31, and 3 more")


@pytest.mark.parametrize("closed", [(4, 5), (5, 6), (3, 4)])
def test_markets_with_another_weekend_do_not_trade_every_day(closed: tuple[int, int]) -> None:
    days = [day for day in days_from(date(2024, 1, 1), 200, weekends=True) if day.weekday() not in closed]
    assert quality_warnings(bars_at(midnights(days))) == ()


# the last session


@pytest.mark.parametrize(
    ("now", "warned"),
    [
        ("2024-01-26T00:00", True),
        ("2024-01-26T23:59:59", True),
        ("2024-01-27T00:00", False),
        ("2024-01-25T12:00", False),
    ],
)
def test_a_last_bar_of_todays_session_may_be_unfinished(now: str, warned: bool) -> None:
    expected = ("X: the session of the last bar, 2024-01-26, is today's (UTC): is the bar unfinished?",)
    assert quality_warnings(daily_with(), now=utc(now)) == (expected if warned else ())
