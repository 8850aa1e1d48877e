"""A commented spec file for a strategy: every parameter of its schema, with its default and what it means."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from math import isfinite
from typing import Any

from engine.strategies.base import Strategy
from engine.strategies.spec import RiskSpec, parse_spec

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


def new_spec_text(strategy: Strategy[Any], symbols: Sequence[str]) -> str:
    """A TOML spec of a strategy on these symbols; read back, it is the strategy's defaults."""
    parse_spec({"strategy_id": strategy.key, "symbols": list(symbols)})
    parts = (_head(strategy, symbols), _entry(strategy), _exit(strategy), _risk(), _execution())
    return "\n".join(line for part in parts for line in part) + "\n"


def _head(strategy: Strategy[Any], symbols: Sequence[str]) -> Iterator[str]:
    summary = _line(strategy.summary)
    yield f"# {strategy.key}: {summary}" if summary else f"# {strategy.key}"
    yield f"strategy_id = {_toml(strategy.key)}"
    yield f"symbols = {_toml(list(symbols))}  # their order decides who trades first"
    yield '# timeframe = "daily"  # the data\'s spacing when left out'
    yield "# enabled = false  # a disabled spec trades nothing"


def _entry(strategy: Strategy[Any]) -> Iterator[str]:
    yield from ("", "[entry]", f"type = {_toml(strategy.key)}")
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
        return f"{name} = {_toml(defaults[name])}" + (f"  # {comment}" if comment else "")
    # null, or more than a line of TOML: left out, so the default applies
    return f"# {name} is {json.dumps(defaults[name])} unless given{note}"


def _exit(strategy: Strategy[Any]) -> Iterator[str]:
    kinds = [kind for kind in _EXIT_TYPES if kind != "signal" or strategy.has_exit]
    yield from (
        "",
        "[exit]  # the first that applies closes the position: the highest stop, the lowest target",
    )
    yield f"type = {_toml(strategy.default_exit)}  # of these:"
    yield from (f"#   {_toml(kind)}: {_EXIT_TYPES[kind]}" for kind in kinds)
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
    yield f"dollars_per_trade = {_toml(defaults.dollars_per_trade)}  # what an entry buys; above 0"
    yield f"max_positions = {_toml(defaults.max_positions)}  # open at once, in any symbol; at least 1"
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
            parts.append("one of " + ", ".join(_toml(value) for value in kind["enum"]))
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


def _toml(value: Any) -> str:
    """A value in TOML; JSON's strings, numbers and arrays are TOML's too."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False).replace("\x7f", "\\u007f")
