"""JSON, in one place: what any command prints with `--json`.

Times are ISO 8601 with +00:00, ids and enums are text, figures are plain numbers and never NaN.
"""

from __future__ import annotations

import dataclasses
import json
import math
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from datetime import UTC, date, datetime
from enum import Enum
from pathlib import PurePath
from typing import Any, NamedTuple, TextIO
from uuid import UUID


class _Kept(NamedTuple):
    stream: TextIO
    is_json: bool


_kept: list[_Kept] = []


def answers() -> TextIO:
    """Where the answer of the command goes."""
    return _kept[-1].stream if _kept else sys.stdout


def are_json() -> bool:
    """Whether the command at work answers in JSON."""
    return bool(_kept) and _kept[-1].is_json


@contextmanager
def answers_alone(*, json: bool) -> Iterator[None]:
    """While a command works: what is printed goes to the standard error, and `answers` to the standard output."""
    _kept.append(_Kept(sys.stdout, json))
    try:
        with redirect_stdout(sys.stderr):
            yield
    finally:
        _kept.pop()


def plain(value: Any) -> Any:
    """The value as JSON's own types."""
    if isinstance(value, Enum):
        return plain(value.value)
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    text = _as_text(value)
    return _plain_compound(value) if text is None else text


def _as_text(value: Any) -> str | None:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, (str, UUID, PurePath)) else None


def _plain_compound(value: Any) -> Any:
    if hasattr(value, "model_dump"):
        return plain(value.model_dump())
    if dataclasses.is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(plain(key)): plain(item) for key, item in value.items()}
    return [plain(item) for item in value]


def write_document(value: Any) -> None:
    """One document to the standard output, indented for people."""
    answers().write(json.dumps(plain(value), indent=2, allow_nan=False) + "\n")


def write_line(value: Any) -> None:
    """One document on one line: JSON Lines."""
    answers().write(json.dumps(plain(value), separators=(", ", ": "), allow_nan=False) + "\n")
