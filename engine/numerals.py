"""Numbers that a person typed: as data files have them, without separators between digits.

Python's `float` and `int` read `1_000`; nobody who types it into a price can be sure that a trading tool does.
"""

from __future__ import annotations

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
