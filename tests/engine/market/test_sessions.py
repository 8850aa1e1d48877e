"""Sessions are calendar days in a zone, the same for one timestamp and for a column of them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InvalidError
from engine.market.sessions import (
    day_to_date,
    from_micros,
    is_intraday,
    iso,
    session_day,
    session_days,
    session_ends,
    to_micros,
    zone,
)

ZONES = [
    "UTC",
    "America/New_York",
    "Europe/London",
    "Asia/Tokyo",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",  # its summer time is half an hour
    "America/St_Johns",
    "Pacific/Apia",  # left out a whole day in 2011
    "Africa/Monrovia",
]


def micros(text: str) -> int:
    return to_micros(datetime.fromisoformat(text))


@pytest.mark.parametrize(
    ("text", "session_tz", "day"),
    [
        ("2020-01-02T00:00:00Z", "UTC", "2020-01-02"),
        ("2020-01-02T23:59:59.999999Z", "UTC", "2020-01-02"),
        ("1969-12-31T23:59:59Z", "UTC", "1969-12-31"),
        ("2020-01-02T04:59:59Z", "America/New_York", "2020-01-01"),
        ("2020-01-02T05:00:00Z", "America/New_York", "2020-01-02"),
        ("2020-07-02T03:59:59Z", "America/New_York", "2020-07-01"),
        ("2020-07-02T04:00:00Z", "America/New_York", "2020-07-02"),
        # the day the clocks go forward: midnight is at 05:00, the next one at 04:00
        ("2021-03-14T05:00:00Z", "America/New_York", "2021-03-14"),
        ("2021-03-15T03:59:59Z", "America/New_York", "2021-03-14"),
        ("2021-03-15T04:00:00Z", "America/New_York", "2021-03-15"),
        # and back: a day of 25 hours
        ("2021-11-07T04:00:00Z", "America/New_York", "2021-11-07"),
        ("2021-11-08T04:59:59Z", "America/New_York", "2021-11-07"),
        ("2021-11-08T05:00:00Z", "America/New_York", "2021-11-08"),
        ("2020-01-01T15:00:00Z", "Asia/Tokyo", "2020-01-02"),
        ("2011-12-30T09:59:59Z", "Pacific/Apia", "2011-12-29"),
        ("2011-12-30T10:00:00Z", "Pacific/Apia", "2011-12-31"),
    ],
)
def test_a_session_is_the_local_day(text: str, session_tz: str, day: str) -> None:
    assert day_to_date(session_day(micros(text), session_tz)) == date.fromisoformat(day)


times = st.integers(micros("1900-01-01T00:00:00Z"), micros("2100-01-01T00:00:00Z"))


@given(st.lists(times, max_size=30), st.sampled_from(ZONES))
def test_columns_and_single_timestamps_agree_with_the_calendar(ts: list[int], session_tz: str) -> None:
    days = session_days(np.array(ts, np.int64), session_tz).tolist()
    assert days == [session_day(one, session_tz) for one in ts]
    local = [from_micros(one).astimezone(ZoneInfo(session_tz)).date() for one in ts]
    if min(ts, default=0) >= 0:  # before 1970 some zones changed between the quarters of an hour
        assert [day_to_date(day) for day in days] == local


@given(times)
def test_micros_and_datetimes_go_there_and_back(ts: int) -> None:
    assert to_micros(from_micros(ts)) == ts
    assert micros(iso(ts)) == ts
    assert iso(ts).endswith("+00:00")


def test_naive_datetimes_are_utc_and_offsets_count() -> None:
    assert to_micros(datetime(1970, 1, 1)) == 0
    assert to_micros(datetime(1970, 1, 1, 5, tzinfo=timezone(timedelta(hours=5)))) == 0
    assert to_micros(datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)) == -1


@pytest.mark.parametrize("name", ["", "Mars/Olympus", "../etc/passwd", "America/New_York\0", "/etc/localtime"])
def test_a_zone_that_is_none(name: str) -> None:
    with pytest.raises(InvalidError) as refused:
        zone(name)
    assert refused.value.code == "INVALID_TIME"


@pytest.mark.parametrize(
    ("session", "ends", "intraday"),
    [
        ([1], [True], False),
        ([1, 2, 3], [True, True, True], False),
        ([1, 1, 2], [False, True, True], True),
        ([1, 1, 1], [False, False, True], True),
        ([1, 2, 2, 2, 9], [True, False, False, True, True], True),
    ],
)
def test_ends_and_intraday(session: list[int], ends: list[bool], intraday: bool) -> None:
    column = np.array(session, np.int64)
    assert session_ends(column).tolist() == ends
    assert is_intraday(column) is intraday


def test_no_bars_have_no_sessions() -> None:
    none = np.empty(0, np.int64)
    assert session_ends(none).tolist() == []
    assert not is_intraday(none)
    assert session_days(none, "America/New_York").tolist() == []
