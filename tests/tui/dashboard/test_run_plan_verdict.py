"""The verdict of a run plan, and its report written from the screen."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Input, Static

from engine.errors import DataError
from engine.market.bars import Dataset
from engine.sweeps.results import PlanDetail
from storage.datasets import load_again
from tests.support.desks import open_test_desk
from tests.tui.dashboard.driving import dashboard, press, refreshed, screen_text, toasts
from tests.tui.dashboard.sweeping import STOPPED, WHOLE, StopAfter, keep_running, other_desk, sweep_in
from tui.dashboard.app import DashboardApp
from tui.dashboard.colours import Palette
from tui.dashboard.screens.run_plan import files, verdict, verdict_panels
from tui.dashboard.screens.run_plan.screen import RunPlanScreen
from tui.dashboard.widgets.dialog import Confirm
from tui.shared import figures
from tui.shared.words import MEANINGS, probability

TALL = (120, 120)
"""So tall that nothing of the page is beyond the edge."""
PALETTE = Palette("#00ff00", "#ff0000", "#888888", "#0000ff", ("#000001",) * 4)


@pytest.fixture(scope="module")
def sealed_db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run plan with a holdout and a walk-forward."""
    db = tmp_path_factory.mktemp("verdict") / "desk.db"
    sweep_in(db, WHOLE, holdout="20%", walk_forward="train=500,test=250", journal="summary")
    return db


@pytest.fixture
def sealed(sealed_db: Path, db: Path) -> Path:
    """A copy of it for each test."""
    return Path(shutil.copy(sealed_db, db))


def detail_of(db: Path, run_plan_id: Any = WHOLE) -> PlanDetail:
    with open_test_desk(db) as desk:
        return desk.plans.get(run_plan_id)


def part_shown(app: DashboardApp) -> str:
    screen = app.desk_screen
    assert isinstance(screen, RunPlanScreen)
    return type(screen.part).__name__


async def test_a_plan_opens_on_its_verdict_with_the_sentence_and_its_figures_first(sealed: Path) -> None:
    detail = detail_of(sealed)
    statistics = detail.statistics
    assert statistics is not None
    async with dashboard(sealed) as (app, pilot):
        await press(app, pilot, "6")
        lines = screen_text(app).splitlines()
        assert part_shown(app) == "VerdictPart"
        chip = next(place for place, line in enumerate(lines) if f" {statistics.verdict.replace('_', ' ')} " in line)
        assert MEANINGS[statistics.verdict] in lines[chip]
        said = " ".join(" ".join(lines[chip + 1 : chip + 6]).split())
        assert statistics.because in said
        for name in ("p_luck", "dsr", "pbo"):
            assert any(name in line and probability(getattr(statistics, name)) in line for line in lines), name


async def test_curves_tests_sensitivity_and_costs_stand_below(sealed: Path) -> None:
    detail = detail_of(sealed)
    statistics, walk = detail.statistics, detail.walk_forward
    assert statistics is not None
    assert walk is not None
    async with dashboard(sealed, size=TALL) as (app, pilot):
        await press(app, pilot, "6")
        text = screen_text(app)
        lines = text.splitlines()
        for title in ("Skill or luck", "Equity, session by session", "Out of sample", "Sensitivity", "Costs"):
            assert title in text
        assert "━ best" in text
        assert "·· holding" in text
        assert "sealed" in text
        assert "O opens it, once" in text
        first = walk.folds[0]
        assert first.metrics is not None
        row = next(line for line in lines if f" {first.test_from} " in line)
        assert f"{first.metrics.return_pct:+.2f} %" in row
        assert f"{walk.out_of_sample.return_pct:+.2f} %" in text
        for each in statistics.sensitivity["parameters"]["entry.fast_period"]:
            if each["median_score"] is not None:
                assert f"{each['median_score']:.4f}" in text
        assert set(statistics.costs["fills"]) == {"close", "next_open", "pessimistic"}
        for fill, sides in statistics.costs["fills"].items():
            assert any(f" {fill} " in line and f"{sides['best']['return_pct']:+.2f} %" in line for line in lines), fill


@pytest.mark.parametrize(("width", "beside"), [(99, False), (120, True), (200, True)])
async def test_panels_stand_beside_each_other_where_there_is_room(sealed: Path, width: int, beside: bool) -> None:
    def are_together() -> bool:
        return any("Skill or luck" in line and "Equity, session" in line for line in screen_text(app).splitlines())

    async with dashboard(sealed, size=(width, 60)) as (app, pilot):
        await press(app, pilot, "6")
        async with asyncio.timeout(20):
            while are_together() is not beside:
                await pilot.pause()


async def test_an_opened_holdout_shows_what_came_of_it(sealed: Path) -> None:
    with other_desk(sealed) as desk:
        desk.plans.open(WHOLE, load_again)
    holdout = detail_of(sealed).holdout
    assert holdout is not None
    assert holdout.best is not None
    async with dashboard(sealed, size=TALL) as (app, pilot):
        await press(app, pilot, "6")
        text = screen_text(app)
        assert "opened" in text
        assert "O opens it" not in text
        assert f"{holdout.best.return_pct:+.2f} %" in text


async def test_without_data_the_chart_says_so_and_the_rest_stands(
    sealed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(_: object) -> Dataset:
        raise DataError("goog.csv: there is no such file", hint="put it back")

    monkeypatch.setattr(verdict, "load_told", gone)
    async with dashboard(sealed, size=TALL) as (app, pilot):
        await press(app, pilot, "6")
        assert "goog.csv: there is no such file" in screen_text(app)
        assert "p_luck" in screen_text(app)


async def test_a_plan_without_statistics_opens_on_the_board_and_says_what_there_is(db: Path) -> None:
    sweep_in(db, WHOLE, statistics=False)
    async with dashboard(db) as (app, pilot):
        await press(app, pilot, "6")
        assert part_shown(app) == "BoardPart"
        await press(app, pilot, "v")
        assert "what that is worth was not asked" in screen_text(app)
        assert "without statistics" in screen_text(app)
        assert "Skill or luck" not in screen_text(app)


async def test_a_stopped_plan_gets_its_verdict_when_it_is_done(db: Path) -> None:
    sweep_in(db, STOPPED, watch=StopAfter(3))
    async with dashboard(db) as (app, pilot):
        await press(app, pilot, "6")
        assert part_shown(app) == "BoardPart"
        await press(app, pilot, "v")
        assert "Not finished: " in screen_text(app)
        with other_desk(db) as other:
            other.plans.resume(STOPPED, load_again)
        await refreshed(app, pilot)
        assert "p_luck" in screen_text(app)


async def test_a_running_plan_says_that_the_verdict_comes_at_its_end(db: Path) -> None:
    keep_running(db, WHOLE)
    async with dashboard(db) as (app, pilot):
        await press(app, pilot, "6", "v")
        assert "Not finished: " in screen_text(app)
        assert "A verdict is made when every variant has come out." in screen_text(app)


async def test_a_plan_whose_variants_all_were_skipped_says_so(db: Path) -> None:
    sweep_in(db, WHOLE, {"entry.fast_period": [60, 70], "entry.slow_period": [30]})
    async with dashboard(db, size=TALL) as (app, pilot):
        await press(app, pilot, "6", "v")
        assert f"{detail_of(db).skipped} skipped" in screen_text(app)
        assert toasts(app) == []


async def test_nothing_is_marked_on_the_verdict(sealed: Path) -> None:
    async with dashboard(sealed) as (app, pilot):
        await press(app, pilot, "6", "space", "b")
        board = app.desk_screen.query_one("#board-table")
        assert board.get_row_at(0)[0].plain.strip() == "*"  # type: ignore[attr-defined]


@pytest.mark.parametrize("ending", ["html", "md"])
async def test_the_report_is_written_from_the_screen(sealed: Path, tmp_path: Path, ending: str) -> None:
    to = tmp_path / f"report.{ending}"
    detail = detail_of(sealed)
    assert detail.statistics is not None
    async with dashboard(sealed) as (app, pilot):
        await press(app, pilot, "6", "R")
        proposed = app.screen.query_one(Input)
        assert Path(proposed.value).name == "run-plan-a0000000.html"
        proposed.value = str(to)
        await press(app, pilot, "enter")
        assert toasts(app)[-1] == f"{to} written, {figures.whole(to.stat().st_size)} bytes"
    assert detail.statistics.because in to.read_text(encoding="utf-8")


async def test_a_report_asks_before_it_replaces_a_file_and_refuses_another_ending(sealed: Path, tmp_path: Path) -> None:
    to = tmp_path / "report.md"
    to.write_text("mine", encoding="utf-8")
    async with dashboard(sealed) as (app, pilot):
        await press(app, pilot, "6", "R")
        app.screen.query_one(Input).value = str(tmp_path / "report.pdf")
        await press(app, pilot, "enter")
        assert "name a .html or a .md file" in str(app.screen.query_one("#problem", Static).render())
        app.screen.query_one(Input).value = str(to)
        await press(app, pilot, "enter")
        assert isinstance(app.screen, Confirm)
        await press(app, pilot, "n")
        assert to.read_text(encoding="utf-8") == "mine"
        await press(app, pilot, "enter", "y")
        assert isinstance(app.screen, RunPlanScreen)
        assert to.read_text(encoding="utf-8").startswith("# ")


async def test_a_report_says_what_is_left_out_of_it(
    sealed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from engine.errors import NotFoundError

    def gone(_: object) -> Dataset:
        raise NotFoundError("FILE_NOT_FOUND", "goog.csv is not there", hint="put it back")

    monkeypatch.setattr(files, "load_told", gone)
    async with dashboard(sealed) as (app, pilot):
        await press(app, pilot, "6", "R")
        app.screen.query_one(Input).value = str(tmp_path / "report.md")
        await press(app, pilot, "enter")
        assert any("The curves are left out: goog.csv is not there" in toast for toast in toasts(app))


def test_bars_are_as_long_as_their_values_and_lost_ones_have_the_colour_of_losses() -> None:
    whole, half, lost = (verdict_panels.bar(value, 2.0, PALETTE, 8) for value in (2.0, 1.0, -0.5))
    assert (whole.plain, half.plain, lost.plain) == ("█" * 8, "█" * 4, "█" * 2)
    assert (whole.style, lost.style) == (PALETTE.gain, PALETTE.loss)
    assert verdict_panels.bar(1 / 8, 1.0, PALETTE, 1).plain == "▏"
    assert verdict_panels.bar(None, 1.0, PALETTE).plain == ""
    assert verdict_panels.bar(0.0, 0.0, PALETTE).plain == ""


def test_of_many_values_some_are_shown_the_first_and_the_last_among_them() -> None:
    assert verdict_panels.spread(range(5), 12) == [0, 1, 2, 3, 4]
    shown = verdict_panels.spread(range(1000), 12)
    assert (shown[0], shown[-1], len(shown)) == (0, 999, 12)
    assert shown == sorted(set(shown))
