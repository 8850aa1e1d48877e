"""Sweeps in processes that are killed by SIGKILL before, in or after one of their write transactions."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import Any
from uuid import UUID

from benchmarks.tries_world import Sweep, data_of, spec_of
from engine.desk import Desk, DeskConfig
from engine.events import LiveStamps
from engine.ports import Unwatched
from engine.strategies.registry import Registry
from storage.sqlite.owners import ProcessOwners
from storage.sqlite.unit_of_work import SqliteStore
from storage.system import wall_clock


class Dying:
    """A store whose process kills itself at one of the passings of the three places of its write transactions."""

    def __init__(self, store: SqliteStore, passings: int) -> None:
        self._store, self._left = store, passings

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    @contextmanager
    def write(self) -> Iterator[DyingUnit]:
        """Die before it begins, before it is committed, or after."""
        self.pass_by()
        with self._store.write() as unit:
            yield DyingUnit(unit, self)
        self.pass_by()

    def pass_by(self) -> None:
        """Die when it is time."""
        self._left -= 1
        if not self._left:
            os.kill(os.getpid(), signal.SIGKILL)


class DyingUnit:
    """A unit of work that may not live to its commit."""

    def __init__(self, unit: Any, dying: Dying) -> None:
        self._unit, self._dying = unit, dying

    def __getattr__(self, name: str) -> Any:
        return getattr(self._unit, name)

    def commit(self) -> None:
        """Die with everything written and nothing committed, or commit."""
        self._dying.pass_by()
        self._unit.commit()


def kill(path: Path, sweep: Sweep, run_plan_id: UUID, passings: int) -> None:
    """Run a sweep in a process of its own, which ends at a passing, or at the sweep's end if there are fewer."""
    context = get_context("forkserver")
    context.set_forkserver_preload([__name__])
    process = context.Process(target=_sweep_and_die, args=(path, sweep, run_plan_id, passings))
    process.start()
    process.join()
    if process.exitcode not in {0, -signal.SIGKILL}:
        raise RuntimeError(f"the process that was to be killed ended with {process.exitcode}")


def _sweep_and_die(path: Path, sweep: Sweep, run_plan_id: UUID, passings: int) -> None:
    with open_desk(path, lambda: sweep.code, passings) as desk:
        execute(desk, sweep, watch=Unwatched(), run_plan_id=run_plan_id)


def execute(desk: Desk, sweep: Sweep, **terms: Any) -> Any:
    """Run a sweep; most have no statistics, which are not what is looked at, and which read all tries before them."""
    spec = spec_of(sweep.market, sweep.base)
    return desk.plans.run(spec, data_of(sweep.market), sweep.values, journal="summary", statistics=False, **terms)


def open_desk(path: Path, code: Callable[[], str], passings: int = 0) -> Desk:
    """A desk on the journal; `code` gives the sha256 of every strategy's code. It dies at a passing if there is one."""
    store: Any = SqliteStore(path)
    dying = Dying(store, passings) if passings else store
    stamps = LiveStamps(wall_clock)
    return Desk(dying, stamps, DeskConfig(), Registry(), owners=ProcessOwners(), source_sha256=lambda _: code())
