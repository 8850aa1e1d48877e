"""Does a strategy hold what it promises? Its schema, no look-ahead, its window, on a caller's data or on our own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel

from engine.errors import InvalidError, PapertapeError
from engine.market.bars import Bars, Dataset
from engine.market.sessions import iso
from engine.market.synthetic import synthetic_minutes
from engine.strategies.base import Signals, Strategy
from engine.strategies.guard import signals_of, window_of
from engine.strategies.proof import Finding, find_longer_window, find_look_ahead
from engine.strategies.spec import ExecutionSpec, compile_spec
from engine.validation import StrictModel, parse_model
from storage.strategy_files import UserRegistry, load_strategy_file, strategy_source

CheckName = Literal["parameters", "signals", "deterministic", "look-ahead", "window"]
MOST_BARS = 2_000
"""Of a symbol's newest bars, that many are looked at: the proof runs a strategy some two hundred times."""


class CheckFinding(StrictModel):
    """What is wrong: in which check, on which symbol's bars (None: on none), as a sentence."""

    check: CheckName
    symbol: str | None
    message: str


class StrategyCheck(StrictModel):
    """What was checked of a strategy, and what was found. `bars` says how many of each symbol it ran on."""

    key: str
    name: str
    summary: str
    sha256: str
    window: dict[str, int | bool] | None
    has_exit: bool
    default_exit: str
    parameters: dict[str, Any]
    """the JSON schema of its parameters"""
    bars: dict[str, int]
    entries: dict[str, int]
    """how many of the bars would enter, at the defaults: none may mean a mistake too"""
    findings: list[CheckFinding]

    @property
    def error_code(self) -> str | None:
        """STRATEGY_LOOKS_AHEAD when it does, else INVALID_STRATEGY when anything was found."""
        if any(finding.check == "look-ahead" for finding in self.findings):
            return "STRATEGY_LOOKS_AHEAD"
        return "INVALID_STRATEGY" if self.findings else None

    def error(self) -> InvalidError | None:
        """The findings as an error, for who wants to raise it; None when the strategy is sound."""
        if self.error_code is None:
            return None
        said = "; ".join(f"{each.symbol}: {each.message}" if each.symbol else each.message for each in self.findings)
        hint = _PAGE if self.error_code == "INVALID_STRATEGY" else _HINT
        details = {"findings": [each.model_dump() for each in self.findings]}
        return InvalidError(self.error_code, f"the strategy {self.key}: {said}", hint=hint, details=details)


_PAGE = "docs/concepts/strategies.md says what a strategy promises, `strategy new` writes one that keeps it"
_HINT = "a bar's row may use bars up to it and no further"


def check_strategy_file(ref: str, dataset: Dataset | None = None) -> StrategyCheck:
    """Check the strategy that `path.py:Name` names; FILE_NOT_FOUND or INVALID_STRATEGY when it cannot be loaded."""
    return check_strategy_class(load_strategy_file(ref), dataset)


def check_strategy_class(kind: type[Strategy[Any]], dataset: Dataset | None = None) -> StrategyCheck:
    """Check a strategy at its default parameters, on a caller's data or on the bundled days and made-up minutes.

    INVALID_STRATEGY when it cannot be registered at all.
    """
    strategy = UserRegistry().add(kind, "the strategy checked")
    findings = list(_check_parameters(strategy))
    tested = _cut((dataset or bundled_data()).bars)
    entries: dict[str, int] = {}
    params = None if findings else strategy.params()
    if params is not None:
        for symbol, bars in tested.items():
            findings += [
                CheckFinding(check=name, symbol=symbol, message=message)
                for name, message in _check_bars(strategy, params, bars, entries)
            ]
    return StrategyCheck(
        key=kind.key,
        name=kind.__name__,
        summary=kind.summary,
        sha256=strategy_source(kind)[1],
        window=_window(strategy, params),
        has_exit=kind.has_exit,
        default_exit=kind.default_exit,
        parameters=_schema(strategy),
        bars={symbol: len(bars) for symbol, bars in tested.items()},
        entries=entries,
        findings=findings,
    )


def bundled_data() -> Dataset:
    """The bundled daily series, and four made-up sessions of minutes, the last one cut short."""
    from storage.market_files import load_dataset  # noqa: PLC0415 - only where data are read
    from storage.samples import SAMPLES, sample_path  # noqa: PLC0415

    bars = dict(load_dataset([(name, sample_path(name)) for name in SAMPLES], symbols=list(SAMPLES)).bars)
    return Dataset({**bars, "SYN": synthetic_minutes(390 * 4 + 100, seed=1)})


def _check_parameters(strategy: Strategy[Any]) -> Iterator[CheckFinding]:
    """The defaults make a valid spec, and come back from JSON as they were."""
    try:
        # pydantic does not validate defaults by itself
        document = strategy.params.model_construct().model_dump(mode="json", warnings=False)
        again = parse_model(strategy.params, document, code="INVALID_STRATEGY", what="the set of its defaults")
        if again != strategy.params():
            yield _of_parameters(f"its defaults come back from JSON as {again!r}, not {strategy.params()!r}")
        spec = ExecutionSpec(strategy_id=strategy.key, symbols=["SYMBOL"], entry=document)
        compile_spec(spec, strategy)
        _schema(strategy, strict=True)
    except PapertapeError as error:
        yield _of_parameters(error.message)
    except Exception as error:  # whatever a person's own types and validators raise
        yield _of_parameters(f"{type(error).__name__}: {error}")


def _check_bars(
    strategy: Strategy[Any], params: BaseModel, bars: Bars, entries: dict[str, int]
) -> Iterator[tuple[CheckName, str]]:
    """What goes wrong on one symbol's bars; the first thing only, since the rest follows from it."""
    try:
        first, again = (signals_of(strategy, bars, params) for _ in range(2))
        entries[bars.symbol] = int(np.count_nonzero(first.entry))
        if not _same(first, again):
            yield "deterministic", "the same bars give other signals the second time"
            return
        ahead = find_look_ahead(strategy, params, bars)
        if ahead is not None:
            yield "look-ahead", _dated(ahead, bars)
            return
        longer = find_longer_window(strategy, params, bars)
        if longer is not None:
            yield "window", _dated(longer, bars)
    except PapertapeError as error:
        yield "signals", error.message


def _dated(finding: Finding, bars: Bars) -> str:
    return f"{finding.sentence()} (bar {finding.row} is that of {iso(int(bars.ts[finding.row]))})"


def _same(one: Signals, other: Signals) -> bool:
    if one.levels.keys() != other.levels.keys() or (one.exit is None) is not (other.exit is None):
        return False
    pairs = [(one.entry, other.entry), *((one.levels[name], other.levels[name]) for name in one.levels)]
    if one.exit is not None and other.exit is not None:
        pairs.append((one.exit, other.exit))
    return all(np.array_equal(a, b, equal_nan=a.dtype.kind == "f") for a, b in pairs)


def _cut(bars: Mapping[str, Bars]) -> dict[str, Bars]:
    return {symbol: column.slice(max(0, len(column) - MOST_BARS), len(column)) for symbol, column in bars.items()}


def _window(strategy: Strategy[Any], params: BaseModel | None) -> dict[str, int | bool] | None:
    if params is None:
        return None
    try:
        window = window_of(strategy, params)
    except PapertapeError:
        return None
    return {"bars": window.bars, "sessions": window.sessions, "anchored": window.anchored}


def _schema(strategy: Strategy[Any], *, strict: bool = False) -> dict[str, Any]:
    try:
        return strategy.params.model_json_schema()
    except Exception:
        if strict:
            raise
        return {}


def _of_parameters(message: str) -> CheckFinding:
    return CheckFinding(check="parameters", symbol=None, message=message)
