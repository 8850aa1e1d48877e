"""Numbers from outside, typed by a person or handed over by a script; and values as text for people.

A typed one is as data files have them, without separators between digits:
Python's `float` and `int` read `1_000`; nobody who types it into a price can be sure that a trading tool does.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from html import escape
from numbers import Real

SEPARATOR = "_"


def plain_numeral(text: str) -> str:
    """The text, unless digits are separated in it; ValueError says so."""
    if SEPARATOR in text:
        raise ValueError(f"{text!r} has a separator; write 1234.5")
    return text


def typed_number(text: str | float) -> float:
    """The number that an option says; ValueError when it says none. Infinity and NaN are for others to refuse."""
    if not isinstance(text, str):
        return text  # an option's default
    try:
        return float(plain_numeral(text))
    except ValueError as error:
        raise ValueError(str(error) if SEPARATOR in text else f"{text!r} is not a number") from error


def real_number(value: object) -> float:
    """A number of Python or numpy as a float; ValueError for what is none (True and "1" are none), or too large."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise ValueError(f"{value!r} is not a number")
    try:
        return float(value)
    except OverflowError as error:
        raise ValueError("the number is too large") from error


def value_text(value: object) -> str:
    """A parameter's value as labels show it, as `--set` takes it too: `0.1`, `null`, `true`, `[[1,5],[30,3]]`."""
    if isinstance(value, float):
        return f"{value:g}" if float(f"{value:g}") == value else repr(value)
    if isinstance(value, (list, tuple)):
        return f"[{','.join(json.dumps(item) if isinstance(item, str) else value_text(item) for item in value)}]"
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def table(caption: str, rows: Iterable[Sequence[object]], heading: Sequence[str] = ()) -> str:
    """A small HTML table for notebooks; every text of it is escaped, and None is a dash."""
    head = f"<thead>{_row(heading, 'th')}</thead>" if heading else ""
    body = "".join(_row(row, "td") for row in rows)
    return f"<table><caption>{escape(caption)}</caption>{head}<tbody>{body}</tbody></table>"


def _row(cells: Sequence[object], tag: str) -> str:
    return f"<tr>{''.join(f'<{tag}>{escape(_text(cell))}</{tag}>' for cell in cells)}</tr>"


def _text(cell: object) -> str:
    if cell is None:
        return "-"
    return f"{cell:,.4f}" if isinstance(cell, float) else str(cell)
