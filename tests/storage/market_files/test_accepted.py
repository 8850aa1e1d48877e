"""What is read, and as what."""

from __future__ import annotations

import gzip
import math
from pathlib import Path

import numpy as np
import pytest

from storage.market_files import load_dataset
from tests.storage.market_files.files import DAY, GOOD, HEADER, JAN_2, ROWS, bars_of, body, load


def same_as_good(tmp_path: Path, content: str | bytes) -> None:
    """The file holds the bars of GOOD."""
    bars = bars_of(tmp_path, content)
    assert bars.ts.tolist() == [JAN_2, JAN_2 + DAY, JAN_2 + 4 * DAY]
    assert bars.open.tolist() == [10.0, 10.5, 12.0]
    assert bars.high.tolist() == [11.0, 12.25, 12.5]
    assert bars.low.tolist() == [9.5, 10.25, 11.0]
    assert bars.close.tolist() == [10.5, 12.0, 11.5]
    assert bars.volume.tolist() == [1000, 2000, 1500]
    assert bars.session.tolist() == [18_263, 18_264, 18_267]


def quoted(text: str) -> str:
    return "\n".join(",".join(f'"{field}"' for field in line.split(",")) for line in text.splitlines())


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(GOOD, id="as it is"),
        pytest.param(GOOD.rstrip(), id="no last line end"),
        pytest.param(GOOD + "\n \t\n\r\n\n", id="empty lines at the end"),
        pytest.param(GOOD.replace("\n", "\r\n"), id="CRLF"),
        pytest.param(GOOD.replace("\n", "\r\n").rstrip(), id="CRLF without the last"),
        pytest.param(b"\xef\xbb\xbf" + GOOD.encode(), id="byte order mark"),
        pytest.param(b"\xef\xbb\xbf" + quoted(GOOD).encode(), id="byte order mark before a quote"),
        pytest.param(quoted(GOOD), id="quoted"),
        pytest.param(quoted(GOOD).replace("\n", "\r\n"), id="quoted, CRLF"),
        pytest.param(GOOD.replace(",", ", "), id="spaces after commas"),
        pytest.param(GOOD.replace(",", " , "), id="spaces around commas"),
        pytest.param(GOOD.replace("T", " "), id="a space for T"),
        pytest.param(GOOD.replace("+00:00", "Z"), id="Z"),
        pytest.param(GOOD.replace("+00:00", "z"), id="z"),
        pytest.param(GOOD.replace("+00:00", ""), id="naive"),
        pytest.param(GOOD.replace("+00:00", "+0000"), id="offset without colon"),
        pytest.param(GOOD.replace("+00:00", "-00"), id="offset of hours"),
        pytest.param(GOOD.replace("T00:00:00+00:00", "T00:00"), id="minutes"),
        pytest.param(GOOD.replace("T00:00:00+00:00", "T05:30:00+05:30"), id="India"),
        pytest.param(GOOD.replace("02T00:00:00+00:00", "01T19:00:00-05:00"), id="mixed offsets"),
        pytest.param(GOOD.replace("03T00:00:00+00:00", "03"), id="mixed widths"),
        pytest.param(GOOD.replace("03T00:00:00+00:00", "03T00:00:00.000000000"), id="zeros beyond microseconds"),
        pytest.param(GOOD.replace("T00:00:00+00:00", ""), id="dates"),
        pytest.param(GOOD.replace("T00:00:00+00:00", "").replace("2020-01-", "202001"), id="YYYYMMDD"),
        pytest.param(GOOD.replace("2020-01-02T00:00:00+00:00", "1577923200"), id="an epoch among ISO times"),
        pytest.param(GOOD.replace("ts,", "DateTime,"), id="DateTime"),
        pytest.param(GOOD.replace("ts,open", "Timestamp,OPEN"), id="Timestamp"),
        pytest.param(GOOD.replace("ts,", " Date ,"), id="Date with spaces"),
        pytest.param(GOOD.replace("ts,", "time,"), id="time"),
        pytest.param(GOOD.replace("T", ",").replace("ts,", "Date,Time,"), id="date and time"),
        pytest.param(
            GOOD.replace("-", "").replace("T00:00:00+00:00", ",000000").replace("ts,", "date,time,"), id="compact pair"
        ),
        pytest.param(
            "\n".join(f"{i},{line},Ünï,{{,}}" for i, line in enumerate(GOOD.splitlines())), id="other columns ignored"
        ),
        pytest.param(
            "\n".join(",".join(reversed(line.split(","))) for line in GOOD.splitlines()), id="columns in another order"
        ),
        pytest.param(gzip.compress(GOOD.encode()), id="gzip by another name"),
        pytest.param(
            gzip.compress(GOOD[:50].encode()) + gzip.compress(GOOD[50:].encode()), id="gzip of two members"
        ),
        pytest.param(GOOD.replace("10.5", "1.05e1").replace("2000", "+2000"), id="exponents and signs"),
        pytest.param(GOOD.replace("12.0", "012.").replace("10.5,", "10.50000000000000000000,"), id="odd zeros"),
    ],
)  # fmt: skip
def test_a_file_that_holds_the_same_bars(content: str | bytes, tmp_path: Path) -> None:
    same_as_good(tmp_path, content)


@pytest.mark.parametrize(
    ("text", "micros"),
    [
        ("0", 0),
        ("-1", -1_000_000),
        ("1700000000", 1_700_000_000_000_000),
        ("1700000000.5", 1_700_000_000_500_000),
        ("-1700000000.000001", -1_700_000_000_000_001),
        ("99999999999", 99_999_999_999_000_000),
        ("100000000000", 100_000_000_000_000),
        ("99999999999999", 99_999_999_999_999_000),
        ("99999999999999.125", 99_999_999_999_999_125),
        ("100000000000000", 100_000_000_000_000),
        ("99999999999999999", 99_999_999_999_999_999),
        ("100000000000000000", 100_000_000_000_000),
        ("1700000000123456000", 1_700_000_000_123_456),
        ("0001-01-02", -62_135_510_400_000_000),
        ("9999-12-30T23:59:59.999999Z", 253_402_214_399_999_999),
        ("2020-02-29T23:59:59.5", 1_583_020_799_500_000),
        ("2020-02-29T23:59:59,25+01:00", 1_583_017_199_250_000),
        ("20200229T2359", 1_583_020_740_000_000),
    ],
)
def test_epochs_go_by_their_magnitude(text: str, micros: int, tmp_path: Path) -> None:
    (first, last) = sorted([(micros, text), (86_400_000_000, "1970-01-02")])
    bars = bars_of(tmp_path, body(*(f'"{written}",1,1,1,1,1' for _, written in (first, last))))
    assert micros in bars.ts.tolist()


@pytest.mark.parametrize(
    "text",
    [
        "0.1", "0.30000000000000004", "123456789.123456789", "9007199254740993", "9007199254740993.0",
        "1.7976931348623157e308",
        "5e-324", "2.2250738585072011e-308", "0.000000000000000000000000000001", "8.5", "1" * 40, "1" * 60 + ".5",
        "100.33500000000001", "74.05999755859375", "179769313486231570000", ".5", "5.", "00012.50", "1e5", "1E+05",
        "3.14159265358979",
        "999999999999999999", "0.99999999999999999", "4503599627370497.5", "4503599627370496.5", "18014398509481985.0",
    ],
)  # fmt: skip
def test_figures_are_read_as_float_reads_them(text: str, tmp_path: Path) -> None:
    bars = bars_of(tmp_path, body(f"2020-01-02,{text},{text},{text},{text},{text}", f"2020-01-03,1,1,1,1,{text}"))
    assert bars.close[0] == float(text)
    assert bars.volume.tolist() == [float(text)] * 2


def test_fractional_and_zero_volume_is_read(tmp_path: Path) -> None:
    bars = bars_of(tmp_path, body("2020-01-02,1,1,1,1,0.125", "2020-01-03,1,1,1,1,0", "2020-01-04,1,1,1,1,-0"))
    assert bars.volume.tolist() == [0.125, 0, 0]
    assert math.copysign(1, bars.volume[2]) == -1


@pytest.mark.parametrize(
    "symbol",
    ["NA", "TRUE", "NULL", "nan", "None", "1", "007", "1e5", "BRK.B",
     "^GSPC", "=A1", "A,B", 'A"B', "Ünïcode株式", "A" * 32, "株" * 32]
)  # fmt: skip
def test_symbols_are_text(symbol: str, tmp_path: Path) -> None:
    field = '"' + symbol.replace('"', '""') + '"'
    for written in {field, field if {",", '"'} & set(symbol) else symbol}:
        rows = [f"2020-01-0{day},{written},1,1,1,1,1" for day in (2, 3)]
        assert load(tmp_path, body(*rows, header="ts,Symbol,open,high,low,close,volume"), symbol=None).symbols == (
            symbol,
        )


def test_symbols_come_in_the_order_in_which_they_appear(tmp_path: Path) -> None:
    names = ["ZZ", "A", "MM", "A_LONG_SYMBOL_NAME", "B"]
    rows = [
        f"2020-01-0{day},{name},{day}{place},99,1,{day}{place},1" for day in (2, 3) for place, name in enumerate(names)
    ]
    dataset = load(tmp_path, body(*rows, header="ts,symbol,open,high,low,close,volume"), symbol=None)
    assert dataset.symbols == tuple(names)
    assert [bars.close.tolist() for bars in dataset.bars.values()] == [[20 + i, 30 + i] for i in range(5)]
    assert dataset.bar_count == 10


def test_a_newest_first_file_is_turned_round_and_says_so(tmp_path: Path) -> None:
    dataset = load(tmp_path, body(*reversed(ROWS)))
    assert dataset.bars["X"].close.tolist() == [10.5, 12.0, 11.5]
    assert dataset.bars["X"].close.flags.c_contiguous
    assert dataset.warnings == (f"{tmp_path}/bars.csv: the rows are newest-first and were turned round",)


def test_a_newest_first_file_of_two_symbols_keeps_their_order(tmp_path: Path) -> None:
    rows = [f"2020-01-0{day},{name},{day},{day},{day},{day},1" for day in (4, 3, 2) for name in "BA"]
    dataset = load(tmp_path, body(*rows, header="ts,symbol,open,high,low,close,volume"), symbol=None)
    assert dataset.symbols == ("B", "A")
    assert [bars.close.tolist() for bars in dataset.bars.values()] == [[2, 3, 4]] * 2


def test_columns_are_contiguous_and_read_only(tmp_path: Path) -> None:
    bars = bars_of(tmp_path, GOOD)
    for column in (bars.ts, bars.open, bars.high, bars.low, bars.close, bars.volume, bars.session):
        assert column.flags.c_contiguous
        assert not column.flags.writeable
    assert (bars.ts.dtype, bars.close.dtype) == (np.int64, np.float64)


def test_sessions_are_days_of_the_zone(tmp_path: Path) -> None:
    rows = ["2020-07-01T03:59:00Z,1,1,1,1,1", "2020-07-01T04:00:00Z,1,1,1,1,1", "2020-12-01T04:59:00Z,1,1,1,1,1"]
    dataset = load(tmp_path, body(*rows), session_tz="America/New_York")
    assert dataset.session_tz == "America/New_York"
    assert np.diff(dataset.bars["X"].session).tolist() == [1, 152]


@pytest.mark.parametrize("session_tz", ["America/New_York", "Pacific/Kiritimati", "Pacific/Niue"])
def test_the_ends_of_the_calendar_have_a_session_in_every_zone(session_tz: str, tmp_path: Path) -> None:
    rows = ["0001-01-02,1,1,1,1,1", "9999-12-30T23:59:59.999999,1,1,1,1,1"]
    first, last = load(tmp_path, body(*rows), session_tz=session_tz).bars["X"].session.tolist()
    assert last - first in {3_652_056, 3_652_057, 3_652_058}


def test_a_file_larger_than_a_block_is_one_file(tmp_path: Path) -> None:
    rows = [f"{60 * minute},1.5,2.5,0.5,1.{minute % 90 + 10},{minute}" for minute in range(50_000)]
    file = tmp_path / "long.csv"
    file.write_text(body(*rows))
    bars = load_dataset([("X", file)]).bars["X"]
    assert len(bars) == 50_000
    assert bars.volume.tolist() == list(range(50_000))
    assert bars.ts[-1] == 60 * 49_999 * 1_000_000
    assert HEADER in file.read_text()[:100]
