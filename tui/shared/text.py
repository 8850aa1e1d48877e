"""Text for a terminal: untrusted text made harmless, and measured in cells rather than characters."""

from __future__ import annotations

import os
import unicodedata
from typing import TextIO

PLAIN_WIDTH = 80
"""Columns to fill when the output is no terminal."""

_UNSAFE = frozenset({"Cc", "Cs", "Zl", "Zp"})
_BIDI = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def safe_text(text: object) -> str:
    """The text with control, direction and line-breaking characters escaped: it cannot move a cursor or hide."""
    raw = str(text)
    if raw.isascii() and raw.isprintable():
        return raw
    return "".join(_escaped(char) if _is_unsafe(char) else char for char in raw)


def cell_width(text: str) -> int:
    """How many cells of a terminal the text takes; a wide character takes two."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def fit(text: str, width: int) -> str:
    """The text, cut to so many cells with an ellipsis when it is longer."""
    if cell_width(text) <= width:
        return text
    kept = ""
    for char in text:
        if cell_width(kept + char) > width - 1:
            break
        kept += char
    return kept + "…"


def pad(text: str, width: int, *, right: bool = False) -> str:
    """The text padded with spaces to so many cells; with `right`, it is right-aligned."""
    space = " " * (width - cell_width(text))
    return space + text if right else text + space


def colour_wanted(stream: TextIO) -> bool:
    """Whether a stream is a terminal that shows colour, and NO_COLOR is not set."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def width_of(stream: TextIO) -> int:
    """The columns to fill: the terminal's, or a fixed number when the output goes elsewhere."""
    if not stream.isatty():
        return PLAIN_WIDTH
    from shutil import get_terminal_size

    return max(40, get_terminal_size((80, 24)).columns)


def speaks_unicode(stream: TextIO) -> bool:
    """Whether the stream takes every character, or ASCII alone is safe."""
    return (stream.encoding or "").lower().replace("-", "").startswith("utf")


def _is_unsafe(char: str) -> bool:
    return char in _BIDI or unicodedata.category(char) in _UNSAFE


def _escaped(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")
