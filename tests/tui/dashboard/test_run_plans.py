"""The list of run plans, on a real database file."""

from __future__ import annotations

import asyncio
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch
from uuid import UUID

import pytest

from engine.sweeps.plan.run_plan import Variant
from engine.sweeps.record.recorder import Recorder
from engine.sweeps.results import Simulated
from storage.desk import open_desk
from storage.settings import Settings
from tests.support.desks import open_test_desk
from tests.tui.dashboard.driving import (
    Driver,
    World,
    dashboard,
    matches,
    press,
    refreshed,
    screen_text,
    settled,
    toasts,
)
from tests.tui.dashboard.sweeping import (
    LEFT,
    RUNNING,
    STOPPED,
    WHOLE,
    StandingClock,
    StopAfter,
    keep_running,
    leave_behind,
    sweep_in,
)
from tui.dashboard.app import DashboardApp
from tui.dashboard.screens.run_plan.screen import RunPlanScreen
from tui.dashboard.screens.run_plans.preview import sparkline
from tui.dashboard.screens.run_plans.rows import PlanRow, brief
from tui.dashboard.screens.run_plans.screen import RunPlansScreen
from tui.dashboard.widgets.dialog import QuitQuestion


@pytest.fixture(scope="module")
def plans_db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole run plan, one that was stopped, one that was left behind."""
    db = tmp_path_factory.mktemp("plans") / "desk.db"
    sweep_in(db, WHOLE)
    sweep_in(db, STOPPED, {"entry.fast_period": list(range(2, 31))}, watch=StopAfter(3), journal="summary")
    leave_behind(db, LEFT)
    return db


@pytest.fixture
def planned(plans_db: Path, db: Path) -> Path:
    """A copy of it for each test."""
    return Path(shutil.copy(plans_db, db))


def plans(app: DashboardApp) -> RunPlansScreen:
    screen = app.desk_screen
    assert isinstance(screen, RunPlansScreen)
    return screen


def cells(app: DashboardApp, run_plan_id: UUID) -> list[str]:
    return [cell.plain.strip() for cell in plans(app).table.get_row(str(run_plan_id))]


def ids(app: DashboardApp) -> list[UUID]:
    return [row.summary.run_plan_id for row in plans(app).table.items]


async def until(pilot: Driver, condition: Callable[[], bool]) -> None:
    """Let the loop go on until something holds."""
    async with asyncio.timeout(20):
        while not condition():
            await pilot.pause()


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
async def test_it_looks_as_it_did(planned: Path, size: tuple[int, int]) -> None:
    async with dashboard(planned, size=size) as (app, pilot):
        await press(app, pilot, "5")
        matches(app, f"run-plans-{size[0]}x{size[1]}")


async def test_every_figure_of_a_run_plan_is_there(planned: Path) -> None:
    with open_test_desk(planned) as desk:
        summary = next(plan for plan in desk.plans.all() if plan.run_plan_id == WHOLE)
    async with dashboard(planned) as (app, pilot):
        await press(app, pilot, "5")
        assert ids(app) == [LEFT, STOPPED, WHOLE]
        found = cells(app, WHOLE)
        assert found[:7] == ["a0000000", "✓ completed", "sma_cross", "8", "8", "0", "2"]
        assert found[7:] == [
            f"{summary.best_score:.4f}",
            "0.00 s",
            "11-14 22:13",  # there is no room for the year
            "sharpe_annual",
            summary.best_variant_id,
            "full",
        ]
        assert cells(app, LEFT)[1] == "‖ interrupted"
        assert "all 3   ✓ completed 1   □ cancelled 1   ‖ interrupted 1" in screen_text(app)
        assert "3 run plans" in screen_text(app)


async def test_without_any_it_says_what_to_do(db: Path) -> None:
    async with dashboard(db) as (app, pilot):
        await press(app, pilot, "5")
        assert "There is no run plan yet." in screen_text(app)
        assert "papertape plan run --strategy sma_cross" in screen_text(app)
        await press(app, pilot, "x", "r", "f", "enter")
        assert toasts(app) == []


async def test_those_that_stand_so(planned: Path) -> None:
    async with dashboard(planned) as (app, pilot):
        await press(app, pilot, "5", "f")
        assert ids(app) == [WHOLE]
        assert "1 of 3 run plans" in screen_text(app)
        await press(app, pilot, "f", "f")
        assert ids(app) == [LEFT]
        await press(app, pilot, "f")
        assert len(ids(app)) == 3
        await pilot.click("#plan-statuses", offset=(14, 0))
        await settled(app, pilot)
        assert ids(app) == [WHOLE]


async def test_the_columns_stand_still_while_a_sweep_comes_further(planned: Path) -> None:
    sweep_in(planned, RUNNING, watch=StopAfter(1))
    async with dashboard(planned) as (app, pilot):
        await press(app, pilot, "5")
        table, (summary, *_) = plans(app).table, [row.summary for row in plans(app).table.items]
        widths = []
        for status, done, seconds in (("running", 0, 0.0), ("running", 1_000, 59.99), ("completed", 1_000, 86_340.0)):
            came = {"status": status, "done": done, "variants": 1_000, "duration_s": seconds}
            now = summary.model_copy(update=came)
            table.show([PlanRow(now, "d0000000")])
            widths.append([column.width for column in table.ordered_columns])
        assert widths[0] == widths[1] == widths[2]


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.254, "0.25 s"), (59.994, "59.99 s"), (59.996, "1m 00s"), (200, "3m 20s"), (7_500, "2h 05m")],
)
def test_time_at_work_takes_little_room(seconds: float, said: str) -> None:
    assert brief(seconds) == said


async def test_the_order_is_remembered(planned: Path) -> None:
    world = World.of(planned)
    async with dashboard(world) as (app, pilot):
        await press(app, pilot, "5", "l", "l", "l", "s")
        ordered = ids(app)
        assert ordered[0] == WHOLE
    async with dashboard(world) as (app, pilot):
        await press(app, pilot, "5")
        assert ids(app) == ordered


async def test_another_process_s_sweep_shows_at_the_next_look(planned: Path) -> None:
    async with dashboard(planned) as (app, pilot):
        await press(app, pilot, "5")
        sweep_in(planned, RUNNING)
        await refreshed(app, pilot)
        assert ids(app)[0] == RUNNING


async def test_a_run_whose_process_is_gone_is_interrupted_though_nothing_was_written(planned: Path) -> None:
    keep_running(planned, RUNNING)
    async with dashboard(planned) as (app, pilot):
        await press(app, pilot, "5")
        assert cells(app, RUNNING)[1] == "▶ running  0 %"
        with patch("storage.sqlite.owners.ProcessOwners.alive", return_value=False):
            await refreshed(app, pilot)
        assert cells(app, RUNNING)[1] == "‖ interrupted"


async def test_enter_opens_the_run_plan(planned: Path) -> None:
    async with dashboard(planned) as (app, pilot):
        await press(app, pilot, "5", "G", "enter")
        assert isinstance(app.desk_screen, RunPlanScreen)
        assert "a0000000  ✓ completed" in screen_text(app)


async def test_one_that_was_stopped_goes_on(planned: Path) -> None:
    async with dashboard(planned) as (app, pilot):
        await press(app, pilot, "5", "j", "r")
        assert cells(app, STOPPED)[1] == "✓ completed"
        assert "run plan b0000000 completed: 30 of 30 variants, the best" in toasts(app)[-1]
    with open_test_desk(planned) as desk:
        kinds = [event.event_type.value for event in desk.plans.events(STOPPED, newest_first=True)]
        assert kinds[0] == "RUN_COMPLETED"
        assert kinds.count("RUN_RESUMED") == 1


async def test_a_complete_one_is_not_gone_on_with(planned: Path) -> None:
    async with dashboard(planned) as (app, pilot):
        await press(app, pilot, "5", "G", "r")
        assert "error RUN_NOT_RESUMABLE" in toasts(app)[-1]
        assert cells(app, WHOLE)[1] == "✓ completed"


async def test_one_that_nobody_works_on_is_cancelled_at_once(planned: Path) -> None:
    async with dashboard(planned) as (app, pilot):
        await press(app, pilot, "5", "x")
        assert cells(app, LEFT)[1] == "□ cancelled"
        assert "run plan c0000000 was asked to stop" in toasts(app)[-1]
        await press(app, pilot, "G", "x")
        assert "error RUN_ENDED" in toasts(app)[-1]


async def test_another_process_s_run_is_asked_to_stop(planned: Path) -> None:
    keep_running(planned, RUNNING)
    async with dashboard(planned) as (app, pilot):
        await press(app, pilot, "5", "x")
        assert cells(app, RUNNING)[1] == "▶ running  0 %"  # its process has not heard of it yet
    with open_desk(Settings(db=planned)) as desk:
        newest = desk.plans.events(RUNNING, limit=1, newest_first=True)[0]
        assert newest.event_type == "RUN_CANCEL_REQUESTED"


@contextmanager
def held_before(place: int) -> Iterator[threading.Event]:
    """Sweeps wait before the variant of a place until the event is set."""
    opened, take = threading.Event(), Recorder.take

    def held(recorder: Recorder, index: int, variant: Variant, simulated: Simulated) -> None:
        if index >= place:
            assert opened.wait(20)
        take(recorder, index, variant, simulated)

    with patch.object(Recorder, "take", held):
        yield opened


async def test_a_sweep_goes_on_behind_other_screens_and_is_cancelled(planned: Path) -> None:
    with held_before(10) as opened:
        async with dashboard(planned) as (app, pilot):
            await press(app, pilot, "5", "j")
            await pilot.press("r")
            await until(pilot, lambda: "running 33 %" in screen_text(app))
            await pilot.press("1")  # the dashboard stays usable
            await until(pilot, lambda: app.desk_screen.NAME == "positions")
            progress = app.sweeps.progress(STOPPED)
            assert progress is not None
            assert (progress.done, progress.total) == (10, 30)
            await pilot.press("5", "x")
            await until(pilot, lambda: any("was asked to stop" in said for said in toasts(app)))
            opened.set()
            await settled(app, pilot)
            assert cells(app, STOPPED)[1] == "□ cancelled"
            assert app.sweeps.progress(STOPPED) is None


@pytest.mark.parametrize("leaving", [("q", "y"), ("ctrl+c", "ctrl+c"), ("q", "ctrl+q")], ids=" ".join)
async def test_leaving_asks_and_stops_a_sweep_which_can_be_resumed(planned: Path, leaving: tuple[str, ...]) -> None:
    loop = asyncio.get_running_loop()
    with held_before(10) as opened:
        async with dashboard(planned) as (app, pilot):
            await press(app, pilot, "5", "j")
            await pilot.press("r")
            await until(pilot, lambda: "running 33 %" in screen_text(app))
            worker = next(each for each in app.workers if each.group.startswith("sweep "))
            for key in ("q", "ctrl+q", "ctrl+c"):
                await pilot.press(key)
                await until(pilot, lambda: isinstance(app.screen, QuitQuestion))
                assert "1 sweep" in screen_text(app)
                await pilot.press("n")
                await until(pilot, lambda: app.screen is app.desk_screen)
                assert app.sweeps.at_work == 1
            await pilot.press(*leaving)
            await until(pilot, lambda: worker.is_finished)
            opened.set()
            await loop.shutdown_default_executor()  # as the end of the process waits for its threads
    with open_test_desk(planned, StandingClock()) as desk:
        stopped = next(plan for plan in desk.plans.all() if plan.run_plan_id == STOPPED)
        assert stopped.status == "cancelled"


async def test_the_run_plan_under_the_cursor_is_previewed_where_there_is_room(planned: Path) -> None:
    with open_test_desk(planned) as desk:
        whole = desk.plans.get(WHOLE)
    statistics = whole.statistics
    assert statistics is not None
    async with dashboard(planned, size=(120, 40)) as (app, pilot):
        await press(app, pilot, "5")
        assert ids(app)[0] == LEFT
        assert "Not finished: 0 of 8 variants came out." in screen_text(app)
        await press(app, pilot, "j", "j")
        text = screen_text(app)
        assert ids(app)[2] == WHOLE
        assert "sma_cross on GOOG, daily" in text
        assert f" {statistics.verdict.replace('_', ' ')} " in text
        assert "best  fast_period=10, slow_period=30" in text
        assert "equity of the best, trade by trade" in text
        assert "▁" in text
        await pilot.resize_terminal(100, 30)
        await settled(app, pilot)
        assert "equity of the best" not in screen_text(app)
        await pilot.resize_terminal(130, 30)
        await settled(app, pilot)
        assert "equity of the best" in screen_text(app)


def test_a_line_of_equity_has_the_lowest_and_the_highest_level() -> None:
    assert sparkline([1.0, 2.0, 3.0], 10) == "▁▅█"
    assert sparkline([5.0, 5.0], 10) == "▁▁"
    drawn = sparkline(range(1000), 20)
    assert (len(drawn), drawn[0], drawn[-1]) == (20, "▁", "█")
    assert list(drawn) == sorted(drawn)
