"""Run plans for tests: a small sweep of real prices, whole, stopped, left behind and under way."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any
from unittest.mock import patch
from uuid import UUID

from engine.desk import Desk, DeskConfig
from engine.events import LiveStamps
from engine.strategies.registry import Registry
from engine.sweeps.orchestrator import Execution
from engine.sweeps.results import PlanResult
from storage.datasets import load_again, loading
from storage.desk import open_desk
from storage.samples import sample_path
from storage.settings import Settings
from storage.spec_files import spec_from_flags
from storage.sqlite.owners import ProcessOwners
from storage.sqlite.unit_of_work import SqliteStore
from storage.strategies.files import strategy_source
from tests.support.desks import EPOCH, TickingClock

WHOLE, STOPPED, LEFT, RUNNING = (UUID(f"{digit}0000000-0000-4000-8000-000000000000") for digit in "abcd")
GRID: dict[str, list[Any]] = {"entry.fast_period": [5, 10, 60], "entry.slow_period": [30, 50]}


class StandingClock(TickingClock):
    """A wall clock that stands: no figure depends on how often it is read."""

    def __call__(self) -> int:
        return EPOCH


class StopAfter:
    """A watch that stops after so many variants."""

    def __init__(self, count: int) -> None:
        self._left = count

    def advance(self, done: int, total: int) -> None:
        self._left -= 1

    def stopped(self) -> bool:
        return self._left <= 0


def sweep(desk: Desk, run_plan_id: UUID, grid: dict[str, list[Any]] | None = None, **terms: Any) -> PlanResult:
    """GOOG by a moving average: one variant is out of bounds (60 over 50 and 30), the base is among them."""
    data = loading([("GOOG", sample_path("GOOG"))], symbols=["GOOG"])
    spec = spec_from_flags("sma_cross", ["GOOG"], ["risk.dollars_per_trade=4000"])
    return desk.plans.run(
        spec, load_again(data), GRID if grid is None else grid, data=data, run_plan_id=run_plan_id, **terms
    )


def other_desk(db: Path) -> Desk:
    """Another process's desk, whose owner the dashboard cannot see."""
    return Desk(
        SqliteStore(db),
        LiveStamps(StandingClock()),
        DeskConfig(),
        Registry(),
        source_sha256=lambda kind: strategy_source(kind)[1],
    )


def sweep_in(db: Path, run_plan_id: UUID, grid: dict[str, list[Any]] | None = None, **terms: Any) -> PlanResult:
    """The same, by another process's desk."""
    with other_desk(db) as desk:
        return sweep(desk, run_plan_id, grid, **terms)


class _GoneError(Exception):
    """A process that ends without a word."""


def leave_behind(db: Path, run_plan_id: UUID) -> None:
    """A run that began in a process that is no more: interrupted."""
    with patch.object(Execution, "execute", side_effect=_GoneError), other_desk(db) as desk, suppress(_GoneError):
        sweep(desk, run_plan_id)


def keep_running(db: Path, run_plan_id: UUID) -> None:
    """A run whose owner is alive, as one of another process is, and comes no further."""
    gone, held = patch.object(Execution, "execute", side_effect=_GoneError), patch.object(ProcessOwners, "release")
    with gone, held, open_desk(Settings(db=db)) as desk, suppress(_GoneError):
        sweep(desk, run_plan_id)
