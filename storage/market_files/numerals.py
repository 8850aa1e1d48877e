"""One number from its text, exactly as `float` reads it, and why a text is none."""

from __future__ import annotations

import math
import re

from engine.symbols import quoted

_PLAIN = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_REASONS = (
    (re.compile(r"[+-]?nan", re.I), "is not a number"),
    (re.compile(r"[+-]?inf(inity)?", re.I), "is infinite"),
    (re.compile(r"[+-]?\d{1,3}([,' _\u00a0\u202f]\d{3})+(\.\d*)?", re.ASCII), "has thousands separators; write 1234.5"),
    (re.compile(r"[+-]?\d+,\d+", re.ASCII), "has a decimal comma; write 1234.5"),
    (re.compile(r"[+-]?0x[0-9a-f.p+-]+", re.I), "is hexadecimal; write it in decimal"),
)


def read_number(text: str) -> float:
    """The float64 nearest to a decimal numeral; ValueError says why a text is not one."""
    if _PLAIN.fullmatch(text):
        value = float(text)
        if math.isinf(value):
            raise ValueError(f"{quoted(text)} is too large")
        return value
    raise ValueError(_reason(text))


def number_reason(text: str) -> str:
    """Why a text is no number; it must be none."""
    try:
        read_number(text)
    except ValueError as error:
        return str(error)
    raise AssertionError(f"{quoted(text)} is a number")


def _reason(text: str) -> str:
    if not text:
        return "is empty"
    for pattern, reason in _REASONS:
        if pattern.fullmatch(text):
            return f"{quoted(text)} {reason}"
    return f"{quoted(text)} cannot be read as a number"
