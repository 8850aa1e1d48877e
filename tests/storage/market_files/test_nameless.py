"""A first column without a name that holds times is `ts`: in CSV, Parquet and frames alike."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from engine.errors import DataError
from storage.frames import dataset_from_frame
from storage.market_files import load_dataset
from tests.storage.market_files.files import DAY, JAN_2, bars_of, body, faults_of

pytest.importorskip("pyarrow")

MICROS = [JAN_2, JAN_2 + DAY, JAN_2 + 4 * DAY]
NAMES = ",Open,High,Low,Close,Volume"
TIMES = {
    "dates": ("2020-01-02", "2020-01-03", "2020-01-06"),
    "times": ("2020-01-02 00:00:00", "2020-01-03 00:00:00", "2020-01-06 00:00:00"),
    "offsets": ("2020-01-02T01:00:00+01:00", "2020-01-03T01:00:00+01:00", "2020-01-06T01:00:00+01:00"),
    "YYYYMMDD": ("20200102", "20200103", "20200106"),
    "seconds": tuple(str(ts // 10**6) for ts in MICROS),
    "nanoseconds": tuple(str(ts * 1000) for ts in MICROS),
    "in quotes": ('"2020-01-02"', '"2020-01-03"', '"2020-01-06"'),
}


def frame(index: Any = None, **more: Any) -> pd.DataFrame:
    """Three bars."""
    columns = {"Open": [1.0, 1, 1], "High": [2.0, 2, 2], "Low": [0.5, 1, 1], "Close": [1.5, 1, 1], "Volume": [1, 2, 3]}
    return pd.DataFrame({**columns, **more}, index=index)


INDEXES = {
    "times": lambda: frame(pd.DatetimeIndex(["2020-01-02", "2020-01-03", "2020-01-06"])),
    "times of London": lambda: frame(pd.DatetimeIndex(["2020-01-02", "2020-01-03", "2020-01-06"], tz="Europe/London")),
    "a name of its own": lambda: frame(pd.DatetimeIndex(["2020-01-02", "2020-01-03", "2020-01-06"], name="when")),
    "text": lambda: frame(["2020-01-02", "2020-01-03", "2020-01-06"]),
    "text called Date": lambda: frame(pd.Index(["2020-01-02", "2020-01-03", "2020-01-06"], name="Date")),
    "dates": lambda: frame([date(2020, 1, 2), date(2020, 1, 3), date(2020, 1, 6)]),
    "YYYYMMDD": lambda: frame([20200102, 20200103, 20200106]),
}


@pytest.mark.parametrize("called", ["", '""', " ", "Unnamed: 0"])
@pytest.mark.parametrize("kind", TIMES)
def test_in_csv(kind: str, called: str, tmp_path: Path) -> None:
    rows = (f"{time},1,2,0.5,1.5,10" for time in TIMES[kind])
    assert bars_of(tmp_path, body(*rows, header=called + NAMES)).ts.tolist() == MICROS


@pytest.mark.parametrize("kind", INDEXES)
def test_in_frames_and_in_the_parquet_and_csv_that_pandas_writes_of_them(kind: str, tmp_path: Path) -> None:
    made = INDEXES[kind]()
    assert dataset_from_frame(made, symbol="X").bars["X"].ts.tolist() == MICROS
    made.to_parquet(tmp_path / "bars.parquet")
    assert load_dataset([("X", tmp_path / "bars.parquet")]).bars["X"].ts.tolist() == MICROS
    if made.index.name != "when":  # in CSV nothing says that it was an index
        made.to_csv(tmp_path / "bars.csv")
        assert load_dataset([("X", tmp_path / "bars.csv")]).bars["X"].ts.tolist() == MICROS
        read_again = pd.read_csv(tmp_path / "bars.csv")
        assert dataset_from_frame(read_again, symbol="X").bars["X"].ts.tolist() == MICROS


def test_a_column_that_is_called_as_a_time_goes_first(tmp_path: Path) -> None:
    rows = [f"{row},2020-01-0{row + 2},1,2,0.5,1.5,10" for row in range(3)]
    expected = [JAN_2, JAN_2 + DAY, JAN_2 + 2 * DAY]
    assert bars_of(tmp_path, body(*rows, header=",date,Open,High,Low,Close,Volume")).ts.tolist() == expected
    made = frame(pd.Index([7, 8, 9]), date=["2020-01-02", "2020-01-03", "2020-01-04"])
    assert dataset_from_frame(made, symbol="X").bars["X"].ts.tolist() == expected
    made.to_parquet(tmp_path / "bars.parquet")
    assert load_dataset([("X", tmp_path / "bars.parquet")]).bars["X"].ts.tolist() == expected


@pytest.mark.parametrize("values", [("0", "1", "2"), ("1000", "1001", "1002"), ("a", "b", "c"), ("99999999",) * 2])
def test_what_only_counts_the_rows_is_no_time(values: tuple[str, ...], tmp_path: Path) -> None:
    rows = (f"{value},1,2,0.5,1.5,10" for value in values)
    error = faults_of(tmp_path, body(*rows, header=NAMES))
    assert error.faults == (
        "bars.csv: row 1: the time column is missing: none is called ts, datetime, timestamp, date, time;"
        " the first column has no name and holds no times",
    )
    with pytest.raises(DataError) as refused:
        dataset_from_frame(frame(pd.Index([5, 6, 7])), symbol="X")
    assert "holds no times" in refused.value.faults[0]


def test_a_nameless_column_elsewhere_is_left_alone(tmp_path: Path) -> None:
    rows = ("1,2,0.5,1.5,10,2020-01-02",) * 2
    assert (
        "the time column is missing" in faults_of(tmp_path, body(*rows, header="Open,High,Low,Close,Volume,")).faults[0]
    )


def test_faults_of_a_nameless_column_call_it_ts(tmp_path: Path) -> None:
    rows = ("2020-01-02,1,2,0.5,1.5,10", "2020-01-32,1,2,0.5,1.5,10")
    assert faults_of(tmp_path, body(*rows, header=NAMES)).faults == (
        "bars.csv: row 3, column 'ts': '2020-01-32' is not a day of the calendar",
    )


def test_columns_of_several_levels_are_named(tmp_path: Path) -> None:
    made = frame(pd.DatetimeIndex(["2020-01-02", "2020-01-03", "2020-01-06"]))
    made.columns = pd.MultiIndex.from_product([made.columns, ["MSFT"]], names=["Price", "Ticker"])
    with pytest.raises(DataError) as refused:
        dataset_from_frame(made, symbol="X")
    assert refused.value.faults == (
        "the frame: the columns are a MultiIndex (Price, Ticker);"
        " yfinance gives them so: take one ticker with frame.xs('MSFT', axis=1, level='Ticker')",
    )
    assert dataset_from_frame(made.xs("MSFT", axis=1, level="Ticker"), symbol="X").bar_count == 3
    made.to_parquet(tmp_path / "bars.parquet")
    with pytest.raises(DataError) as refused:
        load_dataset([("X", tmp_path / "bars.parquet")])
    assert "the columns are a MultiIndex of pandas (('Open', 'MSFT'), …)" in refused.value.faults[0]


def test_an_index_of_several_levels_is_named() -> None:
    made = frame(
        pd.MultiIndex.from_product([["X"], ["2020-01-02", "2020-01-03", "2020-01-06"]], names=["Ticker", "Date"])
    )
    with pytest.raises(DataError) as refused:
        dataset_from_frame(made, symbol="X")
    assert refused.value.faults == (
        "the frame: the index is a MultiIndex (Ticker, Date); call reset_index() on the frame",
    )
    assert dataset_from_frame(made.reset_index(), symbol="X").bars["X"].ts.tolist() == MICROS
