"""Checking what a strategy promises: its schema, no look-ahead, its window; on given data or bundled ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel

from engine.errors import InvalidError, PapertapeError
from engine.market.bars import Bars, Dataset
from engine.market.sessions import iso
from engine.market.synthetic import synthetic_minutes
from engine.strategies.base import Signals, Strategy
from engine.strategies.guard import window_of
from engine.strategies.proof import CUTS, Finding, find_longer_window, find_look_ahead
from engine.strategies.spec import CompiledSpec, ExecutionSpec, compile_spec
from engine.validation import StrictModel, parse_model
from storage.strategies.files import UserRegistry, load_strategy_file
from storage.strategies.identity import strategy_code
from storage.strategies.modules import source_behind
from storage.strategies.probing import Trial, listening, theirs

BarCheckName = Literal["signals", "deterministic", "look-ahead", "window", "rounding", "state", "proof"]
NOTHING_PROVED = "nothing was proved: 0 entries"


@dataclass(slots=True)
class BarCheck:
    """`fault` is the first fault, since the others follow from it; `notes` are remarks that are not faults.

    `entries` counts the bars that would enter (None: not known); `proved` says whether one of them has a bar after it,
    without which looking ahead would not show.
    """

    fault: tuple[BarCheckName, str] | None = None
    notes: list[tuple[BarCheckName, str]] = field(default_factory=list)
    entries: int | None = None
    proved: bool = False

    @property
    def faults(self) -> list[tuple[BarCheckName, str]]:
        """The fault as a list: empty or of one."""
        return [] if self.fault is None else [self.fault]


def check_bars(trial: Trial, strategy: Strategy[Any], params: BaseModel, bars: Bars, cuts: int) -> BarCheck:
    """Check a strategy on bars, each proof with at most so many cuts of them. `trial` gives the signals."""
    found = BarCheck()
    try:
        ahead = find_look_ahead(strategy, params, bars, signals=trial.signals, cuts=cuts)
        whole = trial.signals(bars)
        found.entries, found.proved = int(np.count_nonzero(whole.entry)), bool(whole.entry[:-1].any())
        if not (_same(*trial.twice(bars)) and _same(whole, trial.signals(bars))):
            found.fault = "deterministic", "the same bars give other signals the second time"
        elif not _has_fault(found, ahead, bars):
            longer = find_longer_window(strategy, params, bars, signals=trial.signals, cuts=cuts)
            _has_fault(found, longer, bars)
    except PapertapeError as error:
        found.fault = "signals", error.message
    if found.fault is None and trial.keeps is not None:
        found.fault = "state", f"it keeps results from one call to the next, and then: {trial.keeps.message}"
    if found.fault is None and not found.proved:
        found.notes.append(("proof", NOTHING_PROVED))
    return found


def _has_fault(found: BarCheck, finding: Finding | None, bars: Bars) -> bool:
    """Whether a finding of a proof is a fault; a difference in the last digits of a level is a note."""
    if finding is None:
        return False
    said = f"{finding.sentence()} (bar {finding.row} is that of {iso(int(bars.ts[finding.row]))})"
    if finding.is_harmless:
        found.notes.append(("rounding", said))
        return False
    names: dict[str, BarCheckName] = {"look-ahead": "look-ahead", "window": "window"}
    found.fault = "rounding" if finding.rounding else names[finding.kind], said
    return True


def _same(one: Signals, other: Signals) -> bool:
    if one.levels.keys() != other.levels.keys() or (one.exit is None) is not (other.exit is None):
        return False
    pairs = [(one.entry, other.entry), *((one.levels[name], other.levels[name]) for name in one.levels)]
    if one.exit is not None and other.exit is not None:
        pairs.append((one.exit, other.exit))
    return all(np.array_equal(a, b, equal_nan=a.dtype.kind == "f") for a, b in pairs)


CheckName = Literal["parameters"] | BarCheckName
ROWS = 4_000_000
"""The more bars there are, the fewer cuts are tried: a proof computes about half as many rows again."""
FEWEST_CUTS = 8


class CheckFinding(StrictModel):
    """A fault or a note: the check it is from, the symbol whose bars show it (None: none), and a sentence."""

    check: CheckName
    symbol: str | None
    message: str


class StrategyCheck(StrictModel):
    """What was checked of a strategy, and the findings. `bars` counts the bars of each symbol it ran on."""

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
    """how many of the bars would enter, at the parameters checked: none may mean a mistake too"""
    findings: list[CheckFinding]
    notes: list[CheckFinding]
    """what is no fault: rounding, and symbols on which nothing was proved"""
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
    """Check the class that `load` returns, with the parameters of `entry_of`. Files opened by `load` are noted too."""
    bars = (dataset or bundled_data()).bars
    findings: list[CheckFinding] = []
    notes: list[CheckFinding] = []
    entries: dict[str, int] = {}
    proved = False
    with listening() as heard:
        kind = load()
        strategy = UserRegistry().add(kind, "the strategy checked")
        spec = _spec(strategy, entry_of(kind), findings)
        if spec is not None:
            proved = _check_all(kind, spec, bars, findings, notes, entries)
    return StrategyCheck(
        key=kind.key,
        name=kind.__name__,
        summary=kind.summary,
        sha256=strategy_code(kind).sha256,
        window=None if spec is None else _window(strategy, spec.params),
        has_exit=kind.has_exit,
        default_exit=kind.default_exit,
        parameters=_schema(strategy),
        bars={symbol: len(column) for symbol, column in bars.items()},
        entries=entries,
        findings=findings,
        notes=notes,
        proved=proved,
        files=theirs(heard, _files_of(kind)),
    )


def bundled_data() -> Dataset:
    """The bundled daily series, and four synthetic sessions of minutes, of which the last is cut short."""
    from storage.market_files import load_dataset  # noqa: PLC0415 - only where data are read
    from storage.samples import SAMPLES, sample_path  # noqa: PLC0415

    bars = dict(load_dataset([(name, sample_path(name)) for name in SAMPLES], symbols=list(SAMPLES)).bars)
    return Dataset({**bars, "SYN": synthetic_minutes(390 * 4 + 100, seed=1)})


def _check_all(
    kind: type[Strategy[Any]],
    spec: CompiledSpec,
    bars: Mapping[str, Bars],
    findings: list[CheckFinding],
    notes: list[CheckFinding],
    entries: dict[str, int],
) -> bool:
    """Add the findings to the lists; whether anything was proved."""
    cuts = min(CUTS, max(FEWEST_CUTS, ROWS // sum(map(len, bars.values()))))
    proved = False
    with Trial(kind, spec.spec) as trial:
        for symbol, column in bars.items():
            found = check_bars(trial, spec.strategy, spec.params, column, cuts)
            proved = proved or found.proved
            findings += [CheckFinding(check=name, symbol=symbol, message=said) for name, said in found.faults]
            notes += [CheckFinding(check=name, symbol=symbol, message=said) for name, said in found.notes]
            if found.entries is not None:
                entries[symbol] = found.entries
    return proved


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
