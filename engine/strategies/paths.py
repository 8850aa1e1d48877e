"""Dotted paths into a spec (`entry.lookback_days`), and values in the types that the spec gives them."""

from __future__ import annotations

import difflib
import json
import types
import typing
from collections.abc import Sequence
from enum import Enum
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from engine.errors import InvalidError
from engine.numerals import plain_numeral
from engine.strategies.spec import CompiledSpec, ExecutionPart, ExitSpec, RiskSpec, SpecPart, Step

Scalar = str | int | float | bool | tuple[Any, ...] | None
"""A parameter's value; a JSON list is a tuple, so that values can be told apart by hashing them."""
_NULL = frozenset({"none", "null", "off"})


PARTS: dict[str, type[SpecPart]] = {"exit": ExitSpec, "risk": RiskSpec, "execution": ExecutionPart}
"""The tables of a spec beside `entry`, whose parameters are the strategy's."""


def known_paths(spec: CompiledSpec) -> dict[str, Any]:
    """Every path that can be set, with its field's annotation."""
    parts: dict[str, type[BaseModel]] = {"entry": type(spec.params), **PARTS}
    return {
        f"{part}.{name}": field.annotation
        for part, model in parts.items()
        for name, field in model.model_fields.items()
    }


def check_path(spec: CompiledSpec, path: str) -> None:
    """INVALID_SPEC unless the spec has this path; the nearest one is named."""
    known = known_paths(spec)
    if path not in known:
        near = difflib.get_close_matches(path, known, n=1, cutoff=0.4)
        hint = f"did you mean {near[0]}?" if near else f"one of {', '.join(known)}"
        raise InvalidError("INVALID_SPEC", f"there is no parameter {path!r}", hint=hint)


def coerce(spec: CompiledSpec, path: str, value: Any) -> Scalar:
    """A value in its field's type (1000 becomes 1000.0 where a float belongs); INVALID_SPEC for a wrong type."""
    annotation = known_paths(spec)[path]
    if isinstance(value, str) and value in _choices(annotation):
        return value
    for kind in _kinds(annotation):
        if kind is float and type(value) in (int, float):
            return _as_float(path, value)
        if kind is type(None) and value is None:
            return None
        if kind is tuple and isinstance(value, (list, tuple)):
            return _as_pairs(path, value) if _holds_pairs(annotation) else _as_list(path, annotation, value)
        if type(value) is kind:
            return typing.cast(Scalar, value)
    words = [str(word) for word in _choices(annotation) if isinstance(word, str)]
    if words and isinstance(value, str):
        near = difflib.get_close_matches(value, words, n=1)
        hint = f"did you mean {near[0]}?" if near else f"one of {', '.join(words)}"
        raise InvalidError("INVALID_SPEC", f"{path}: {_cut(value)} is not a value that it takes", hint=hint)
    wanted = " or ".join(_NAMES.get(kind, kind.__name__) for kind in _kinds(annotation))
    raise InvalidError("INVALID_SPEC", f"{path}: {_cut(value)} is not of the type {wanted}", hint="correct the value")


_NAMES: dict[type, str] = {type(None): "null", tuple: "list"}


def takes_lists(spec: CompiledSpec, path: str) -> bool:
    """Whether a path's values are JSON lists; INVALID_SPEC for a path that is not there."""
    check_path(spec, path)
    return tuple in _kinds(known_paths(spec)[path])


def read_value(spec: CompiledSpec, path: str, text: str) -> Scalar:
    """A value typed on a command line, in its field's type; INVALID_SPEC for what is not one."""
    check_path(spec, path)
    annotation = known_paths(spec)[path]
    kinds = _kinds(annotation)
    if text in _choices(annotation):  # an exit of type "none" is a type, not the lack of one
        return text
    if type(None) in kinds and text.lower() in _NULL:
        return None
    if bool in kinds and text.lower() in {"true", "false"}:
        return text.lower() == "true"
    if tuple in kinds and (str not in kinds or text.startswith("[")):
        return coerce(spec, path, _json_list(path, text, pairs=_holds_pairs(annotation)))
    for kind in (int, float):
        if kind in kinds:
            try:
                return coerce(spec, path, kind(plain_numeral(text)))
            except ValueError:
                continue
    return coerce(spec, path, text)


def _json_list(path: str, text: str, *, pairs: bool) -> list[Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, list):
        hint = _PAIRS if pairs else "such as [1, 2.5]"
        raise InvalidError("INVALID_SPEC", f"{path}: {_cut(text)} is not a JSON list", hint=hint)
    return value


_PAIRS = "such as [[1, 5], [30, 3]]"


def _cut(value: Any) -> str:
    """A value as it was given, its beginning where it is long."""
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _holds_pairs(annotation: Any) -> bool:
    """Whether a list's items are pairs of a whole number and a number, as in `exit.take_profit_by_bars`."""
    return annotation == tuple[Step, ...] or any(map(_holds_pairs, get_args(annotation)))


def _as_list(path: str, annotation: Any, value: Sequence[Any]) -> tuple[Any, ...]:
    """A strategy's own list, at any depth, with whole numbers as floats where only such belong.

    Whether its items are within bounds the strategy's schema says.
    """
    floats = _kinds_within(annotation) & {int, float} == {float}
    return tuple(_item(path, item, floats) for item in value)


def _item(path: str, item: Any, floats: bool) -> Any:
    if isinstance(item, (list, tuple)):
        return tuple(_item(path, each, floats) for each in item)
    if isinstance(item, dict):
        raise InvalidError("INVALID_SPEC", f"{path}: {_cut(item)} is an object in a list", hint="correct the value")
    return _as_float(path, item) if floats and type(item) is int else item


def _kinds_within(annotation: Any) -> set[Any]:
    """The types that stand anywhere in an annotation."""
    parts = get_args(annotation)
    return {kind for part in parts for kind in _kinds_within(part)} if parts else {annotation}


def _as_pairs(path: str, value: Sequence[Any]) -> tuple[tuple[int, float], ...]:
    """Pairs of a whole number and a number; whether they are within bounds the spec's model says."""
    pairs: list[tuple[int, float]] = []
    for pair in value:
        if not isinstance(pair, (list, tuple)) or [*map(_is_number, pair)] != [True, True] or type(pair[0]) is not int:
            raise InvalidError(
                "INVALID_SPEC",
                f"{path}: {_cut(pair)} is not a pair of a number of bars and a percentage",
                hint=_PAIRS,
            )
        pairs.append((pair[0], _as_float(path, pair[1])))
    return tuple(pairs)


def _is_number(value: Any) -> bool:
    return type(value) in (int, float)


def _as_float(path: str, value: float) -> float:
    try:
        return float(value)
    except OverflowError as error:
        raise InvalidError("INVALID_SPEC", f"{path}: the number is too large", hint="correct the value") from error


def _choices(annotation: Any) -> tuple[Any, ...]:
    """The values that an annotation spells out."""
    if get_origin(annotation) is Literal:
        return get_args(annotation)
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return tuple(member.value for member in annotation)
    return tuple(value for part in get_args(annotation) for value in _choices(part))


def _kinds(annotation: Any) -> tuple[type, ...]:
    """The plain types that an annotation takes."""
    if get_origin(annotation) in (Union, types.UnionType):
        return tuple(kind for part in get_args(annotation) for kind in _kinds(part))
    if get_origin(annotation) is Literal:
        return tuple({type(value) for value in get_args(annotation)})
    if get_origin(annotation) in (tuple, list) or annotation in (tuple, list):
        return (tuple,)
    if get_origin(annotation) is typing.Annotated:
        return _kinds(get_args(annotation)[0])
    is_plain = isinstance(annotation, type) and not issubclass(annotation, Enum)
    return (annotation,) if is_plain else (str,)  # an enum's value is a text, whether it is one of them or not
