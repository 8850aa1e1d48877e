"""Every broken file is refused with the place of its fault."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from storage.market_files.csv.records import Blanks
from storage.market_files.table import FaultLog
from tests.storage.market_files.files import GOOD, HEADER, ROWS, body, faults_of

SYMBOLS = "ts,symbol,open,high,low,close,volume"


def row(**fields: str) -> str:
    """The second of three good rows with some of its fields replaced."""
    good = dict(zip(HEADER.split(","), ROWS[1].split(","), strict=True))
    return body(ROWS[0], ",".join((good | fields).values()), ROWS[2])


def symbol_rows(*symbols: str) -> str:
    """Two bars of each symbol."""
    rows = (f"2020-01-0{day}{name}" for name in symbols for day in (2, 3))
    return body(*(f"{text[:10]},{text[10:]},1,1,1,1,1" for text in rows), header=SYMBOLS)


TIMES = {
    "empty time": ("", "is empty"),
    "word": ("yesterday", "cannot be read as a time"),
    "NaT": ("NaT", "cannot be read as a time"),
    "American date": ("01/03/2020", "write 2020-01-31"),
    "German date": ("3.1.2020", "write 2020-01-31"),
    "month 13": ("2020-13-03", "not a day of the calendar"),
    "February 30": ("2020-02-30", "not a day of the calendar"),
    "no leap year": ("2021-02-29", "not a day of the calendar"),
    "day 0": ("2020-01-00", "not a day of the calendar"),
    "year 0": ("0000-01-03", "not a day of the calendar"),
    "five-digit year": ("12020-01-03", "cannot be read as a time"),
    "compact month 13": ("20201301", "not a day of the calendar"),
    "hour 24": ("2020-01-03T24:00:00", "hours go from 00 to 23"),
    "minute 60": ("2020-01-03T10:60:00", "minutes to 59"),
    "leap second": ("2016-12-31T23:59:60Z", "leap seconds are not read"),
    "offset of a day": ("2020-01-03T10:00:00+24:00", "no such offset"),
    "offset minute 60": ("2020-01-03T10:00:00+00:60", "no such offset"),
    "zone name": ("2020-01-03 10:00:00 EST", "cannot be read as a time"),
    "offset alone": ("2020-01-03Z", "cannot be read as a time"),
    "seven fraction digits": ("2020-01-03T00:00:00.0000001", "finer than a microsecond"),
    "epoch of half a nanosecond": ("1577923200.0000005", "finer than a microsecond"),
    "nanoseconds": ("1577923200000000001", "finer than a microsecond"),
    "exponent": ("1.5779e9", "cannot be read as a time"),
    "eight digits with a fraction": ("20200103.0", "neither a date (YYYYMMDD) nor an epoch"),
    "beyond year 9999": ("400000000000000000000", "outside the years 1 to 9999"),
    "before year 1": ("-99999999999", "outside the years 1 to 9999"),
    "year 1 behind its offset": ("0001-01-01T00:00:00+05:00", "outside the years 1 to 9999"),
    "hexadecimal time": ("0x5e0d", "cannot be read as a time"),
    "Arabic digits in a time": ("\u0662\u0660\u0662\u0660-01-03", "cannot be read as a time"),
    "time of day alone": ("09:30:00", "cannot be read as a time"),
}

NUMBERS = {
    "empty price": ("", "is empty"),
    "blank price": ("  ", "is empty"),
    "word": ("ten", "cannot be read as a number"),
    "dash": ("-", "cannot be read as a number"),
    "null": ("null", "cannot be read as a number"),
    "true": ("true", "cannot be read as a number"),
    "NaN": ("NaN", "is not a number"),
    "signed nan": ("-nan", "is not a number"),
    "inf": ("inf", "is infinite"),
    "Infinity": ("-Infinity", "is infinite"),
    "too large": ("1e999", "is too large"),
    "hexadecimal": ("0x10", "is hexadecimal"),
    "hexadecimal float": ("0x1.8p3", "is hexadecimal"),
    "underscores": ("10_000", "has thousands separators"),
    "odd underscore": ("1_0", "cannot be read as a number"),
    "quoted thousands": ('"1,234.5"', "has thousands separators"),
    "apostrophe thousands": ("1'234.5", "has thousands separators"),
    "space thousands": ("1 234.5", "has thousands separators"),
    "no-break space thousands": ("1\u00a0234", "has thousands separators"),
    "decimal comma": ('"10,5"', "has a decimal comma"),
    "two points": ("1.2.3", "cannot be read as a number"),
    "point alone": (".", "cannot be read as a number"),
    "currency": ("$10.5", "cannot be read as a number"),
    "percent": ("10.5%", "cannot be read as a number"),
    "Arabic digits": ("١٢", "cannot be read as a number"),
    "superscript": ("1²", "cannot be read as a number"),
    "half an exponent": ("1e", "cannot be read as a number"),
    "two signs": ("--1", "cannot be read as a number"),
    "no-break space around": ("\u00a010.5", "cannot be read as a number"),
}

RULES = {
    "price of zero": ({"open": "0"}, "open", "0.0 is not above zero"),
    "price that underflows": ({"low": "1e-999"}, "low", "0.0 is not above zero"),
    "negative zero": ({"low": "-0.0"}, "low", "-0.0 is not above zero"),
    "negative price": ({"low": "-1"}, "low", "-1.0 is not above zero"),
    "high below close": ({"high": "11.9"}, "high", "the high 11.9 is below 12.0"),
    "high below open": ({"open": "12.5"}, "high", "the high 12.25 is below 12.5"),
    "low above open": ({"low": "10.75"}, "low", "the low 10.75 is above 10.5"),
    "low above close": ({"close": "10.0"}, "low", "the low 10.25 is above 10.0"),
    "negative volume": ({"volume": "-1"}, "volume", "-1.0 is below zero"),
    "empty volume": ({"volume": ""}, "volume", "is empty"),
    "repeated time": ({"ts": "2020-01-02"}, "ts", "has the time 2020-01-02T00:00:00+00:00 again, after row 2"),
    "earlier time": ({"ts": "2020-01-01"}, "ts", "2020-01-01T00:00:00+00:00 is earlier than 2020-01-02"),
}

FILES: dict[str, tuple[str | bytes, str, str]] = {
    "empty": (b"", "row 1", "the file is empty"),
    "a mark and nothing else": (b"\xef\xbb\xbf", "row 1", "the file is empty"),
    "empty first line": ("\n" + GOOD, "row 1", "the first line is empty"),
    "header only": (HEADER, "row 1", "there are no bars"),
    "header and empty lines": (HEADER + "\n\n\n", "row 1", "there are no bars"),
    "no header": ("\n".join(ROWS), "row 1 is data", "there is no header"),
    "no volume column": (GOOD.replace(",volume", ",turnover"), "row 1", "column 'volume' is missing"),
    "no time column": (GOOD.replace("ts,", "when,"), "row 1", "the time column is missing"),
    "two closes": (GOOD.replace("volume", "volume,Close"), "row 1, column 'Close'", "there twice, as column 5 and 7"),
    "two times": (GOOD.replace("volume", "volume,date"), "row 1, column 'date'", "names the time, as 'ts' does"),
    "semicolons": (GOOD.replace(",", ";"), "row 1", "separated by semicolons"),
    "tabs": (GOOD.replace(",", "\t"), "row 1", "separated by tabs"),
    "pipes": (GOOD.replace(",", "|"), "row 1", "separated by pipes"),
    "spaces": (GOOD.replace(",", " "), "row 1", "separated by spaces"),
    "quoted semicolons": ('"ts";"open";"high";"low";"close";"volume"\n', "row 1", "separated by semicolons"),
    "broken quotes in the header": ('"ts"x,open,high,low,close,volume\n', "row 1", "the header has text after"),
    "fewer fields": (GOOD.replace(",2000", ""), "row 3", "has 5 fields where the header has 6"),
    "more fields": (GOOD.replace("2000", "2,000"), "row 3", "has 7 fields where the header has 6"),
    "one field": (body(ROWS[0], "end", ROWS[2]), "row 3", "has 1 field where the header has 6"),
    "empty line among the rows": (body(ROWS[0], "", *ROWS[1:]), "row 3", "the line is empty"),
    "blank line among the rows": (body(ROWS[0], " \t", *ROWS[1:]), "row 3", "the line is empty"),
    "cut off in a row": (GOOD[:-20], "row 4", "has 3 fields"),
    "one bar": (body(ROWS[0]), "row 2", "'X' has 1 bar in the file; at least 2"),
    "UTF-16": (GOOD.encode("utf-16"), "row 1", "is UTF-16; `papertape data import bars.csv"),
    "UTF-16 without a mark": (GOOD.encode("utf-16-le"), "row 1", "is UTF-16; `papertape data import bars.csv"),
    "Latin-1": (GOOD.replace("2000", "20é0").encode("latin-1"), "row 3, column 'volume'", "0xe9, which is not UTF-8"),
    "Latin-1 in an ignored column": (
        body(*(f"{line},é" for line in ROWS), header=f"{HEADER},name").encode("latin-1"), "row 2, column 'name'", "0xe9"
    ),
    "NUL byte": (GOOD.replace("2000", "20\x0000"), "row 3, column 'volume'", "NUL byte"),
    "lone carriage returns": (GOOD.replace("\n", "\r"), "row 1", "lone carriage return"),
    "a lone carriage return": (GOOD.replace("2000", "20\r00"), "row 3", "lone carriage return"),
    "open quote": (GOOD.replace("2000", '"2000'), "row 3", "opens a quote that is never closed"),
    "open quote in a long file": (
        body(ROWS[0], '"' + ROWS[1], *ROWS * 1000), "row 3", "a field of more than 131,072 characters"
    ),
    "text after a quote": (GOOD.replace("2000", '"20"00'), "row 3", "text after a closing quote"),
    "cut gzip": (gzip.compress(GOOD.encode())[:-20], "row 1", "the gzip data is cut off or damaged"),
    "gzip header only": (b"\x1f\x8b", "row 1", "the gzip data is cut off or damaged"),
    "gzip with a wrong checksum": (gzip.compress(GOOD.encode())[:-8] + bytes(8), "row", "cut off or damaged"),
    "zip": (b"PK\x03\x04\x14\x00\x00\x00", "row 1", "the file is a zip archive; `papertape data import"),
    "two symbols of one bar": (
        body("2020-01-02,A,1,1,1,1,1", "2020-01-02,B,1,1,1,1,1", "2020-01-03,B,1,1,1,1,1", header=SYMBOLS),
        "row 2, column 'symbol'", "'A' has 1 bar",
    ),
    "empty symbol": (symbol_rows(""), "row 2, column 'symbol'", "is empty"),
    "long symbol": (symbol_rows("A" * 33), "row 2, column 'symbol'", "longer than 32"),
    "very long symbol": (symbol_rows("A" * 500), "row 2, column 'symbol'", "longer than 32"),
    "control character": (symbol_rows("A\x1b[31m"), "row 2, column 'symbol'", "'A\\x1b[31m' must not hold control"),
    "symbol with a space before it": (symbol_rows(" A"), "row 2, column 'symbol'", "' A' must not have white space"),
    "symbol with a tab behind it": (symbol_rows("A\t"), "row 2, column 'symbol'", "'A\\t' must not have white space"),
    "symbol of zero width": (symbol_rows("A\u200b"), "row 2, column 'symbol'", "must not hold invisible characters"),
    "symbol with a delete": (symbol_rows("A\x7f"), "row 2, column 'symbol'", "control characters"),
}  # fmt: skip


def refusal(tmp_path: Path, content: str | bytes, place: str, what: str) -> None:
    """The file's first fault names this place and says this."""
    named = not (isinstance(content, str) and "symbol" in content.partition("\n")[0])
    error = faults_of(tmp_path, content, symbol="X" if named else None)
    assert error.code == "INVALID_DATA"
    assert error.faults[0].startswith(f"bars.csv: {place}")
    assert what in error.faults[0]
    assert "bars.csv" in error.message


@pytest.mark.parametrize("name", TIMES)
def test_a_time_that_is_none(name: str, tmp_path: Path) -> None:
    text, what = TIMES[name]
    refusal(tmp_path, row(ts=text), "row 3, column 'ts': ", what)


@pytest.mark.parametrize("name", NUMBERS)
def test_a_number_that_is_none(name: str, tmp_path: Path) -> None:
    text, what = NUMBERS[name]
    refusal(tmp_path, row(close=text), "row 3, column 'close': ", what)


@pytest.mark.parametrize("name", RULES)
def test_a_bar_that_is_none(name: str, tmp_path: Path) -> None:
    fields, column, what = RULES[name]
    refusal(tmp_path, row(**fields), f"row 3, column '{column}': ", what)


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_none(name: str, tmp_path: Path) -> None:
    content, place, what = FILES[name]
    refusal(tmp_path, content, place, what)


def test_every_fault_is_counted_and_the_first_twenty_are_kept_in_the_order_of_the_file(tmp_path: Path) -> None:
    rows = [f"2020-01-{day:02},0,1,-1,x,1" for day in range(1, 29)]
    error = faults_of(tmp_path, body(*rows))
    assert error.fault_count == 28 * 3
    assert "84 faults" in error.message
    assert len(error.faults) == 20
    places = [fault.split(": ")[1] for fault in error.faults]
    assert places[:4] == [
        "row 2, column 'open'",
        "row 2, column 'low'",
        "row 2, column 'close'",
        "row 3, column 'open'",
    ]
    assert error.details == {"faults": list(error.faults), "fault_count": 84} or error.details["fault_count"] == 84


def test_faults_of_text_and_faults_of_the_rules_are_told_together(tmp_path: Path) -> None:
    error = faults_of(tmp_path, body(ROWS[1], ROWS[0], ROWS[2].replace("12.5", "1.5"), ROWS[2].replace("1500", "many")))
    assert [fault.split(": ")[1] for fault in error.faults] == [
        "row 3, column 'ts'", "row 4, column 'high'", "row 5, column 'ts'", "row 5, column 'volume'"
    ]  # fmt: skip


def test_a_fault_after_a_quoted_line_end_names_the_line_of_the_file(tmp_path: Path) -> None:
    noted = body(
        f'{ROWS[0]},"one\ntwo"', f"{ROWS[1]},x", ROWS[2].replace("1500", "many") + ",x", header=f"{HEADER},note"
    )
    assert faults_of(tmp_path, noted).faults == ("bars.csv: row 5, column 'volume': 'many' cannot be read as a number",)


def test_text_of_the_file_is_cut_and_escaped_in_messages(tmp_path: Path) -> None:
    error = faults_of(tmp_path, row(close="\x1b[2J" + "9" * 500))
    assert error.faults == ("bars.csv: row 3, column 'close': '\\x1b[2J" + "9" * 35 + "…' cannot be read as a number",)


def test_a_wrong_row_in_a_newest_first_file_is_told_as_such(tmp_path: Path) -> None:
    rows = [f"2020-01-{day:02},1,1,1,1,1" for day in (9, 8, 7, 8, 5)]
    error = faults_of(tmp_path, body(*rows))
    assert error.fault_count == 1
    assert "row 5" in error.faults[0]
    assert "newest-first" in error.faults[0]
    assert "is later than" in error.faults[0]


def test_a_very_long_numeral_is_read_once_over(tmp_path: Path) -> None:
    digits = "1" * 120_000
    error = faults_of(tmp_path, row(close=digits + "x", high=digits + "e"))
    assert error.faults[0] == f"bars.csv: row 3, column 'high': '{'1' * 39}…' cannot be read as a number"
    assert error.fault_count == 2


def test_a_gzip_that_unpacks_to_far_too_much_is_refused_with_the_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.market_files.csv.lines._NEVER_TOO_MUCH", 3 << 20)
    lines = b"\n" * (4 << 20)
    assert "there are no bars" in faults_of(tmp_path, gzip.compress(HEADER.encode() + lines[: 2 << 20])).faults[0]
    error = faults_of(tmp_path, gzip.compress(HEADER.encode() + lines))
    assert error.fault_count == 1
    assert error.faults[0].endswith(
        "the gzip unpacks to more than 200 times its size and 3 MiB, as no file of bars does"
    )


def test_empty_lines_are_counted_and_not_kept(tmp_path: Path) -> None:
    error = faults_of(tmp_path, body(ROWS[0], *[""] * 200_000, ROWS[1]))
    assert error.fault_count == 200_000
    assert error.faults[0] == "bars.csv: row 3: the line is empty, and there are rows below it"
    assert error.faults[-1].startswith("bars.csv: row 22:")
    blanks = Blanks(FaultLog("f"))
    blanks.see(np.arange(1_000_000))
    assert len(blanks._first) == 20


def test_many_faults_cost_no_memory(tmp_path: Path) -> None:
    error = faults_of(tmp_path, body(*["2020-01-02,x,x,x,x,x"] * 3000))
    assert error.fault_count == 3000 * 5 + 2999
    assert len(error.faults) == 20
