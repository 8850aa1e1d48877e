"""Spec files: TOML or JSON read strictly, specs from command-line flags, and a commented file to start from."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, time
from math import isfinite
from pathlib import Path
from typing import Any

from engine.errors import InvalidError, NotFoundError, UsageError
from engine.jsontext import parse_json
from engine.strategies.base import Strategy
from engine.strategies.paths import read_value
from engine.strategies.registry import Registry
from engine.strategies.spec import CompiledSpec, ExecutionSpec, ExitSpec, compile_spec, parse_spec
from storage.spec_template import new_spec_text
from storage.tomltext import parse_toml

__all__ = ["MAX_BYTES", "new_spec_text", "read_spec", "spec_from_flags"]

MAX_BYTES = 1_000_000
_FLAGS = "the spec of these flags"
_YAML = {".yaml", ".yml"}


def read_spec(path: str | Path) -> ExecutionSpec:
    """The spec in a TOML or JSON file, told by its ending, else by its first character.

    Raises FILE_NOT_FOUND; INVALID_JSON for a file that is not JSON; INVALID_SPEC for all other faults, with the file
    and the field.
    """
    path, what = Path(path), f"the spec {path}"
    text = _text(path, what)
    if path.suffix.lower() in _YAML:
        raise _invalid(f"{what} is YAML", "write it in TOML or JSON: `spec new` does")
    is_json = path.suffix.lower() == ".json" or (path.suffix.lower() != ".toml" and text.lstrip().startswith("{"))
    document = parse_json(text, what=what) if is_json else _toml(text, what)
    if not isinstance(document, dict):
        raise _invalid(f"{what} holds {type(document).__name__}, not an object", "`spec new` writes one")
    return parse_spec(_plain(document, what, ""), what)


def spec_from_flags(
    strategy_id: str,
    symbols: Sequence[str],
    sets: Sequence[str] = (),
    timeframe: str | None = None,
    registry: Registry | None = None,
) -> ExecutionSpec:
    """A spec from `--strategy`, `--symbol`, `--set path=value` and `--timeframe`.

    Paths are under `entry.`, `exit.`, `risk.` and `execution.`; values are read in their field's type. INVALID_SPEC
    names a path that is not there and its nearest, a value that is none, and one that is out of bounds; USAGE a flag
    without one.
    """
    strategy = (registry or Registry()).get(strategy_id)
    document: dict[str, Any] = {"strategy_id": strategy_id, "symbols": list(symbols)}
    for text in sets:
        path, value = _assignment(_untyped(strategy, symbols), text)
        part, name = path.split(".", 1)
        if name in document.setdefault(part, {}):
            raise _invalid(f"--set names {path} twice", "name it once")
        document[part][name] = value
    if timeframe is not None:
        document["timeframe"] = timeframe
    spec = parse_spec(_plain(document, _FLAGS, ""), _FLAGS)
    compile_spec(spec, strategy)
    return spec


def _assignment(schema: CompiledSpec, text: str) -> tuple[str, Any]:
    path, sign, value = text.partition("=")
    path = path.strip()
    if not sign:
        raise UsageError(
            "USAGE", f"--set {text!r} has no value", hint="write path=value, such as risk.dollars_per_trade=500"
        )
    return path, read_value(schema, path, value.strip())


def _untyped(strategy: Strategy[Any], symbols: Sequence[str]) -> CompiledSpec:
    """A spec that knows its fields and has no values yet: a strategy's parameter may have no default."""
    bare = ExecutionSpec.model_construct(strategy_id=strategy.key, symbols=list(symbols))
    return CompiledSpec(bare, strategy, strategy.params.model_construct(), ExitSpec(), "daily")


def _text(path: Path, what: str) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: the name holds a null character
        why = getattr(error, "strerror", None) or str(error)
        raise NotFoundError("FILE_NOT_FOUND", f"{what} cannot be read: {why}", hint="`spec new` writes one") from error
    if len(data) > MAX_BYTES:
        raise _invalid(f"{what} is larger than {MAX_BYTES:,} bytes", "is this the right file?")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _invalid(
            f"{what} is not UTF-8: byte {error.start} is {data[error.start]:#04x}", "save it as UTF-8"
        ) from error


def _toml(text: str, what: str) -> dict[str, Any]:
    try:
        return parse_toml(text)
    except ValueError as error:
        raise _invalid(f"{what} is not valid TOML: {error}", "correct the file") from error


def _plain(value: Any, what: str, where: str) -> Any:
    """The document as JSON could hold it, times as text. INVALID_SPEC names a field that is NaN or infinite."""
    if isinstance(value, dict):
        return {key: _plain(item, what, f"{where}.{key}" if where else key) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item, what, f"{where}[{i}]") for i, item in enumerate(value)]
    if isinstance(value, float) and not isfinite(value):
        raise _invalid(f"{what} is refused: {where}: {value} is not a finite number", "correct it and try again")
    return value.isoformat() if isinstance(value, (date, time)) else value


def _invalid(why: str, hint: str) -> InvalidError:
    return InvalidError("INVALID_SPEC", why, hint=hint)
