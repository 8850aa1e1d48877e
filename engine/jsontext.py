"""JSON as papertape reads and writes it: strict in, canonical out."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from typing import Any

from engine.errors import InvalidError

MAX_DEPTH = 100
"""Objects and lists in each other; what papertape reads takes five."""
TOO_DEEP = f"it is nested deeper than {MAX_DEPTH} levels"


def parse_json(text: str | bytes, *, what: str = "the document") -> Any:
    """The value of a JSON document; INVALID_JSON when it is none, repeats a key, or is too deep.

    So is one that holds NaN or infinity.
    """

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
        value = json.loads(text, object_pairs_hook=unique, parse_constant=finite, parse_float=finite)
    except RecursionError as error:
        raise _invalid(what, TOO_DEEP) from error
    except ValueError as error:  # UnicodeDecodeError and JSONDecodeError are ValueErrors
        raise _invalid(what, str(error) or type(error).__name__) from error
    if is_too_deep(text, value):
        raise _invalid(what, TOO_DEEP)
    return value


def is_too_deep(text: str | bytes, value: Any) -> bool:
    """Whether a document, as text and as value, is nested deeper than `MAX_DEPTH`; most texts say it by themselves."""
    opening: Any = (b"[", b"{") if isinstance(text, bytes) else ("[", "{")
    return sum(map(text.count, opening)) > MAX_DEPTH and nests_too_deep(value)


def nests_too_deep(value: Any) -> bool:
    """Whether objects and lists stand in each other more than `MAX_DEPTH` deep; looked at without recursion."""
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        inside = (part for each in level for part in _parts(each))
        level = list({id(part): part for part in inside}.values())
    return bool(level)


def _parts(value: Any) -> Iterable[Any]:
    """What is directly inside an object or a list; nothing is inside anything else."""
    if isinstance(value, Mapping):
        return value.values()
    return value if isinstance(value, (list, tuple)) else ()


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
