"""Whatever a table is packed and encoded in, and whatever stands above and below it."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from tests.storage.market_files.importing.bars import imported, refusal, rows_of

pytest.importorskip("pyarrow")

TEXT = "date,open,high,low,close,volume\n2020-01-13,10.50,12.25,9.75,11.00,1500\n2020-01-14,11,11.5,10.25,10.75,2500\n"
ROWS = [
    ["2020-01-13T00:00:00+00:00", "10.50", "12.25", "9.75", "11.00", "1500"],
    ["2020-01-14T00:00:00+00:00", "11", "11.5", "10.25", "10.75", "2500"],
]


def zipped(*members: tuple[str, bytes | str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return out.getvalue()


PACKED: dict[str, tuple[bytes, tuple[str, ...]]] = {
    "plain": (TEXT.encode(), ()),
    "gzip": (gzip.compress(TEXT.encode()), ("gzip",)),
    "bzip2": (bz2.compress(TEXT.encode()), ("bzip2",)),
    "xz": (lzma.compress(TEXT.encode()), ("xz",)),
    "zip": (zipped(("bars.csv", TEXT)), ("zip",)),
    "zip with a readme": (zipped(("__MACOSX/._bars.csv", b"x"), ("bars.csv", TEXT), ("readme.txt", "hello")), ("zip",)),
    "gzip in a zip": (zipped(("bars.csv.gz", gzip.compress(TEXT.encode()))), ("zip", "gzip")),
    "UTF-16": (TEXT.encode("utf-16"), ("UTF-16",)),
    "UTF-16 without a mark": (TEXT.encode("utf-16-le"), ("UTF-16",)),
    "UTF-16, big end first": (TEXT.encode("utf-16-be"), ("UTF-16",)),
    "UTF-32": (TEXT.encode("utf-32"), ("UTF-32",)),
    "a byte order mark": (TEXT.encode("utf-8-sig"), ("UTF-8 with a byte order mark",)),
    "Windows-1252": (b"Kurse f\xfcr heute\n" + TEXT.encode(), ("Windows-1252",)),
    "lines of DOS": (TEXT.replace("\n", "\r\n").encode(), ()),
    "lines of an old Mac": (TEXT.replace("\n", "\r").encode(), ()),
    "tabs": (TEXT.replace(",", "\t").encode(), ()),
    "semicolons": (TEXT.replace(",", ";").encode(), ()),
    "pipes": (TEXT.replace(",", "|").encode(), ()),
    "quotes": (b'"' + TEXT[:-1].replace(",", '","').replace("\n", '"\n"').encode() + b'"\n', ()),
    "spaces around": (TEXT.replace(",", " , ").encode(), ()),
    "a separator at the end": (TEXT.replace("\n", ",\n").encode(), ()),
    "a separator at the end of rows": (TEXT.replace("00\n", "00,\n").encode(), ()),
    "no line end": (TEXT[:-1].encode(), ()),
}


@pytest.mark.parametrize("name", PACKED)
def test_what_a_table_is_packed_in(name: str, tmp_path: Path) -> None:
    content, notes = PACKED[name]
    result = imported(tmp_path, ("bars", content))
    assert rows_of(result) == ROWS
    assert result.files[0].notes == notes


AROUND = {
    "sep=": ("sep=,\n", "", 1),
    "comments": ("# bars of X\n# daily\n", "", 2),
    "an address": ("https://www.CryptoDataDownload.com\n", "", 1),
    "a title and an empty line": ("Daily prices\n\n", "", 1),
    "a footer": ("", "\nData provided by X\n", 0),
    "a footer as wide as the table": ("", "End of data,,,,,\n", 0),
    "key and value": ("Symbol,X\nCurrency,USD\n", "", 2),
}


@pytest.mark.parametrize("name", AROUND)
def test_what_stands_above_and_below(name: str, tmp_path: Path) -> None:
    above, below, lines = AROUND[name]
    result = imported(tmp_path, ("bars.csv", above + TEXT + below))
    assert rows_of(result) == ROWS
    report = result.files[0]
    assert (f"{lines} line" in report.header) == bool(lines)
    told = [str(each) for each in report.dropped]
    assert any("a footer" in each for each in told) == bool(below)


def test_what_is_no_bar_among_the_bars_is_counted(tmp_path: Path) -> None:
    head, first, second = TEXT.splitlines()
    content = "\n".join([head, first, "", '2020-01-13,"0.77 Dividend"', head, second]) + "\n"
    result = imported(tmp_path, ("bars.csv", content))
    assert rows_of(result) == ROWS
    assert [str(each) for each in result.files[0].dropped] == [
        "1 row: empty",
        "1 row: dividends and splits, '2020-01-13,\"0.77 Dividend\"' (row 4)",
        "1 row: the header again, 'date' (row 5)",
    ]


def test_a_header_row_with_the_index_name_below_it(tmp_path: Path) -> None:
    rows = TEXT.partition("\n")[2]
    result = imported(tmp_path, ("bars.csv", f"Price,Open,High,Low,Close,Volume\nDate,,,,,\n{rows}"))
    assert rows_of(result) == ROWS
    assert result.files[0].header == "rows 1 to 2"


def test_two_tables_in_an_archive_are_joined(tmp_path: Path) -> None:
    head, first, second = TEXT.splitlines()
    archive = zipped(("2.csv", f"{head}\n{second}\n"), ("1.csv", f"{head}\n{first}\n"))
    result = imported(tmp_path, ("bars.zip", archive))
    assert rows_of(result) == ROWS
    assert [report.file.removeprefix(f"{tmp_path}/") for report in result.files] == ["bars.zip/1.csv", "bars.zip/2.csv"]


FRAME = pd.read_csv(io.StringIO(TEXT), index_col=0, parse_dates=True)


def _multi(frame: pd.DataFrame) -> pd.DataFrame:
    columns = pd.MultiIndex.from_product([[name.title() for name in frame.columns], ["MSFT"]])
    return frame.set_axis(columns, axis=1)


FRAMES: dict[str, Callable[[], pd.DataFrame]] = {
    "an index with a name": lambda: FRAME,
    "an index without a name": lambda: FRAME.rename_axis(None),
    "times with a zone": lambda: FRAME.tz_localize("UTC"),
    "columns of two levels": lambda: _multi(FRAME),
}


@pytest.mark.parametrize("name", FRAMES)
def test_frames_in_parquet_and_feather(name: str, tmp_path: Path) -> None:
    frame, out = FRAMES[name](), io.BytesIO()
    frame.to_parquet(out)
    rows = [row[-6:] for row in rows_of(imported(tmp_path, ("bars.parquet", out.getvalue())))]
    assert [row[0] for row in rows] == [row[0] for row in ROWS]
    assert [list(map(float, row[1:])) for row in rows] == [list(map(float, row[1:])) for row in ROWS]
    if name == "columns of two levels":
        return
    feather = io.BytesIO()
    frame.reset_index(names="" if frame.index.name is None else None).to_feather(feather)
    assert [row[0] for row in rows_of(imported(tmp_path, ("bars.feather", feather.getvalue())))] == [
        row[0] for row in rows
    ]


REFUSED = {
    "an empty file": (b"", "the file is empty"),
    "blank": (b"\n \n", "the file is empty"),
    "an Excel workbook": (zipped(("xl/workbook.xml", "x")), "the file is an Excel workbook (.xlsx)"),
    "an archive without a table": (zipped(("a.png", b"x")), "the archive holds no CSV"),
    "a gzip cut off": (gzip.compress(TEXT.encode())[:-12], "the gzip data is cut off or damaged"),
    "an xz cut off": (lzma.compress(TEXT.encode())[:-12], "the xz data is cut off or damaged"),
    "a zip that is damaged": (b"PK\x03\x04" + bytes(60), "the zip archive is damaged"),
    "a gzip in a gzip in a gzip in a gzip": (
        gzip.compress(gzip.compress(gzip.compress(gzip.compress(TEXT.encode())))), "is packed more than three times",
    ),
    "JSON": (b'{"a": 1}', "the file is JSON"),
    "HTML": (b"<!DOCTYPE html><html></html>", "the file is HTML"),
    "prose": (b"Dear reader,\nhow are you, and how is the weather?\n", "no table of bars was found"),
    "a header alone": (TEXT.partition("\n")[0].encode(), "there are no bars in the file"),
    "a price that is text": (
        TEXT.replace("10.25", "cheap").encode(), "row 3, column 'low': 'cheap' cannot be read as a number"),
    "a high that is none": (TEXT.replace("12.25", "2.25").encode(), "row 2, column 'high': the high 2.25 is below"),
    "a time that is none": (
        TEXT.replace("2020-01-13", "soon").encode(), "row 2, column 'date': 'soon' cannot be read as a time"),
    "a day that is none": (
        TEXT.replace("2020-01-13", "2020-02-31").encode(), "row 2, column 'date': '2020-02-31' cannot"),
    "a cell too few": (TEXT.replace("11.00,", "").encode(), "row 2: has not 6 cells as the others have"),
    "a bar that is cut off": (TEXT[:-12].encode(), "row 3: has not 6 cells as the others have: '2020-01-14,11,11.5"),
    "a footer that is too long": (
        TEXT.encode() + b"see below,1\n" * 41, "row 4: has not 6 cells as the others have: 'see below,1'",
    ),
    "a time twice": (TEXT.replace("-14", "-13").encode(), "again, after row 2"),
    "points and commas": (
        TEXT.replace(",", ";").replace("12.25", "12,25").encode(), "some numbers have a decimal point",
    ),
    "a NUL byte": (TEXT.replace("11,11.5", "11,1\x001.5").encode(), "row 3: holds a NUL byte"),
    "a symbol that is none": (b"symbol," + TEXT.replace("\n2", "\n\u200bX,2").encode(), "must not hold invisible"),
    "LEAN's minutes without a day": (b"34200000,7406,7415,7380,7412,31\n34260000,7406,7415,7380,7412,31\n",
                                     "the file's name does not say of which day"),
    "columns that are doubled": (
        TEXT.replace("volume", "close").encode(), "the columns for close are there twice in row 1"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name: str, tmp_path: Path) -> None:
    content, what = REFUSED[name]
    assert what in refusal(tmp_path, content)
    assert not (tmp_path / "out.csv").exists()
