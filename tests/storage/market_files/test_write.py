"""What is written reads back bit for bit, and is the same bytes each time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.market.bars import Bars, Dataset, make_bars
from engine.market.synthetic import synthetic_daily, synthetic_minutes
from storage.market_files import load_dataset, write_csv

FIELDS = ("ts", "open", "high", "low", "close", "volume", "session")


def assert_same(mine: Bars, theirs: Bars) -> None:
    """Every column, bit for bit."""
    assert mine.symbol == theirs.symbol
    for field in FIELDS:
        assert getattr(mine, field).tobytes() == getattr(theirs, field).tobytes()


def test_bars_read_back_as_they_were(tmp_path: Path) -> None:
    bars = synthetic_minutes(1000, 5, "SYN", "America/New_York")
    for name in ("bars.csv", "bars.csv.gz"):
        write_csv(bars, tmp_path / name)
        read = load_dataset([("SYN", tmp_path / name)], session_tz="America/New_York")
        assert_same(read.bars["SYN"], bars)
    assert (tmp_path / "bars.csv.gz").read_bytes()[:2] == b"\x1f\x8b"


def test_a_dataset_reads_back_as_it_was(tmp_path: Path) -> None:
    bars = {name: synthetic_daily(50, seed, name) for seed, name in enumerate(["Z", "NA", 'A,"B', "株"])}
    write_csv(Dataset(bars), tmp_path / "all.csv")
    read = load_dataset([(None, tmp_path / "all.csv")])
    assert read.symbols == tuple(bars)
    for name, one in bars.items():
        assert_same(read.bars[name], one)


def test_the_same_bars_are_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one.csv.gz", "two.csv.gz"):
        write_csv(synthetic_daily(100, 1), tmp_path / name)
    assert (tmp_path / "one.csv.gz").read_bytes() == (tmp_path / "two.csv.gz").read_bytes()


def test_the_columns_and_their_form(tmp_path: Path) -> None:
    one = np.array([1.0, 2.5])
    write_csv(make_bars("X", np.array([0, 1_500_000]), one, one, one, one, one), tmp_path / "x.csv")
    assert (tmp_path / "x.csv").read_text() == (
        "ts,open,high,low,close,volume\n"
        "1970-01-01T00:00:00.000000+00:00,1.0,1.0,1.0,1.0,1.0\n"
        "1970-01-01T00:00:01.500000+00:00,2.5,2.5,2.5,2.5,2.5\n"
    )


prices = st.floats(min_value=5e-324, allow_infinity=False, allow_nan=False)
times = st.integers(-62_135_510_400_000_000, 253_402_214_399_999_999)


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(times, prices, prices, st.floats(0, allow_infinity=False)),
        min_size=2,
        max_size=20,
        unique_by=lambda bar: bar[0],
    )
)
def test_any_bars_read_back_as_they_were(tmp_path_factory: object, bars: list[tuple[int, float, float, float]]) -> None:
    file = tmp_path_factory.mktemp("bars") / "x.csv"  # type: ignore[attr-defined]
    bars.sort()
    ts, first, second, volume = (np.array(column) for column in zip(*bars, strict=True))
    high, low = np.maximum(first, second), np.minimum(first, second)
    wanted = make_bars("X", ts, first, high, low, second, volume)
    write_csv(wanted, file)
    assert_same(load_dataset([("X", file)]).bars["X"], wanted)
