"""What strategies run on and over, as people write it: samples, data files, strategies, the values of a sweep.

`--sweep path=v1,v2` gives the values to try, each in the type of its parameter; `20:60:20` stands for 20, 40, 60. Where
a parameter takes lists its values are JSON lists: `[[1,5]],[[2,3],[9,1]],none`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import UsageError

if TYPE_CHECKING:
    from uuid import UUID

    from engine.desk import Desk
    from engine.strategies.paths import Scalar
    from engine.strategies.registry import Registry
    from engine.strategies.spec import CompiledSpec
    from storage.market_files import Source

SAMPLE = "sample:"
UNCHECKED = "its present source has not passed `papertape strategy check`"
_IS_FILE = re.compile(r"\.py(:\w*)?$")
OPTION = "--sweep"
MAX_VALUES = 10_000
"""Values that the ranges of one parameter may stand for."""
MAX_LENGTH = 200
"""Characters of one value, or of one range."""
EXAMPLE = "write path=v1,v2 or path=from:to:step, such as entry.lookback_days=20,55 or entry.lookback_days=20:200:20"
_NUMERAL = r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?"
_RANGE = re.compile(rf"({_NUMERAL}):({_NUMERAL})(?::({_NUMERAL}))?", re.ASCII)


def source_of(text: str, symbols: Sequence[str] = ()) -> Source:
    """`SYMBOL=file`, `file`, or `sample:GOOG`; `symbols` are the spec's, which may hold '=' too."""
    from storage.market_files import parse_source

    if text.startswith(SAMPLE) and not Path(text).exists():
        from storage.samples import sample_path

        name = text.removeprefix(SAMPLE)
        return name, sample_path(name)
    return parse_source(text, symbols)


def unchecked(registry: Registry, key: str) -> list[str]:
    """Notes on a strategy of a person's own whose current source has not passed a check."""
    from engine.strategies.registry import BUILTIN
    from storage.strategies.identity import strategy_code

    registered = registry.entry(key)
    strategy_class = type(registered.strategy)
    if strategy_class in BUILTIN or is_checked(strategy_code(strategy_class).sha256):
        return []
    return [f"the strategy {key} ({registered.origin}): {UNCHECKED}"]


def is_file(name: str) -> bool:
    """Whether a strategy is named by its file."""
    return _IS_FILE.search(name) is not None


def is_checked(sha256: str) -> bool:
    """Whether this source has passed `papertape strategy check` here."""
    from storage.strategies.identity import KnownCode

    return KnownCode().holds("checked", sha256)


def strategy_file(desk: Desk, key: str) -> str | None:
    """A strategy's absolute file with its class; None for a strategy that is not in a file of a person's own."""
    from storage.strategies.loading import split_ref

    origin = desk.research.registry.entry(key).origin
    path, class_name = split_ref(origin)
    path = path.expanduser()
    if not is_file(origin) or not path.is_file():
        return None
    return str(path.absolute()) if class_name is None else f"{path.absolute()}:{class_name}"


def packages_moved(desk: Desk, run_plan_id: UUID) -> list[str]:
    """A sentence for each package whose version differs from the one that a run plan was started with."""
    return [
        f"{moved}: results may differ from those that the run plan has"
        for moved in versions(desk.plans.know_strategy(run_plan_id))
    ]


def versions(packages: Mapping[str, tuple[str, str | None]]) -> list[str]:
    """A phrase for each package whose version has changed."""
    return [
        f"{name} was {then} then and is {'not imported' if now is None else now} now"
        for name, (then, now) in packages.items()
    ]


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
        why = f"{OPTION} {path}: too many values (limit {MAX_VALUES:,})"
        raise UsageError("USAGE", why, hint="widen the step")
    return [format(value, "f") for value in islice(_steps(first, step), count)]


def _steps(value: Decimal, step: Decimal) -> Iterator[Decimal]:
    while True:
        yield value
        value += step


def _towards(first: Decimal, last: Decimal) -> str:
    return "give a step below zero to count down" if last < first else "give a step above zero"
