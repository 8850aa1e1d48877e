"""Files whose first row is data: which vendor's layout it looks like, guessed from its cells."""

from __future__ import annotations

import re
from collections.abc import Sequence

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
    """Whether these cells are a bar's and no names: at least four numbers, and a time or a symbol beside them."""
    numbers = sum(bool(_PATTERNS["n"].fullmatch(cell)) for cell in cells)
    others = [cell for cell in cells if not _PATTERNS["n"].fullmatch(cell)]
    times = [cell for cell in others if _TIMES.fullmatch(cell) and any(map(str.isdigit, cell))]
    return numbers >= _LEAST_NUMBERS and len(others) - len(times) <= 1


def layout_like(cells: Sequence[str], separator: str) -> str | None:
    """Whose layout it looks like, such as "a Binance kline file"; None when nobody's that is known."""
    for name, parted_by, letters in _LAYOUTS:
        if separator == parted_by and _fit(cells, letters):
            return name
    return None


def _fit(cells: Sequence[str], letters: str) -> bool:
    if len(cells) != len(letters):
        return False
    return all(_PATTERNS[letter].fullmatch(cell) for letter, cell in zip(letters, cells, strict=True))
