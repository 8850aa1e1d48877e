"""pandas frames: the same bars and the same refusals as a file's, and results as frames."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.account.ledger import Trade
from engine.desk.accounts import TradeView
from engine.desk.journal import EventView
from engine.errors import DataError, InvalidError
from engine.market.bars import Dataset
from engine.ports import JournalEvent
from storage.frames import dataset_from_frame, events_frame, trades_frame
from storage.market_files import load_dataset
from storage.samples import sample_path
from tests.storage.sqlite.rows import event, fill

FIGURES = ["open", "high", "low", "close", "volume"]


def daily(count: int = 3, **changes: Any) -> pd.DataFrame:
    """Days of a rising price, with some columns put in place of others; None leaves one out."""
    price = np.arange(10.0, 10.0 + count)
    columns: dict[str, Any] = {
        "ts": pd.date_range("2024-01-02", periods=count, unit="us"),
        "open": price,
        "high": price + 1,
        "low": price - 1,
        "close": price,
        "volume": np.arange(count),
        **changes,
    }
    return pd.DataFrame({name: column for name, column in columns.items() if column is not None})


def same_bars(one: Dataset, other: Dataset) -> bool:
    columns = ("ts", *FIGURES, "session")
    return one.symbols == other.symbols and all(
        np.array_equal(getattr(one.bars[symbol], name), getattr(other.bars[symbol], name))
        for symbol in one.symbols
        for name in columns
    )


@pytest.mark.parametrize("name", ["AAPL", "GOOG", "IBM"])
def test_a_frame_read_from_a_file_has_the_bars_of_the_file(name: str) -> None:
    path = sample_path(name)
    from_file = load_dataset([(name, path)])
    for frame in (pd.read_csv(path), pd.read_csv(path, index_col=0, parse_dates=True)):
        from_frame = dataset_from_frame(frame, symbol=name)
        assert same_bars(from_frame, from_file)
        assert from_frame.warnings == from_file.warnings


EXPECTED = dataset_from_frame(daily(), symbol="X")
TS = [datetime(2024, 1, day, tzinfo=UTC) for day in (2, 3, 4)]
FORMS: dict[str, pd.DataFrame] = {
    "an index of times": daily().set_index("ts"),
    "an index without a name": daily().set_index("ts").rename_axis(None),
    "an index of another name": daily().set_index("ts").rename_axis("Date"),
    "names in capitals": daily().rename(columns=str.title),
    "times in a zone": daily(ts=pd.DatetimeIndex(TS).tz_convert("America/New_York")),
    "an index in a zone": daily(ts=pd.DatetimeIndex(TS).tz_convert("Asia/Tokyo")).set_index("ts"),
    "nanoseconds": daily(ts=pd.date_range("2024-01-02", periods=3).as_unit("ns")),
    "whole seconds": daily(ts=pd.date_range("2024-01-02", periods=3).as_unit("s")),
    "text": daily(ts=["2024-01-02", "2024-01-03T00:00:00Z", " 20240104 "]),
    "days": daily(ts=[when.date() for when in TS]),
    "datetimes as objects": daily(ts=pd.Series(TS, dtype="object")),
    "epochs": daily(ts=[int(when.timestamp()) for when in TS]),
    "epochs as floats": daily(ts=[when.timestamp() for when in TS]),
    "a date and a time": daily(ts=None, date=["2024-01-02", "2024-01-03", "2024-01-04"], time="00:00"),
    "a day and a time": daily(ts=None, date=pd.date_range("2024-01-02", periods=3), time="00:00"),
    "numbers that may be missing": daily().astype(dict.fromkeys(FIGURES, "Float64")),
    "32 bits": daily().astype(dict.fromkeys(FIGURES, "float32")),
    "a column of symbols": daily(symbol="X"),
    "categories": daily(symbol=pd.Categorical(["X"] * 3)),
    "more columns": daily(dividends=0.0, ticker="Y"),
    "any other index": daily().set_axis([7, 7, 7]),
    "newest first": daily().iloc[::-1],
}


@pytest.mark.parametrize("frame", FORMS.values(), ids=FORMS)
def test_whatever_its_form_it_has_the_same_bars(frame: pd.DataFrame) -> None:
    found = dataset_from_frame(frame, symbol="X")
    assert same_bars(found, EXPECTED)
    assert found.sha256 == EXPECTED.sha256
    assert found.sources == ("the frame",)


def test_the_frame_is_left_as_it_is() -> None:
    frame = daily()
    before = frame.copy()
    dataset_from_frame(frame, symbol="X")
    pd.testing.assert_frame_equal(frame, before)
    frame.loc[0, "open"] = 10.5  # the dataset's columns are its own


def test_several_symbols_and_a_zone_for_their_sessions() -> None:
    frame = pd.concat([daily(symbol="B"), daily(2, symbol="A")])
    dataset = dataset_from_frame(frame, session_tz="America/New_York")
    assert {symbol: len(bars) for symbol, bars in dataset.bars.items()} == {"B": 3, "A": 2}
    assert dataset.bars["A"].session[0] == EXPECTED.bars["X"].session[0] - 1
    assert dataset.session_tz == "America/New_York"


def test_other_bars_have_another_sha256() -> None:
    others = [daily(4), daily(volume=[0, 1, 3]), daily(close=[10.0, 11.0, 12.5]), daily().iloc[1:]]
    hashes = {EXPECTED.sha256, *(dataset_from_frame(each, symbol="X").sha256 for each in others)}
    hashes.add(dataset_from_frame(daily(), symbol="Y").sha256)
    assert len(hashes) == 6


def test_newest_first_and_steps_are_warned_of() -> None:
    frame = daily(4, open=10.0, high=30.0, low=1.0, close=[10.0, 10.0, 20.0, 20.0]).iloc[::-1]
    warnings = dataset_from_frame(frame, symbol="X").warnings
    assert warnings[0] == "the frame: the rows are newest-first and were turned round"
    assert len(warnings) > 1


STRANGE = pd.Series(["X", 7, "X"], dtype="object")
REFUSALS: dict[str, tuple[pd.DataFrame, str | None, list[str]]] = {
    "no time": (daily(ts=None), "X", ["the frame: the time column is missing: none is called ts, datetime"]),
    "two times": (daily(date="2024-01-02").set_index("ts"), "X", ["column 'date': names the time, as 'ts' does"]),
    "no close": (daily(close=None), "X", ["column 'close' is missing"]),
    "a column twice": (pd.concat([daily(), daily()[["open"]]], axis=1), "X", ["the column is there twice"]),
    "no symbol": (daily(), None, ["has no symbol column", "dataset_from_frame(frame, symbol='AAPL')"]),
    "another symbol": (daily(symbol="Y"), "X", ["row 1, column 'symbol': 'Y' is not 'X'"]),
    "a missing symbol": (daily(symbol=["X", None, "X"]), None, ["row 2, column 'symbol': is empty"]),
    "a number as a symbol": (daily(symbol=STRANGE), None, ["row 2, column 'symbol': '7' is a int; a symbol is text"]),
    "a blank symbol": (daily(symbol=["X", " ", "X"]), None, ["row 2, column 'symbol': ' ' must not be blank"]),
    "white space around a symbol": (
        daily(symbol=["X", "X ", "X"]),
        None,
        ["row 2, column 'symbol': 'X ' must not have white space around it"],
    ),
    "text for a price": (daily(open=["10", "11", "12"]), "X", ["column 'open': is of type", "the open is an integer"]),
    "flags for a price": (daily(close=[True, True, False]), "X", ["column 'close': is of type bool"]),
    "a missing price": (daily(low=[9.0, np.nan, 11.0]), "X", ["row 2, column 'low': is not a number (NaN)"]),
    "an infinite price": (daily(high=[11.0, 12.0, np.inf]), "X", ["row 3, column 'high': is infinite"]),
    "a missing volume": (
        daily(volume=pd.array([1, 2, None], dtype="Int64")),
        "X",
        ["row 3, column 'volume': is not a number (NaN)"],
    ),
    "a price of zero": (daily(low=[9.0, 0.0, 11.0]), "X", ["row 2, column 'low': 0.0 is not above zero"]),
    "a negative volume": (daily(volume=[1, -2, 3]), "X", ["row 2, column 'volume': -2.0 is below zero"]),
    "a high too low": (daily(high=[11.0, 10.5, 13.0]), "X", ["row 2, column 'high': the high 10.5 is below 11.0"]),
    "a missing time": (daily(ts=pd.DatetimeIndex([TS[0], None, TS[2]])), "X", ["row 2, column 'ts': is empty"]),
    "a missing text": (daily(ts=["2024-01-02", None, "2024-01-04"]), "X", ["row 2, column 'ts': is empty"]),
    "no time at all": (
        daily(ts=["2024-01-02", "soon", "2024-01-04"]),
        "X",
        ["row 2", "'soon' cannot be read as a tim"],
    ),
    "a time again": (daily(ts=pd.DatetimeIndex([TS[0], TS[1], TS[1]])), "X", ["row 3", "again, after row 2"]),
    "out of order": (daily(4, ts=[*TS[:2], TS[0], TS[2]]), "X", ["row 3", "out of order"]),
    "finer than a microsecond": (
        daily(ts=pd.DatetimeIndex(np.array([1, 2000, 3000], "datetime64[ns]"))),
        "X",
        ["row 1, column 'ts': is finer than a microsecond"],
    ),
    "beyond the calendar": (
        daily(ts=pd.DatetimeIndex(np.array([0, 10**6, 10**12], "datetime64[s]"))),
        "X",
        ["row 3, column 'ts': is outside the years 1 to 9999"],
    ),
    "one bar": (daily(1), "X", ["row 1: 'X' has 1 bar"]),
    "none": (daily(0), "X", ["there are no bars"]),
}


@pytest.mark.parametrize(("frame", "symbol", "told"), REFUSALS.values(), ids=REFUSALS)
def test_a_frame_is_refused_as_a_file_is(frame: pd.DataFrame, symbol: str | None, told: list[str]) -> None:
    with pytest.raises(DataError) as caught:
        dataset_from_frame(frame, symbol)
    assert caught.value.code == "INVALID_DATA"
    assert caught.value.fault_count == len(caught.value.faults) == 1, caught.value.faults
    assert all(part in caught.value.faults[0] for part in told), caught.value.faults


def test_every_fault_is_counted_and_twenty_are_named() -> None:
    with pytest.raises(DataError) as caught:
        dataset_from_frame(daily(30, close=np.nan), symbol="X")
    assert (caught.value.fault_count, len(caught.value.faults)) == (30, 20)
    assert "30 faults" in caught.value.message
    assert caught.value.hint == "correct the frame"


@pytest.mark.parametrize(
    ("symbol", "session_tz"), [(" ", "UTC"), ("a\nb", "UTC"), ("X" * 33, "UTC"), ("X", "Mars/Base")]
)
def test_a_symbol_or_a_zone_that_is_none_is_refused(symbol: str, session_tz: str) -> None:
    with pytest.raises(InvalidError):
        dataset_from_frame(daily(), symbol, session_tz)


PRICES = st.sampled_from([0.0, -1.0, 9.5, 10.0, 10.5, 11.0, np.nan])
CELLS = st.lists(
    st.tuples(st.integers(0, 4), PRICES, PRICES, PRICES, PRICES, st.sampled_from([0.0, -1.0, 5.0])),
    min_size=1,
    max_size=6,
)


@given(cells=CELLS)
def test_a_frame_is_sound_exactly_where_its_csv_is(
    tmp_path_factory: pytest.TempPathFactory, cells: list[tuple[float, ...]]
) -> None:
    """And its faults are at the same places: a row of the frame is a line of the file, less the header."""
    frame = pd.DataFrame(cells, columns=["day", *FIGURES], dtype="float64")
    frame.insert(0, "ts", pd.to_datetime("2024-01-02") + pd.to_timedelta(frame.pop("day"), unit="D"))
    path = tmp_path_factory.getbasetemp() / "frame.csv"
    frame.to_csv(path, index=False, na_rep="nan")
    of_frame, of_file = outcome(lambda: dataset_from_frame(frame, "X")), outcome(lambda: load_dataset([("X", path)]))
    if isinstance(of_file, Dataset):
        assert isinstance(of_frame, Dataset)
        assert same_bars(of_frame, of_file)
    else:
        assert isinstance(of_frame, DataError)
        assert places(of_frame, 1) == places(of_file, 0)


def outcome(read: Callable[[], Dataset]) -> Dataset | DataError:
    try:
        return read()
    except DataError as error:
        return error


def places(error: DataError, header: int) -> list[tuple[int, str]]:
    """The row of the file and the column of each fault."""
    found = []
    for sentence in error.faults:
        _, _, place = sentence.partition("row ")
        row, _, rest = place.partition(":")
        number, _, column = row.partition(", column ")
        found.append((int(number) + header if number.isdigit() else 0, column if rest else ""))
    return found


TRADE = Trade("X", 1_000_000, 2_500_000, 150_000_000, 10.0, 12.0, 0.5, 2.5, 10_002.5)


def test_trades_as_a_frame() -> None:
    frame = trades_frame([TRADE, TradeView.of(TRADE)])
    assert list(frame.columns) == list(TradeView.model_fields)
    assert frame.iloc[0].to_dict() == frame.iloc[1].to_dict()
    assert frame.loc[0, "entry_ts"] == pd.Timestamp("1970-01-01T00:00:01Z")
    assert frame.loc[1, "exit_ts"] == pd.Timestamp("1970-01-01T00:00:02.5Z")
    assert (frame["quantity"].sum(), frame["pnl"].sum()) == (3.0, 5.0)


def test_events_as_a_frame() -> None:
    rows = [event(1), fill(2, payload='{"action": "OPEN_LONG"}')]
    frame = events_frame(EventView.of(JournalEvent(seq, row)) for seq, row in enumerate(rows, 1))
    assert list(frame.columns) == list(EventView.model_fields)
    assert frame["seq"].tolist() == [1, 2]
    assert frame["event_type"].tolist() == ["POLICY_CHANGED", "ORDER_FILLED"]
    assert frame["price"].isna().tolist() == [True, False]
    assert frame.loc[1, "payload"] == {"action": "OPEN_LONG"}
    assert frame.loc[frame["side"] == "BUY", "quantity"].tolist() == [1.0]


@pytest.mark.parametrize("frame", [trades_frame([]), events_frame([])], ids=["trades", "events"])
def test_an_empty_frame_has_its_columns_and_their_types(frame: pd.DataFrame) -> None:
    assert len(frame) == 0
    assert frame["fees"].dtype == np.float64
    assert all(str(frame[name].dtype) == "datetime64[us, UTC]" for name in frame if name.endswith("ts"))


def test_pandas_is_imported_when_it_is_needed_and_not_before() -> None:
    code = (
        "import sys, papertape; papertape.trades_frame, papertape.dataset_from_frame; print('pandas' in sys.modules);"
        "papertape.trades_frame([]); print('pandas' in sys.modules)"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]
