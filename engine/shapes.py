"""Shapes of JSON values: which keys an object has, and of which type each value is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

Types = tuple[type, ...]
"""Of which type a value is, exactly: a JSON value has one of seven, and true is no number."""

NOTHING = type(None)
TEXT: Types = (str,)
WORDS: Types = (str, NOTHING)
COUNT: Types = (int,)
NUMBER: Types = (int, float)
FIGURE: Types = (int, float, NOTHING)
FLAG: Types = (bool,)
PARTS: Types = (dict,)
ANYTHING: Types = (str, int, float, bool, dict, list, NOTHING)

_MOST_SHOWN = 40


class Maybe(NamedTuple):
    """A key that may be missing."""

    shape: Shape


class Each(NamedTuple):
    """A list, or an object, all of whose values are of a shape; so many of them when `length` says so."""

    shape: Shape
    of: type = list
    length: int | None = None


class Such(NamedTuple):
    """A value of a shape for which `fault` finds nothing wrong either."""

    shape: Shape
    fault: Callable[[Any], str]


Shape = Types | frozenset[str] | Maybe | Each | Such | Mapping[str, "Shape"]
"""Of a frozenset: one of these texts."""


def fault_in(value: Any, shape: Shape) -> str:
    """Where a value is not of a shape, and what stands there, as ` has no owner` or `.owner is 7`; else nothing."""
    if isinstance(shape, dict):
        return _fault_in_object(value, shape)
    if isinstance(shape, Each):
        return _fault_in_each(value, shape)
    if isinstance(shape, Such):
        return fault_in(value, shape.shape) or shape.fault(value)
    if isinstance(shape, Maybe):
        return fault_in(value, shape.shape)
    if isinstance(shape, frozenset):
        return "" if type(value) is str and value in shape else _is(value)
    return "" if type(value) in shape else _is(value)


def _fault_in_object(value: Any, shape: Mapping[str, Shape]) -> str:
    if type(value) is not dict:
        return _is(value)
    for name, inner in shape.items():
        is_optional = type(inner) is Maybe
        wanted = inner.shape if is_optional else inner  # type: ignore[union-attr]
        if name not in value:
            if not is_optional:
                return f" has no {name}"
        elif type(wanted) is tuple and type(value[name]) in wanted:
            continue  # most are plain, and an audit looks at millions
        elif why := fault_in(value[name], wanted):
            return f".{name}{why}"
    return ""


def _fault_in_each(value: Any, shape: Each) -> str:
    if type(value) not in {shape.of} or shape.length not in {None, len(value)}:
        return _is(value)
    places: Iterable[tuple[Any, Any]] = value.items() if shape.of is dict else enumerate(value)
    for place, each in places:
        if why := fault_in(each, shape.shape):
            return f".{place}{why}"
    return ""


def _is(value: Any) -> str:
    said = repr(value)
    return f" is {said if len(said) <= _MOST_SHOWN else said[:_MOST_SHOWN] + '…'}"
