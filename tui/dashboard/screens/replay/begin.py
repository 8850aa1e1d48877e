"""From the form of a replay to a replay that is ready: data read, workspace made, nothing traded yet. All blocks."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import InvalidError, UsageError
from tui.dashboard.screens.run_plans.new_sweep_entries import Entries, sources_of, spec_of
from tui.shared.inputs import unchecked

if TYPE_CHECKING:
    from engine.desk import Desk
    from engine.drivers.replay import Replay
    from engine.policy.workspace import Workspace
    from engine.ports import Watch
    from engine.strategies.spec import ExecutionSpec

PREFIX = "replay-"


@dataclass(frozen=True, slots=True)
class ReplayRequest:
    """What the form holds: as a sweep's, or a spec file in place of strategy, symbols and values; and where to."""

    entries: Entries
    spec_file: str
    workspace: str
    equity: str


@dataclass(frozen=True, slots=True)
class ReadyReplay:
    """A replay before its first step, and what is to be said of its data and of its strategy."""

    replay: Replay
    is_new: bool
    warnings: tuple[str, ...]


def free_name(taken: Collection[str]) -> str:
    """`replay-1`, or the first number that is free."""
    return next(name for number in range(1, len(taken) + 2) if (name := f"{PREFIX}{number}") not in taken)


def begin(desk: Desk, wanted: ReplayRequest, watch: Watch | None = None) -> ReadyReplay:
    """Read the data first; a workspace is made when all else is right."""
    from engine.drivers.bar_loop import check_slippage
    from engine.drivers.beginning import OnwardTerms
    from storage.market_files import infer_timeframe, load_dataset

    spec, name = _spec(desk, wanted), wanted.workspace.strip()
    if not name:
        raise UsageError("USAGE", "no workspace is named", hint="name a new one, or one that is there")
    slippage_bps = _number(wanted.entries.slippage_bps or "0", "the slippage")
    check_slippage(slippage_bps)
    known = desk.accounts.find(name)
    dataset = load_dataset(
        sources_of(wanted.entries.data, spec.symbols),
        symbols=spec.symbols,
        session_tz="UTC" if known is None else known.limits.session_tz,
        start=wanted.entries.start.strip() or None,
        end=wanted.entries.end.strip() or None,
        watch=watch,
    )
    timeframe = infer_timeframe(dataset)
    desk.research.compile(spec, timeframe)
    workspace = known or _made(desk, name, wanted.equity)
    terms = OnwardTerms(slippage_bps)
    replay = desk.research.replay(spec, dataset, workspace, timeframe=timeframe, terms=terms)
    return ReadyReplay(replay, known is None, (*dataset.warnings, *unchecked(desk.research.registry, spec.strategy_id)))


def _spec(desk: Desk, wanted: ReplayRequest) -> ExecutionSpec:
    if not wanted.spec_file.strip():
        return spec_of(desk, wanted.entries)
    from storage.spec_files import read_spec

    return read_spec(Path(wanted.spec_file.strip()).expanduser())


def _number(text: str, what: str) -> float:
    try:
        number = float(text.replace(",", "").strip())
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise InvalidError("INVALID_SPEC", f"{what}: {text.strip()!r} is not a number", hint="correct it")
    return number


def _made(desk: Desk, name: str, equity: str) -> Workspace:
    return desk.accounts.create(name, _number(equity, "the starting equity"))
