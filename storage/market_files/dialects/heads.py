"""The beginning of a text: which separator its cells have, which dialect it is, and where its bars begin."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from storage.market_files.dialects.base import Form, Head
from storage.market_files.dialects.table import SEPARATORS, recognise

LINES = 60
"""How many lines a dialect is told by."""
_LONGEST = 1 << 16
_BLANK = " \t\r\n\ufeff"
_SEP = re.compile(r"sep=(.)", re.I)


@dataclass(frozen=True, slots=True)
class Found:
    """A recognised beginning: its separator, its form, and the lines above the header or the first bar."""

    separator: str
    form: Form
    above: tuple[str, ...]
    head: Head

    @property
    def vendor(self) -> bool:
        """Whether the dialect is some vendor's, and not a table that anybody may have written."""
        return not self.form.called.startswith("a table")


def find(content: bytes, name: str, named: Mapping[str, str] | None = None) -> Found | None:
    """The dialect of a text; None if it is none that is known, or lacks the columns that a person named."""
    lines = first_lines(content)
    said = [match[1] for line in lines[:3] if (match := _SEP.fullmatch(line)) and match[1] in SEPARATORS]
    for separator in said or SEPARATORS:
        head = head_of(lines, separator, name)
        form = recognise(head, named)
        if form is not None:
            above = tuple(line for line in lines[: form.first - form.headers] if line)
            return Found(separator, form, above, head)
    return None


def first_lines(content: bytes) -> list[str]:
    """The first lines of a text, without spaces around them."""
    beginning = content[: LINES * 1024].removeprefix(b"\xef\xbb\xbf").decode(errors="replace")
    return [line.strip(" \r\n\ufeff") for line in beginning.split("\n")[:LINES]]


def head_of(lines: Sequence[str], separator: str, name: str) -> Head:
    """The lines cut into cells."""
    return Head([_cells(line, separator) for line in lines], separator, name)


def _cells(line: str, separator: str) -> list[str]:
    if not line.strip(_BLANK) or len(line) > _LONGEST:
        return []
    try:
        return [cell.strip(_BLANK) for cell in next(csv.reader([line], delimiter=separator, skipinitialspace=True), [])]
    except csv.Error:
        return [line]
