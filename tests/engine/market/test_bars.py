"""Bars and datasets in columns."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone

import numpy as np
import pytest

from engine.market.bars import Bars, Bound, Dataset, make_bars

HOUR = 3_600_000_000
COLUMNS = ("ts", "open", "high", "low", "close", "volume", "session")


def hourly(count: int = 6, session_tz: str = "UTC") -> Bars:
    ts = np.arange(count, dtype=np.int64) * 12 * HOUR
    price = np.arange(count, dtype=np.float64) + 1
    return make_bars("X", ts, price, price + 1, price - 0.5, price, price * 100, session_tz)


def test_sessions_are_taken_in_the_zone() -> None:
    assert hourly().session.tolist() == [0, 0, 1, 1, 2, 2]
    assert hourly(session_tz="America/New_York").session.tolist() == [-1, 0, 0, 1, 1, 2]


@pytest.mark.parametrize("column", COLUMNS)
def test_columns_are_read_only(column: str) -> None:
    for bars in (hourly(), hourly().slice(1, 3)):
        with pytest.raises(ValueError, match="read-only"):
            getattr(bars, column)[0] = 1


@pytest.mark.parametrize(("start", "stop", "length"), [(0, 6, 6), (2, 4, 2), (4, 99, 2), (3, 3, 0)])
def test_a_slice_is_a_view_of_every_column(start: int, stop: int, length: int) -> None:
    bars = hourly()
    part = bars.slice(start, stop)
    assert (len(part), part.symbol) == (length, "X")
    for column in COLUMNS:
        assert getattr(part, column).tolist() == getattr(bars, column).tolist()[start:stop]
        assert not length or np.shares_memory(getattr(part, column), getattr(bars, column))


def test_a_dataset_counts_the_bars_of_all_symbols_and_keeps_their_order() -> None:
    dataset = Dataset({"Z": hourly(), "A": hourly(2)})
    assert dataset.bar_count == 8
    assert dataset.symbols == ("Z", "A")
    assert Dataset({}).bar_count == 0


DAILY = make_bars("X", np.arange(5, dtype=np.int64) * 24 * HOUR, *(np.arange(1.0, 6.0) for _ in range(5)))


@pytest.mark.parametrize(
    ("bound", "before", "through"),
    [
        (date(1970, 1, 1), 0, 2),
        (date(1970, 1, 2), 2, 4),
        (date(1969, 12, 31), 0, 0),
        (date(1970, 1, 9), 6, 6),
        (datetime(1970, 1, 2, tzinfo=UTC), 2, 3),
        (datetime(1970, 1, 2), 2, 3),  # naive is UTC
        (datetime(1970, 1, 2, 1, tzinfo=UTC), 3, 3),
        (datetime(1970, 1, 2, 1, tzinfo=timezone(timedelta(hours=1))), 2, 3),
    ],
)
def test_a_day_is_its_session_and_a_time_an_instant(bound: Bound, before: int, through: int) -> None:
    assert (hourly().rows_before(bound), hourly().rows_through(bound)) == (before, through)


def test_a_day_is_one_of_the_session_zone() -> None:
    assert hourly(session_tz="America/New_York").rows_before(date(1970, 1, 1)) == 1


def test_a_window_keeps_what_lies_before_it_as_history() -> None:
    data = Dataset({"X": DAILY, "Y": hourly()}, sha256="abc", warnings=("w",))
    window = data.window(date(1970, 1, 3), date(1970, 1, 4))
    assert window.first_rows == {"X": 2, "Y": 4}
    assert (window.history_bars, window.bar_count) == (6, 2 + 2)
    assert window.history("X").close.tolist() == [1.0, 2.0]
    assert window.traded("X").close.tolist() == [3.0, 4.0]
    assert (window.digest, window.warnings, window.symbols) == ("abc", ("w",), ("X", "Y"))
    assert (data.history_bars, data.bar_count) == (0, 11)


def test_a_window_decides_no_columns_digest() -> None:
    data = Dataset({"X": DAILY})
    assert data.window(date(1970, 1, 3)).digest == data.digest
    assert data.window(end=date(1970, 1, 4)).digest == Dataset({"X": DAILY.slice(0, 4)}).digest


@pytest.mark.parametrize(("start", "first"), [(None, 1), (date(1970, 1, 2), 1), (date(1970, 1, 4), 3)])
def test_a_symbol_starts_at_its_second_bar_and_not_before_the_window(start: date | None, first: int) -> None:
    assert Dataset({"X": DAILY}).window(start).first_decision("X") == first


def test_fewer_bars_than_history_count_as_they_are() -> None:
    window = Dataset({"X": DAILY}).window(date(1970, 1, 4))
    shorter = replace(window, bars={"X": DAILY.slice(0, 2)})
    assert (shorter.history_bars, shorter.bar_count, len(shorter.traded("X"))) == (2, 0, 0)
