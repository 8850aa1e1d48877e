"""JSON as papertape reads and writes it: strict in, canonical out."""

from __future__ import annotations

import json
import math
from typing import Any

from engine.errors import InvalidError


def parse_json(text: str | bytes, *, what: str = "the document") -> Any:
    """The value of a JSON document; INVALID_JSON when it is none, repeats a key, or holds NaN or infinity."""

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        keys = dict(pairs)
        if len(keys) != len(pairs):
            seen: set[str] = set()
            twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
            raise _invalid(what, f"the key {twice!r} stands twice")
        return keys

    def finite(literal: str) -> float:
        number = float(literal)
        if not math.isfinite(number):
            raise _invalid(what, f"{literal} is not a finite number")
        return number

    try:
        return json.loads(text, object_pairs_hook=unique, parse_constant=finite, parse_float=finite)
    except (ValueError, RecursionError) as error:  # UnicodeDecodeError and JSONDecodeError are ValueErrors
        raise _invalid(what, str(error) or type(error).__name__) from error


# `json.dumps` would make an encoder for each call: a third of its cost for a payload
_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
_COMPACT = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def canonical_json(value: Any) -> str:
    """Sorted keys, no spaces, text as it is, numbers as Python's `json.dumps` writes them: what hashes are taken of."""
    return _CANONICAL.encode(value)


def compact_json(value: Any) -> str:
    """A payload for the journal: one line, keys in the order given."""
    return _COMPACT.encode(value)


def _invalid(what: str, why: str) -> InvalidError:
    return InvalidError("INVALID_JSON", f"{what} is not valid JSON: {why}", hint="correct the document and try again")
