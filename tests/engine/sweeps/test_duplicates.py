"""The same run again: its results are compared with the earlier ones before they are called the same."""

from __future__ import annotations

import json
from collections.abc import Mapping
from uuid import UUID

import numpy as np
import pytest

from engine.desk import Desk, DeskConfig
from engine.market.bars import Bars
from engine.strategies.base import Params, Signals, Strategy, Window
from engine.strategies.registry import Registry
from engine.sweeps.results import PlanResult
from tests.engine.sweeps.cases import DATA, spec
from tests.support.memory_desks import counted_stamps
from tests.support.memory_store import MemoryStore


class DaysParams(Params):
    days: int = 1


class Moody(Strategy[DaysParams]):
    """Buys a rise over `days` bars, at 3 only in a good mood: its source does not say in which mood it is."""

    key = "moody"
    params = DaysParams
    good = True

    def signals(self, bars: Bars, params: DaysParams) -> Signals:
        before = np.r_[np.full(params.days, np.inf), bars.close[: -params.days]]
        return Signals((bars.close > before) & (self.good or params.days < 3))

    def window(self, params: DaysParams) -> Window:
        return Window(bars=params.days + 1)


class Stop:
    """A watch that stops before the first variant."""

    def advance(self, done: int, total: int) -> None:
        pass

    def stopped(self) -> bool:
        return True


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def desk(store: MemoryStore, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setattr(Moody, "good", True)
    registry = Registry()
    registry.add(Moody, "the test")
    return desk_over(store, registry, UUID(int=1), {"numpy": "1.0", "gone": "2"})


def desk_over(store: MemoryStore, registry: Registry, ids: UUID, versions: Mapping[str, str]) -> Desk:
    return Desk(
        store,
        counted_stamps(ids),
        DeskConfig(),
        registry,
        source_sha256=lambda kind: "f" * 64,
        distributions=lambda kind: versions,
    )


def run(desk: Desk, **options: object) -> PlanResult:
    wanted = spec(strategy_id="moody", entry={})
    return desk.plans.run(wanted, DATA, {"entry.days": [1, 2, 3, 4]}, journal="summary", **options)  # type: ignore[arg-type]


def test_the_same_results_differ_from_none(desk: Desk) -> None:
    first, again = run(desk), run(desk)
    assert (first.duplicate_of, first.differs_from) == ([], {})
    assert (again.duplicate_of, again.differs_from) == ([str(first.run_plan_id)], {})


def test_other_results_of_the_same_fingerprint_are_counted_and_journaled(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = run(desk)
    monkeypatch.setattr(Moody, "good", False)
    other = run(desk)
    assert other.fingerprint == first.fingerprint
    assert other.differs_from == {str(first.run_plan_id): 2}  # days=3 and days=4
    assert desk.plans.result(other.run_plan_id).differs_from == other.differs_from
    assert desk.plans.get(other.run_plan_id).differs_from == other.differs_from
    assert run(desk).differs_from == {}  # with the newest of those that were the same
    monkeypatch.setattr(Moody, "good", True)
    assert list(run(desk).differs_from.values()) == [2]


def test_a_variant_that_failed_before_differs(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: Moody, bars: Bars, params: DaysParams) -> Signals:
        raise ValueError("no")

    with monkeypatch.context() as patch:
        patch.setattr(Moody, "signals", fail)
        run(desk)
    assert list(run(desk).differs_from.values()) == [5]


def test_what_did_not_come_out_is_compared_with_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    first = run(desk)
    monkeypatch.setattr(Moody, "good", False)
    stopped = run(desk, watch=Stop())
    assert (stopped.status, stopped.duplicate_of, stopped.differs_from) == ("cancelled", [str(first.run_plan_id)], {})
    resumed = desk.plans.resume(stopped.run_plan_id, lambda data: DATA)
    assert resumed.differs_from == {str(first.run_plan_id): 2}


def test_versions_are_recorded_at_the_start_and_at_a_resume_and_told(desk: Desk, store: MemoryStore) -> None:
    stopped = run(desk, watch=Stop())
    assert desk.plans.get(stopped.run_plan_id).plan["distributions"] == {"gone": "2", "numpy": "1.0"}
    assert desk.plans.know_strategy(stopped.run_plan_id) == {}
    later = desk_over(store, desk.research.registry, UUID(int=2), {"numpy": "2.0", "new": "1"})
    assert later.plans.know_strategy(stopped.run_plan_id) == {"numpy": ("1.0", "2.0"), "gone": ("2", None)}
    assert later.plans.resume(stopped.run_plan_id, lambda data: DATA).status == "completed"
    (resumed,) = (row for row in store.journal if row.event_type == "RUN_RESUMED")
    assert json.loads(resumed.payload)["distributions"] == {"numpy": "2.0", "new": "1"}
