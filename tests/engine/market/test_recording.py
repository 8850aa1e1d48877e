"""A recording against a file: which row tells the past otherwise, and how that reads."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from engine.errors import InvalidError
from engine.market.bars import Bars, make_bars
from engine.market.recording import BarChange, Recorded, changed, first_change, merged
from engine.market.sessions import MICROS_PER_DAY, moment

HOUR = MICROS_PER_DAY // 24
START = 19_724 * MICROS_PER_DAY  # 2024-01-02


def bars(times: list[int], closes: list[float], **columns: list[float]) -> Bars:
    ts, close = np.array(times, dtype=np.int64), np.array(closes, dtype=np.float64)
    made: dict[str, Any] = {name: np.array(values, dtype=np.float64) for name, values in columns.items()}
    wide = {"open": close, "high": close, "low": close, "volume": np.full(len(close), 7.0), **made}
    return make_bars("X", ts, wide["open"], wide["high"], wide["low"], close, wide["volume"])


def days(*offsets: int) -> list[int]:
    return [START + offset * MICROS_PER_DAY for offset in offsets]


SEEN = bars(days(0, 1, 2), [100.0, 101.0, 102.0])


def change(now: Bars, *, daily: bool = False, seen: Bars = SEEN) -> BarChange | None:
    return first_change(Recorded.of(seen), now, daily=daily)


def test_the_same_with_a_bar_more_or_fewer_is_no_change() -> None:
    assert change(SEEN) is None
    assert change(bars(days(0, 1, 2, 3), [100.0, 101.0, 102.0, 103.0]), daily=True) is None
    assert change(bars(days(0, 1), [100.0, 101.0])) is None, "an older file has nothing new"
    assert change(bars(days(2, 3), [102.0, 103.0])) is None, "a head that lacks is not this rule's affair"
    assert change(bars(days(5, 6), [1.0, 2.0])) is None, "they do not overlap"
    assert first_change(Recorded.joined([]), SEEN, daily=True) is None


@pytest.mark.parametrize(
    ("now", "kind", "day", "rows", "said"),
    [
        (
            bars(days(0, 1, 2, 3), [50.0, 50.5, 51.0, 52.0]),
            *("differs", 0, 3, "the bar of 2024-01-02 has changed since this account saw it: open 100 is now 50"),
        ),
        (bars(days(0, 1, 2), [100.0, 101.0, 102.5]), "differs", 2, 1, "close 102 is now 102.5"),
        (
            bars(days(0, 1, 2), [100.0, 101.0, 102.0], volume=[7.0, 7.0, 8.0]),
            *("differs", 2, 1, "saw it: volume 7 is now 8"),
        ),
        (bars(days(0, 2, 3), [100.0, 102.0, 103.0]), "gone", 1, 1, "2024-01-03, which this account has seen, is gone"),
        (
            bars([*days(0, 1), START + 2 * MICROS_PER_DAY + 3 * HOUR, *days(3)], [100.0, 101.0, 102.0, 103.0]),
            *("gone", 2, 1, "the bar of 2024-01-04, which this account has seen, is gone from the data"),
        ),
        (
            bars([days(0)[0], START + HOUR, *days(1, 2)], [100.0, 100.5, 101.0, 102.0]),
            *("new", 0, 1, "the bar of 2024-01-02 01:00 UTC is new between bars that this account has seen"),
        ),
    ],
)
def test_the_first_row_that_differs_is_named(now: Bars, kind: str, day: int, rows: int, said: str) -> None:
    found = change(now)
    assert found is not None
    assert (found.kind, found.ts // MICROS_PER_DAY, found.rows) == (kind, 19_724 + day, rows)
    assert said in found.sentence()


def test_a_bar_stamped_anew_without_a_later_one_is_noticed() -> None:
    later = bars([*days(0, 1), START + 2 * MICROS_PER_DAY + 3 * HOUR], [100.0, 101.0, 102.0])
    found = change(later)
    assert found is not None
    assert found.kind == "gone"
    found = change(SEEN, seen=later)
    assert found is not None
    assert (found.kind, found.old, found.new) == ("new", None, Recorded.of(SEEN).row(2))


def test_a_second_bar_in_a_session_is_a_change_of_a_daily_symbol_alone() -> None:
    live = bars([*days(0, 1, 2), START + 2 * MICROS_PER_DAY + 16 * HOUR], [100.0, 101.0, 102.0, 103.0])
    assert change(live) is None
    found = change(live, daily=True)
    assert found is not None
    assert (found.kind, found.rows) == ("second", 1)
    assert found.sentence().startswith("the bar of 2024-01-04 16:00 UTC is a second one in its session")
    fresh = bars([*days(0, 1, 2, 3), START + 3 * MICROS_PER_DAY + 1], [100.0, 101.0, 102.0, 103.0, 104.0])
    assert change(fresh, daily=True) is not None, "two new bars in one session"
    assert change(live, daily=True, seen=live) is None, "what was accepted once"


def test_the_error_names_the_earliest_row_of_all_symbols() -> None:
    late = BarChange("A", days(5)[0], "gone", {"close": 1.0}, None, 1)
    early = BarChange("B", days(1)[0], "differs", {"close": 100.0}, {"close": 50.0}, 4)
    error = changed({"A": late, "B": early})
    assert error.code == "HISTORY_CHANGED"
    assert error.message.startswith(
        "B: the bar of 2024-01-03 has changed since this account saw it: close 100 is now 50"
    )
    assert error.message.endswith("(the first of 4 rows that differ); A changed too")
    assert "--accept-history" in error.hint
    assert error.details["history"]["old"] == {"close": 100.0}


def test_two_recordings_of_a_session_are_merged_or_refused() -> None:
    one, more = Recorded.of(SEEN), Recorded.of(bars(days(2, 3), [102.0, 103.0]))
    assert merged("X", one, more).ts.tolist() == days(0, 1, 2, 3)
    with pytest.raises(InvalidError) as caught:
        merged("X", one, Recorded.of(bars(days(2, 3), [99.0, 103.0])))
    assert caught.value.code == "HISTORY_CHANGED"


@pytest.mark.parametrize(
    ("ts", "said"),
    [
        (START, "2024-01-02"),
        (START + HOUR, "2024-01-02 01:00 UTC"),
        (START + HOUR + 5_000_000, "2024-01-02 01:00:05 UTC"),
        (START + HOUR + 1, "2024-01-02 01:00:00.000001 UTC"),
    ],
)
def test_a_time_in_a_sentence(ts: int, said: str) -> None:
    assert moment(ts) == said
