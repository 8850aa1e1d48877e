"""Parquet under the rules of CSV."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from engine.errors import DataError, SystemFault
from engine.market.bars import Dataset
from storage.market_files import check_file, load_dataset
from tests.storage.market_files.files import DAY, GOOD, JAN_2

pa = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")

FIGURES: dict[str, Any] = {
    "open": [10.0, 10.5, 12.0], "high": [11.0, 12.25, 12.5], "low": [9.5, 10.25, 11.0], "close": [10.5, 12.0, 11.5],
    "volume": [1000, 2000, 1500],
}  # fmt: skip
DATES = [date(2020, 1, 2), date(2020, 1, 3), date(2020, 1, 6)]
MICROS = [JAN_2, JAN_2 + DAY, JAN_2 + 4 * DAY]


def write(path: Path, columns: dict[str, Any], name: str = "bars.parquet", **options: Any) -> Path:
    parquet.write_table(pa.table(columns), path / name, **options)
    return path / name


def load(path: Path, columns: dict[str, Any], symbol: str | None = "X", **options: Any) -> Dataset:
    return load_dataset([(symbol, write(path, columns, **options))])


def faults(path: Path, columns: dict[str, Any], symbol: str | None = "X") -> Sequence[str]:
    with pytest.raises(DataError) as refused:
        load(path, columns, symbol)
    return [fault.replace(f"{path}/", "") for fault in refused.value.faults]


def stamps(unit: str, tz: str | None = None) -> Any:
    factor = {"s": 10**6, "ms": 10**3, "us": 1}.get(unit)
    values = [ts * 1000 if factor is None else ts // factor for ts in MICROS]
    return pa.array(values, pa.int64()).cast(pa.timestamp(unit, tz))


TIMES = {
    **{f"timestamp {unit}": lambda unit=unit: stamps(unit) for unit in ("s", "ms", "us", "ns")},
    "timestamp of New York": lambda: stamps("us", "America/New_York"),
    "dates": lambda: pa.array(DATES, pa.date32()),
    "date64": lambda: pa.array(DATES, pa.date64()),
    "YYYYMMDD": lambda: pa.array([20200102, 20200103, 20200106], pa.int32()),
    "seconds": lambda: pa.array([ts // 10**6 for ts in MICROS]),
    "unsigned milliseconds": lambda: pa.array([ts // 1000 for ts in MICROS], pa.uint64()),
    "nanoseconds": lambda: pa.array([ts * 1000 for ts in MICROS]),
    "float seconds": lambda: pa.array([ts / 1e6 for ts in MICROS]),
    "float YYYYMMDD": lambda: pa.array([20200102.0, 20200103.0, 20200106.0]),
    "ISO text": lambda: pa.array([day.isoformat() for day in DATES]),
    "mixed text": lambda: pa.array(["2020-01-02", " 2020-01-03T00:00Z", "20200106"], pa.large_string()),
    "dictionary of text": lambda: pa.array([day.isoformat() for day in DATES]).dictionary_encode(),
}


@pytest.mark.parametrize("kind", TIMES)
def test_times_of_every_type(kind: str, tmp_path: Path) -> None:
    bars = load(tmp_path, {"Date": TIMES[kind](), **FIGURES}).bars["X"]
    assert bars.ts.tolist() == MICROS
    assert bars.high.tolist() == FIGURES["high"]
    assert bars.volume.tolist() == FIGURES["volume"]


def test_a_date_and_a_time_are_joined(tmp_path: Path) -> None:
    columns = {"date": pa.array(DATES), "time": pa.array([time(9, 30)] * 3), **FIGURES}
    assert load(tmp_path, columns).bars["X"].ts.tolist() == [ts + 34_200 * 10**6 for ts in MICROS]


@pytest.mark.parametrize(
    "kind",
    [pa.float32(), pa.float64(), pa.decimal128(20, 4), pa.decimal256(40, 10), pa.float16()],
)
def test_figures_of_every_type(kind: Any, tmp_path: Path) -> None:
    exact = [Decimal("10.5"), Decimal("0.25"), Decimal(4)]
    values = pa.array(exact if pa.types.is_decimal(kind) else [float(one) for one in exact], kind)
    columns = {"ts": stamps("us"), **dict.fromkeys(FIGURES, values)}
    assert load(tmp_path, columns).bars["X"].close.tolist() == [10.5, 0.25, 4.0]


def test_decimals_become_the_nearest_float(tmp_path: Path) -> None:
    exact = [Decimal("0.1"), Decimal("123456789.123456789"), Decimal("0.30000000000000004")]
    values = pa.array(exact, pa.decimal128(38, 17))
    bars = load(tmp_path, {"ts": stamps("us"), **dict.fromkeys(FIGURES, values)}).bars["X"]
    assert bars.close.tolist() == [float(str(one)) for one in exact]


@pytest.mark.parametrize("encode", [False, True])
def test_symbols_are_text(encode: bool, tmp_path: Path) -> None:
    names = pa.array(["NA", "B", "NA", "B"])
    columns = {
        "ts": pa.array([0, 0, 1, 1]), "symbol": names.dictionary_encode() if encode else names,
        **{name: [1.0, 2.0, 3.0, 4.0] for name in FIGURES},
    }  # fmt: skip
    dataset = load(tmp_path, columns, symbol=None, row_group_size=2)
    assert dataset.symbols == ("NA", "B")
    assert [bars.close.tolist() for bars in dataset.bars.values()] == [[1, 3], [2, 4]]


def replaced(column: str, *values: Any) -> dict[str, Any]:
    return {"ts": [ts // 10**6 for ts in MICROS], **FIGURES} | {column: list(values)}


REFUSED = {
    "null price": (replaced("open", 10.0, None, 12.0), "row 2, column 'open': is empty"),
    "NaN price": (replaced("open", 10.0, float("nan"), 12.0), "row 2, column 'open': is not a number"),
    "infinite price": (replaced("high", 11.0, 12.25, float("inf")), "row 3, column 'high': is infinite"),
    "price of zero": (replaced("low", 9.5, 0.0, 11.0), "row 2, column 'low': 0.0 is not above zero"),
    "high below close": (replaced("high", 10.0, 12.25, 12.5), "row 1, column 'high': the high 10.0 is below 10.5"),
    "negative volume": (replaced("volume", 1, -1, 1), "row 2, column 'volume': -1.0 is below zero"),
    "null time": (replaced("ts", 1, None, 3), "row 2, column 'ts': is empty"),
    "repeated time": (replaced("ts", 1, 1, 3), "row 2, column 'ts': 'X' has the time 1970-01-01T00:00:01+00:00 again"),
    "time as text": (replaced("ts", "2020-01-02", "later", "2020-01-04"), "row 2, column 'ts': 'later' cannot be read"),
    "nanosecond": (replaced("ts", 10**18, 10**18 + 1, 10**18 + 2000), "'1000000000000000001' is finer"),
    "NaN time": (replaced("ts", 1.0, float("nan"), 3.0), "row 2, column 'ts': 'NaN' cannot be read as a time"),
    "text for a price": (replaced("open", "10", "10.5", "12"), "column 'open': is of type string; the open is"),
    "truth for a volume": (replaced("volume", True, True, True), "column 'volume': is of type bool"),
    "truth for a time": (replaced("ts", True, True, True), "column 'ts': is of type bool; a time is"),
    "numbers for symbols": (replaced("symbol", 1, 2, 3), "column 'symbol': is of type int64; a symbol is text"),
    "two times": (replaced("date", 1, 2, 3), "column 'date': names the time, as 'ts' does"),
    "empty symbol": (replaced("symbol", "A", "", "A"), "row 2, column 'symbol': is empty"),
    "null symbol": (replaced("symbol", "A", None, "A"), "row 2, column 'symbol': is empty"),
    "one bar": ({name: values[:1] for name, values in replaced("ts", 1, 2, 3).items()}, "row 1: 'X' has 1 bar"),
    "no bars": ({"ts": pa.array([], pa.int64()), **{name: pa.array([], pa.float64()) for name in FIGURES}}, "no bars"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_that_is_none(name: str, tmp_path: Path) -> None:
    columns, said = REFUSED[name]
    first = faults(tmp_path, columns, None if "symbol" in columns else "X")[0]
    assert first.startswith("bars.parquet: ")
    assert said in first


@pytest.mark.parametrize(("unit", "value"), [("ns", 10**18 + 1), ("s", 10**15), ("us", -(10**18)), ("ms", 10**17)])
def test_stored_times_out_of_reach(unit: str, value: int, tmp_path: Path) -> None:
    values = [value, 10**9, 2 * 10**9] if value < 0 else [0, 10**9, value]
    column = pa.array(values, pa.int64()).cast(pa.timestamp(unit))
    (fault,) = faults(tmp_path, {"ts": column, **FIGURES})
    assert "is finer than a microsecond" in fault if unit == "ns" else "is outside the years" in fault


def test_a_missing_column(tmp_path: Path) -> None:
    assert faults(tmp_path, {"ts": [1, 2], "open": [1.0, 2.0]}) == [
        f"bars.parquet: column '{name}' is missing" for name in ("high", "low", "close", "volume")
    ]


@pytest.mark.parametrize("keep", [4, 100, -4, -50])
def test_a_damaged_file(keep: int, tmp_path: Path) -> None:
    file = write(tmp_path, replaced("ts", 1, 2, 3))
    file.write_bytes(file.read_bytes()[:keep])
    with pytest.raises(DataError) as refused:
        load_dataset([("X", file)])
    assert "cannot be read as Parquet" in refused.value.faults[0]


def test_a_csv_called_parquet(tmp_path: Path) -> None:
    (tmp_path / "bars.parquet").write_text(GOOD)
    with pytest.raises(DataError) as refused:
        check_file((None, tmp_path / "bars.parquet"))
    assert "is not a Parquet file" in refused.value.faults[0]


def test_parquet_is_known_by_its_content(tmp_path: Path) -> None:
    assert check_file((None, write(tmp_path, replaced("ts", 1, 2, 3), "ibm.csv"))).symbols[0].symbol == "IBM"


def test_newest_first_is_turned_round(tmp_path: Path) -> None:
    dataset = load(tmp_path, replaced("ts", 3, 2, 1))
    assert dataset.bars["X"].close.tolist() == [11.5, 12.0, 10.5]
    assert "newest-first" in dataset.warnings[0]


def test_without_pyarrow_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write(tmp_path, replaced("ts", 1, 2, 3))
    real = builtins.__import__

    def without(name: str, *rest: Any, **options: Any) -> Any:
        if name.startswith("pyarrow"):
            raise ImportError(name)
        return real(name, *rest, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(SystemFault) as missing:
        load_dataset([("X", file)])
    assert missing.value.code == "EXTRA_MISSING"
    assert missing.value.hint == "pip install 'papertape[parquet]'"


def test_a_large_file_in_batches(tmp_path: Path) -> None:
    count = 300_000
    columns = {"ts": pa.array(range(10**9, 10**9 + 60 * count, 60)), **{name: [1.5] * count for name in FIGURES}}
    bars = load(tmp_path, columns).bars["X"]
    assert len(bars) == count
    assert bars.ts[-1] == (10**9 + 60 * (count - 1)) * 10**6


def test_times_are_utc(tmp_path: Path) -> None:
    column = pa.array([datetime(2020, 1, 2, 5, tzinfo=UTC), datetime(2020, 1, 3, 5, tzinfo=UTC)])
    bars = load(tmp_path, {"ts": column, **{name: values[:2] for name, values in FIGURES.items()}}).bars["X"]
    assert bars.ts[0] == JAN_2 + 5 * 3600 * 10**6
