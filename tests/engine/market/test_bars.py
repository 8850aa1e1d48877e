"""Bars and datasets in columns."""

from __future__ import annotations

import numpy as np
import pytest

from engine.market.bars import Bars, Dataset, make_bars

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
