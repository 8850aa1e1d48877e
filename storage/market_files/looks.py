"""Recognise a file that is not in papertape's form by its first rows, and say in one sentence what it is.

The rows are looked at only after a header was refused, so that nothing here can refuse a sound file.
"""

from __future__ import annotations

import csv
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.symbols import quoted
from storage.market_files.dialects.base import is_number
from storage.market_files.dialects.heads import Found, find
from storage.market_files.layout import FIGURES, SEPARATORS, TIME_NAMES, is_known

_TIMES = re.compile(r"[\d:./\- TZ+]+", re.ASCII)
_LEAST_NUMBERS = 4
_FOREIGN = 2
"""Names of ours that a header lacks which has other names for them; one alone is simply missing."""


def is_data(cells: Sequence[str]) -> bool:
    """Whether these cells are values and not names: at least four numbers, and a time or a symbol beside them."""
    numbers = sum(map(is_number, cells))
    others = [cell for cell in cells if not is_number(cell)]
    times = [cell for cell in others if _TIMES.fullmatch(cell) and any(map(str.isdigit, cell))]
    return numbers >= _LEAST_NUMBERS and len(others) - len(times) <= 1


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


@dataclass(frozen=True, slots=True)
class Look:
    """One sentence that says what a file is, and its row; row 0 if the sentence names the row itself."""

    row: int
    text: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """The first lines, the separator of their fields, and the fields."""

    lines: Sequence[str]
    separator: str
    rows: Sequence[Sequence[str]]
    found: Found | None
    file: str

    @classmethod
    def of(cls, head: bytes, file: str) -> Sheet:
        """The first lines of a text that begins with `head`."""
        lines = [line.strip(_BLANK) for line in head.decode(errors="replace").split("\n")[:_ROWS]]
        separator = _separator(lines)
        return cls(lines, separator, [_cells(line, separator) for line in lines], find(head, file), file)

    def remedy(self, otherwise: str) -> str:
        """What to do: the command that imports the file, if one can; else something by hand."""
        return otherwise if self.found is None else f"{import_command(self.file)} makes a file that is read"

    def like(self) -> list[str]:
        """What the file looks like, if its dialect is a vendor's."""
        return [] if self.found is None or not self.found.vendor else [f"it looks like {self.found.form.called}"]

    def parted(self) -> str:
        """The separator if it is not a comma, and whether the numbers have decimal commas, in words."""
        if self.separator == ",":
            return ""
        words = f"the fields are separated by {SEPARATORS[self.separator]}"
        comma = next((cell for row in self.rows for cell in row if _DECIMAL_COMMA.fullmatch(cell)), None)
        return words if comma is None else f"{words} and the numbers have decimal commas ({comma})"


def look_of(head: bytes, file: str) -> Look | None:
    """What a file is whose text begins with `head`; None if only its header's faults can be named."""
    sheet = Sheet.of(head, file)
    looks = (look(sheet) for look in (no_table, _numbered, _several_headers, _data, _further_down, _named_otherwise))
    return next(filter(None, looks), None)


def import_remedy(head: bytes, file: str) -> str:
    """The end of a sentence that names the command, if it imports a file whose text begins with `head`."""
    return f"; {import_command(file)} makes a file that is read" if find(head, file) is not None else ""


def import_command(file: str) -> str:
    """The command that imports a file."""
    return f"`papertape data import {shlex.quote(file)} --to {shlex.quote(str(import_target(Path(file))))}`"


def import_target(path: Path) -> Path:
    """The file beside it that an import of this file is suggested to write."""
    return path.with_name(f"{path.name.partition('.')[0] or path.name}.bars.csv")


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


def no_table(sheet: Sheet) -> Look | None:
    """A text that is JSON, or markup, and no table."""
    first = next(filter(None, sheet.lines), "")
    if first.startswith(("{", "[")):
        return Look(1, "the file is JSON; write it as CSV or Parquet")
    if _MARKUP.match(first):
        is_xml = first.lower().startswith("<?xml")
        return Look(1, f"the file is {'XML' if is_xml else 'HTML, a web page'}, and no table; open it and see why")
    return None


def _numbered(sheet: Sheet) -> Look | None:
    numbers = [cell for cell in sheet.rows[0] if cell]
    if len(numbers) >= 5 and numbers == list(map(str, range(len(numbers)))):
        remedy = sheet.remedy(f"write {_ASKED} there")
        return Look(0, f"row 1 numbers the columns and does not name them; {remedy}")
    return None


def _several_headers(sheet: Sheet) -> Look | None:
    """A file whose first rows are all names, as pandas writes a frame with MultiIndex columns."""
    names = [row for row in sheet.rows[:4] if any(row) and not any(map(_is_figure, row))]
    if len(names) < 2 or names != sheet.rows[: len(names)] or not any(map(is_known, names[0])):
        return None
    counted = {2: "two", 3: "three", 4: "four"}[len(names)]
    firsts = ", ".join(filter(None, (row[0] for row in names)))
    last = names[-1]
    by = ", as yfinance writes them" if last[0].lower() in TIME_NAMES and not any(last[1:]) else ""
    hint = "download with multi_level_index=False, or keep one header row" if by else "keep one"
    return Look(0, f"there are {counted} header rows ({firsts}){by}; {sheet.remedy(hint)}")


def _is_figure(cell: str) -> bool:
    return any(map(str.isdigit, cell)) and not any(map(str.isalpha, cell))


def _data(sheet: Sheet) -> Look | None:
    if not is_data(sheet.rows[0]):
        return None
    parts = ["row 1 is data: there is no header", *sheet.like()]
    parts += [f"{sheet.parted()}, and only commas are read"] if sheet.separator != "," else []
    return Look(0, "; ".join([*parts, sheet.remedy(f"write a first row such as {_ASKED}")]))


def _further_down(sheet: Sheet) -> Look | None:
    """A header that comes after lines of other text."""
    for row, cells in enumerate(sheet.rows[1:], 2):
        if sum(map(is_known, cells)) >= 4:
            first = sheet.lines[0]
            what = next((what for pattern, what in _FIRST_LINES if pattern.fullmatch(first)), f"it is {quoted(first)}")
            parted = f"; {sheet.parted()}, and only commas are read" if sheet.separator != "," else ""
            remedy = sheet.remedy("take out what is above")
            return Look(0, f"row 1 is not a header: {what}; the header is row {row}{parted}; {remedy}")
    return None


def _named_otherwise(sheet: Sheet) -> Look | None:
    """A header with other names, or another separator."""
    names = sheet.rows[0]
    keys = {name.lower() for name in names}
    foreign = not (keys.issuperset(FIGURES) and keys.intersection(TIME_NAMES))
    said = sheet.like() if foreign else []
    said += [sheet.parted()] if sheet.separator != "," else []
    lacks = len({*FIGURES} - keys) + (not keys.intersection(TIME_NAMES))
    if not said and (lacks < _FOREIGN or sheet.found is None):
        return None
    if foreign:
        called = ", ".join(map(_short, names[:6])) + (", …" if len(names) > 6 else "")
        said.append(f"the columns are called {called}")
    read = "only commas and decimal points are read" if sheet.separator != "," else ""
    remedy = sheet.remedy(f"call them {_ASKED}" if foreign else "")
    return Look(1, "; ".join([", ".join(said), *filter(None, [read, remedy])]))


def _short(name: str) -> str:
    return name if name.isprintable() and len(name) <= 20 else quoted(name)
