"""TOML as papertape reads it: deep nesting is refused before it costs time, memory, or the stack."""

from __future__ import annotations

import re
import tomllib
from typing import Any

from engine.jsontext import MAX_DEPTH, TOO_DEEP, nests_too_deep

_PART = r"""(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')"""
_LONG_KEY = re.compile(rf"(?<![\w-]){_PART}(?:[ \t]*+\.[ \t]*+{_PART}){{{MAX_DEPTH}}}")
"""A dotted key of more parts than `MAX_DEPTH`: `tomllib` takes memory by the square of their number."""


def parse_toml(text: str) -> dict[str, Any]:
    """The document. Raises ValueError with a reason if it is not TOML, or nested deeper than `MAX_DEPTH`."""
    if _LONG_KEY.search(text):
        raise ValueError(TOO_DEEP)
    try:
        document = tomllib.loads(text)
    except RecursionError as error:
        raise ValueError(TOO_DEEP) from error
    if nests_too_deep(document):
        raise ValueError(TOO_DEEP)
    return document
