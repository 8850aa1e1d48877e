"""What an account has seen: packed, read again, extended, replaced; damage is said."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InvalidError, SystemFault
from engine.market.bars import Bars, make_bars
from engine.market.recording import Recorded, Span
from engine.market.sessions import session_days
from storage.sqlite.recordings import pack, unpack
from storage.sqlite.unit_of_work import SqliteStore
from tests.storage.sqlite.rows import OTHER, WORKSPACE, raw
from tests.support.worlds import DAY, MINUTE

PRICES = st.floats(min_value=1e-9, max_value=1e15)


def minutes(count: int, start: int = 19_724 * DAY, price: float = 10.0) -> Bars:
    ts = start + np.arange(count, dtype=np.int64) * MINUTE
    close = price + np.arange(count) / 7
    return make_bars("X", ts, close, close + 1, close - 1, close, np.ones(count))


@given(st.lists(st.tuples(st.integers(-(2**60), 2**60), *[PRICES] * 5), min_size=1, max_size=40))
def test_what_is_packed_is_unpacked(rows: list[tuple[float, ...]]) -> None:
    table = np.array([row[1:] for row in rows], dtype=np.float64).T
    recorded = Recorded(np.array([row[0] for row in rows], dtype=np.int64), table)
    again = unpack(pack(recorded))
    assert again.ts.tolist() == recorded.ts.tolist()
    assert again.figures.tolist() == recorded.figures.tolist()


def test_a_recording_grows_session_by_session_and_within_one(store: SqliteStore) -> None:
    bars = minutes(3_000)  # three days
    for start, stop in ((0, 1), (1, 1_500), (1_400, 1_500), (1_500, 3_000)):
        with store.write() as unit:
            unit.record_bars(WORKSPACE.id, "1m", [Span(bars, start, stop)])
            unit.commit()
    with store.read() as views:
        found = views.recorded(WORKSPACE.id, "1m", ["X"])["X"]
        assert found.ts.tolist() == bars.ts.tolist()
        assert found.row(2_999) == Recorded.of(bars).row(2_999)
        assert not len(views.recorded(OTHER.id, "1m", ["X"])["X"])
        assert not len(views.recorded(WORKSPACE.id, "daily", ["X"])["X"])
    with raw(store.path) as client:
        assert client.execute("SELECT count(*) FROM recordings").fetchone() == (3,)


def test_other_bars_of_a_recorded_time_are_refused_and_nothing_is_written(store: SqliteStore) -> None:
    with store.write() as unit:
        unit.record_bars(WORKSPACE.id, "1m", [Span(minutes(5), 0, 5)])
        unit.commit()
    with pytest.raises(InvalidError) as caught, store.write() as unit:
        unit.record_bars(WORKSPACE.id, "1m", [Span(minutes(6, price=11.0), 0, 6)])
    assert caught.value.code == "HISTORY_CHANGED"
    with store.read() as views:
        assert len(views.recorded(WORKSPACE.id, "1m", ["X"])["X"]) == 5


def test_daily_and_intraday_sessions_are_read_together(store: SqliteStore) -> None:
    days = make_bars(
        "X", np.arange(5, dtype=np.int64) * DAY, *[np.full(5, price) for price in (2.0, 3.0, 1.0, 2.0, 9.0)]
    )
    later = minutes(4)
    with store.write() as unit:
        unit.record_bars(WORKSPACE.id, "1m", [Span(days, 0, 5), Span(later, 0, 4)])
        unit.commit()
    with store.read() as views:
        found = views.recorded(WORKSPACE.id, "1m", ["X"])["X"]
    assert found.ts.tolist() == [*days.ts.tolist(), *later.ts.tolist()]
    assert found.row(4) == {"open": 2.0, "high": 3.0, "low": 1.0, "close": 2.0, "volume": 9.0}


def test_a_session_that_another_process_has_recorded_is_merged(store: SqliteStore) -> None:
    for bars in (minutes(4), minutes(9)):  # each takes the session for a fresh one
        with store.write() as unit:
            unit.record_bars(WORKSPACE.id, "1m", [Span(bars, 0, len(bars))])
            unit.commit()
    with store.read() as views:
        assert len(views.recorded(WORKSPACE.id, "1m", ["X"])["X"]) == 9


def test_a_recording_is_replaced_whole(store: SqliteStore) -> None:
    bars = minutes(3_000)
    with store.write() as unit:
        unit.record_bars(WORKSPACE.id, "1m", [Span(bars, 0, 3_000)])
        unit.replace_recording(WORKSPACE.id, "1m", "X", session_days(bars.ts[:9], "UTC"), Recorded.of(bars, 0, 9))
        unit.commit()
    with store.read() as views:
        assert views.recorded(WORKSPACE.id, "1m", ["X"])["X"].ts.tolist() == bars.ts[:9].tolist()


@pytest.mark.parametrize("bars", ["x''", "x'02'", "x'00aa'", "x'01aabb'", "x'00'"])
def test_a_damaged_recording_is_said(store: SqliteStore, path: Path, bars: str) -> None:
    with store.write() as unit:
        unit.record_bars(WORKSPACE.id, "1m", [Span(minutes(5), 0, 5)])
        unit.commit()
    with raw(path) as client:
        client.execute(f"UPDATE recordings SET bars = {bars}")
    with store.read() as views, pytest.raises(SystemFault, match="recording of X, session 2024-01-02") as caught:
        views.recorded(WORKSPACE.id, "1m", ["X"])["X"]
    assert caught.value.code == "DATABASE_ERROR"


def bars_of(day: int, ts: int | None = None, **changed: float) -> bytes:
    """A daily bar's row."""
    figures = {"open": 10.0, "high": 11.0, "low": 9.0, "close": 10.5, "volume": 100.0, **changed}
    return pack(Recorded(np.array([day * DAY if ts is None else ts]), np.array([[each] for each in figures.values()])))


DAY_NUMBER = 19_724
RECORDINGS: dict[str, tuple[object, str]] = {
    "sound": (bars_of(DAY_NUMBER), ""),
    "in another zone": (bars_of(DAY_NUMBER, ts=DAY_NUMBER * DAY - 11 * 60 * MINUTE), ""),
    "cut": (bars_of(DAY_NUMBER)[:-1], "it ends within a bar"),
    "of no form": (b"\7" + bars_of(DAY_NUMBER)[1:], "its form is unknown"),
    "no bytes": (7, "its bars is 7"),
    "no price": (bars_of(DAY_NUMBER, low=-9.0), "a price or a volume is out of range"),
    "infinite": (bars_of(DAY_NUMBER, high=float("inf")), "a price or a volume is out of range"),
    "a high too low": (bars_of(DAY_NUMBER, high=10.25), "a high or a low does not enclose its bar"),
    "another day": (bars_of(DAY_NUMBER + 3), "a time is not of the session"),
}


@pytest.mark.parametrize(("packed", "said"), RECORDINGS.values(), ids=RECORDINGS)
def test_a_damaged_recording_is_found(store: SqliteStore, packed: object, said: str) -> None:
    with raw(store.path, ignore_check_constraints="ON", writable_schema="ON") as client:
        client.execute("UPDATE sqlite_master SET sql = replace(sql, ',\n STRICT', '') WHERE name = 'recordings'")
        (version,) = client.execute("PRAGMA schema_version").fetchone()
        client.execute(f"PRAGMA schema_version = {version + 1}")
    with raw(store.path) as client:
        row = (str(WORKSPACE.id), "daily", DAY_NUMBER, "X", packed)
        client.execute("INSERT INTO recordings VALUES (?, ?, ?, ?, ?)", row)
    with SqliteStore(store.path) as opened, opened.read() as views:
        found = [each.message for each in views.damaged_recordings()]
    assert len(found) == bool(said)
    assert all(each.endswith(f"is damaged: {said}") for each in found)
