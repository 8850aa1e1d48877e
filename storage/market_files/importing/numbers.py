"""Columns of figures as decimals and as float64: decimal signs, thousands, currency signs and suffixes are told."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from engine.market.bars import BoolArray, FloatArray, IntArray
from engine.symbols import quoted
from storage.market_files.csv.fast_columns import read_numbers
from storage.market_files.importing.columns import TextArray, as_cells, bytes_of, text_of

NULLS = frozenset({"", "null", "nan", "none", "na", "n/a", "#n/a", "-", "--", "nat", "<na>", "n/d", "null."})
_COMMA, _POINT = b",."
_PLAIN = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_UNSURE = re.compile(r"[+-]?[1-9]\d{0,2}[.,]\d{3}", re.ASCII)
_SIGNS = re.compile(r"^([+-]?)(?:US)?[$€£¥₹]\s*|\s*[$€£¥₹]$")
_SPACES = re.compile(r"(?<=\d)[ '\u2019\u00a0\u202f\u2009](?=\d{3}(?:\D|$))")
_SUFFIX = re.compile(r"(.*\d)\s*([KMBT])", re.I)
_POWERS = {"K": 3, "M": 6, "B": 9, "T": 12}
_FAR = re.compile(r"[eE][+-]?0*[1-9]\d{3,}")
"""An exponent of four digits or more."""
_LONGEST = 60
_SAMPLE = 400
_ROWS = 1 << 14


@dataclass(slots=True)
class Figures:
    """One column: the decimals as they will be written, their float64, and masks of empty and of unreadable cells.

    `rewritten` counts the cells that are written otherwise than in the file, decimal commas aside, with one of them
    before and after.
    """

    texts: TextArray
    values: FloatArray
    null: BoolArray
    wrong: BoolArray
    rewritten: tuple[int, str, str] | None = None

    def keep(self, mask: BoolArray) -> None:
        """Keep the rows of the mask alone."""
        self.texts, self.values = self.texts[mask], self.values[mask]
        self.null, self.wrong = self.null[mask], self.wrong[mask]

    def put(self, rows: BoolArray, text: str) -> None:
        """Write one decimal into these rows."""
        if rows.any():
            self.texts = np.where(rows, np.array(text.encode()), self.texts)
            self.values = np.where(rows, float(text), self.values)
            self.null, self.wrong = self.null & ~rows, self.wrong & ~rows


@dataclass(frozen=True, slots=True)
class Convention:
    """The decimal sign, and the cell that shows it; `conflict` is a cell that shows the other one."""

    sign: str = "."
    shown: str = ""
    conflict: str = ""


def decimal_sign(columns: Sequence[TextArray], separator: str) -> Convention:
    """The decimal sign of a file: what its cells leave no doubt of, else what its separator suggests.

    A semicolon separates where the comma is the decimal sign, so there `1,105` is a number between one and two, and
    elsewhere a thousand.
    """
    shown: dict[str, str] = {}
    unsure = ""
    for column in columns:
        for text in _distinct(column):
            sign = _sign_in(text)
            if sign:
                shown.setdefault(sign, text)
            elif "," in text and _UNSURE.fullmatch(_bare(text)):
                unsure = unsure or text
    if "," in shown and "." in shown:
        return Convention(".", shown["."], shown[","])
    if not shown and unsure and separator != ",":
        return Convention(",", unsure)
    sign = "," if "," in shown else "."
    return Convention(sign, shown.get(sign, ""))


def _distinct(column: TextArray) -> list[str]:
    """Some cells that hold a comma, and some that hold a point alone."""
    if b"," not in column.tobytes():
        return [_decode(cell) for cell in dict.fromkeys(column[:_SAMPLE].tolist())]
    commas = (bytes_of(column) == _COMMA).any(axis=1)
    picked = np.concatenate([np.flatnonzero(commas)[:_SAMPLE], np.flatnonzero(~commas)[:_SAMPLE]])
    return [_decode(cell) for cell in dict.fromkeys(column[picked].tolist())]


def _decode(cell: bytes) -> str:
    return cell.decode(errors="replace")


def _bare(text: str) -> str:
    """The text without currency signs, suffixes, and spaces between thousands."""
    text = _SPACES.sub("", _SIGNS.sub(r"\1", text.strip()))
    suffixed = _SUFFIX.fullmatch(text)
    return suffixed[1] if suffixed else text


def _sign_in(text: str) -> str:
    """The decimal sign that a cell leaves no doubt of, else nothing."""
    bare = _bare(text)
    if not re.fullmatch(r"[+-]?[\d.,]*\d[\d.,]*", bare):
        return ""
    commas, points = bare.count(","), bare.count(".")
    if commas and points:
        return "," if bare.rindex(",") > bare.rindex(".") else "."
    if commas > 1 or points > 1:
        return "." if commas > 1 else ","
    if not (commas or points) or _UNSURE.fullmatch(bare):
        return ""
    return "," if commas else "."


def read_figures(column: TextArray, sign: str, power: int = 0) -> Figures:
    """One column of figures; those without a point times ten to `power`, exactly."""
    plain = column
    again = np.zeros(len(column), np.bool_)
    if sign == ",":
        plain, again = _with_points(column)
    values, wrong = _read_plain(plain)
    again |= wrong
    if power:
        again |= ~(bytes_of(column) == _POINT).any(axis=1)
    figures = Figures(plain, values, np.zeros(len(column), np.bool_), wrong)
    if again.any():
        _read_again(column, again, figures, sign, power)
    return figures


def _read_plain(column: TextArray) -> tuple[FloatArray, BoolArray]:
    """Plain numerals, some thousand at a time: what is smaller than a cache is read in half the time."""
    values, wrong = np.empty(len(column)), np.empty(len(column), np.bool_)
    for first in range(0, len(column), _ROWS):
        rows = slice(first, first + _ROWS)
        values[rows], wrong[rows] = read_numbers(as_cells(column[rows]), 0)
    return values, wrong


def _with_points(column: TextArray) -> tuple[TextArray, BoolArray]:
    """Decimal commas made points, and a mask of cells that hold points between thousands."""
    characters = bytes_of(column).copy()
    commas, grouped = characters == _COMMA, (characters == _POINT).any(axis=1)
    characters[~grouped[:, np.newaxis] & commas] = _POINT
    return text_of(characters), grouped


def _read_again(column: TextArray, again: BoolArray, figures: Figures, sign: str, power: int) -> None:
    """Read cells that are no plain numerals, each distinct text once."""
    distinct, inverse = np.unique(column[again], return_inverse=True)
    read = [plain_decimal(_decode(cell), sign, power) for cell in distinct.tolist()]
    texts = np.array(
        [cell if text is None else text.encode() for cell, text in zip(distinct.tolist(), read, strict=True)]
    )
    numbers = np.array([float(text) if text else np.nan for text in read])
    width = max(figures.texts.dtype.itemsize, texts.dtype.itemsize)
    figures.texts = figures.texts.astype(f"S{width}")
    figures.texts[again], figures.values[again] = texts[inverse], numbers[inverse]
    figures.rewritten = _rewritten(distinct.tolist(), read, inverse, sign)
    figures.wrong[again] = np.array([text is None for text in read])[inverse]
    figures.null[again] = np.array([text == "" for text in read])[inverse]


def _rewritten(
    cells: Sequence[bytes], read: Sequence[str | None], inverse: IntArray, sign: str
) -> tuple[int, str, str] | None:
    """How many cells were thousands, currencies or suffixes, and one of them before and after."""
    texts = [_decode(cell) for cell in cells]
    others = [bool(after) and after != before.replace(sign, ".") for before, after in zip(texts, read, strict=True)]
    if not any(others):
        return None
    first = others.index(True)
    return int(np.count_nonzero(np.array(others)[inverse])), texts[first], read[first] or ""


def plain_decimal(text: str, sign: str, power: int = 0) -> str | None:
    """The plain decimal that a cell means, exactly; empty if the cell says there is none, None if it is no number."""
    text = text.strip()
    if text.lower() in NULLS:
        return ""
    if len(text) > _LONGEST:
        return None
    text = _SPACES.sub("", _SIGNS.sub(r"\1", text))
    suffixed = _SUFFIX.fullmatch(text)
    text, shift = (suffixed[1], _POWERS[suffixed[2].upper()]) if suffixed else (text, 0)
    thousands = "." if sign == "," else ","
    if thousands in text:
        whole, _, rest = text.partition(sign)
        if not re.fullmatch(rf"[+-]?\d{{1,3}}(?:{re.escape(thousands)}\d{{3}})+", whole):
            return None
        text = whole.replace(thousands, "") + (sign + rest if rest else "")
    text = text.replace(sign, ".") if text.count(sign) <= 1 else text
    if not _PLAIN.fullmatch(text) or not np.isfinite(float(text)) or _FAR.search(text):
        return None
    shift += power if power and "." not in text else 0
    return shifted(text, shift) if shift else text


def shifted(text: str, power: int) -> str:
    """A decimal times ten to a power, exactly, without zeros that this would add behind the point."""
    number = Decimal(text).scaleb(power)
    plain = format(number, "f")
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def wrong_number(text: str) -> str:
    """Why a cell is no figure."""
    return f"{quoted(text)} cannot be read as a number"
