"""Small sweeps in memory."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from engine.account.metrics import Metrics
from engine.desk import Desk, DeskConfig
from engine.errors import SystemFault
from engine.events import CountedStamps, EventType
from engine.market.bars import Dataset
from engine.strategies.registry import Registry
from engine.strategies.spec import ExecutionSpec, parse_spec
from engine.sweeps.results import PlanResult
from tests.support.crash import market
from tests.support.memory_desks import START
from tests.support.memory_store import MemoryStore, MemoryUnit

DATA: Dataset = market(3, sessions=8, bars=12)
SWEEP: dict[str, Any] = {"entry.lookback_days": [1, 2, 0], "risk.dollars_per_trade": [500, 2500]}


def spec(**parts: Any) -> ExecutionSpec:
    return parse_spec(
        {
            "strategy_id": "breakout_52w_high",
            "symbols": ["AAA", "BBB", "CCC"],
            "entry": {"lookback_days": 3},
            "exit": {"type": "eod", "max_bars": 4, "stop_loss_pct": 1.0},
            "risk": {"dollars_per_trade": 1000.0, "max_positions": 2},
            **parts,
        }
    )


def run(desk: Desk, **options: Any) -> PlanResult:
    return desk.plans.run(spec(), DATA, SWEEP, **options)


def same(result: PlanResult) -> dict[str, Any]:
    """A result without ids of the moment."""
    shown = result.model_dump(mode="json", exclude={"run_plan_id", "duplicate_of"})
    for one in shown["results"]:
        del one["workspace_id"]
    return shown


class Crash(BaseException):
    """The process is gone."""


class CutStore(MemoryStore):
    """A store at whose n-th commit the process dies, before or after it; afterwards nothing works until `mend`."""

    def __init__(self, cut: int, after: bool) -> None:
        super().__init__()
        self.cut, self.after, self.commits, self.dead = cut, after, 0, False

    @contextmanager
    def write(self) -> Iterator[MemoryUnit]:
        if self.dead:
            raise SystemFault("DATABASE_ERROR", "gone")
        with super().write() as unit:
            commit = unit.commit

            def dying() -> None:
                self.commits += 1
                if self.commits == self.cut:
                    self.dead = True
                    if self.after:
                        commit()
                    raise Crash
                commit()

            unit.commit = dying  # type: ignore[method-assign]
            yield unit

    def mend(self) -> None:
        self.cut, self.dead = 0, False


def other_desk(store: MemoryStore) -> Desk:
    """Another process's: with ids and claims of its own, later."""
    clock = itertools.count(START + 10**9)
    stamps = CountedStamps(UUID("0c6f3c1e-6f0b-4a52-9d55-0d1f6f0f9a11"), lambda: next(clock))
    return Desk(store, stamps, DeskConfig(), Registry())


def older(store: MemoryStore) -> None:
    """The journal as it was written before entries that are held back were counted."""
    for place, row in enumerate(store.journal):
        if row.event_type == EventType.RUN_VARIANT_COMPLETED:
            said = json.loads(row.payload)
            del said["held_back"], said["short_history"]
            store.journal[place] = row._replace(payload=json.dumps(said))


def without_later_metrics(store: MemoryStore, **changed: float) -> None:
    """The journal as it was written before variants were measured by session; `changed` are other figures in it."""
    for place, row in enumerate(store.journal):
        if row.event_type == EventType.RUN_VARIANT_COMPLETED:
            said = json.loads(row.payload)
            if said["metrics"] is not None:
                later = [name for name, field in Metrics.model_fields.items() if not field.is_required()]
                said["metrics"] = {k: v for k, v in said["metrics"].items() if k not in later} | changed
                store.journal[place] = row._replace(payload=json.dumps(said))
