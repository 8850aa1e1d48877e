"""`--sweep path=v1,v2`: the values to try, each in the type of its parameter; `20:60:20` stands for 20, 40, 60.

Where a parameter takes lists its values are JSON lists: `[[1,5]],[[2,3],[9,1]],none`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING

from engine.errors import UsageError

if TYPE_CHECKING:
    from engine.strategies.paths import Scalar
    from engine.strategies.spec import CompiledSpec

OPTION = "--sweep"
MAX_VALUES = 10_000
"""Values that the ranges of one parameter may stand for."""
MAX_LENGTH = 200
"""Characters of one value, or of one range."""
EXAMPLE = "write path=v1,v2 or path=from:to:step, such as entry.lookback_days=20,55 or entry.lookback_days=20:200:20"
_NUMERAL = r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?"
_RANGE = re.compile(rf"({_NUMERAL}):({_NUMERAL})(?::({_NUMERAL}))?", re.ASCII)


def read_sweep(spec: CompiledSpec, texts: Sequence[str]) -> dict[str, list[Scalar]]:
    """The values of every `--sweep`, in the order given.

    UsageError for an option that does not say path=values, INVALID_SPEC for a path that is not there (the nearest is
    named) and for a value of the wrong type.
    """
    sweep: dict[str, list[Scalar]] = {}
    for text in texts:
        path, sign, values = text.partition("=")
        path = path.strip()
        if not sign or not path:
            raise UsageError("USAGE", f"{OPTION} {text!r} does not name a parameter with its values", hint=EXAMPLE)
        if path in sweep:
            raise UsageError("USAGE", f"{OPTION} names {path} twice", hint="name it once, with all its values")
        sweep[path] = list(_values(spec, path, values))
    return sweep


def _values(spec: CompiledSpec, path: str, text: str) -> Iterator[Scalar]:
    from engine.strategies.paths import read_value, takes_lists

    parts = _outside_brackets(text) if takes_lists(spec, path) else text.split(",")
    left = MAX_VALUES
    for part in map(str.strip, parts):
        _check_length(path, part, text)
        span = _RANGE.fullmatch(part)
        if span is not None and _is_numeric(spec, path):
            numerals = _numerals(path, part, span, left)
            left -= len(numerals)
            yield from (read_value(spec, path, numeral) for numeral in numerals)
        else:
            yield read_value(spec, path, part)


def _outside_brackets(text: str) -> Iterator[str]:
    """The text between commas that stand in no bracket: of `[[1,5]],none` two parts. A quoted text may hold any."""
    depth, begin, quoted, escaped = 0, 0, False, False
    for place, char in enumerate(text):
        if quoted:
            escaped, quoted = char == "\\" and not escaped, escaped or char != '"'
        elif char == '"':
            quoted = depth > 0
        elif char == "," and depth <= 0:
            yield text[begin:place]
            begin = place + 1
        else:
            depth += (char == "[") - (char == "]")
    yield text[begin:]


def _check_length(path: str, part: str, text: str) -> None:
    if not part:
        raise UsageError("USAGE", f"{OPTION} {path}: a value is missing in {text!r}", hint=EXAMPLE)
    if len(part) > MAX_LENGTH:
        why = f"{OPTION} {path}: a value has {len(part):,} characters; at most {MAX_LENGTH} are read"
        raise UsageError("USAGE", why, hint="write a shorter one")


def _is_numeric(spec: CompiledSpec, path: str) -> bool:
    """Whether a colon means a range: where text may stand, `10:30` is a text."""
    from engine.errors import InvalidError
    from engine.strategies.paths import coerce

    try:
        coerce(spec, path, ":")
    except InvalidError:
        return True
    return False


def _numerals(path: str, part: str, span: re.Match[str], most: int) -> list[str]:
    """The numbers of a range, its end among them when a step falls on it; in decimals, so that 0.1 steps are exact."""
    first, last = Decimal(span[1]), Decimal(span[2])
    step = Decimal(span[3] or 1)
    if step == 0 or (last - first) * step < 0:
        raise UsageError("USAGE", f"{OPTION} {path}: {part} never reaches its end", hint=_towards(first, last))
    count = int((last - first) / step) + 1
    if count > most:
        others = "" if most == MAX_VALUES else "with the ranges before it, "
        why = f"{OPTION} {path}: {others}{part} stands for more than {MAX_VALUES:,} values"
        raise UsageError("USAGE", why, hint="widen the step")
    return [format(value, "f") for value in islice(_steps(first, step), count)]


def _steps(value: Decimal, step: Decimal) -> Iterator[Decimal]:
    while True:
        yield value
        value += step


def _towards(first: Decimal, last: Decimal) -> str:
    return "give a step below zero to count down" if last < first else "give a step above zero"
