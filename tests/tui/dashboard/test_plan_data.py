"""A run plan's strategy, found again by the dashboard: the same strategy or none, and what is another version told."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from engine.desk import Desk
from engine.errors import InvalidError
from engine.ports import Unwatched
from engine.sweeps.results import PlanDetail
from storage.datasets import load_again, loading
from storage.desk import open_desk
from storage.settings import Settings
from storage.spec_files import spec_from_flags
from storage.strategies import identity
from storage.strategies.files import load_strategy_file
from tests.storage.strategies.folders import strategy, written
from tests.tui.console import write_bars
from tests.tui.dashboard.sweeping import StopAfter
from tui.dashboard.screens.run_plan.dialogs import run_variant
from tui.dashboard.sweeps import load_told, resume


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    written(tmp_path, {"mine.py": strategy("import helpers"), "helpers.py": "x = 1\n"})
    write_bars(tmp_path / "bars.csv")
    return tmp_path


def begun(room: Path, **terms: Any) -> UUID:
    """A plan of the strategy, begun by another process of the same user."""
    with open_desk(Settings(db=room / "desk.db")) as desk:
        path = str(room / "mine.py")
        key = desk.research.registry.add(load_strategy_file(path), path).key
        data = {**loading([("X", room / "bars.csv")], symbols=["X"]), "strategy_file": path}
        spec = spec_from_flags(key, ["X"], registry=desk.research.registry)
        return desk.plans.run(spec, load_again(data), {}, data=data, journal="summary", **terms).run_plan_id


def detail_of(desk: Desk, run_plan_id: UUID) -> PlanDetail:
    return desk.plans.get(run_plan_id)


def test_a_stopped_plan_goes_on_and_versions_that_moved_are_told(room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_plan_id = begun(room, watch=StopAfter(0))
    monkeypatch.setattr(identity, "_distribution", lambda package: (package, "99") if package == "numpy" else None)
    told: list[str] = []
    with open_desk(Settings(db=room / "desk.db")) as desk:
        assert resume(run_plan_id, told.append, desk, Unwatched()).status == "completed"
        assert len(desk.plans.trades(run_plan_id, "baseline", load_told)) == 2
    then = importlib.metadata.version("numpy")
    assert f"numpy was {then} then and is 99 now: results may differ from those that the run plan has" in told


def test_a_changed_helper_is_refused_by_all_that_would_run_it(room: Path) -> None:
    run_plan_id, stopped = begun(room), begun(room, watch=StopAfter(0))
    written(room, {"helpers.py": "x = 2\n"})
    with open_desk(Settings(db=room / "desk.db")) as desk:
        detail = detail_of(desk, run_plan_id)
        for call in (
            lambda: resume(stopped, print, desk, Unwatched()),
            lambda: desk.plans.trades(run_plan_id, "baseline", load_told),
            lambda: desk.plans.equity(run_plan_id, "baseline", load_told),
            lambda: run_variant(detail, detail.results[0], detail.workspace_id, desk, {}),
        ):
            with pytest.raises(InvalidError) as error:
                call()
            assert error.value.code == "STRATEGY_CHANGED"


def test_a_variant_is_run_by_the_strategy_that_the_plan_had(room: Path) -> None:
    run_plan_id = begun(room)
    with open_desk(Settings(db=room / "desk.db")) as desk:
        detail = detail_of(desk, run_plan_id)
        ran = run_variant(detail, detail.results[0], detail.workspace_id, desk, {})
        assert ran.outcome.metrics == detail.results[0].metrics


def test_a_variant_is_not_run_by_another_strategy_of_its_key(room: Path, tmp_path: Path) -> None:
    run_plan_id = begun(room)
    other = written(tmp_path / "other", {"mine.py": strategy(entry="bars.close < 0")})
    with open_desk(Settings(db=room / "desk.db")) as desk:
        desk.research.registry.add(load_strategy_file(str(other)), str(other))
        detail = detail_of(desk, run_plan_id)
        assert len(desk.plans.trades(run_plan_id, "baseline", load_told)) == 2  # by its own, beside the other
        with pytest.raises(InvalidError) as error:
            run_variant(detail, detail.results[0], detail.workspace_id, desk, {})
    assert error.value.code == "STRATEGY_CHANGED"
    assert str(other) in error.value.message
