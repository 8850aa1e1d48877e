"""Overrides: dotted paths to values, put into a base spec."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, cast

from pydantic import BaseModel, ValidationError

from engine.errors import InvalidError
from engine.strategies.guard import users_code
from engine.strategies.paths import PARTS, Scalar, check_path, coerce
from engine.strategies.spec import (
    CompiledSpec,
    ExecutionSpec,
    ExitSpec,
    SpecPart,
    as_tuples,
    check_distances,
    typed_exit,
)
from engine.validation import faults_of, parse_model, trusted

Overrides = dict[str, Scalar]

_PARTS = ("entry", *PARTS)


def typed_values(spec: CompiledSpec, path: str, given: Sequence[Any]) -> list[Scalar]:
    """A parameter's values in the spec's type, each once, in the order given.

    INVALID_SPEC for an unknown path, a value of a wrong type or not finite, no values, or what is no list of them.
    """
    check_path(spec, path)
    if isinstance(given, (str, bytes, Mapping)) or not isinstance(given, Iterable):
        raise InvalidError("INVALID_SPEC", f"{path}: {given!r} is not a list of values", hint="give a list")
    convert: dict[type, Callable[[Any], Scalar]] = {}
    values: dict[tuple[type, Scalar], None] = {}
    for value in given:
        known = convert.get(type(value))
        typed = coerce(spec, path, value) if known is None else known(value)
        if type(value) is int or type(value) is float:
            # the field's type is found out once for a whole list of numbers
            convert[type(value)] = type(typed)
        typed = _as_the_spec_has_it(spec, path, typed)
        values[type(typed), typed] = None
    if not values:
        raise InvalidError("INVALID_SPEC", f"{path} has no values to sweep", hint="give at least one")
    return [value for _, value in values]


def _as_the_spec_has_it(spec: CompiledSpec, path: str, value: Scalar) -> Scalar:
    if isinstance(value, tuple):
        return tuple(_as_the_spec_has_it(spec, path, item) for item in value)
    if isinstance(value, float) and not math.isfinite(value):
        raise InvalidError("INVALID_SPEC", f"{path}: {value!r} is not a finite number", hint="correct the value")
    if path == "exit.type" and value is None:
        return spec.strategy.default_exit
    return value + 0.0 if isinstance(value, float) else value  # -0.0 is 0.0


def overrides_of(document: Mapping[str, Any]) -> Overrides:
    """Overrides as JSON has them, with its lists as tuples: so they can be compared, and told apart by hashing."""
    return {path: as_tuples(value) for path, value in document.items()}


def base_value(spec: CompiledSpec, path: str) -> Scalar:
    """What the base spec has at a path."""
    part, name = path.split(".", 1)
    if part == "entry":
        return cast(Scalar, as_tuples(spec.base()[part][name]))
    written = (spec.exit if part == "exit" else getattr(spec.spec, part)).model_dump(mode="json")
    return cast(Scalar, as_tuples(written[name]))


def effective(base: CompiledSpec, overrides: Overrides, paths: Iterable[str]) -> Overrides:
    """A variant's value at each path: its own, else the base spec's."""
    return {path: overrides[path] if path in overrides else base_value(base, path) for path in paths}


class Overrider:
    """Puts values into one base spec; each part (entry, exit, risk) is validated once for the same values in it."""

    def __init__(self, base: CompiledSpec) -> None:
        self._base = base
        written = base.base()
        self._entry = {name: value for name, value in written["entry"].items() if name != "type"}
        self._written = {part: written.get(part, {}) for part in PARTS}
        self._parts: dict[tuple[Any, ...], Any] = {}
        self._split: dict[tuple[str, ...], tuple[tuple[str, ...], ...]] = {}
        self._fields_written = vars(base.spec)

    def spec(self, overrides: Mapping[str, Scalar]) -> CompiledSpec:
        """The spec with values put in; INVALID_SPEC names every value that is out of bounds."""
        paths = tuple(overrides)
        split = self._split.get(paths)
        if split is None:
            split = self._split[paths] = tuple(
                tuple(path for path in paths if path.startswith(part)) for part in _PARTS
            )
        made = [self._part(part, mine, overrides) for part, mine in zip(_PARTS, split, strict=True)]
        faults = [part for part in made if isinstance(part, str)]
        if faults:
            raise InvalidError("INVALID_SPEC", "; ".join(faults), hint="correct the value")
        base = self._base
        (written, params), leave, risk, execution = made
        fields = {"entry": written, "exit": leave, "risk": risk, "execution": execution}
        spec = CompiledSpec(
            trusted(ExecutionSpec, {**self._fields_written, **fields}), base.strategy, params, leave, base.timeframe
        )
        check_distances(spec)
        return spec

    def _part(self, part: str, paths: tuple[str, ...], overrides: Mapping[str, Scalar]) -> Any:
        """The validated part, or what is wrong with it; 1, 1.0 and True are not one value."""
        key: tuple[Any, ...] = (part,)
        for path in paths:
            value = overrides[path]
            key += (path, value.__class__, value)
        made = self._parts.get(key)
        if made is None:
            made = self._parts[key] = self._made(part, {path.split(".", 1)[1]: overrides[path] for path in paths})
        return made

    def _made(self, part: str, values: dict[str, Scalar]) -> Any:
        try:
            return self._make_entry(values) if part == "entry" else self._make_part(part, values)
        except ValidationError as error:
            return f"the spec's {part} is refused: {faults_of(error)}"
        except InvalidError as error:
            return error.message

    def _make_entry(self, values: dict[str, Scalar]) -> tuple[dict[str, Any], BaseModel]:
        strategy, entry = self._base.strategy, {**self._entry, **values}
        if not values:
            return dict(self._base.spec.entry), self._base.params
        with users_code(strategy):  # a schema may bring validators of its own
            return entry, parse_model(strategy.params, entry, code="INVALID_SPEC", what="the spec's entry")

    def _make_part(self, part: str, values: dict[str, Scalar]) -> SpecPart:
        base = self._base
        if not values:
            return base.exit if part == "exit" else getattr(base.spec, part)
        made = PARTS[part].model_validate({**self._written[part], **values})
        return typed_exit(made, base.strategy) if isinstance(made, ExitSpec) else made
