"""Recognise a file that holds no bars, by its first bytes or its first rows, and say in one sentence what it is.

The rows are looked at only after a header was refused, so that nothing here can refuse a sound file.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass

from engine.symbols import quoted
from storage.market_files.layout import FIGURES, SEPARATORS, TIME_NAMES, is_known

_NUMBER = r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?"
_CELLS = {
    "n": _NUMBER,
    "i": r"\d+",
    "s": r"\d{9,10}",  # epoch in seconds
    "m": r"\d{12,13}|\d{15,16}",  # in milliseconds or microseconds
    "d": r"\d{4}\.\d\d\.\d\d",
    "D": r"\d{4}-\d\d-\d\d \d\d:\d\d(?::\d\d)?",
    "a": r"\d{1,2}/\d{1,2}/\d{4}",
    "t": r"\d\d:\d\d(?::\d\d)?",
    "l": r"\d{8} \d\d:\d\d",  # LEAN's days
    "o": r"\d{1,8}",  # milliseconds since midnight
    "p": r"\d{3,}",  # LEAN's prices: ten thousandths, without a point
    "h": r"\d{8} \d{6}",
}
_LAYOUTS = (
    ("a Binance kline file", ",", "mnnnnnmninnn"),
    ("a Kraken OHLCVT file", ",", "snnnnni"),
    ("what ccxt's fetch_ohlcv gives", ",", "mnnnnn"),
    ("a MetaTrader 4 export", ",", "dtnnnni"),
    ("a Kibot file", ",", "atnnnni"),
    ("a Kibot file", ",", "annnni"),
    ("a FirstRate Data file", ",", "Dnnnnn"),
    ("a LEAN (QuantConnect) file", ",", "lppppi"),
    ("a LEAN (QuantConnect) file", ",", "oppppi"),
    ("a HistData file", ";", "hnnnni"),
)
_PATTERNS = {letter: re.compile(pattern, re.ASCII) for letter, pattern in _CELLS.items()}
_TIMES = re.compile(r"[\d:./\- TZ+]+", re.ASCII)
_LEAST_NUMBERS = 4


def is_data(cells: Sequence[str]) -> bool:
    """Whether these cells are values and not names: at least four numbers, and a time or a symbol beside them."""
    numbers = sum(bool(_PATTERNS["n"].fullmatch(cell)) for cell in cells)
    others = [cell for cell in cells if not _PATTERNS["n"].fullmatch(cell)]
    times = [cell for cell in others if _TIMES.fullmatch(cell) and any(map(str.isdigit, cell))]
    return numbers >= _LEAST_NUMBERS and len(others) - len(times) <= 1


def layout_like(cells: Sequence[str], separator: str) -> str | None:
    """The vendor's layout that the cells fit, such as "a Binance kline file"; None for an unknown one."""
    for name, parted_by, letters in _LAYOUTS:
        if separator == parted_by and _fit(cells, letters):
            return name
    return None


def _fit(cells: Sequence[str], letters: str) -> bool:
    if len(cells) != len(letters):
        return False
    return all(_PATTERNS[letter].fullmatch(cell) for letter, cell in zip(letters, cells, strict=True))


_ROWS = 20
"""How far down a header is looked for."""
_ASKED = "ts,open,high,low,close,volume"
_BLANK = " \t\r\n"
_FIRST_LINES = (
    (re.compile(r"https?://\S+", re.I), "it is a web address, as CryptoDataDownload puts there"),
    (re.compile(r"sep=.{1,2}", re.I), "it is Excel's sep= line"),
    (re.compile(r"[#;%].*"), "it is a comment"),
    (re.compile(r""), "the first line is empty"),
)
_MARKUP = re.compile(r"<(!doctype|html|head|body|table|\?xml|!--)", re.I)
_DECIMAL_COMMA = re.compile(r"[+-]?(\d{1,3}(\.\d{3})+|\d+),\d+", re.ASCII)
_VENDORS = (
    ("a Stooq file", {"<ticker>", "<date>", "<open>"}),
    ("a MetaTrader 5 export", {"<date>", "<open>", "<close>"}),
    ("a Binance kline file", {"open_time", "open", "close_time"}),
    ("a Dukascopy export", {"gmt time", "open"}),
    ("a Dukascopy export", {"local time", "open"}),
    ("an investing.com export", {"price", "open", "change %"}),
    ("a Nasdaq export", {"close/last"}),
    ("what Polygon's API gives", {"t", "o", "h", "l", "c", "v", "vw"}),
    ("what Alpaca's API gives", {"t", "o", "h", "l", "c", "v"}),
    ("a CryptoDataDownload file", {"unix", "date", "symbol", "open"}),
)


@dataclass(frozen=True, slots=True)
class Look:
    """One sentence that says what a file is, and its row; row 0 if the sentence names the row itself."""

    row: int
    text: str


@dataclass(frozen=True, slots=True)
class _Sheet:
    """The first lines, the separator of their fields, and the fields."""

    lines: Sequence[str]
    separator: str
    rows: Sequence[Sequence[str]]

    def parted(self) -> str:
        """The separator if it is not a comma, and whether the numbers have decimal commas, in words."""
        if self.separator == ",":
            return ""
        words = f"the fields are separated by {SEPARATORS[self.separator]}"
        comma = next((cell for row in self.rows for cell in row if _DECIMAL_COMMA.fullmatch(cell)), None)
        return words if comma is None else f"{words} and the numbers have decimal commas ({comma})"


def look_of(head: bytes) -> Look | None:
    """What a file is whose text begins with `head`; None if only its header's faults can be named."""
    sheet = _sheet(head)
    looks = (look(sheet) for look in (_no_table, _numbered, _several_headers, _data, _further_down, _named_otherwise))
    return next(filter(None, looks), None)


def _sheet(head: bytes) -> _Sheet:
    lines = [line.strip(_BLANK) for line in head.decode(errors="replace").split("\n")[:_ROWS]]
    separator = _separator(lines)
    return _Sheet(lines, separator, [_cells(line, separator) for line in lines])


def _separator(lines: Sequence[str]) -> str:
    """The separator of the fields: a character that the last lines have four times or more, all equally often."""
    filled = [line for line in lines if line][-3:]
    for sign in ("\t", ";", "|"):
        counts = {line.count(sign) for line in filled}
        if len(counts) == 1 and min(counts) >= 4:
            return sign
    return ","


def _cells(line: str, separator: str) -> list[str]:
    try:
        cells = next(csv.reader([line], delimiter=separator), [])
    except csv.Error:
        return [line]
    return [cell.strip(_BLANK) for cell in cells]


def _no_table(sheet: _Sheet) -> Look | None:
    first = next(filter(None, sheet.lines), "")
    if first.startswith(("{", "[")):
        return Look(1, "the file is JSON; write it as CSV or Parquet")
    if _MARKUP.match(first):
        is_xml = first.lower().startswith("<?xml")
        return Look(1, f"the file is {'XML' if is_xml else 'HTML, a web page'}, and no table; open it and see why")
    return None


def _numbered(sheet: _Sheet) -> Look | None:
    numbers = [cell for cell in sheet.rows[0] if cell]
    if len(numbers) >= 5 and numbers == list(map(str, range(len(numbers)))):
        return Look(0, f"row 1 numbers the columns and does not name them; write {_ASKED} there")
    return None


def _several_headers(sheet: _Sheet) -> Look | None:
    """A file whose first rows are all names, as pandas writes a frame with MultiIndex columns."""
    names = [row for row in sheet.rows[:4] if any(row) and not any(map(_is_figure, row))]
    if len(names) < 2 or names != sheet.rows[: len(names)] or not any(map(is_known, names[0])):
        return None
    counted = {2: "two", 3: "three", 4: "four"}[len(names)]
    firsts = ", ".join(filter(None, (row[0] for row in names)))
    last = names[-1]
    by = ", as yfinance writes them" if last[0].lower() in TIME_NAMES and not any(last[1:]) else ""
    hint = "download with multi_level_index=False, or keep one header row" if by else "keep one"
    return Look(0, f"there are {counted} header rows ({firsts}){by}; {hint}")


def _is_figure(cell: str) -> bool:
    return any(map(str.isdigit, cell)) and not any(map(str.isalpha, cell))


def _data(sheet: _Sheet) -> Look | None:
    if not is_data(sheet.rows[0]):
        return None
    name = layout_like(sheet.rows[0], sheet.separator)
    parts = ["row 1 is data: there is no header"]
    parts += [f"it looks like {name}"] if name else []
    parts += [f"{sheet.parted()}, and only commas are read"] if sheet.separator != "," else []
    return Look(0, "; ".join([*parts, f"write a first row such as {_ASKED}"]))


def _further_down(sheet: _Sheet) -> Look | None:
    """A header that comes after lines of other text."""
    for row, cells in enumerate(sheet.rows[1:], 2):
        if sum(map(is_known, cells)) >= 4:
            first = sheet.lines[0]
            what = next((what for pattern, what in _FIRST_LINES if pattern.fullmatch(first)), f"it is {quoted(first)}")
            parted = f"; {sheet.parted()}, and only commas are read" if sheet.separator != "," else ""
            return Look(0, f"row 1 is not a header: {what}; the header is row {row}{parted}; take out what is above")
    return None


def _named_otherwise(sheet: _Sheet) -> Look | None:
    """A header with other names, or another separator."""
    names = sheet.rows[0]
    keys = {name.lower() for name in names}
    vendor = next((vendor for vendor, some in _VENDORS if some <= keys), None)
    said = [f"it looks like {vendor}"] if vendor else []
    said += [sheet.parted()] if sheet.separator != "," else []
    foreign = not (keys.issuperset(FIGURES) and keys.intersection(TIME_NAMES))
    if not said:
        return None
    if foreign:
        called = ", ".join(map(_short, names[:6])) + (", …" if len(names) > 6 else "")
        said.append(f"the columns are called {called}")
    read = "only commas and decimal points are read" if sheet.separator != "," else ""
    return Look(1, "; ".join([", ".join(said), *filter(None, [read, f"call them {_ASKED}" if foreign else ""])]))


def _short(name: str) -> str:
    return name if name.isprintable() and len(name) <= 20 else quoted(name)


_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_UNPACK = "unpack it; CSV, CSV.gz and Parquet are read"
_CONVERT = "write it as CSV or Parquet"
_UTF_16 = "UTF-16; save it as UTF-8"

_BEGINNINGS: tuple[tuple[bytes, str], ...] = (
    (b"\xfd7zXZ\0", f"an xz archive; {_UNPACK}"),
    (b"BZh", f"a bzip2 archive; {_UNPACK}"),
    (b"\x28\xb5\x2f\xfd", f"a Zstandard archive; {_UNPACK}"),
    (b"\x04\x22\x4d\x18", f"an LZ4 archive; {_UNPACK}"),
    (b"7z\xbc\xaf\x27\x1c", f"a 7z archive; {_UNPACK}"),
    (b"Rar!\x1a\x07", f"a rar archive; {_UNPACK}"),
    (b"ARROW1", f"a Feather file (Arrow IPC); {_CONVERT}"),
    (b"FEA1", f"a Feather file (version 1); {_CONVERT}"),
    (b"\xff\xff\xff\xff", f"an Arrow IPC stream; {_CONVERT}"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Excel workbook (.xls); save its sheet as CSV"),
    (b"SQLite format 3\0", "an SQLite database; export the table as CSV"),
    (b"\x89HDF\r\n\x1a\n", f"an HDF5 file; {_CONVERT}"),
    (b"ORC", f"an ORC file; {_CONVERT}"),
    (b"Obj\x01", f"an Avro file; {_CONVERT}"),
    (b"\x93NUMPY", f"a NumPy file; {_CONVERT}"),
    (b"%PDF", "a PDF document; it holds no table that can be read"),
    (b"\x89PNG", "a PNG picture; it holds no bars"),
    (b"\xff\xd8\xff", "a JPEG picture; it holds no bars"),
    (b"\x1f\x8b", f"a gzip inside a gzip; {_UNPACK} once"),
    (b"PAR1", "a Parquet file inside a gzip; unpack it: Parquet is compressed by itself"),
    (b"\xff\xfe\0\0", "UTF-32; save it as UTF-8"),
    (b"\0\0\xfe\xff", "UTF-32; save it as UTF-8"),
    (b"\xff\xfe", _UTF_16),
    (b"\xfe\xff", _UTF_16),
)
_PICKLES = tuple(bytes((0x80, protocol)) for protocol in range(2, 6))
_TAR, _TAR_AT = b"ustar", 257
_LOOKED_AT = 64


def kind_of(head: bytes) -> str | None:
    """What a file is that begins with `head`, and what to do with it; None if it may be text.

    `head` is at least its first 4 KB (of a gzip: unpacked), or all of it.
    """
    if head.startswith(_ZIP):
        return _zip(head)
    for beginning, kind in _BEGINNINGS:
        if head.startswith(beginning):
            return kind
    if head[_TAR_AT : _TAR_AT + len(_TAR)] == _TAR:
        return f"a tar archive; {_UNPACK}"
    if head.startswith(_PICKLES) and b"\0" in head[:_LOOKED_AT]:
        return f"a Python pickle; {_CONVERT}"
    return _UTF_16 if _is_utf_16(head[:_LOOKED_AT]) else None


def _zip(head: bytes) -> str:
    if b"xl/" in head or b"[Content_Types].xml" in head:
        return "an Excel workbook (.xlsx); save its sheet as CSV"
    if b"opendocument.spreadsheet" in head:
        return "an OpenDocument sheet (.ods); save it as CSV"
    return f"a zip archive; {_UNPACK}"


def _is_utf_16(head: bytes) -> bool:
    """Whether it is UTF-16 without a byte order mark: in Latin text every other byte is zero, always on one side."""
    even, odd = head[0::2], head[1::2]
    return len(odd) >= 4 and ((not any(even) and all(odd)) or (not any(odd) and all(even[: len(odd)])))
