"""What a strategy does on one symbol's bars: no look-ahead, its window, the same twice over, and whether it enters."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel

from engine.errors import PapertapeError
from engine.market.bars import Bars
from engine.market.sessions import iso
from engine.strategies.base import Signals, Strategy
from engine.strategies.proof import Finding, find_longer_window, find_look_ahead
from storage.code.trial import Trial

BarCheckName = Literal["signals", "deterministic", "look-ahead", "window", "rounding", "state", "proof"]
NOTHING_PROVED = "nothing was proved: 0 entries"


@dataclass(slots=True)
class BarCheck:
    """`fault` is the first thing that is wrong, since the rest follows from it; `notes` are no faults.

    `entries` counts the bars that would enter (None: it could not be asked); `proved` says whether one of them has a
    bar after it, by which looking ahead would show.
    """

    fault: tuple[BarCheckName, str] | None = None
    notes: list[tuple[BarCheckName, str]] = field(default_factory=list)
    entries: int | None = None
    proved: bool = False

    @property
    def faults(self) -> list[tuple[BarCheckName, str]]:
        """The fault, if there is one."""
        return [] if self.fault is None else [self.fault]


def check_bars(trial: Trial, strategy: Strategy[Any], params: BaseModel, bars: Bars, cuts: int) -> BarCheck:
    """Check a strategy on bars, each proof with up to so many cuts of them. `trial` is asked for the signals."""
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
    """Whether a finding of a proof is a fault; a difference in a level's last digits is a note."""
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
