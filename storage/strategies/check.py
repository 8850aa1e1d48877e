"""Checking what a strategy promises: its schema, no look-ahead, its window; on given data or bundled ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel

from engine.errors import InvalidError, PapertapeError
from engine.market.bars import Bars, Dataset
from engine.market.sessions import iso
from engine.strategies.base import OF_ENTRIES, Signals, Strategy
from engine.strategies.guard import window_of
from engine.strategies.proof import CUTS, Finding, columns_of, find_longer_window_of_all, find_look_ahead_of_all
from engine.strategies.spec import CompiledSpec, ExecutionSpec, compile_spec
from engine.validation import StrictModel, parse_model
from storage.strategies.files import UserRegistry, load_strategy_file
from storage.strategies.identity import strategy_code
from storage.strategies.loading import source_behind
from storage.strategies.probing import Trial, bundled_data, bundled_groups, listening, theirs

BarCheckName = Literal["signals", "deterministic", "look-ahead", "window", "rounding", "state", "proof"]
CheckName = Literal["parameters"] | BarCheckName
NOTHING_PROVED = "nothing was proved: 0 entries"
ONE_SYMBOL = "nothing was proved across symbols: there is one"
SHOWN = 5
"""Symbols that a finding on several of them names"""


class CheckFinding(StrictModel):
    """What is wrong, or to be known: in which check, on which symbol's bars (None: on no one's), as a sentence."""

    check: CheckName
    symbol: str | None
    message: str


@dataclass(slots=True)
class BarCheck:
    """`fault` is the first fault, since the others follow from it; `notes` are remarks that are not faults.

    `entries` counts the bars that would enter by symbol (empty: it could not be asked); `proved` says whether one of
    them has a bar after it, by which looking ahead would show. `columns` are what its signals have beside `entry`.
    """

    bars: Sequence[Bars]
    fault: CheckFinding | None = None
    notes: list[CheckFinding] = field(default_factory=list)
    entries: dict[str, int] = field(default_factory=dict)
    columns: set[str] = field(default_factory=set)
    proved: bool = False

    @property
    def faults(self) -> list[CheckFinding]:
        """The fault, if there is one."""
        return [] if self.fault is None else [self.fault]

    def of_all(self, check: BarCheckName, message: str) -> CheckFinding:
        """A finding on these bars: of their symbol, or on several of them, which the message names."""
        if len(self.bars) == 1:
            return CheckFinding(check=check, symbol=self.bars[0].symbol, message=message)
        return CheckFinding(check=check, symbol=None, message=f"{_named(self.bars)}: {message}")

    def count(self, whole: Sequence[Signals]) -> None:
        """What the signals on the whole bars hold."""
        last = max(int(one.ts[-1]) for one in self.bars)
        for one, signals in zip(self.bars, whole, strict=True):
            self.entries[one.symbol] = int(np.count_nonzero(signals.entry))
            self.proved = self.proved or bool(signals.entry[one.ts < last].any())
            self.columns |= columns_of(signals).keys() & set(COLUMNS)


COLUMNS = ("exit", *OF_ENTRIES)
"""The columns of signals that a strategy may leave out, but for its levels."""


def check_bars(trial: Trial, strategy: Strategy[Any], params: BaseModel, bars: Sequence[Bars], cuts: int) -> BarCheck:
    """Check a strategy on bars, each proof with up to so many cuts of them. `trial` is asked for the signals.

    Several symbols' bars are for a strategy that compares them, and are cut at the same times.
    """
    found = BarCheck(bars)
    try:
        ahead = find_look_ahead_of_all(strategy, params, bars, signals=trial.signals, cuts=cuts)
        whole = trial.signals(bars)
        found.count(whole)
        if not (_same(*trial.twice(bars)) and _same(whole, trial.signals(bars))):
            found.fault = found.of_all("deterministic", "the same bars give other signals the second time")
        elif not _has_fault(found, ahead):
            longer = find_longer_window_of_all(strategy, params, bars, signals=trial.signals, cuts=cuts)
            _has_fault(found, longer)
    except PapertapeError as error:
        found.fault = found.of_all("signals", error.message)
    if found.fault is None and trial.keeps is not None:
        kept = f"it keeps results from one call to the next, and then: {trial.keeps.message}"
        found.fault = found.of_all("state", kept)
    if found.fault is None and not found.proved:
        found.notes.append(found.of_all("proof", NOTHING_PROVED))
    elif found.fault is None and strategy.compares_symbols() and len(bars) == 1:
        found.notes.append(found.of_all("proof", ONE_SYMBOL))
    return found


def _has_fault(found: BarCheck, finding: Finding | None) -> bool:
    """Whether a finding of a proof is a fault; a difference in a figure's last digits is a note."""
    if finding is None:
        return False
    unit = "row" if finding.symbol else "bar"
    said = f"{finding.sentence()} ({unit} {finding.row} is that of {iso(finding.ts)})"
    symbol = finding.symbol or found.bars[0].symbol
    if finding.is_harmless:
        found.notes.append(CheckFinding(check="rounding", symbol=symbol, message=said))
        return False
    names: dict[str, BarCheckName] = {"look-ahead": "look-ahead", "window": "window"}
    check = "rounding" if finding.rounding else names[finding.kind]
    found.fault = CheckFinding(check=check, symbol=symbol, message=said)
    return True


def _same(one: Sequence[Signals], other: Sequence[Signals]) -> bool:
    return all(_alike(columns_of(a), columns_of(b)) for a, b in zip(one, other, strict=True))


def _alike(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether signals have the same columns with the same values, NaN for NaN."""
    return one.keys() == other.keys() and all(
        np.array_equal(column, other[name], equal_nan=column.dtype.kind == "f") for name, column in one.items()
    )


def _named(bars: Sequence[Bars]) -> str:
    """The symbols, the first ones of many."""
    names = ", ".join(one.symbol for one in bars[:SHOWN])
    return names if len(bars) <= SHOWN else f"{names} and {len(bars) - SHOWN:,} more"


ROWS = 4_000_000
"""The more bars there are, the fewer cuts are tried: a proof computes about half as many rows again."""
FEWEST_CUTS = 8


class StrategyCheck(StrictModel):
    """What was checked of a strategy, and the findings. `bars` counts the bars of each symbol it ran on."""

    key: str
    name: str
    summary: str
    sha256: str
    window: dict[str, int | bool] | None
    has_exit: bool
    default_exit: str
    columns: list[str]
    """which columns its signals had on these bars: of `exit`, `stop_distance`, `target_distance`, `size`, `score`"""
    signals_all: bool
    """whether it compares symbols: they were checked together, cut at the same times"""
    parameters: dict[str, Any]
    """the JSON schema of its parameters"""
    bars: dict[str, int]
    entries: dict[str, int]
    """how many of the bars would enter, at the parameters checked: none may mean a mistake too"""
    findings: list[CheckFinding]
    notes: list[CheckFinding]
    """what is no fault: rounding, and bars on which nothing was proved"""
    proved: bool
    """whether it entered anywhere: where nothing signals, nothing shows"""
    files: list[str]
    """what it opened while it ran: their content decides results, and no fingerprint knows it"""

    @property
    def error_code(self) -> str | None:
        """STRATEGY_LOOKS_AHEAD, or INVALID_STRATEGY for another fault or without any proof; None if it is sound."""
        if any(finding.check == "look-ahead" for finding in self.findings):
            return "STRATEGY_LOOKS_AHEAD"
        return "INVALID_STRATEGY" if self.findings or not self.proved else None

    def error(self) -> InvalidError | None:
        """The findings as an error to raise; None if the strategy is sound."""
        if self.error_code is None:
            return None
        said = "; ".join(f"{each.symbol}: {each.message}" if each.symbol else each.message for each in self.findings)
        if not self.findings:
            said = f"{NOTHING_PROVED} on {', '.join(self.bars)}"
        details = {"findings": [each.model_dump() for each in self.findings]}
        return InvalidError(self.error_code, f"the strategy {self.key}: {said}", hint=self._hint, details=details)

    @property
    def _hint(self) -> str:
        if self.error_code == "STRATEGY_LOOKS_AHEAD":
            return _HINT
        return _PAGE if self.findings else _MORE


_PAGE = "docs/concepts/strategies.md says what a strategy promises, `strategy new` writes one that keeps it"
_HINT = "a bar's row may use bars up to it and no further"
_MORE = "check it on bars on which it enters (--data), or at other parameters (--set)"


def check_strategy_file(
    ref: str, dataset: Dataset | None = None, entry: Mapping[str, Any] | None = None
) -> StrategyCheck:
    """Check the strategy that `path.py:Name` names. FILE_NOT_FOUND or INVALID_STRATEGY if it cannot be loaded."""
    return check_strategy(lambda: load_strategy_file(ref), dataset, lambda kind: entry or {})


def check_strategy_class(
    kind: type[Strategy[Any]], dataset: Dataset | None = None, entry: Mapping[str, Any] | None = None
) -> StrategyCheck:
    """Check a class on given data, or on the bundled days and synthetic minutes.

    `entry` are parameters to use in place of the defaults. Raises INVALID_STRATEGY if the class cannot be registered.
    """
    return check_strategy(lambda: kind, dataset, lambda kind: entry or {})


def check_strategy(
    load: Callable[[], type[Strategy[Any]]],
    dataset: Dataset | None,
    entry_of: Callable[[type[Strategy[Any]]], Mapping[str, Any]],
) -> StrategyCheck:
    """The same of a class that `load` gives; `entry_of` gives its parameters. Files opened on loading are named too."""
    groups: list[Sequence[Bars]] = []
    findings: list[CheckFinding] = []
    checked: list[BarCheck] = []
    with listening() as heard:
        kind = load()
        strategy = UserRegistry().add(kind, "the strategy checked")
        spec = _spec(strategy, entry_of(kind), findings)
        groups = _groups(strategy, dataset)
        if spec is not None:
            checked = _check_all(kind, spec, groups)
    return StrategyCheck(
        key=kind.key,
        name=kind.__name__,
        summary=kind.summary,
        sha256=strategy_code(kind).sha256,
        window=None if spec is None else _window(strategy, spec.params),
        has_exit=kind.has_exit,
        default_exit=kind.default_exit,
        columns=[name for name in COLUMNS if any(name in each.columns for each in checked)],
        signals_all=kind.compares_symbols(),
        parameters=_schema(strategy),
        bars={one.symbol: len(one) for group in groups for one in group},
        entries={symbol: count for each in checked for symbol, count in each.entries.items()},
        findings=[*findings, *(fault for each in checked for fault in each.faults)],
        notes=[note for each in checked for note in each.notes],
        proved=any(each.proved for each in checked),
        files=theirs(heard, _files_of(kind)),
    )


def _groups(strategy: Strategy[Any], dataset: Dataset | None) -> list[Sequence[Bars]]:
    """The bars that are checked together: each symbol's alone, or those of all symbols for who compares them."""
    if strategy.compares_symbols():
        return [list(each.bars.values()) for each in ([dataset] if dataset else bundled_groups())]
    return [[one] for one in (dataset or bundled_data()).bars.values()]


def _check_all(kind: type[Strategy[Any]], spec: CompiledSpec, groups: Sequence[Sequence[Bars]]) -> list[BarCheck]:
    rows = sum(len(one) for group in groups for one in group)
    cuts = min(CUTS, max(FEWEST_CUTS, ROWS // rows))
    with Trial(kind, spec.spec) as trial:
        return [check_bars(trial, spec.strategy, spec.params, group, cuts) for group in groups]


def _spec(strategy: Strategy[Any], entry: Mapping[str, Any], findings: list[CheckFinding]) -> CompiledSpec | None:
    """The spec to check: the defaults, but for `entry`. They make a valid one, and come back from JSON as they were."""
    try:
        # pydantic does not validate defaults by itself
        document = strategy.params.model_construct().model_dump(mode="json", warnings=False) | dict(entry)
        again = parse_model(strategy.params, document, code="INVALID_STRATEGY", what="the set of its defaults")
        given = again if entry else strategy.params()
        if again != given:
            findings.append(_of_parameters(f"its defaults come back from JSON as {again!r}, not {given!r}"))
        spec = compile_spec(ExecutionSpec(strategy_id=strategy.key, symbols=["SYMBOL"], entry=document), strategy)
        _schema(strategy, strict=True)
    except PapertapeError as error:
        findings.append(_of_parameters(error.message))
    except Exception as error:  # whatever a person's own types and validators raise
        findings.append(_of_parameters(f"{type(error).__name__}: {error}"))
    return None if findings else spec


def _files_of(kind: type[Strategy[Any]]) -> frozenset[Path]:
    """The files that hold a strategy's code."""
    source = source_behind(kind.__module__)
    return frozenset() if source is None else frozenset({source.path, *(each.path for each in source.modules.values())})


def _window(strategy: Strategy[Any], params: BaseModel) -> dict[str, int | bool] | None:
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
