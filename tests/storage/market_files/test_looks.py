"""A refusal says what the file is, not what it lacks."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile
from pathlib import Path

import pytest

from engine.errors import DataError
from storage.market_files import load_dataset
from tests.storage.market_files.files import GOOD, HEADER, ROWS, body, faults_of

pa = pytest.importorskip("pyarrow")
feather = pytest.importorskip("pyarrow.feather")

IMPORTED = "; `papertape data import bars.csv --to bars.bars.csv` makes a file that is read"
NO_HEADER = "row 1 is data: there is no header"
SEMICOLONS = "the fields are separated by semicolons"


def zipped(name: str) -> bytes:
    """A zip archive that holds a file of this name."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(name, GOOD)
    return out.getvalue()


def feathered() -> bytes:
    out = io.BytesIO()
    feather.write_feather(pa.table({"ts": ["2020-01-02"], "open": [1.0]}), out)
    return out.getvalue()


KINDS: dict[str, tuple[bytes, str]] = {
    "zip": (zipped("bars.csv"), "a zip archive" + IMPORTED),
    "xlsx": (zipped("xl/workbook.xml"), "an Excel workbook (.xlsx); save its sheet as CSV"),
    "xls": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504), "an Excel workbook (.xls)"),
    "xz": (lzma.compress(GOOD.encode()), "an xz archive" + IMPORTED),
    "bz2": (bz2.compress(GOOD.encode()), "a bzip2 archive" + IMPORTED),
    "zstd": (b"\x28\xb5\x2f\xfd\x24\x00", "a Zstandard archive"),
    "7z": (b"7z\xbc\xaf\x27\x1c\x00\x04", "a 7z archive"),
    "feather": (feathered(), "a Feather file (Arrow IPC)" + IMPORTED),
    "feather of version 1": (b"FEA1" + bytes(60), "a Feather file (version 1)"),
    "sqlite": (b"SQLite format 3\0" + bytes(84), "an SQLite database"),
    "hdf5": (b"\x89HDF\r\n\x1a\n\0\0", "an HDF5 file"),
    "pickle": (b"\x80\x04\x95\x0f\0\0\0\0\0\0\0", "a Python pickle"),
    "zip in a gzip": (gzip.compress(zipped("bars.csv")), "a zip archive"),
    "gzip in a gzip": (gzip.compress(gzip.compress(GOOD.encode())), "a gzip inside a gzip"),
    "tar in a gzip": (gzip.compress(b"bars.csv".ljust(257, b"\0") + b"ustar\0" + bytes(249)), "a tar archive"),
    "UTF-16, little": (GOOD.encode("utf-16-le"), "UTF-16" + IMPORTED),
    "UTF-16, big": (GOOD.encode("utf-16-be"), "UTF-16" + IMPORTED),
    "UTF-16 with a mark": (GOOD.encode("utf-16"), "UTF-16" + IMPORTED),
    "UTF-32": (GOOD.encode("utf-32"), "UTF-32" + IMPORTED),
    "JSON": (b'[{"ts": "2020-01-02", "open": 1}]', "JSON; write it as CSV or Parquet"),
    "JSON Lines": (b'{"ts": "2020-01-02", "open": 1}\n{"ts": "2020-01-03"}\n', "JSON"),
    "HTML": (b"<!DOCTYPE html>\n<html><body>403</body></html>", "HTML, a web page, and no table"),
    "XML": (b'<?xml version="1.0"?>\n<bars/>', "XML"),
}

LAYOUTS = {
    "a Binance kline file": (
        "1637971200000,0.00002853,0.00002854,0.00002851,0.00002854,36304.2,1637971259999,1.03,79,19523.0,0.55,0",
        "1735689600000000,93576.0,93610.93,93537.5,93610.93,8.2,1735689659999999,767657.5,2631,4.02,377.8,0",
    ),
    "a Kraken OHLCVT file": (
        "1381095240,122.0,122.0,122.0,122.0,0.1,1",
        "1700000000,37000,37001.5,36999,37000,1.25,12",
    ),
    "what ccxt's fetch_ohlcv gives": ("1637971200000,57000.1,57001,56999,57000,12.5",),
    "a MetaTrader 4 export": ("2024.01.02,00:00,1.10427,1.10461,1.10380,1.10441,1532",),
    "a FirstRate Data file": ("2024-01-02 09:30:00,187.15,188.44,183.885,185.64,82488700",),
    "a Kibot file": (
        "01/02/2024,09:30,187.15,188.44,183.88,185.64,82488",
        "01/02/2024,187.15,188.44,183.88,185.64,82488",
    ),
    "a LEAN (QuantConnect) file": (
        "34200000,1871500,1872000,1871000,1871800,24500",
        "20240102 00:00,1871500,1884400,1838850,1856400,82488700",
    ),
}  # fmt: skip

ELSEWHERE = {
    "CryptoDataDownload": (
        "https://www.CryptoDataDownload.com\n" + GOOD,
        "row 1 is not a header: it is a web address, as CryptoDataDownload puts there; the header is row 2",
    ),
    "Excel's separator line": ("sep=,\n" + GOOD, "row 1 is not a header: it is Excel's sep= line; the header is row 2"),
    "comments": ("# bars of X\n# daily\n" + GOOD, "row 1 is not a header: it is a comment; the header is row 3"),
    "a title": (
        "Daily prices of X\n\n" + GOOD,
        "row 1 is not a header: it is 'Daily prices of X'; the header is row 3",
    ),
    "an empty first line": ("\n" + GOOD, "row 1 is not a header: the first line is empty; the header is row 2"),
    "Excel's line above semicolons": (
        "sep=;\n" + GOOD.replace(",", ";"),
        f"row 1 is not a header: it is Excel's sep= line; the header is row 2; {SEMICOLONS}",
    ),
}

NAMED = {
    "MetaTrader 5": (
        "<DATE>\t<TIME>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<TICKVOL>\n2024.01.02\t00:00:00\t1.10\t1.11\t1.09\t1.10\t10\n",
        ["it looks like a MetaTrader 5 export", "separated by tabs", "called <DATE>, <TIME>, <OPEN>"],
    ),
    "Stooq": (
        "<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>,<OPENINT>\nX.US,D,20240102,000000,1,2,1,1,5,0\n",
        ["it looks like a Stooq file", "called <TICKER>, <PER>"],
    ),
    "foreign names and decimal commas": (
        "Datum;Erster;Hoch;Tief;Schlusskurs;Volumen\n2024-01-02;171,50;172,30;169,80;170,10;1234\n",
        [SEMICOLONS, "the numbers have decimal commas (171,50)", "called Datum, Erster, Hoch, Tief, Schlusskurs"],
    ),
    "dotted thousands": (
        "Datum;Open;High;Low;Close;Volume\n02.01.2024;1.171,50;1.172,30;1.169,80;1.170,10;1.234\n",
        [SEMICOLONS, "decimal commas (1.171,50)"],
    ),
    "our names and semicolons": (GOOD.replace(",", ";"), [f"row 1: {SEMICOLONS}; only commas"]),
    "pipes": (GOOD.replace(",", "|"), ["separated by pipes"]),
    "Dukascopy": (
        "Gmt time,Open,High,Low,Close,Volume\n02.01.2024 00:00:00.000,1,2,0.5,1.5,10\n",
        ["it looks like a Dukascopy export"],
    ),
    "Binance with its own names": (
        "open_time,open,high,low,close,volume,close_time,count\n1637971200000,1,2,0.5,1.5,10,1637971259999,1\n",
        ["it looks like a Binance kline file", "called open_time, open"],
    ),
    "investing.com": (
        '"Date","Price","Open","High","Low","Vol.","Change %"\n"01/02/2024","1","1","1","1","1.5M","0.1%"\n',
        ["it looks like an investing.com export", IMPORTED],
    ),
    "numbered columns": ("0,1,2,3,4,5\n1637971200000,1,2,0.5,1.5,10\n", ["row 1 numbers the columns"]),
}  # fmt: skip

YFINANCE = body(
    "Ticker,MSFT,MSFT,MSFT,MSFT,MSFT", "Date,,,,,", "2023-02-17,254.5,256.5,252.4,255.8,3",
    header="Price,Close,High,Low,Open,Volume",
)  # fmt: skip


def the_fault(path: Path, content: str | bytes) -> str:
    """The one fault of a file, without its name."""
    error = faults_of(path, content)
    assert error.fault_count == 1
    return error.faults[0].removeprefix("bars.csv: ")


@pytest.mark.parametrize("name", KINDS)
def test_what_is_no_text_or_no_table_is_called_by_its_name(name: str, tmp_path: Path) -> None:
    content, what = KINDS[name]
    assert the_fault(tmp_path, content).startswith(f"row 1: the file is {what}")


def _next(row: str) -> str:
    """The row after one: LEAN's milliseconds rise."""
    return row.replace("34200000,", "34260000,")


@pytest.mark.parametrize(("name", "row"), [(name, row) for name, rows in LAYOUTS.items() for row in rows])
def test_rows_without_a_header_are_known_by_their_cells(name: str, row: str, tmp_path: Path) -> None:
    assert the_fault(tmp_path, f"{row}\n{_next(row)}\n") == f"{NO_HEADER}; it looks like {name}{IMPORTED}"


def test_rows_of_no_known_layout_are_data_all_the_same(tmp_path: Path) -> None:
    assert the_fault(tmp_path, "\n".join(ROWS)).startswith(f"{NO_HEADER}; write a first row such as {HEADER}")
    assert the_fault(tmp_path, "X,2024-01-02,1,2,0.5,1.5,10\n" * 3).startswith(NO_HEADER)
    histdata = "20240102 170000;1.10;1.11;1.09;1.10;0\n" * 3
    assert the_fault(tmp_path, histdata).startswith(f"{NO_HEADER}; it looks like a HistData file; {SEMICOLONS}")


@pytest.mark.parametrize("name", ELSEWHERE)
def test_a_header_further_down_is_found(name: str, tmp_path: Path) -> None:
    content, what = ELSEWHERE[name]
    assert the_fault(tmp_path, content).startswith(what)


@pytest.mark.parametrize("name", NAMED)
def test_columns_that_are_called_or_parted_otherwise(name: str, tmp_path: Path) -> None:
    content, said = NAMED[name]
    fault = the_fault(tmp_path, content)
    assert [part for part in said if part not in fault] == []


def test_the_three_header_rows_of_yfinance(tmp_path: Path) -> None:
    assert the_fault(tmp_path, YFINANCE) == (
        "there are three header rows (Price, Ticker, Date), as yfinance writes them;"
        " `papertape data import bars.csv --to bars.bars.csv` makes a file that is read"
    )
    two = YFINANCE.replace("Price,", ",").replace("Ticker,", ",").replace("MSFT,MSFT,MSFT", "MSFT,AAPL,MSFT")
    assert "three header rows (Date), as yfinance writes them" in the_fault(tmp_path, two)


@pytest.mark.parametrize("name", ["bars.parquet", "bars.pq"])
def test_what_is_called_parquet_and_is_none_is_named_too(name: str, tmp_path: Path) -> None:
    file = tmp_path / name
    file.write_bytes(feathered())
    with pytest.raises(DataError) as refused:
        load_dataset([("X", file)])
    assert refused.value.faults[0].endswith(
        f"whatever its name says: it is a Feather file (Arrow IPC); `papertape data import {file} --to "
        f"{tmp_path / 'bars.bars.csv'}` makes a file that is read"
    )


@pytest.mark.parametrize(
    ("content", "lacks"),
    [
        (GOOD.replace(",volume", ",turnover"), "column 'volume' is missing"),
        (GOOD.replace("ts,", "when,"), "the time column is missing"),
        (GOOD.replace("ts,", "Open time,"), "the time column is missing"),
        (body("2020-01-02", header="ts"), "column 'open' is missing"),
    ],
)
def test_a_header_that_lacks_a_column_is_told_what_it_lacks(content: str, lacks: str, tmp_path: Path) -> None:
    assert lacks in faults_of(tmp_path, content).faults[0]
