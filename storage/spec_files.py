"""Spec files: TOML or JSON read strictly, specs from command-line flags, and a commented file to start from."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import date, time
from math import isfinite
from pathlib import Path
from typing import Any

from engine.errors import InvalidError, NotFoundError, UsageError
from engine.jsontext import parse_json
from engine.strategies.base import Strategy
from engine.strategies.paths import read_value
from engine.strategies.registry import Registry
from engine.strategies.spec import CompiledSpec, ExecutionSpec, ExitSpec, RiskSpec, compile_spec, parse_spec
from storage.tomltext import parse_toml

MAX_BYTES = 1_000_000
_FLAGS = "the spec of these flags"
_YAML = {".yaml", ".yml"}
_EXIT_TYPES = {
    "eod": "at the close of a session",
    "signal": "when the strategy's own exit fires",
    "none": "only by the exits below",
}
_BOUNDS = (
    ("minimum", "at least {}"),
    ("exclusiveMinimum", "above {}"),
    ("maximum", "at most {}"),
    ("exclusiveMaximum", "below {}"),
)


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


def new_spec_text(strategy: Strategy[Any], symbols: Sequence[str]) -> str:
    """A TOML spec of a strategy on these symbols; read back, it is the strategy's defaults."""
    parse_spec({"strategy_id": strategy.key, "symbols": list(symbols)})
    parts = (_head(strategy, symbols), _entry(strategy), _exit(strategy), _risk(), _execution())
    return "\n".join(line for part in parts for line in part) + "\n"


def _head(strategy: Strategy[Any], symbols: Sequence[str]) -> Iterator[str]:
    summary = _line(strategy.summary)
    yield f"# {strategy.key}: {summary}" if summary else f"# {strategy.key}"
    yield f"strategy_id = {_toml_value(strategy.key)}"
    yield f"symbols = {_toml_value(list(symbols))}  # their order decides who trades first"
    yield '# timeframe = "daily"  # the data\'s spacing when left out'
    yield "# enabled = false  # a disabled spec trades nothing"


def _entry(strategy: Strategy[Any]) -> Iterator[str]:
    yield from ("", "[entry]", f"type = {_toml_value(strategy.key)}")
    defaults = strategy.params.model_construct().model_dump(mode="json", warnings=False)
    schema = strategy.params.model_json_schema()
    for name in strategy.params.model_fields:
        comment = _comment(schema["properties"].get(name, {}), schema.get("$defs", {}))
        yield _parameter(name, defaults, comment)


def _parameter(name: str, defaults: dict[str, Any], comment: str) -> str:
    note = f"; {comment}" if comment else ""
    if name not in defaults:
        return f"# {name} =   # required{note}"
    if _writable(defaults[name]):
        return f"{name} = {_toml_value(defaults[name])}" + (f"  # {comment}" if comment else "")
    # null, or more than a line of TOML: left out, so the default applies
    return f"# {name} is {json.dumps(defaults[name])} unless given{note}"


def _exit(strategy: Strategy[Any]) -> Iterator[str]:
    kinds = [kind for kind in _EXIT_TYPES if kind != "signal" or strategy.has_exit]
    yield from (
        "",
        "[exit]  # the first that applies closes the position: the highest stop, the lowest target",
    )
    yield f"type = {_toml_value(strategy.default_exit)}  # of these:"
    yield from (f"#   {_toml_value(kind)}: {_EXIT_TYPES[kind]}" for kind in kinds)
    yield from _EXITS


_EXITS = (
    "# stop_loss_pct = 8.0  # a stop below the average price, above 0 and below 100",
    "# trail_pct = 12.0  # a stop below the highest high since the entry, above 0 and below 100",
    "# trail = true  # the stop_distance of a strategy that gives one is from the highest high since the entry",
    "# breakeven_pct = 5.0  # a stop at the average price, once the high was so far above it; above 0",
    "# take_profit_pct = 25.0  # a target above the average price, above 0",
    "# take_profit_by_bars = [[1, 20.0], [10, 10.0]]  # a target from so many held bars on; the last pair counts",
    "# max_bars = 20  # closes at that many bars after the entry, at least 1",
)


def _risk() -> Iterator[str]:
    defaults = RiskSpec()
    yield from ("", "[risk]")
    yield f"dollars_per_trade = {_toml_value(defaults.dollars_per_trade)}  # what an entry buys; above 0"
    yield f"max_positions = {_toml_value(defaults.max_positions)}  # open at once, in any symbol; at least 1"
    yield from _SIZES


_SIZES = (
    '# size = "equity"  # what an entry buys is of these:',
    '#   "dollars": dollars_per_trade, the default',
    '#   "equity": equity_pct percent of the equity at cost',
    '#   "risk": as much as loses risk_pct percent of it between the price and the stop, which there must be',
    "# equity_pct = 10.0  # above 0",
    "# risk_pct = 1.0  # above 0",
    '# short_of_cash = "scale"  # buys what the cash is enough for; "refuse", the default, leaves it to the policy',
    "# min_dollars = 100.0  # no smaller order is made, above 0",
)


def _execution() -> Iterator[str]:
    yield from ("", "[execution]")
    yield from (
        '# fill = "next_open"  # where what a bar decides is filled, of these:',
        '#   "close": at its own close, the default',
        '#   "next_open": at the next bar\'s open',
        "#   \"pessimistic\": at the next bar's high to buy, its low to sell; no stop and no target on an entry's bar",
    )


def _comment(field: dict[str, Any], definitions: dict[str, Any]) -> str:
    """What a field of a JSON schema says of itself, and its bounds, in one line."""
    kinds = [field, *field.get("anyOf", ()), *field.get("allOf", ())]
    kinds += [definitions[kind["$ref"].rpartition("/")[2]] for kind in kinds if "$ref" in kind]
    parts = [_line(field.get("description", ""))]
    for kind in kinds:
        parts += [text.format(kind[key]) for key, text in _BOUNDS if key in kind]
        if "enum" in kind:
            parts.append("one of " + ", ".join(_toml_value(value) for value in kind["enum"]))
    return "; ".join(part for part in parts if part)


def _line(text: str) -> str:
    """A text on one line, without the characters that a TOML comment may not hold."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def _writable(value: Any) -> bool:
    """Whether TOML can hold the value on one line."""
    if isinstance(value, list):
        return all(_writable(item) for item in value)
    if isinstance(value, float):
        return isfinite(value)
    return isinstance(value, (str, int))


def _toml_value(value: Any) -> str:
    """A value in TOML; JSON's strings, numbers and arrays are TOML's too."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False).replace("\x7f", "\\u007f")
