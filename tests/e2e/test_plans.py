"""Sweeps killed with SIGKILL around their commits, cancelled and resumed by other processes: the end is the same."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

from engine.desk import Desk, DeskConfig
from engine.events import EventType, LiveStamps
from engine.ports import EventFilter
from engine.strategies.registry import Registry
from engine.sweeps.record import recorder
from storage.sqlite.owners import ProcessOwners
from storage.sqlite.unit_of_work import SqliteStore
from storage.system import wall_clock
from tests.engine.sweeps.cases import DATA, run, same

ROOT = Path(__file__).parents[2]
RUN = UUID("0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5c")
SMALL = 20
"""Events in a batch, so that there are many commits to die around."""


class DyingStore(SqliteStore):
    """Kills its process before, during or after its n-th commit."""

    def __init__(self, path: Path, at: int, where: str) -> None:
        super().__init__(path)
        self._left, self._where = at, where

    @contextmanager
    def write(self) -> Iterator[Any]:
        with super().write() as unit:
            commit, append = unit.commit, unit.append

            def dying_append(rows: Any) -> int:
                head = append(rows)
                if self._left == 1 and self._where == "appended":
                    os.kill(os.getpid(), signal.SIGKILL)
                return head

            def dying_commit() -> None:
                self._left -= 1
                if self._left == 0 and self._where == "before":
                    os.kill(os.getpid(), signal.SIGKILL)
                commit()
                if self._left == 0 and self._where == "after":
                    os.kill(os.getpid(), signal.SIGKILL)

            unit.commit, unit.append = dying_commit, dying_append  # type: ignore[method-assign]
            yield unit


def desk_on(store: SqliteStore) -> Desk:
    return Desk(store, LiveStamps(wall_clock), DeskConfig(), Registry(), owners=ProcessOwners())


def child(path: str, action: str, at: str, where: str) -> None:
    """One process: run or resume, and perhaps die."""
    recorder.BATCH = SMALL
    with desk_on(DyingStore(Path(path), int(at), where)) as desk:
        if action == "run":
            run(desk, run_plan_id=RUN)
        else:
            desk.plans.resume(RUN, lambda data: DATA)


def finish(process: subprocess.Popen[str]) -> int:
    """How a child came to its end."""
    process.communicate(timeout=60)
    return process.returncode


def start(path: Path, action: str, at: int = 10**9, where: str = "never") -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.e2e.test_plans", str(path), action, str(at), where]
    return subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)


def look(path: Path) -> dict[str, Any]:
    """What a run left: every variant's events and account, without seq and the wall clock."""
    with desk_on(SqliteStore(path)) as desk:
        result = desk.plans.result(RUN)
        worlds = {}
        for one in result.results:
            if one.workspace_id is None:
                continue
            report = desk.accounts.reconcile(one.workspace_id, dry_run=True)
            assert (report.drift, report.errors) == ({}, [])
            assert one.metrics is not None
            assert report.cash_after == one.metrics.ending_equity
            with desk._store.read() as views:
                events = views.events(EventFilter(one.workspace_id), limit=None)
            state = desk.accounts.state(one.workspace_id).model_dump(mode="json", exclude={"last_seq"})
            # the workspace's creation is at the first bar: nothing in it but recorded_at is of the moment
            worlds[one.variant_id] = ([event.row._replace(recorded_at=0) for event in events], state)
        completed = [json.loads(event.row.payload)["variant_id"] for event in _completed(desk)]
        return {"result": same(result), "worlds": worlds, "completed": completed}


def _completed(desk: Desk) -> list[Any]:
    with desk._store.read() as views:
        where = EventFilter(types=(EventType.RUN_VARIANT_COMPLETED.value,), correlation_id=str(RUN))
        return views.events(where, limit=None)


def test_a_sweep_killed_anywhere_and_resumed_is_the_uninterrupted_one(tmp_path: Path) -> None:
    straight = tmp_path / "straight.db"
    assert finish(start(straight, "run")) == 0
    expected = look(straight)
    source = random.Random(11)
    for number in range(3):
        path = tmp_path / f"{number}.db"
        where = ("before", "after", "appended")[number % 3]
        assert finish(start(path, "run", source.randint(3, 12), where)) == -signal.SIGKILL
        with desk_on(SqliteStore(path)) as desk:
            assert desk.plans.all()[0].status == "interrupted"
        if finish(start(path, "resume", source.randint(2, 6), where)) == -signal.SIGKILL:
            assert finish(start(path, "resume")) == 0
        assert look(path) == expected


def test_of_two_processes_that_resume_at_once_one_wins(tmp_path: Path) -> None:
    path = tmp_path / "papertape.db"
    assert finish(start(path, "run", 4, "after")) == -signal.SIGKILL
    both = [start(path, "resume") for _ in range(2)]
    said = [each.communicate(timeout=60)[1] for each in both]
    # the second may come when the first has finished: then the run is complete, and it is refused all the same
    assert sorted(each.returncode for each in both) == [0, 1], said
    assert any(why in "".join(said) for why in ("is being executed", "is complete")), said
    with desk_on(SqliteStore(path)) as desk:
        assert desk.plans.get(RUN).status == "completed"
        assert [event.event_type.value for event in desk.plans.events(RUN)].count("RUN_RESUMED") == 1


if __name__ == "__main__":
    child(*sys.argv[1:])
